"""``multilayer train``: a network for a data file."""

from __future__ import annotations

from typing import Any

import click

from multilayer.cli._deadline import Deadline
from multilayer.cli._files import OutputFolder
from multilayer.cli._options import (
    Fraction,
    minutes_option,
    network_options,
    result_options,
    seed_option,
    table_options,
)
from multilayer.cli._output import Output
from multilayer.cli._source import Source


@click.command(short_help="Train a network on a CSV or Parquet file and test it.")
@table_options
@network_options
@click.option(
    "--test-fraction",
    type=Fraction(),
    metavar="X",
    default=0.2,
    show_default=True,
    help="Share of the rows kept aside to test on.",
)
@minutes_option("the training ends in time for the scores and the report.")
@seed_option("Of the split, the starting weights and the order of the rows.")
@result_options("predictions.csv, pictures and report.html")
def train(
    source: Source,
    target: str | None,
    ignore: tuple[str, ...],
    task: str,
    test_fraction: float,
    deadline: Deadline,
    out: OutputFolder | None,
    quiet: bool,
    **options: Any,
) -> int:
    """Train a network on FILE, a table in CSV or Parquet, and test it on rows kept aside.

    FILE may be .csv, .tsv (also .gz) or .parquet, or - for standard input, with columns of numbers, text, dates and
    Booleans, and with gaps. A target of text, of Booleans or of a few whole numbers holds classes; any other numbers
    are amounts. Rows without a target are left out. Everything the network is told of the columns is taken from the
    training rows.

    The network's scores stand next to those of a linear model on the same columns (logistic regression for classes,
    ridge regression for amounts), and of always saying the most frequent class, or the mean. Errors of amounts are in
    the target's own units. Ctrl-C ends the training early; the network is scored as it then stands, and
    the exit code is 130. A second Ctrl-C ends the command at once.

    \b
    Examples:
      multilayer train churn.csv --target churned
      multilayer train churn.csv --target churned --ignore customer_id --out churn
      multilayer train houses.csv.gz --target price --hidden 128,64 --epochs 200
      multilayer train wine.parquet --target score --task regression
    """
    from multilayer.cli._reading import naming, read_problem
    from multilayer.cli._tasks import settings_of
    from multilayer.cli._train_report import write_all
    from multilayer.cli._training import encode, train_and_score

    output = Output(quiet)
    problem = read_problem(source, target, ignore, task, output)
    settings = settings_of(problem, **options)
    with naming(source):
        encoded = encode(problem, settings, test_fraction, output)
        if out is not None:
            out.prepare()
        result = train_and_score(problem, encoded, settings, deadline, output)
    output.blank()
    if out is None:
        output.say("Nothing was written. With --out DIR there are predictions, pictures and a report.")
    else:
        write_all(problem, settings, result, out, deadline, output)
    return output.exit_code
