"""The files of ``multilayer train`` and ``multilayer cv``: predictions, folds, pictures and the report."""

from __future__ import annotations

import math
from typing import Any

from multilayer.cli.evaluation.evaluation import Evaluation
from multilayer.cli.evaluation.scores import ROUGH, WIDENED, out_of_fold
from multilayer.cli.evaluation.tasks import LONGEST_NAME, Classification
from multilayer.cli.folder import OutputFolder
from multilayer.cli.output.code import evaluation_code
from multilayer.cli.output.page import Section, as_csv, data_section, digits, write_run_report
from multilayer.cli.output.pictures import Picture, class_pictures, draw_into
from multilayer.cli.text import shortened
from multilayer.plots import plot_cost, plot_cross_validation, plot_network, plot_predictions

_MOST_UNITS = 10  # of a layer, in the picture of the network


def write_evaluation(found: Evaluation, folder: OutputFolder) -> None:
    """Write predictions, folds if there are several, pictures and the report."""
    run, settings, is_single = found.run, found.settings, found.run.splits.is_single
    folder.write("predictions.csv", predictions_csv(found))
    if not is_single:
        folder.write("folds.csv", folds_csv(found))
    scores, predictions, networks = _score_pictures(found), _prediction_pictures(found), _network_pictures(found)
    drawn = draw_into(folder, [*scores, *predictions, *networks], run.deadline, run.output)
    training = (
        f"Step size {settings.step_size:g}, regularisation {settings.alpha:g} and seed {settings.seed}. Columns were "
        "encoded with what the training rows hold; the test rows were used for the scores only."
    )
    if not is_single:
        training += " The table of columns is that of all rows."
    sections = [
        Section("Scores", [] if is_single else [f"{ROUGH} {WIDENED}"], found.tables, scores),
        Section("Predictions, each by a network that has not seen the row", pictures=predictions),
        data_section(run),
        Section("Training", [found.training, training], pictures=networks),
        Section("The same in Python", code=evaluation_code(run, settings)),
    ]
    write_run_report(run, folder, found.conclusion, sections, drawn)


def predictions_csv(found: Evaluation) -> str:
    """The data row in the file (from 1), its target, and the prediction of networks that have not seen it."""
    run = found.run
    rows, predictions = out_of_fold(found.models[0], run.splits, len(run.y))
    columns = {"row": (run.problem.info.rows[rows] + 1).tolist(), **run.task.columns(run.y[rows], predictions)}
    return as_csv(columns, zip(*columns.values(), strict=True))


def folds_csv(found: Evaluation) -> str:
    """A line for each model in each fold, with all digits of its scores."""
    splits, metrics, rows = found.run.splits, found.run.task.metrics, []
    for model in found.models:
        for number, scores in model.scores.items():
            repeat, fold = divmod(number, splits.n_folds)
            sizes = [len(part) for part in splits.rows[number]]
            is_network = model is found.models[0]
            epochs = found.fits.network(number).n_iter_ if is_network else ""
            seconds = f"{found.fits.seconds[number]:.3f}" if is_network else ""
            written = [digits(scores[metric.name]) for metric in metrics]
            rows.append([repeat + 1, fold + 1, model.name, *sizes, *written, epochs, seconds])
    names = [metric.name for metric in metrics]
    return as_csv(["repeat", "fold", "model", "trained_on", "tested_on", *names, "epochs", "seconds"], rows)


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
