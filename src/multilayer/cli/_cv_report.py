"""What ``multilayer cv`` writes: out-of-fold predictions, folds, pictures and the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.cli._columns import columns_table
from multilayer.cli._cv_code import in_python
from multilayer.cli._deadline import Deadline
from multilayer.cli._files import OutputFolder
from multilayer.cli._fold_scores import ROUGH, WIDENED
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
from multilayer.cli._validating import Validated, answers_of, out_of_fold
from multilayer.plots import plot_cross_validation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOLDS = "folds"  # the picture of them


def write_all(
    problem: Problem, settings: Settings, found: Validated, folder: OutputFolder, deadline: Deadline, output: Output
) -> None:
    """Predictions, folds, pictures, report."""
    folder.write("predictions.csv", predictions(problem, found))
    folder.write("folds.csv", folds(found))
    pictures = drawn_into(folder, _pictures(problem, found), deadline, output)
    folder.write_report(report(problem, settings, found, pictures, notes_in_words(output)))
    say_written(folder, output)


def predictions(problem: Problem, found: Validated) -> str:
    """CSV: data row of the file (from 1), its target, and what networks say of it that have not seen it."""
    y = problem.info.y
    rows, answer = out_of_fold(found.models[0], found.folds, len(y))
    columns = found.task.columns(y[rows], answer)
    return as_csv({"row": (problem.info.rows[rows] + 1).tolist(), **columns})


def folds(found: Validated) -> str:
    """CSV: a line for each model in each fold, with every digit of its scores."""
    metrics, lines = found.task.metrics, []
    for model in found.models:
        for number, scores in model.scores.items():
            train, test = found.folds.splits[number]
            repeat, fold = divmod(number, found.folds.n_folds)
            line: dict[str, Any] = {
                "repeat": repeat + 1,
                "fold": fold + 1,
                "model": model.name,
                "trained_on": len(train),
                "tested_on": len(test),
            }
            line |= {metric.name: _digits(metric.of(scores)) for metric in metrics}
            network = found.done[number] if model is found.models[0] else None
            line["epochs"] = "" if network is None else network.estimator[-1].n_iter_
            line["seconds"] = "" if network is None else f"{network.fit_time:.3f}"
            lines.append(line)
    return as_csv({name: [line[name] for line in lines] for name in lines[0]})


def _digits(score: float) -> str:
    return "" if np.isnan(score) else repr(score)


def _pictures(problem: Problem, found: Validated) -> list[Picture]:
    """Scores and costs fold by fold, and what the task has to show of all rows."""
    heading = found.task.metrics[0].heading

    def draw_folds() -> Axes:
        ax = plot_cross_validation(found.result)
        ax.set_ylabel(heading)
        return ax

    pictures = found.task.pictures(answers_of(found.models, found.folds, problem.info.y), problem.target)
    if not np.isfinite(found.result["test_score"]).any():
        return pictures
    caption = (
        f"The {heading} of each fold, their mean and its standard error, and the cost of each fold's network, epoch by "
        "epoch."
    )
    return [Picture(FOLDS, caption, draw_folds), *pictures]


def report(
    problem: Problem, settings: Settings, found: Validated, pictures: Sequence[DrawnPicture], notes: Sequence[str]
) -> str:
    """The whole page."""
    data = [
        f"{rows_in_words(problem)}, {found.folds.in_words()}. {problem.info.reason}",
        *notes,
    ]
    training = (
        f"Step size {settings.step_size:g}, regularisation {settings.alpha:g} and seed {settings.seed}. In each fold "
        "the columns were encoded with what its training rows hold, and the rows it tests were used for nothing but "
        "the scores. The table of columns is that of all rows."
    )
    of_folds = [picture for picture in pictures if picture.name == FOLDS]
    of_rows = [picture for picture in pictures if picture.name != FOLDS]
    sections = [
        Section("Scores", [f"{ROUGH} {WIDENED}"], found.judgement.tables, of_folds),
        *[Section("Answers for the rows, each by a network that has not seen it", pictures=of_rows)] * bool(of_rows),
        Section("Data", data, [columns_table(found.columns, MOST_COLUMNS)]),
        Section("Training", [found.trained, training]),
        Section("The same in Python", code=in_python(problem, settings, found.task.code, found.folds)),
    ]
    return html_report(title_of(problem), found.judgement.verdict, sections)
