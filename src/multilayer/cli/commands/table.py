"""The commands for a data file.

``train`` evaluates a model on one split, ``cv`` on several, and ``search`` looks for a better network.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from multilayer.cli.config import SETTINGS_FILE, ConfiguredCommand, settings_text
from multilayer.cli.options import (
    NETWORK,
    Amount,
    Choice,
    Count,
    check_sampler,
    columns_option,
    fold_options,
    given_options,
    memory_options,
    minutes_option,
    model_options,
    network_options,
    option,
    read_journal,
    read_test_file,
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


@click.command(cls=ConfiguredCommand, short_help="Train a model on a CSV or Parquet file and test it.")
@table_options
@model_options
@option(
    "--test-fraction",
    "X",
    "Share of the rows to test on, with --group of the groups.",
    default=0.2,
    type=Amount("a number between 0 and 1", min=0, max=1, min_open=True, max_open=True),
)
@option("--test", "FILE", "Test on the rows of this file, which has the same columns.", callback=read_test_file)
@minutes_option("the training ends in time for the scores and the report.")
@seed_option("Of the split, the folds, the starting weights and the order of the rows.")
@network_options
@memory_options
@columns_option
@result_options("model.safetensors, predictions.csv, pictures, report.html and settings.toml")
def train(test_fraction: float, memory: str | None, scratch: Path | None, **options: Any) -> int:
    """Train a model on FILE, a table in CSV or Parquet, and test it on a part of the rows.

    FILE may be .csv, .tsv (also .gz), .parquet, .arrow or .feather, or - for standard input, with columns of numbers,
    text, dates and Booleans, and with gaps. A target of text, of Booleans or of a few whole numbers holds classes; any
    other numbers are amounts. Rows without a target are dropped. The columns are encoded with what the training rows
    hold.

    The model is a table model: networks that are trained on folds of the training rows, and need no choices. With
    --kind, --hidden or another option of a single network it is one.

    The scores of the model stand beside those of gradient-boosted trees (unless it is a single network) and a linear
    model on the same rows (logistic regression for classes, ridge regression for amounts), and of always predicting the
    most frequent class, or the mean. Errors of amounts are in the units of the target. Ctrl-C ends the training early;
    the model is then scored as it is, and the exit code is 130. A second Ctrl-C ends the command at once.

    A table that is larger than memory is read block by block: a folder of files with the same columns, and with
    --memory a file too. A tenth of the rows, at most 50,000, chosen by a hash of each row, validates the networks and
    gives the scores; the other models are trained on a sample. --out then writes the model and settings.toml.

    \b
    Examples:
      multilayer train churn.csv --target churned
      multilayer train churn.csv --target churned --id customer_id --out churn
      multilayer train sales.csv --target sold --time-column date --minutes 5
      multilayer train houses.csv.gz --target price --test new.csv --preset best
      multilayer train wine.parquet --target score --hidden 128,64 --epochs 200
      multilayer train events --target clicked --memory 2GB --out model
    """
    from multilayer.cli.evaluation.splits import split_once
    from multilayer.cli.evaluation.streamed import is_streamed

    if is_streamed(options["source"], memory, scratch):
        return _train_streamed(memory=memory, scratch=scratch, **options)
    if options["source"].test is not None and given_options("test_fraction"):
        raise click.UsageError("--test names the rows to test on, and --test-fraction draws some. Omit one of them.")
    return _evaluate(lambda problem: split_once(problem, test_fraction, options["seed"]), options)


@click.command(cls=ConfiguredCommand, short_help="Cross-validate a model on a CSV or Parquet file.")
@table_options
@model_options
@fold_options(repeats=True)
@minutes_option("the models share the time for training.")
@seed_option("Of the folds, the starting weights and the order of the rows.")
@network_options
@columns_option
@result_options("model.safetensors, predictions.csv, folds.csv, pictures, report.html and settings.toml")
def cv(folds: int, repeats: int, **options: Any) -> int:
    """Cross-validate a model on FILE, a table in CSV or Parquet: each row is tested by one that has not seen it.

    The rows are divided into folds; each fold is tested by a model that is trained on all others, or with --time-column
    on all earlier ones. For each model the columns are encoded with what its training rows hold. FILE, the target, the
    task and the model are as for multilayer train: a table model, or a single network with the options of one.

    The scores of the model, with their standard errors, stand beside those of gradient-boosted trees (unless it is a
    single network) and of a linear model in the same folds (logistic regression for classes, ridge regression for
    amounts), and of always predicting the most frequent class, or the mean. Ctrl-C ends the training; the folds that
    are done are scored, and the exit code is 130. A second Ctrl-C ends the command at once.

    \b
    Examples:
      multilayer cv churn.csv --target churned --preset quick
      multilayer cv visits.csv --target cost --group patient --task regression
      multilayer cv churn.csv --target churned --hidden 64 --folds 10 --repeats 3
    """
    from multilayer.cli.evaluation.splits import divide

    if repeats > 1 and options["source"].time_column is not None:
        raise click.UsageError(
            f"--repeats {repeats} divides the rows anew, and by --time-column they are divided in one way. Omit one of "
            "them."
        )
    return _evaluate(lambda problem: divide(problem, folds, repeats, options["seed"]), options)


@click.command(
    cls=ConfiguredCommand, short_help="Search for a network better than the defaults for a CSV or Parquet file."
)
@table_options
@model_options
@fold_options(repeats=False)
@option("--trials", "N", "Number of networks, besides the defaults.", destination="n_trials", default=30, type=Count())
@minutes_option("the search ends in time for the chosen network and the report.")
@option(
    "--epochs",
    "N",
    "Largest number of passes over the rows; by default that of the recipes, 40 to 256 by the number of rows.",
    type=Count(),
)
@click.option("--no-halving", is_flag=True, help="Train all candidates to the end, not only the more promising ones.")
@option(
    "--sampler",
    None,
    "Candidates drawn at random, or proposed by Optuna from the scores of earlier ones.",
    default="random",
    type=Choice(["random", "optuna"]),
    callback=check_sampler,
)
@option(
    "--journal",
    "FILE",
    "Save each result to FILE as soon as it is known; the same command resumes from there.",
    callback=read_journal,
)
@click.option(
    "--simplest", is_flag=True, help="Choose the smallest network within one standard error of the best, not the best."
)
@seed_option("Of the folds, the candidates, the starting weights and the order of the rows.")
@columns_option
@result_options("model.safetensors, trials.csv, pictures, report.html and settings.toml")
def search(folds: int, **options: Any) -> int:
    """Search for a network better than the defaults for FILE, a table in CSV or Parquet, by cross-validation.

    Trial 1 is the table model of multilayer train: its networks are validated in the same folds as all others, and it
    stays the choice if no network has a better score. The other trials are single networks around the recipes of the
    table model: of the kinds pieces, waves and numbers, with one or two hidden layers of 64, 128 or 256 units, step
    sizes within a factor of 4 of the recipe's, weight decay within a factor of 10 (both drawn on a logarithmic scale)
    and dropout up to twice the recipe's, at most 0.6. They hold out a tenth of their training rows to stop the
    training, and are trained in parallel on all cores: each for a ninth of a whole training first, but at least 300
    updates, the best third of them three times as long, and so on to the end. On a small table all are trained to the
    end.

    All are ranked by their log-loss (classes) or RMSE (amounts), beside a linear model and a constant prediction in the
    same folds. The best network is trained on all rows. FILE, the target and the task are as for multilayer train.
    Ctrl-C ends the search; the best so far is reported, but not trained on all rows, and the exit code is 130. A second
    Ctrl-C ends the command at once.

    \b
    Examples:
      multilayer search churn.csv --target churned
      multilayer search churn.csv --target churned --trials 100 --minutes 10
      multilayer search houses.csv --target price --simplest --out search
      multilayer search visits.csv --target cost --journal visits.journal
    """
    from multilayer.cli.evaluation.search import options_of, run_search
    from multilayer.cli.evaluation.splits import divide
    from multilayer.cli.output.reports import write_search

    return _run(
        lambda problem: divide(problem, folds, 1, options["seed"]),
        lambda run, **more: run_search(run, options_of(run, **more)),
        write_search,
        **options,
    )


# Options of train that need all rows in memory.
_OF_MEMORY = ("test_fraction", "test", "group", "time_column", *NETWORK)


def _train_streamed(
    source: Source,
    deadline: Deadline,
    out: OutputFolder | None,
    quiet: bool,
    columns: bool,
    network: None,  # noqa: ARG001 checked below
    **settings: Any,
) -> int:
    """Train on a table that is read block by block, and return the exit code."""
    from multilayer.cli.console import Output
    from multilayer.cli.evaluation.problem import naming
    from multilayer.cli.evaluation.streamed import StreamedSettings, train_streamed
    from multilayer.cli.folder import prepared

    if given := given_options(*_OF_MEMORY):
        raise click.UsageError(
            f"{given[0]} needs all rows in memory, and a folder, or a file with --memory or --scratch, is read block "
            f"by block. Omit {given[0]}, or name a single file without --memory and --scratch."
        )
    output = Output(quiet, columns)
    with prepared(out), naming(source):
        train_streamed(source, StreamedSettings(**settings), deadline, output, out)
    return output.exit_code


def _evaluate(split: Callable[[Problem], Splits], options: dict[str, Any]) -> int:
    from multilayer.cli.evaluation.evaluation import evaluate
    from multilayer.cli.evaluation.kinds import kinds_of
    from multilayer.cli.evaluation.settings import settings_of
    from multilayer.cli.output.reports import write_evaluation

    has_report = options["out"] is not None
    return _run(
        split,
        lambda run, **more: evaluate(
            run, settings_of(partial(kinds_of, run), run.task.default_epochs, **more), has_report
        ),
        write_evaluation,
        **options,
    )


def _run(
    split: Callable[[Problem], Splits],
    work: Callable[..., Any],
    write: Callable[[Any, OutputFolder | None], None],
    source: Source,
    deadline: Deadline,
    out: OutputFolder | None,
    quiet: bool,
    columns: bool,
    jobs: int | None = None,
    **options: Any,
) -> int:
    """Read and divide the table, do the work, write its files, and return the exit code."""
    from multilayer.cli.console import Output
    from multilayer.cli.evaluation.problem import naming
    from multilayer.cli.evaluation.run import begin_run
    from multilayer.cli.evaluation.streamed import check_file_fits
    from multilayer.cli.folder import prepared

    check_file_fits(source)
    output = Output(quiet, columns)
    with prepared(out):
        with naming(source):
            found = work(begin_run(source, split, jobs, deadline, output), **options)
        if out is not None:
            out.write(SETTINGS_FILE, settings_text(click.get_current_context()))
        write(found, out)
    return output.exit_code
