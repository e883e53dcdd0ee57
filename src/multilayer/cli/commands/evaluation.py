"""``multilayer train`` and ``multilayer cv``: a network for a data file, evaluated on one split or on several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from multilayer.cli.options import (
    Amount,
    fold_options,
    minutes_option,
    network_options,
    option,
    result_options,
    seed_option,
    table_options,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from multilayer.cli.evaluation.problem import Problem
    from multilayer.cli.evaluation.splits import Splits
    from multilayer.cli.folder import OutputFolder
    from multilayer.cli.limits import Deadline
    from multilayer.cli.source import Source


@click.command(short_help="Train a network on a CSV or Parquet file and test it.")
@table_options
@network_options
@option("--test-fraction", "X", "Share of the rows to test on.", default=0.2, type=Amount(0, 1, True, True))
@minutes_option("the training ends in time for the scores and the report.")
@seed_option("Of the split, the starting weights and the order of the rows.")
@result_options("predictions.csv, pictures and report.html")
def train(test_fraction: float, **options: Any) -> int:
    """Train a network on FILE, a table in CSV or Parquet, and test it on a part of the rows.

    FILE may be .csv, .tsv (also .gz) or .parquet, or - for standard input, with columns of numbers, text, dates and
    Booleans, and with gaps. A target of text, of Booleans or of a few whole numbers holds classes; any other numbers
    are amounts. Rows without a target are dropped. The columns are encoded with what the training rows hold.

    The scores of the network stand beside those of a linear model on the same columns (logistic regression for classes,
    ridge regression for amounts), and of always predicting the most frequent class, or the mean. Errors of amounts are
    in the units of the target. Ctrl-C ends the training early; the network is then scored as it is, and the exit code
    is 130. A second Ctrl-C ends the command at once.

    \b
    Examples:
      multilayer train churn.csv --target churned
      multilayer train churn.csv --target churned --ignore customer_id --out churn
      multilayer train houses.csv.gz --target price --hidden 128,64 --epochs 200
      multilayer train wine.parquet --target score --task regression
    """
    from multilayer.cli.evaluation.splits import split_once

    return _evaluate(lambda problem: split_once(problem, test_fraction, options["seed"]), **options)


@click.command(short_help="Cross-validate a network on a CSV or Parquet file.")
@table_options
@fold_options(repeats=True)
@network_options
@minutes_option("the networks share the time for training.")
@seed_option("Of the folds, the starting weights and the order of the rows.")
@result_options("predictions.csv, folds.csv, pictures and report.html")
def cv(folds: int, repeats: int, **options: Any) -> int:
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
    from multilayer.cli.evaluation.splits import divide

    return _evaluate(lambda problem: divide(problem, folds, repeats, options["seed"]), **options)


def _evaluate(
    split: Callable[[Problem], Splits],
    source: Source,
    deadline: Deadline,
    out: OutputFolder | None,
    quiet: bool,
    jobs: int | None = None,
    **options: Any,
) -> int:
    """Evaluate a network with these options on the splits of the table, and return the exit code."""
    from multilayer.cli.console import Output
    from multilayer.cli.evaluation.evaluation import evaluate
    from multilayer.cli.evaluation.problem import Settings, naming
    from multilayer.cli.evaluation.run import begin_run
    from multilayer.cli.folder import prepared
    from multilayer.cli.output.reports import write_evaluation

    output = Output(quiet)
    with prepared(out):
        with naming(source):
            run = begin_run(source, split, jobs, deadline, output)
            found = evaluate(run, Settings.of(run.task.default_epochs, **options))
        output.blank()
        if out is None:
            output.say("Nothing was written. With --out DIR there are predictions, pictures and a report.")
        else:
            write_evaluation(found, out)
    return output.exit_code
