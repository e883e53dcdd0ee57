"""``multilayer cv``: how good a network for a data file is, by cross-validation."""

from __future__ import annotations

from typing import Any

import click

from multilayer.cli._deadline import Deadline
from multilayer.cli._files import OutputFolder
from multilayer.cli._options import (
    fold_options,
    minutes_option,
    network_options,
    result_options,
    seed_option,
    table_options,
)
from multilayer.cli._output import Output
from multilayer.cli._source import Source


@click.command(short_help="Cross-validate a network on a CSV or Parquet file.")
@table_options
@fold_options
@network_options
@minutes_option("the networks share the time that there is for training.")
@seed_option("Of the folds, the starting weights and the order of the rows.")
@result_options("predictions.csv, folds.csv, pictures and report.html")
def cv(
    source: Source,
    target: str | None,
    ignore: tuple[str, ...],
    task: str,
    folds: int,
    repeats: int,
    group: str | None,
    jobs: int | None,
    deadline: Deadline,
    out: OutputFolder | None,
    quiet: bool,
    **options: Any,
) -> int:
    """Cross-validate a network on FILE, a table in CSV or Parquet: each row is tested by one that has not seen it.

    The rows are divided into folds; each fold is tested by a network that is trained on all others, side by side on all
    cores. Everything a network is told of the columns is taken from its own training rows. FILE, the target and the
    task are as for multilayer train.

    The network's scores, with their standard errors, stand next to those of a linear model in the same folds (logistic
    regression for classes, ridge regression for amounts), and of always saying the most frequent class, or the mean.
    Ctrl-C ends the training; the folds that are done are scored, and the exit code is 130. A second Ctrl-C ends the
    command at once.

    \b
    Examples:
      multilayer cv churn.csv --target churned
      multilayer cv churn.csv --target churned --folds 10 --repeats 3 --out churn
      multilayer cv visits.csv --target cost --group patient --task regression
    """
    from multilayer.cli._cv_report import write_all
    from multilayer.cli._folds import divide
    from multilayer.cli._reading import naming, read_problem
    from multilayer.cli._tasks import TASKS, settings_of
    from multilayer.cli._validating import validate

    output = Output(quiet)
    problem = read_problem(source, target, ignore, task, output, group=group)
    settings = settings_of(problem, **options)
    with naming(source):
        TASKS[problem.info.task].check(problem.info)
        divided = divide(problem, folds, repeats, settings.seed)
        output.say(f"Rows: {divided.in_words()}.")
        for note in divided.notes:
            output.note(note)
        if out is not None:
            out.prepare()
        found = validate(problem, settings, divided, jobs, deadline, output)
    output.blank()
    if out is None:
        output.say("Nothing was written. With --out DIR there are predictions, pictures and a report.")
    else:
        write_all(problem, settings, found, out, deadline, output)
    return output.exit_code
