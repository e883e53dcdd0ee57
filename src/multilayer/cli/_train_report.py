"""What ``multilayer train`` writes: predictions, pictures and the report."""

from __future__ import annotations

from collections.abc import Sequence

from multilayer.cli._columns import columns_table
from multilayer.cli._deadline import Deadline
from multilayer.cli._files import OutputFolder
from multilayer.cli._output import Output
from multilayer.cli._pictures import DrawnPicture, Picture
from multilayer.cli._problem import Problem, Settings
from multilayer.cli._report import Section, html_report
from multilayer.cli._report_parts import (
    MOST_COLUMNS,
    as_csv,
    drawn_into,
    notes_in_words,
    rows_in_words,
    say_written,
    title_of,
)
from multilayer.cli._tables import count, shortened
from multilayer.cli._train_code import in_python
from multilayer.cli._training import Result, layers_in_words
from multilayer.plots import plot_cost, plot_network

_MOST_UNITS = 10


def write_all(
    problem: Problem, settings: Settings, result: Result, folder: OutputFolder, deadline: Deadline, output: Output
) -> None:
    """Predictions, pictures, report."""
    folder.write("predictions.csv", predictions(result))
    pictures = drawn_into(folder, _pictures(problem, result), deadline, output)
    folder.write_report(report(problem, settings, result, pictures, notes_in_words(output)))
    say_written(folder, output)


def predictions(result: Result) -> str:
    """CSV: data row of the file (from 1), its target, the predicted one, and what else the task knows of it."""
    columns = result.task.columns(result.answers.actual, result.answers.network)
    return as_csv({"row": (result.encoded.rows_test + 1).tolist(), **columns})


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


def report(
    problem: Problem, settings: Settings, result: Result, pictures: Sequence[DrawnPicture], notes: Sequence[str]
) -> str:
    """The whole page."""
    network, split = result.network, result.encoded.split
    data = [
        f"{rows_in_words(problem)}, {len(split.train):,} to train on and {len(split.test):,} to test on. "
        f"{problem.info.reason}",
        *notes,
    ]
    training = (
        f"Layers of {layers_in_words(network.network_.layer_sizes)}, {count(network.parameters_.size, 'weight')}, "
        f"{count(network.n_iter_, 'epoch')} with step size {settings.step_size:g}, "
        f"regularisation {settings.alpha:g} and seed {settings.seed}. Columns were "
        "encoded with what the training rows hold; the test rows were used for nothing but the scores."
    )
    sections = [
        Section("Scores", [], result.judgement.tables),
        Section("Data", data, [columns_table(result.encoded.encoder.columns_, MOST_COLUMNS)]),
        Section("Training", [training], pictures=pictures),
        Section("The same in Python", code=in_python(problem, settings, result.task.code, split)),
    ]
    return html_report(title_of(problem), result.judgement.verdict, sections)
