"""``multilayer train``: a network for a data file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from multilayer.cli._files import OutputFolder
from multilayer.cli._options import Fraction, read_activation, read_folder, read_hidden
from multilayer.cli._output import Output
from multilayer.exceptions import DivergenceError, InputError, ParameterError, unknown_name

if TYPE_CHECKING:
    from multilayer.cli._problem import Problem

_OPTION_NAMES = {
    "hidden_layer_sizes": "--hidden",
    "activation": "--activation",
    "learning_rate_init": "--step-size",
    "max_iter": "--epochs",
    "alpha": "--alpha",
}


@click.command(short_help="Train a network on a CSV or Parquet file and test it.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--target", metavar="COLUMN", help="The column to predict.")
@click.option("--ignore", metavar="COLUMN", multiple=True, help="A column to leave out; may be given several times.")
@click.option(
    "--task",
    type=click.Choice(["auto", "classification", "regression"]),
    default="auto",
    show_default=True,
    help="Whether the target holds classes or amounts; auto decides by its values.",
)
@click.option(
    "--hidden",
    metavar="SIZES",
    callback=read_hidden,
    default="64,64",
    show_default=True,
    help="Units of each hidden layer; none for no hidden layer.",
)
@click.option(
    "--activation",
    metavar="NAMES",
    callback=read_activation,
    default="relu",
    show_default=True,
    help="Of the hidden units: relu, tanh, sigmoid, gelu, ...; one name, or one a layer.",
)
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    metavar="N",
    help="At most so many passes over the rows; by default 30 for classes, 100 for amounts.",
)
@click.option(
    "--alpha",
    type=click.FloatRange(min=0),
    metavar="X",
    default=0.3,
    show_default=True,
    help="Regularisation: the weight of the squared weights in the cost.",
)
@click.option(
    "--step-size",
    type=click.FloatRange(min=0, min_open=True),
    metavar="X",
    default=0.001,
    show_default=True,
    help="Step size of Adam.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    metavar="N",
    help="Rows an update sees; 200, or all if fewer, by default.",
)
@click.option(
    "--test-fraction",
    type=Fraction(),
    metavar="X",
    default=0.2,
    show_default=True,
    help="Share of the rows kept aside to test on.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    metavar="N",
    default=0,
    show_default=True,
    help="Of the split, the starting weights and the order of the rows.",
)
@click.option(
    "--out",
    metavar="DIR",
    callback=read_folder,
    help="Write predictions.csv, pictures and report.html to this folder; it is made if it is not there.",
)
@click.option("--quiet", is_flag=True, help="Print the tables of scores only.")
def train(
    file: Path,
    target: str | None,
    ignore: tuple[str, ...],
    task: str,
    out: OutputFolder | None,
    quiet: bool,
    epochs: int | None,
    batch_size: int | None,
    **options: Any,
) -> None:
    """Train a network on FILE, a table in CSV or Parquet, and test it on rows kept aside.

    FILE may be .csv, .tsv (also .gz) or .parquet, with columns of numbers, text, dates and Booleans, and with gaps.
    A target of text, of Booleans or of a few whole numbers holds classes; any other numbers are amounts. Rows
    without a target are left out. Everything the network is told of the columns is taken from the training rows.

    The network's scores stand next to those of a linear model on the same columns (logistic regression for classes,
    ridge regression for amounts), and of always saying the most frequent class, or the mean. Errors of amounts are in
    the target's own units. Ctrl-C ends the training early; the network is scored as it then stands.

    \b
    Examples:
      multilayer train churn.csv --target churned
      multilayer train churn.csv --target churned --ignore customer_id --out churn
      multilayer train houses.csv.gz --target price --hidden 128,64 --epochs 200
      multilayer train wine.parquet --target score --task regression
    """
    from multilayer.cli._problem import Settings
    from multilayer.cli._train_report import write_all
    from multilayer.cli._training import TASKS, encode, train_and_score

    output = Output(quiet)
    problem = _read(file, target, ignore, task, output)
    settings = Settings(
        batch_size=batch_size or "auto", epochs=epochs or TASKS[problem.info.task].default_epochs, **options
    )
    with _naming(file):
        encoded = encode(problem, settings, output)
        if out is not None:
            out.prepare()
        result = train_and_score(problem, encoded, settings, output)
    output.blank()
    if out is None:
        output.say("Nothing was written. With --out DIR there are predictions, pictures and a report.")
    else:
        write_all(problem, settings, result, out, output)


def _read(file: Path, target: str | None, ignore: tuple[str, ...], task: str, output: Output) -> Problem:
    """The table, its target and what kind of target it is."""
    from multilayer.cli._problem import Problem
    from multilayer.cli._progress import waiting
    from multilayer.cli._tables import count
    from multilayer.tables import encode_target, read_table, split_target

    with _naming(file):
        with waiting(output, f"reading {file.name}"):
            table = read_table(file)
        if target is None:
            raise InputError(f"name the column to predict with --target. Its columns: {_listing(table.column_names)}.")
        for name in ignore:
            if name not in table.column_names:
                raise InputError(str(unknown_name("column to ignore", name, table.column_names)))
        features, column = split_target(table.drop_columns(list(dict.fromkeys(ignore))), target)
        info = encode_target(column, task, name=target, drop_gaps=True)
    problem = Problem(file, target, ignore, features, replace(info, reason=_for_shell(info.reason)))
    output.say(f"{file.name}: {count(table.num_rows, 'row')}, {count(features.num_columns, 'column')} and the target.")
    output.say(f"Task: {info.task}. {problem.info.reason}")
    if len(problem.gaps):
        output.note(
            f"{count(len(problem.gaps), 'row')} left out for want of a target, the first is data row "
            f"{problem.gaps[0] + 1}"
        )
    return problem


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Errors about the data name the file, and advice for Python becomes advice for the command line."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{file}: {_for_shell(str(error))}") from error
    except DivergenceError as error:
        # What went wrong, without the advice for those who write Python.
        text = str(error).partition(". Use ")[0]
        raise DivergenceError(f"{text}. Use a smaller --step-size.") from error
    except ParameterError as error:
        text = str(error)
        for name, option in _OPTION_NAMES.items():
            text = re.sub(rf"\b{name}\b", option, text)
        raise click.ClickException(text) from error


def _for_shell(text: str) -> str:
    """Advice on the task, in the words of the command line."""
    return re.sub(r'(?:\btask=|(?<=Ask for ))"(\w+)"', r"--task \1", text)


def _listing(names: list[str], most: int = 20) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + rest
