"""What ``multilayer search`` writes: all trials, pictures and the report."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

from multilayer.cli._columns import columns_table
from multilayer.cli._deadline import Deadline
from multilayer.cli._files import OutputFolder
from multilayer.cli._fold_scores import ROUGH, WIDENED
from multilayer.cli._output import Output
from multilayer.cli._pictures import DrawnPicture
from multilayer.cli._problem import Problem
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
from multilayer.cli._search_code import in_python
from multilayer.cli._search_pictures import COST, pictures_of
from multilayer.cli._search_scores import fold_scores, mark
from multilayer.cli._searching import Found, in_plan, next_steps
from multilayer.cli._space import Wanted, sizes


def write_all(
    problem: Problem,
    wanted: Wanted,
    found: Found,
    task: str,
    folder: OutputFolder,
    deadline: Deadline,
    output: Output,
) -> None:
    """Trials, pictures, report; ``task`` is the one that was asked for."""
    folder.write("trials.csv", trials(wanted, found))
    pictures = drawn_into(
        folder, pictures_of(found.result, found.task.decisive, found.network, found.linear), deadline, output
    )
    folder.write_report(report(problem, wanted, found, task, pictures, notes_in_words(output)))
    say_written(folder, output)


def trials(wanted: Wanted, found: Found) -> str:
    """CSV: a line for each trial, the best first, with every digit."""
    metric, lines = found.task.decisive, []
    for trial in found.result.ranked:
        settings, scores = wanted.settings(trial.params), fold_scores(trial, metric)
        line: dict[str, Any] = {
            "trial": trial.number + 1,
            "choice": mark(trial, found.result),
            "hidden": sizes(settings),
            "step_size": repr(settings.step_size),
            "alpha": repr(settings.alpha),
            metric.name: _digits(statistics.fmean(scores)),
            "standard_error": _digits(trial.standard_error),
        }
        line |= {f"fold_{fold}": _digits(score) for fold, score in enumerate(scores, start=1)}
        line |= {"epochs": trial.epochs, "rung": trial.rung + 1, "weights": trial.n_weights}
        line |= {"seconds": f"{trial.seconds:.3f}", "error": trial.error}
        lines.append(line)
    return as_csv({name: [line[name] for line in lines] for name in lines[0]})


def _digits(score: float) -> str:
    return "" if math.isnan(score) else repr(float(score))


def report(
    problem: Problem,
    wanted: Wanted,
    found: Found,
    task: str,
    pictures: Sequence[DrawnPicture],
    notes: Sequence[str],
) -> str:
    """The whole page."""
    data = [
        f"{rows_in_words(problem)}, {found.folds.in_words()}. {problem.info.reason}",
        *notes,
    ]
    how = "In each fold the columns were encoded with what its training rows hold. The table is that of all rows."
    steps = next_steps(problem, found.settings, found.folds, task)
    of_search = [picture for picture in pictures if picture.name != COST]
    of_cost = [picture for picture in pictures if picture.name == COST]
    sections = [
        Section("Trials", [in_plan(wanted), f"{ROUGH} {WIDENED}"], found.tables, of_search),
        *[Section("The chosen network", [found.trained], pictures=of_cost)] * bool(found.trained),
        Section("Data", [*data, how], [columns_table(found.columns, MOST_COLUMNS)]),
        Section("These parameters in other folds, on rows kept aside, and in Python", code="\n".join(steps)),
        Section("The same in Python", code=in_python(problem, wanted, found.task.code, found.folds)),
    ]
    return html_report(title_of(problem), found.conclusion, sections)
