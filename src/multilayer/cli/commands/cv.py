"""``multilayer cv``: a network for a data file, evaluated on several splits."""

from __future__ import annotations

from typing import Any

import click

from multilayer.cli.deadline import Deadline
from multilayer.cli.folder import OutputFolder
from multilayer.cli.options import (
    fold_options,
    minutes_option,
    network_options,
    result_options,
    seed_option,
    table_options,
)
from multilayer.cli.source import Source


@click.command(short_help="Cross-validate a network on a CSV or Parquet file.")
@table_options
@fold_options(repeats=True)
@network_options
@minutes_option("the networks share the time for training.")
@seed_option("Of the folds, the starting weights and the order of the rows.")
@result_options("predictions.csv, folds.csv, pictures and report.html")
def cv(
    source: Source,
    folds: int,
    repeats: int,
    jobs: int | None,
    deadline: Deadline,
    out: OutputFolder | None,
    quiet: bool,
    **options: Any,
) -> int:
    """Cross-validate a network on FILE, a table in CSV or Parquet: each row is tested by one that has not seen it.

    The rows are divided into folds; each fold is tested by a network that is trained on all others, in parallel on all
    cores. For each network the columns are encoded with what its training rows hold. FILE, the target and the task are
    as for multilayer train.

    The scores of the network, with their standard errors, stand beside those of a linear model in the same folds
    (logistic regression for classes, ridge regression for amounts), and of always predicting the most frequent class,
    or the mean. Ctrl-C ends the training; the folds that are done are scored, and the exit code is 130. A second Ctrl-C
    ends the command at once.

    \b
    Examples:
      multilayer cv churn.csv --target churned
      multilayer cv churn.csv --target churned --folds 10 --repeats 3 --out churn
      multilayer cv visits.csv --target cost --group patient --task regression
    """
    from multilayer.cli.commands.evaluating import evaluate_and_write
    from multilayer.cli.evaluation.splits import divide

    def split(problem: Any) -> Any:
        return divide(problem, folds, repeats, options["seed"])

    return evaluate_and_write(source, split, options, jobs, deadline, out, quiet)
