"""What ``multilayer train`` writes: predictions, pictures and the report."""

from __future__ import annotations

import csv
import io

from multilayer.cli._columns import columns_table
from multilayer.cli._files import OutputFolder
from multilayer.cli._output import Output
from multilayer.cli._pictures import DrawnPicture, Picture, draw_pictures
from multilayer.cli._problem import Problem, Settings
from multilayer.cli._progress import waiting
from multilayer.cli._report import Section, html_report
from multilayer.cli._tables import count, shortened
from multilayer.cli._train_code import in_python
from multilayer.cli._training import Result
from multilayer.exceptions import MissingExtraError
from multilayer.plots import plot_cost, plot_network

_MOST_COLUMNS = 200
_MOST_UNITS = 10


def write_all(problem: Problem, settings: Settings, result: Result, folder: OutputFolder, output: Output) -> None:
    """Predictions, pictures, report."""
    folder.write("predictions.csv", predictions(result))
    with waiting(output, "drawing"):
        try:
            pictures = draw_pictures(_pictures(problem, result))
        except MissingExtraError as error:
            output.note(f"the report is without pictures: {error}")
            pictures = []
    for picture in pictures:
        folder.write(f"{picture.name}.png", picture.png)
    folder.write("report.html", report(problem, settings, result, pictures))
    output.say("Written:")
    output.lines([str(path) for path in folder.written])


def predictions(result: Result) -> str:
    """CSV: data row of the file (from 1), its target, the predicted one, and what else the task knows of it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = result.task.columns(result.answers.actual, result.answers.network)
    writer.writerow(["row", *columns])
    writer.writerows(zip((result.encoded.rows_test + 1).tolist(), *columns.values(), strict=True))
    return text.getvalue()


def _pictures(problem: Problem, result: Result) -> list[Picture]:
    """The cost, what the task has to show, and the network."""
    network, task = result.network, result.task
    inputs = [shortened(str(name), 40) for name in result.encoded.encoder.get_feature_names_out()]
    outputs = task.output_names(problem.target)
    return [
        Picture("cost", "The cost, epoch by epoch.", lambda: plot_cost(network)),
        *task.pictures(result.answers, problem.target),
        Picture(
            "network",
            "The trained network.",
            lambda: plot_network(network, feature_names=inputs, class_names=outputs, max_units=_MOST_UNITS),
        ),
    ]


def report(problem: Problem, settings: Settings, result: Result, pictures: list[DrawnPicture]) -> str:
    """The whole page."""
    network, split = result.network, result.encoded.split
    sizes = ", ".join(f"{size:,}" for size in network.network_.layer_sizes)
    n_gaps = len(problem.gaps)
    left_out = f", {count(n_gaps, 'row')} without a target left out" if n_gaps else ""
    data = [
        f"{problem.file.name}: {count(problem.features.num_rows, 'row')}{left_out}, {len(split.train):,} to train on "
        f"and {len(split.test):,} to test on. {problem.info.reason}",
        *(f"Note: {note}." for note in split.notes),
    ]
    training = (
        f"Layers of {sizes} units, {network.parameters_.size:,} weights, {count(network.n_iter_, 'epoch')} with step "
        f"size {settings.step_size:g}, regularisation {settings.alpha:g} and seed {settings.seed}. Columns were "
        "encoded with what the training rows hold; the test rows were used for nothing but the scores."
    )
    sections = [
        Section("Scores", [], result.judgement.tables),
        Section("Data", data, [columns_table(result.encoded.encoder.columns_, _MOST_COLUMNS)]),
        Section("Training", [training], pictures=pictures),
        Section("The same in Python", code=in_python(problem, settings, result.task.code, split.stratified)),
    ]
    title = f"multilayer: {problem.target} in {problem.file.name}"
    return html_report(title, result.judgement.verdict, sections)
