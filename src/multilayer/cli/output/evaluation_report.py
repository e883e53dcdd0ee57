"""The files of ``multilayer train`` and ``multilayer cv``: predictions, folds, pictures and the report."""

from __future__ import annotations

import math
from typing import Any

from multilayer.cli.console import Output
from multilayer.cli.deadline import Deadline
from multilayer.cli.evaluation.evaluation import Evaluation
from multilayer.cli.evaluation.run import columns_table
from multilayer.cli.evaluation.scores import ROUGH, WIDENED, out_of_fold
from multilayer.cli.evaluation.tasks import LONGEST_NAME, Classification
from multilayer.cli.folder import OutputFolder
from multilayer.cli.output.code import evaluation_code
from multilayer.cli.output.page import (
    MOST_COLUMNS,
    Section,
    as_csv,
    data_section,
    digits,
    html_report,
    say_written,
    title_of,
)
from multilayer.cli.output.pictures import Picture, class_pictures, draw_into
from multilayer.cli.text import shortened
from multilayer.plots import plot_cost, plot_cross_validation, plot_network, plot_predictions

_MOST_UNITS = 10  # of a layer, in the picture of the network


def write_evaluation(found: Evaluation, folder: OutputFolder, deadline: Deadline, output: Output) -> None:
    """Write predictions, folds if there are several, pictures and the report."""
    folder.write("predictions.csv", predictions_csv(found))
    if not found.run.splits.is_single:
        folder.write("folds.csv", folds_csv(found))
    groups = {
        "Scores": _score_pictures(found),
        "Predictions": _prediction_pictures(found),
        "Training": _network_pictures(found),
    }
    drawn = draw_into(folder, [picture for pictures in groups.values() for picture in pictures], deadline, output)
    of = {name: [one for one in drawn if one.name in {p.name for p in wanted}] for name, wanted in groups.items()}
    run, settings = found.run, found.settings
    training = (
        f"Step size {settings.step_size:g}, regularisation {settings.alpha:g} and seed {settings.seed}. Columns were "
        "encoded with what the training rows hold; the test rows were used for the scores only."
    )
    if not run.splits.is_single:
        training += " The table of columns is that of all rows."
    rough = [] if run.splits.is_single else [f"{ROUGH} {WIDENED}"]
    per_row = "Predictions, each by a network that has not seen the row"
    sections = [
        Section("Scores", rough, found.tables, of["Scores"]),
        *[Section(per_row, pictures=of["Predictions"])] * bool(of["Predictions"]),
        data_section(run, [columns_table(run.columns, MOST_COLUMNS)], output),
        Section("Training", [found.training, training], pictures=of["Training"]),
        Section("The same in Python", code=evaluation_code(run, settings)),
    ]
    folder.write_report(html_report(title_of(run.problem), found.conclusion, sections))
    say_written(folder, output)


def predictions_csv(found: Evaluation) -> str:
    """The data row in the file (from 1), its target, and the prediction of networks that have not seen it."""
    run = found.run
    rows, predictions = out_of_fold(found.models[0], run.splits, len(run.y))
    columns = run.task.columns(run.y[rows], predictions)
    return as_csv({"row": (run.problem.info.rows[rows] + 1).tolist(), **columns})


def folds_csv(found: Evaluation) -> str:
    """A line for each model in each fold, with all digits of its scores."""
    splits, lines = found.run.splits, []
    for model in found.models:
        for number, scores in model.scores.items():
            train, test = splits.rows[number]
            repeat, fold = divmod(number, splits.n_folds)
            line: dict[str, Any] = {"repeat": repeat + 1, "fold": fold + 1, "model": model.name}
            line |= {"trained_on": len(train), "tested_on": len(test)}
            line |= {metric.name: digits(scores[metric.name]) for metric in found.run.task.metrics}
            is_network = model is found.models[0]
            line["epochs"] = found.fits.network(number).n_iter_ if is_network else ""
            line["seconds"] = f"{found.fits.seconds[number]:.3f}" if is_network else ""
            lines.append(line)
    return as_csv({name: [line[name] for line in lines] for name in lines[0]})


def _score_pictures(found: Evaluation) -> list[Picture]:
    """Scores and costs fold by fold."""
    result, heading = found.fits.result, found.run.task.metrics[0].heading
    if result is None or all(math.isnan(score) for score in result["test_score"]):
        return []

    def draw() -> Any:
        ax = plot_cross_validation(result)
        ax.set_ylabel(heading)
        return ax

    caption = f"The {heading} of each fold, their mean and its standard error, and the cost of each network by epoch."
    return [Picture("folds", caption, draw)]


def _prediction_pictures(found: Evaluation) -> list[Picture]:
    run = found.run
    rows, network = out_of_fold(found.models[0], run.splits, len(run.y))
    actual = run.y[rows]
    if isinstance(run.task, Classification):
        linear = out_of_fold(found.models[1], run.splits, len(run.y))[1]
        return class_pictures(actual, network, linear, run.task.classes, run.task.output_names(run.problem.target))
    name = shortened(run.problem.target, 2 * LONGEST_NAME)
    caption = "Predicted and actual values of the test rows; on the line they are equal."
    return [Picture("predictions", caption, lambda: plot_predictions(actual, network, target_name=name))]


def _network_pictures(found: Evaluation) -> list[Picture]:
    """The cost and the network of a single split."""
    run, network = found.run, found.fits.networks[0]
    if not run.splits.is_single:
        return []
    inputs = [shortened(name, 40) for name in run.input_names]
    outputs = run.task.output_names(run.problem.target)
    return [
        Picture("cost", "The cost by epoch.", lambda: plot_cost(network)),
        Picture(
            "network",
            "The trained network.",
            lambda: plot_network(network, feature_names=inputs, class_names=outputs, max_units=_MOST_UNITS),
        ),
    ]
