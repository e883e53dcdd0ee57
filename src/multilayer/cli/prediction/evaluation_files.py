"""The files of ``evaluate``: predictions, pictures and the report."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.cli.console import Output
from multilayer.cli.evaluation.tasks import LONGEST_NAME, Classification
from multilayer.cli.folder import OutputFolder
from multilayer.cli.limits import Deadline
from multilayer.cli.output.page import Section, as_csv, html_report, write_report
from multilayer.cli.output.pictures import Picture, class_pictures, draw_into, precision_recall, residuals, worst_rows
from multilayer.cli.prediction.evaluated import Evaluated
from multilayer.cli.text import count, shortened
from multilayer.plots import plot_importance, plot_predictions

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def write_evaluation(found: Evaluated, folder: OutputFolder, output: Output) -> None:
    """Write the predictions, the pictures and the report."""
    columns: dict[str, Sequence[Any]] = {"row": found.rows.places.tolist()}
    columns |= {} if found.source.id is None else {found.source.id: found.rows.names}
    columns |= found.task.columns(found.rows.y, found.rows.predictions)
    folder.write("predictions.csv", as_csv(columns, zip(*columns.values(), strict=True)))
    pictures = _pictures(found)
    importance = found.importance
    reasons = []
    if importance is not None:
        caption = f"How much worse the {importance.metric} of {importance.n_rows:,} rows is when a column is shuffled."
        reasons.append(Picture("importance", caption, lambda: plot_importance(importance)))
    output.blank()
    drawn = draw_into(folder, [*pictures, *reasons], Deadline(), output)
    trained = found.saved.card.get("training_rows")
    data = f"{found.source.name}: {count(len(found.rows.y), 'row')} with a target."
    data += f" The model was trained on {trained:,} rows." if isinstance(trained, int) else ""
    notes = [f"Note: {note.removesuffix('.')}." for note in output.notes]
    changes = [] if found.drift is None else [found.drift.table]
    sections = [
        Section("Scores", tables=found.score_tables, pictures=pictures),
        Section("What has changed since the training", tables=changes),
        Section("Which columns matter", pictures=reasons),
        Section("Data", [data, *notes]),
    ]
    title = f"multilayer: {found.rows.target} in {found.source.name}"
    write_report(folder, html_report(title, found.conclusion, sections, drawn), output)


def _pictures(found: Evaluated) -> list[Picture]:
    task, y, predictions = found.task, found.rows.y, found.rows.predictions
    if isinstance(task, Classification):
        names = task.output_names(found.rows.target)
        pictures = class_pictures(y, {"model": predictions}, task.classes, names)
        if len(task.classes) == 2 and len(np.unique(y)) == 2:
            is_second = y == task.classes[1]
            caption = f"The share of {names[1]} among the rows taken for it, against the share of {names[1]} found."
            draw = partial(precision_recall, is_second, predictions[:, 1], names[1])
            pictures.append(Picture("precision_recall", caption, draw))
        return pictures
    name = shortened(found.rows.target, 2 * LONGEST_NAME)
    caption = "Predicted and actual values; on the line they are equal. The five worst are named."

    def draw_values() -> Axes:
        ax = plot_predictions(y, predictions, target_name=name)
        return worst_rows(ax, y, predictions, found.rows.names, task.in_words)

    spread = "The errors against the predicted values, with their running quartiles."
    return [
        Picture("predictions", caption, draw_values),
        Picture("residuals", spread, lambda: residuals(y, predictions, name)),
    ]
