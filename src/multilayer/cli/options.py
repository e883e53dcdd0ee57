"""The options that commands share; all are checked before the table is read."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from multilayer.cli.folder import MODEL_FILE, OutputFolder
from multilayer.cli.limits import Deadline, check_hidden_layers
from multilayer.cli.process import keep_running_without_reader
from multilayer.cli.source import Source
from multilayer.cli.text import shortened
from multilayer.exceptions import MissingExtraError

# The options by the names that arguments have in Python.
_UNCHANGED = (
    *("activation", "alpha", "separator", "decimal", "encoding", "date_format", "task", "journal"),
    *("memory", "scratch"),
)
OPTION_NAMES = {name: "--" + name.replace("_", "-") for name in _UNCHANGED} | {
    "hidden_layer_sizes": "--hidden",
    "learning_rate_init": "--step-size",
    "max_iter": "--epochs",
    "max_time": "--minutes",
}

NETWORK = ("kind", "hidden", "activation", "epochs", "alpha", "step_size", "batch_size", "weight_decay", "dropout")
KINDS = ("pieces", "waves", "numbers")  # of single networks, by the names of multilayer.tables.models.network_kinds
_LARGEST = 2**31 - 1  # whole number that an option takes
_LONGEST_NUMBER = 12  # digits of a number of units

Command = TypeVar("Command", bound=Callable[..., Any])


class ModelPath(click.Path):
    """The file of a saved model, or a folder of ``--out`` with one."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        found = Path(os.fsdecode(super().convert(value, param, ctx)))
        inside = found / MODEL_FILE
        return inside if inside.is_file() else found


class Count(click.IntRange):
    """A positive integer that no counter overflows."""

    def __init__(self, least: int = 1, most: int = _LARGEST) -> None:
        super().__init__(least, most)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return int(super().convert(value, param, ctx))
        except click.BadParameter:
            raise click.BadParameter(f"must be an integer from {self.min} to {self.max}, got {value}.") from None


class Amount(click.FloatRange):
    """A finite number: NaN and ``1e999`` would pass a plain range."""

    def __init__(self, words: str, remedy: str = "", **limits: Any) -> None:
        super().__init__(**limits)
        self._words, self._remedy = words, f" {remedy}" if remedy else ""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(super().convert(value, param, ctx))
        except click.BadParameter:
            number = math.nan
        if not math.isfinite(number):
            raise click.BadParameter(f"must be {self._words}, got {value}.{self._remedy}")
        return number


class Choice(click.Choice):  # type: ignore[type-arg, unused-ignore]  # generic since click 8.2
    """One of some words."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            *words, last = self.choices
            raise click.BadParameter(f"must be {', '.join(words)} or {last}, got {value!r}.") from None


POSITIVE = Amount("a positive number", min=0, min_open=True)


def read_hidden(_ctx: click.Context, _param: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    """The sizes of hidden layers, such as ``64,64``; ``none`` for no hidden layer."""
    if value is None:
        return None
    if value.strip() == "none":
        return ()
    sizes = []
    for part in (part.strip() for part in value.split(",")):
        digits = part.lstrip("0") if part.isascii() and part.isdigit() else ""
        if len(digits) > _LONGEST_NUMBER:
            raise click.BadParameter(
                f"must be sizes of layers, got one of {len(digits):,} digits, larger than any computer. Write 64,64."
            )
        if not digits:
            raise click.BadParameter(
                f"must be positive integers, got {shortened(part, 40)!r}. Write sizes such as 64,64, or none for no "
                "hidden layer."
            )
        sizes.append(int(digits))
    check_hidden_layers(sizes)
    return tuple(sizes)


def read_activation(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | tuple[str, ...] | None:
    """The name of an activation, or one for each hidden layer: ``relu``, ``relu,tanh``."""
    if value is None:
        return None
    from multilayer.equations import activation
    from multilayer.exceptions import ParameterError

    names = tuple(part.strip().lower() for part in value.split(","))
    for name in names:
        try:
            # "logistic" is scikit-learn's name for the sigmoid.
            activation("sigmoid" if name == "logistic" else name)
        except ParameterError as error:
            raise click.BadParameter(str(error)) from None
    return names if len(names) > 1 else names[0]


def read_folder(_ctx: click.Context, _param: click.Parameter, value: str | None) -> OutputFolder | None:
    """The folder of ``--out``, which is not made yet."""
    if value is None:
        return None
    if not value.strip():
        # Path("") is the current folder, which an unset variable of the shell does not mean.
        raise click.BadParameter("must be the name of a folder, got an empty one. Write a name such as results.")
    keep_running_without_reader()
    folder = OutputFolder(Path(value))
    folder.check_name()
    return folder


def read_test_file(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Path | None:
    """The file of the test rows."""
    if value is not None and (not value.strip() or value == "-"):
        raise click.BadParameter(
            f"must be the name of a file, got {value!r}. Write its name; standard input is for the table to train on."
        )
    return None if value is None else Path(value)


def read_minutes(_ctx: click.Context, _param: click.Parameter, value: float | None) -> Deadline:
    """A limit of time, in minutes."""
    return Deadline(value)


def read_separator(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """One character; a tab is hard to type."""
    return "\t" if value in ("tab", "\\t") else value


def check_sampler(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """A sampler that is installed."""
    if value == "optuna":
        try:
            import optuna  # noqa: F401
        except ImportError:
            raise MissingExtraError("--sampler optuna", "Optuna", "optuna") from None
    return value


def read_journal(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Path | None:
    """A file that exists, or can be made."""
    if value is None:
        return None
    path = Path(value)
    if not value.strip():
        raise click.BadParameter("must be the name of a file, got an empty one. Write a name such as search.journal.")
    if path.is_dir():
        raise click.BadParameter(f"must be the name of a file, got the folder {value}. Write the name of a file in it.")
    if not path.parent.is_dir():
        raise click.BadParameter(
            f"must be a file that can be written, got {value}: there is no folder {path.parent}. Make the folder first."
        )
    return path


def table_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """FILE, how it is written, and its columns, all passed as one ``source``."""

    @wraps(command)
    def gathered(**options: Any) -> Any:
        named = {field.name: options.pop(field.name) for field in fields(Source) if field.name in options}
        if named["group"] is not None and named["time_column"] is not None:
            raise click.UsageError(
                "--group and --time-column cannot be combined: one keeps groups together, the other divides by time. "
                "Omit one of them."
            )
        return command(source=Source(**named), **options)

    choices = Choice(["auto", "classification", "regression"])
    group = "Rows with equal values here, such as those of one patient, stay in one part; not used as a feature."
    time = "Dates, times or numbers: models are tested on later rows than those of training; a feature too."
    return _all_of(
        gathered,
        click.argument("file", type=click.Path(path_type=Path, allow_dash=True)),
        option("--target", "COLUMN", "The column to predict."),
        option("--ignore", "COLUMN", "A column not to use; may be repeated.", multiple=True),
        option("--id", "COLUMN", "The name of each row, shown with its prediction; not used as a feature."),
        option("--group", "COLUMN", group),
        option("--time-column", "COLUMN", time),
        option("--task", None, "What the target holds; auto decides by its values.", default="auto", type=choices),
        reading_options,
    )


def reading_options(command: Command) -> Command:
    """How FILE is written."""
    separator = "Between the cells of a text file, such as ';' or tab; detected by default."
    return _all_of(
        command,
        option("--separator", "CHAR", separator, callback=read_separator),
        option("--decimal", "CHAR", "Decimal sign of numbers: '.' (the default) or ','."),
        option("--encoding", "NAME", "Of a text file, such as latin-1; UTF-8 by default."),
        option("--date-format", "FORMAT", "Of dates, such as %d.%m.%Y; ISO dates are always recognised."),
    )


def model_options(command: Command) -> Command:
    """``preset`` and ``with_trees``, the options of a table model."""
    preset = "quick: one network; standard: several kinds of networks in five folds; best: more of them, longer."
    trees = "Let gradient-boosted trees be a part of the model too, with a weight by their out-of-fold predictions."
    return _all_of(
        command,
        option("--preset", None, preset, default="standard", type=Choice(["quick", "standard", "best"])),
        click.option("--with-trees", is_flag=True, help=trees),
    )


def network_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a single network, passed as one ``network``; None if no option was given."""

    @wraps(command)
    def gathered(**options: Any) -> Any:
        network = {name: options.pop(name) for name in NETWORK}
        given = given_options(*NETWORK)
        of_model = given_options("preset", "with_trees")
        if given and of_model:
            raise click.UsageError(
                f"{given[0]} trains a single network, and {of_model[0]} is an option of the table model. Omit one of "
                "them."
            )
        return command(network=network if given else None, **options)

    kind = (
        "Single network: of this kind of the table model, with its encoding and schedule; the options below replace "
        "its values."
    )
    hidden = "Single network: units of each hidden layer, such as 64,64 (the default); none for no hidden layer."
    activation = (
        "Single network: of the hidden units; relu (the default), tanh, gelu, ...; one name, or one for each layer."
    )
    epochs = "Single network: largest number of passes over the rows; by default 30 for classes, 100 for amounts."
    alpha = "Single network: regularisation, the weight of the squared weights in the cost; 0.3 by default."
    step = "Single network: step size of Adam, 0.001 by default."
    batch = "Single network: rows of an update; by default 200, or all if there are fewer."
    decay = (
        "Single network: share of the weights that Adam subtracts in each update, times the step size; 0 by default."
    )
    dropout = "Single network: share of the hidden units that are dropped in training; 0 by default."
    return _all_of(
        gathered,
        option("--kind", None, kind, type=Choice(KINDS)),
        option("--hidden", "SIZES", hidden, callback=read_hidden),
        option("--activation", "NAMES", activation, callback=read_activation),
        option("--epochs", "N", epochs, type=Count()),
        option("--alpha", "X", alpha, type=Amount("a number of at least 0", min=0)),
        option("--step-size", "X", step, type=POSITIVE),
        option("--batch-size", "N", batch, type=Count()),
        option("--weight-decay", "X", decay, type=Amount("a number of at least 0", min=0)),
        option("--dropout", "X", dropout, type=Amount("a number from 0 to below 1", min=0, max=1, max_open=True)),
    )


def fold_options(*, repeats: bool) -> Callable[[Command], Command]:
    """The division of the rows into folds, if wanted several times, and the number of networks at a time."""
    folds = "Parts of the rows; each is tested by a model trained on all others."
    repeated = option("--repeats", "N", "How many times the rows are divided anew.", default=1, type=Count())
    return lambda command: _all_of(
        command,
        option("--folds", "N", folds, default=5, type=Count(2)),
        *[repeated] * repeats,
        option("--jobs", "N", "Networks trained at a time; one for each core by default.", type=Count()),
    )


def memory_options(command: Command) -> Command:
    """``memory`` and ``scratch``, for tables that are larger than memory."""
    memory = (
        "Read the table block by block, with at most so much memory in all, such as 1GB or 500MB. A folder is always "
        "read so; by default with half of the memory that is available."
    )
    scratch = (
        "For a table in blocks: the folder of the encoded rows, which is made if needed and emptied at the end. If the "
        "command is killed, the same command resumes from there. By default a temporary folder."
    )
    return _all_of(
        command,
        option("--memory", "SIZE", memory, callback=read_memory),
        option("--scratch", "DIR", scratch, type=click.Path(path_type=Path)),
    )


def read_memory(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """An amount of memory."""
    if value is None:
        return None
    from multilayer.exceptions import ParameterError
    from multilayer.tables.models import checked_memory

    try:
        checked_memory(int(value) if value.isdecimal() else value)
    except ParameterError:
        raise click.BadParameter(f"must be an amount such as 1GB or 500MB, got {value!r}.") from None
    return value


def minutes_option(what: str) -> Callable[[Command], Command]:
    """``deadline`` of the whole command, which begins when the option is read."""
    text = f"Time limit of the whole command: {what} No limit by default."
    amount = Amount("a positive number", "Omit it for no limit.", min=0, min_open=True)
    return option("--minutes", "X", text, destination="deadline", type=amount, callback=read_minutes)


def seed_option(what: str) -> Callable[[Command], Command]:
    """``seed``, with what depends on it."""
    return option("--seed", "N", what, default=0, type=Count(0, 2**32 - 1))


def columns_option(command: Command) -> Command:
    """``columns``, whether the table of columns is printed whole."""
    text = "Print how each column is encoded; by default twelve of them. The report has all."
    return click.option("--columns", is_flag=True, help=text)(command)


def result_options(files: str, printed: str = "the tables of scores") -> Callable[[Command], Command]:
    """``out``, the folder for these files, and ``quiet``."""
    return lambda command: _all_of(
        command,
        option("--out", "DIR", f"Write {files} to this folder, which is made if needed.", callback=read_folder),
        click.option("--quiet", is_flag=True, help=f"Print only {printed}."),
    )


def option(
    name: str, metavar: str | None, text: str, destination: str | None = None, **settings: Any
) -> Callable[[Command], Command]:
    """An option whose default is shown, if it has one."""
    names = (name,) if destination is None else (name, destination)
    return click.option(*names, metavar=metavar, help=text, show_default="default" in settings, **settings)


def given_options(*names: str) -> list[str]:
    """Those of these options that the user has typed or configured, as they are written."""
    context = click.get_current_context()
    by_user = (ParameterSource.COMMANDLINE, ParameterSource.DEFAULT_MAP)  # the latter is --config
    typed = {name for name in names if context.get_parameter_source(name) in by_user}
    return [param.opts[0] for param in context.command.params if param.name in typed]


def _all_of(command: Command, *options: Callable[[Command], Command]) -> Command:
    """The command with these options, in this order in its help."""
    for option in reversed(options):
        command = option(command)
    return command
