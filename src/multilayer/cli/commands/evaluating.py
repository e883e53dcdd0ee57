"""What ``train``, ``cv`` and ``search`` do in the same way: read, divide the rows, and write files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from multilayer.cli.console import Output
from multilayer.cli.deadline import Deadline
from multilayer.cli.evaluation.evaluation import evaluate
from multilayer.cli.evaluation.problem import Problem, Settings, naming, read_problem
from multilayer.cli.evaluation.splits import Splits
from multilayer.cli.evaluation.tasks import TASKS
from multilayer.cli.folder import OutputFolder, prepared
from multilayer.cli.output.evaluation_report import write_evaluation
from multilayer.cli.source import Source


def evaluate_and_write(
    source: Source,
    split: Callable[[Problem], Splits],
    options: dict[str, Any],
    n_jobs: int | None,
    deadline: Deadline,
    out: OutputFolder | None,
    quiet: bool,
) -> int:
    """Evaluate a network with these options on the splits of the table, and return the exit code."""
    output = Output(quiet)
    problem, splits = read_and_split(source, split, output)
    settings = Settings.of(TASKS[problem.info.task].default_epochs, **options)
    with prepared(out):
        with naming(source):
            found = evaluate(problem, settings, splits, n_jobs, deadline, output)
        output.blank()
        if out is None:
            output.say("Nothing was written. With --out DIR there are predictions, pictures and a report.")
        else:
            write_evaluation(found, out, deadline, output)
    return output.exit_code


def read_and_split(source: Source, split: Callable[[Problem], Splits], output: Output) -> tuple[Problem, Splits]:
    """Read the table and divide its rows, with notes on both."""
    problem = read_problem(source, output)
    with naming(source):
        TASKS[problem.info.task].check(problem.info)
        splits = split(problem)
    output.say(f"{'Split' if splits.is_single else 'Rows'}: {splits.in_words()}.")
    for note in splits.notes:
        output.note(note)
    return problem, splits
