"""The scores of a saved model on the rows of a file, with what has changed since the training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from multilayer.cli.console import Output
from multilayer.cli.evaluation.tasks import LONGEST_NAME, Classification, Metric, Regression, Task
from multilayer.cli.folder import OutputFolder
from multilayer.cli.limits import Deadline
from multilayer.cli.output.page import Section, as_csv, html_report, write_report
from multilayer.cli.output.pictures import Picture, class_pictures, draw_into, precision_recall, residuals, worst_rows
from multilayer.cli.prediction.predicting import Oddities, notes_on_cells, predicted_batches
from multilayer.cli.prediction.saved import SavedModel, Wanted
from multilayer.cli.progress import waiting
from multilayer.cli.source import Source
from multilayer.cli.text import count, shortened, text_table
from multilayer.exceptions import InputError
from multilayer.plots import plot_importance, plot_predictions
from multilayer.results import Table
from multilayer.tables.models import Drift, Importance, drift

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_ROWS = 2_000  # for the importance of columns
_BLOCKS = 20  # of the jackknife


@dataclass(frozen=True)
class Evaluated:
    """A saved model on the rows of a file.

    Attributes
    ----------
    rows : pyarrow.Table
        The m rows with a target that the model knows.
    places : array of shape (m,)
        Their numbers in the file, from 1.
    names : list of str
        What to call them.
    y : array of shape (m,)
        Their targets.
    predictions : array of shape (m, K) or (m,)
        The probabilities or amounts.
    scores, errors : dict of str to float
        The scores by the name of the metric, and their standard errors.
    """

    saved: SavedModel
    source: Source
    target: str
    task: Task
    rows: Any
    places: NDArray[np.intp]
    names: list[str]
    y: NDArray[Any]
    predictions: NDArray[Any]
    scores: dict[str, float]
    errors: dict[str, float]
    importance: Importance | None
    drift: Drift | None
    tables: list[Table]
    conclusion: list[str]


def target_of(saved: SavedModel, given: str | None) -> str:
    """The column to predict: the one that the user names, or that of the training."""
    target = given or saved.card.get("target")
    if not isinstance(target, str):
        raise InputError("the model does not say which column it predicts. Name it with --target.")
    return target


def evaluate_file(saved: SavedModel, source: Source, seed: int, output: Output) -> Evaluated:
    """Score the model on a file, and print what was found."""
    import pyarrow as pa

    target = target_of(saved, source.target)
    also = list(filter(None, [source.id]))
    batches = source.read_batches({**saved.kinds, target: _kind_of_target(saved)}, also)
    for note in batches.notes:
        output.note(f"{source.name}: {note}")
    oddities, tables, kept, parts = Oddities(), [], [], []
    with waiting(output, "predicting"):
        wanted = Wanted(probabilities=saved.classifies)
        for rows, more, found in predicted_batches(saved, source, batches, wanted, oddities):
            tables.append(rows)
            kept.append(more)
            parts.append(_values(saved, found))
    for note in (*notes_on_cells(batches, saved.kinds), *oddities.notes()):
        output.note(note)
    table, more = (pa.concat_tables(each, promote_options="permissive") for each in (tables, kept))
    known = _known_rows(saved, table.column(target), target, output)
    y, predictions = _targets(saved, table.column(target), known), np.concatenate(parts)[known]
    named = more.column(source.id).take(known).to_pylist() if source.id is not None else None
    names = [f"row {place + 1}" for place in known] if named is None else ["" if v is None else str(v) for v in named]
    return _judged(saved, source, target, table.take(known), known + 1, names, y, predictions, seed, output)


def _judged(
    saved: SavedModel,
    source: Source,
    target: str,
    rows: Any,
    places: NDArray[np.intp],
    names: list[str],
    y: NDArray[Any],
    predictions: NDArray[Any],
    seed: int,
    output: Output,
) -> Evaluated:
    task = _task_of(saved, y)
    scores = task.score(y, predictions)
    errors = jackknife_errors(task, y, predictions)
    importance = changes = None
    if saved.is_table_model:
        with waiting(output, "the importance of the columns"), output.noting_warnings(lambda _: ""):
            importance = saved.model.importance(rows, y, max_rows=_MOST_ROWS, random_state=seed)
            changes = drift(saved.model, rows)
    before = _training_score(saved, task)
    tables = [_scores_table(task, scores, errors, len(y), before), *task.tables(y, predictions)]
    conclusion = [_score_sentence(task, scores, errors, len(y), before)]
    if changes is not None:
        tables.append(changes.table)
        conclusion.append(changes.conclusion)
    if importance is not None:
        conclusion.append(importance.conclusion)
    for table in tables:
        output.table(table, result=True)
    for paragraph in conclusion:
        output.blank()
        output.say(paragraph)
    return Evaluated(
        saved,
        source,
        target,
        task,
        rows,
        places,
        names,
        y,
        predictions,
        scores,
        errors,
        importance,
        changes,
        tables,
        conclusion,
    )


def jackknife_errors(task: Task, y: NDArray[Any], predictions: NDArray[Any]) -> dict[str, float]:
    """The standard errors of all scores, by leaving out one of 20 random blocks of rows at a time.

    NaN with fewer than 20 rows, and for scores that are not defined without a block.

    References
    ----------
    Efron, B. and Tibshirani, R. (1993). An Introduction to the Bootstrap, chapter 11.
    """
    if len(y) < _BLOCKS:
        return {metric.name: math.nan for metric in task.metrics}
    blocks = np.random.RandomState(0).permutation(len(y)) % _BLOCKS
    found = [task.score(y[blocks != block], predictions[blocks != block]) for block in range(_BLOCKS)]
    errors = {}
    for metric in task.metrics:
        values = np.array([scores[metric.name] for scores in found])
        unit = float(np.abs(values).max()) or 1.0
        errors[metric.name] = math.sqrt(_BLOCKS - 1) * float((values / unit).std()) * unit
    return errors


def _kind_of_target(saved: SavedModel) -> str:
    kind = np.asarray(saved.model.classes_).dtype.kind if saved.classifies else "f"
    return {"b": "Boolean", "i": "number", "u": "number", "f": "number"}.get(kind, "text")


def _values(saved: SavedModel, found: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """The probabilities (m, K) or amounts (m,) among the columns of predictions."""
    if saved.classifies:
        return np.column_stack([values for name, values in found.items() if name.startswith("p(")])
    if len(found) > 1:
        raise InputError(f"the model predicts {len(found)} amounts of each row. Evaluate it in Python.")
    return next(iter(found.values()))


def _known_rows(saved: SavedModel, column: Any, target: str, output: Output) -> NDArray[np.intp]:
    """The rows whose target the model can be right about; notes say which are left out."""
    values = np.array(column.to_pylist(), dtype=object)
    has_value = np.array([value is not None and value == value for value in values], dtype=np.bool_)
    is_known = has_value.copy()
    if saved.classifies:
        classes = set(np.asarray(saved.model.classes_).tolist())
        is_known[has_value] = [value in classes for value in values[has_value]]
    n_gaps, n_other = int((~has_value).sum()), int((has_value & ~is_known).sum())
    if n_gaps:
        output.note(f"{count(n_gaps, 'row')} without a target, the first is data row {int(np.argmin(has_value)) + 1}")
    if n_other:
        example = shortened(str(values[has_value & ~is_known][0]), 40)
        output.note(
            f"{count(n_other, 'row')} whose {target!r} is no class of the model, such as {example!r}, "
            f"{'is' if n_other == 1 else 'are'} in no score"
        )
    if not is_known.any():
        raise InputError(f"no row has a {target!r} that the model knows. Name another --target.")
    return np.flatnonzero(is_known)


def _targets(saved: SavedModel, column: Any, known: NDArray[np.intp]) -> NDArray[Any]:
    values = column.take(known).to_pylist()
    if saved.classifies:
        return np.array(values, dtype=np.asarray(saved.model.classes_).dtype)
    if not all(isinstance(value, int | float) for value in values):
        raise InputError(f"the target holds values such as {values[0]!r}, and the model predicts numbers.")
    return np.array(values, dtype=np.float64)


def _task_of(saved: SavedModel, y: NDArray[Any]) -> Task:
    if saved.classifies:
        return Classification(np.asarray(saved.model.classes_))
    unit = float(np.abs(y).max()) or 1.0
    return Regression(unit, float((y / unit).mean()), float((y / unit).std()) or 1.0)


def _training_score(saved: SavedModel, task: Task) -> dict[str, float]:
    """The out-of-fold score of the training, by the name of its metric; empty where it has another meaning."""
    if not saved.is_table_model or getattr(saved.model, "loss", "squared_error") != "squared_error":
        return {}
    return {task.decisive.name: float(saved.model.oof_score_)}


def _scores_table(
    task: Task, scores: dict[str, float], errors: dict[str, float], n_rows: int, before: dict[str, float]
) -> Table:
    def row(metric: Metric) -> tuple[str, ...]:
        written = metric.write(scores[metric.name], errors[metric.name])
        known = [metric.write(before[metric.name]) if metric.name in before else ""] * bool(before)
        return metric.heading, written, *known

    headings = ("score", "here", *["training rows,\nout of fold"] * bool(before))
    title = f"Scores on {count(n_rows, 'row')}, ± standard error"
    return text_table(title, headings, map(row, task.metrics), "l" + "r" * (len(headings) - 1))


def _score_sentence(
    task: Task, scores: dict[str, float], errors: dict[str, float], n_rows: int, before: dict[str, float]
) -> str:
    told, decisive = task.told, task.decisive
    what = "is right on" if isinstance(task, Classification) else "is off by"
    amount = task.in_words(scores[told.name])
    where = f"of {count(n_rows, 'row')}" if isinstance(task, Classification) else f"on average over {n_rows:,} rows"
    text = f"The model {what} {amount} {where}."
    if decisive.name not in before or math.isnan(errors[decisive.name]):
        return text
    now, then = scores[decisive.name], before[decisive.name]
    if abs(now - then) <= 2.0 * errors[decisive.name]:
        return f"{text} Its {decisive.heading} is that of the training rows, out of fold, within chance."
    side = "better" if decisive.is_better(now, then) else "worse"
    return (
        f"{text} Its {decisive.heading} of {decisive.write(now)} is {side} than the {decisive.write(then)} of the "
        "training rows, out of fold, by more than chance explains."
    )


def write_evaluation(found: Evaluated, folder: OutputFolder, output: Output) -> None:
    """Write the predictions, the pictures and the report."""
    columns: dict[str, Sequence[Any]] = {"row": found.places.tolist()}
    columns |= {} if found.source.id is None else {found.source.id: found.names}
    columns |= found.task.columns(found.y, found.predictions)
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
    data = f"{found.source.name}: {count(len(found.y), 'row')} with a target."
    data += f" The model was trained on {trained:,} rows." if isinstance(trained, int) else ""
    notes = [f"Note: {note.removesuffix('.')}." for note in output.notes]
    scores, changes = (found.tables, []) if found.drift is None else (found.tables[:-1], found.tables[-1:])
    sections = [
        Section("Scores", tables=scores, pictures=pictures),
        Section("What has changed since the training", tables=changes),
        Section("Which columns matter", pictures=reasons),
        Section("Data", [data, *notes]),
    ]
    title = f"multilayer: {found.target} in {found.source.name}"
    write_report(folder, html_report(title, found.conclusion, sections, drawn), output)


def _pictures(found: Evaluated) -> list[Picture]:
    task, y, predictions = found.task, found.y, found.predictions
    if isinstance(task, Classification):
        names = task.output_names(found.target)
        pictures = class_pictures(y, {"model": predictions}, task.classes, names)
        if len(task.classes) == 2 and len(np.unique(y)) == 2:
            is_second = y == task.classes[1]
            caption = f"The share of {names[1]} among the rows taken for it, against the share of {names[1]} found."
            draw = partial(precision_recall, is_second, predictions[:, 1], names[1])
            pictures.append(Picture("precision_recall", caption, draw))
        return pictures
    name = shortened(found.target, 2 * LONGEST_NAME)
    caption = "Predicted and actual values; on the line they are equal. The five worst are named."

    def draw_values() -> Axes:
        ax = plot_predictions(y, predictions, target_name=name)
        return worst_rows(ax, y, predictions, found.names, task.in_words)

    spread = "The errors against the predicted values, with their running quartiles."
    return [
        Picture("predictions", caption, draw_values),
        Picture("residuals", spread, lambda: residuals(y, predictions, name)),
    ]
