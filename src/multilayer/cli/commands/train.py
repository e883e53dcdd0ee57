"""``multilayer train``: a network for a data file, evaluated on a single split."""

from __future__ import annotations

from typing import Any

import click

from multilayer.cli.deadline import Deadline
from multilayer.cli.folder import OutputFolder
from multilayer.cli.options import (
    Amount,
    minutes_option,
    network_options,
    result_options,
    seed_option,
    table_options,
)
from multilayer.cli.source import Source


@click.command(short_help="Train a network on a CSV or Parquet file and test it.")
@table_options
@network_options
@click.option(
    "--test-fraction",
    type=Amount(0, 1, min_open=True, max_open=True),
    metavar="X",
    default=0.2,
    show_default=True,
    help="Share of the rows to test on.",
)
@minutes_option("the training ends in time for the scores and the report.")
@seed_option("Of the split, the starting weights and the order of the rows.")
@result_options("predictions.csv, pictures and report.html")
def train(
    source: Source, test_fraction: float, deadline: Deadline, out: OutputFolder | None, quiet: bool, **options: Any
) -> int:
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
    from multilayer.cli.commands.evaluating import evaluate_and_write
    from multilayer.cli.evaluation.splits import split_once

    def split(problem: Any) -> Any:
        return split_once(problem, test_fraction, options["seed"])

    return evaluate_and_write(source, split, options, None, deadline, out, quiet)
