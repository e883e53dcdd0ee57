"""The options that commands share, and how those are read that hold more than a number or a word.

All are checked before any file is read.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from multilayer.cli._deadline import Deadline
from multilayer.cli._files import OutputFolder
from multilayer.cli._machine import check_hidden_layers
from multilayer.cli._source import with_source
from multilayer.cli._streams import keep_running_without_reader
from multilayer.cli._tables import shortened

_NO_LAYER = "none"
_LARGEST = 2**31 - 1  # whole number that any option takes
_LONGEST_NUMBER = 12  # digits of a number of units
_LONGEST_LINE = 1000  # characters of a number

Command = TypeVar("Command", bound=Callable[..., Any])


class Count(click.IntRange):
    """A whole number of things, of which there are at most so many that none of our counters overflows."""

    def __init__(self, least: int = 1) -> None:
        super().__init__(least, _LARGEST)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        # Python refuses to read more than 4,300 digits, with advice for programmers.
        if isinstance(value, str) and len(value) > _LONGEST_LINE:
            self.fail(f"a text of {len(value):,} characters is not in the range {self._describe_range()}.", param, ctx)
        return int(super().convert(value, param, ctx))


class Amount(click.FloatRange):
    """A number of finite size: ``1e999`` and ``nan`` would pass a plain range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


class Fraction(click.FloatRange):
    """A number between 0 and 1.  NaN is neither below nor above any bound, and would pass a plain range."""

    def __init__(self) -> None:
        super().__init__(0, 1, min_open=True, max_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if number != number:
            self.fail("nan is not a number between 0 and 1.", param, ctx)
        return number


def read_hidden(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[int, ...]:
    """Sizes of hidden layers: ``64,64``; ``none`` for no hidden layer."""
    if value.strip() == _NO_LAYER:
        return ()
    sizes = []
    for part in (part.strip() for part in value.split(",")):
        digits = part.lstrip("0") if part.isascii() and part.isdigit() else ""
        if len(digits) > _LONGEST_NUMBER:
            raise click.BadParameter(f"a layer of {len(digits):,} digits is larger than any computer. Write 64,64")
        if not digits:
            raise click.BadParameter(
                f"{shortened(part, 40)!r} is not a whole number above 0. Write sizes such as 64,64, or none for no "
                "hidden layer"
            )
        sizes.append(int(digits))
    check_hidden_layers(sizes)
    return tuple(sizes)


def read_activation(_ctx: click.Context, _param: click.Parameter, value: str) -> str | tuple[str, ...]:
    """The name of an activation, or one a hidden layer: ``relu``, ``relu,tanh``."""
    from multilayer.equations import activation
    from multilayer.exceptions import ParameterError

    names = tuple(part.strip().lower() for part in value.split(","))
    for name in names:
        try:
            # scikit-learn's name for the sigmoid is not in the book.
            activation("sigmoid" if name == "logistic" else name)
        except ParameterError as error:
            raise click.BadParameter(str(error)) from None
    return names if len(names) > 1 else names[0]


def read_folder(_ctx: click.Context, _param: click.Parameter, value: str | None) -> OutputFolder | None:
    """The folder of ``--out``; nothing is made yet."""
    if value is None:
        return None
    if not value.strip():
        # Path("") is the current folder, which an unset variable of the shell does not mean.
        raise click.BadParameter("the name of the folder is empty")
    keep_running_without_reader()
    return OutputFolder(Path(value))


def read_minutes(_ctx: click.Context, _param: click.Parameter, value: float | None) -> Deadline:
    """A limit of time, in minutes; ``1e999`` and ``nan`` are none."""
    if value is not None and not 0 < value < math.inf:
        raise click.BadParameter(f"{value:g} is not a number of minutes above 0. Leave it out for no limit")
    return Deadline(value)


def read_separator(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """One character; a tab is hard to type."""
    return "\t" if value in ("tab", "\\t") else value


def read_journal(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Path | None:
    """A file that is there, or can be made where it is to be."""
    if value is None:
        return None
    path = Path(value)
    if not value.strip():
        raise click.BadParameter("the name of the file is empty")
    if path.is_dir():
        raise click.BadParameter(f"{value} is a folder. Name a file")
    if not path.parent.is_dir():
        raise click.BadParameter(f"{value} cannot be written: there is no folder {path.parent}. Make it first")
    return path


def table_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """FILE, how it is written, and what is to be learned from it: ``source``, ``target``, ``ignore``, ``task``."""
    return _all_of(
        with_source(command),
        click.argument("file", type=click.Path(path_type=Path, allow_dash=True)),
        click.option("--target", metavar="COLUMN", help="The column to predict."),
        click.option(
            "--ignore", metavar="COLUMN", multiple=True, help="A column to leave out; may be given several times."
        ),
        click.option(
            "--task",
            type=click.Choice(["auto", "classification", "regression"]),
            default="auto",
            show_default=True,
            help="Whether the target holds classes or amounts; auto decides by its values.",
        ),
        click.option(
            "--separator",
            metavar="CHAR",
            callback=read_separator,
            help="Between the cells of a text file, such as ';' or tab; found out by default.",
        ),
        click.option("--decimal", metavar="CHAR", help="Before the decimals of a number: '.' (the default) or ','."),
        click.option("--encoding", metavar="NAME", help="Of a text file, such as latin-1; UTF-8 by default."),
        click.option(
            "--date-format",
            metavar="FORMAT",
            help="How dates are written, such as %d.%m.%Y; ISO dates are always read.",
        ),
    )


def network_options(command: Command) -> Command:
    """What shapes a network and its training: ``hidden``, ``activation``, ``epochs``, ..., ``batch_size``."""
    return _all_of(
        command,
        click.option(
            "--hidden",
            metavar="SIZES",
            callback=read_hidden,
            default="64,64",
            show_default=True,
            help="Units of each hidden layer; none for no hidden layer.",
        ),
        click.option(
            "--activation",
            metavar="NAMES",
            callback=read_activation,
            default="relu",
            show_default=True,
            help="Of the hidden units: relu, tanh, sigmoid, gelu, ...; one name, or one a layer.",
        ),
        click.option(
            "--epochs",
            type=Count(),
            metavar="N",
            help="At most so many passes over the rows; by default 30 for classes, 100 for amounts.",
        ),
        click.option(
            "--alpha",
            type=Amount(min=0),
            metavar="X",
            default=0.3,
            show_default=True,
            help="Regularisation: the weight of the squared weights in the cost.",
        ),
        click.option(
            "--step-size",
            type=Amount(min=0, min_open=True),
            metavar="X",
            default=0.001,
            show_default=True,
            help="Step size of Adam.",
        ),
        click.option(
            "--batch-size",
            type=Count(),
            metavar="N",
            help="Rows an update sees; 200, or all if fewer, by default.",
        ),
    )


_FOLDS = click.option(
    "--folds",
    type=Count(2),
    metavar="N",
    default=5,
    show_default=True,
    help="Parts of the rows; each is tested by a network trained on all others.",
)
_GROUP = click.option(
    "--group",
    metavar="COLUMN",
    help="Rows with the same value here are tested together, as those of one patient; it is not learned from.",
)
_JOBS = click.option("--jobs", type=Count(), metavar="N", help="Networks trained at a time; one a core by default.")


def fold_options(command: Command) -> Command:
    """How the rows are divided, once or several times, and how many networks are trained at a time."""
    return _all_of(
        command,
        _FOLDS,
        click.option(
            "--repeats",
            type=Count(),
            metavar="N",
            default=1,
            show_default=True,
            help="How many times the rows are divided anew.",
        ),
        _GROUP,
        _JOBS,
    )


def single_fold_options(command: Command) -> Command:
    """The same, where the rows are divided once."""
    return _all_of(command, _FOLDS, _GROUP, _JOBS)


def minutes_option(what: str) -> Callable[[Command], Command]:
    """``deadline``: of the whole command, which begins to run down when the option is read."""
    return click.option(
        "--minutes",
        "deadline",
        type=float,
        metavar="X",
        callback=read_minutes,
        help=f"The time for the whole command: {what} No limit by default.",
    )


def seed_option(what: str) -> Callable[[Command], Command]:
    """``seed``, with what it decides."""
    return click.option(
        "--seed", type=click.IntRange(0, 2**32 - 1), metavar="N", default=0, show_default=True, help=what
    )


def result_options(files: str) -> Callable[[Command], Command]:
    """Where results go: ``out``, the folder for these files, and ``quiet``."""

    def add(command: Command) -> Command:
        return _all_of(
            command,
            click.option(
                "--out",
                metavar="DIR",
                callback=read_folder,
                help=f"Write {files} to this folder; it is made if it is not there.",
            ),
            click.option("--quiet", is_flag=True, help="Print the tables of scores only."),
        )

    return add


def _all_of(command: Command, *options: Callable[[Command], Command]) -> Command:
    """The command with these options, which its help lists in this order."""
    for option in reversed(options):
        command = option(command)
    return command
