"""The options that commands share; all are checked before the table is read."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from multilayer.cli.folder import OutputFolder
from multilayer.cli.limits import Deadline, check_hidden_layers
from multilayer.cli.process import keep_running_without_reader
from multilayer.cli.source import Source
from multilayer.cli.text import shortened
from multilayer.exceptions import MissingExtraError

# The options by the names that arguments have in Python.
_UNCHANGED = ("activation", "alpha", "separator", "decimal", "encoding", "date_format", "task", "journal")
OPTION_NAMES = {name: "--" + name.replace("_", "-") for name in _UNCHANGED} | {
    "hidden_layer_sizes": "--hidden",
    "learning_rate_init": "--step-size",
    "max_iter": "--epochs",
}

_NETWORK = ("hidden", "activation", "epochs", "alpha", "step_size", "batch_size")
_LARGEST = 2**31 - 1  # whole number that an option takes
_LONGEST_NUMBER = 12  # digits of a number of units

Command = TypeVar("Command", bound=Callable[..., Any])


class Count(click.IntRange):
    """A positive integer that no counter overflows."""

    def __init__(self, least: int = 1) -> None:
        super().__init__(least, _LARGEST)


class Amount(click.FloatRange):
    """A finite number: NaN and ``1e999`` would pass a plain range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


def read_hidden(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[int, ...]:
    """The sizes of hidden layers, such as ``64,64``; ``none`` for no hidden layer."""
    if value.strip() == "none":
        return ()
    sizes = []
    for part in (part.strip() for part in value.split(",")):
        digits = part.lstrip("0") if part.isascii() and part.isdigit() else ""
        if len(digits) > _LONGEST_NUMBER:
            raise click.BadParameter(f"a layer of {len(digits):,} digits is larger than any computer. Write 64,64")
        if not digits:
            raise click.BadParameter(
                f"{shortened(part, 40)!r} is not a positive integer. Write sizes such as 64,64, or none for no hidden "
                "layer"
            )
        sizes.append(int(digits))
    check_hidden_layers(sizes)
    return tuple(sizes)


def read_activation(_ctx: click.Context, _param: click.Parameter, value: str) -> str | tuple[str, ...]:
    """The name of an activation, or one for each hidden layer: ``relu``, ``relu,tanh``."""
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
        raise click.BadParameter("the name of the folder is empty")
    keep_running_without_reader()
    folder = OutputFolder(Path(value))
    folder.check_name()
    return folder


def read_test_file(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Path | None:
    """The file of the test rows."""
    if value is not None and (not value.strip() or value == "-"):
        raise click.BadParameter("name a file; standard input is for the table to train on")
    return None if value is None else Path(value)


def read_minutes(_ctx: click.Context, _param: click.Parameter, value: float | None) -> Deadline:
    """A limit of time, in minutes."""
    if value is not None and not 0 < value < math.inf:
        raise click.BadParameter(f"{value:g} is not a positive number of minutes. Omit it for no limit")
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
        raise click.BadParameter("the name of the file is empty")
    if path.is_dir():
        raise click.BadParameter(f"{value} is a folder. Name a file")
    if not path.parent.is_dir():
        raise click.BadParameter(f"{value} cannot be written: there is no folder {path.parent}. Make it first")
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

    choices = click.Choice(["auto", "classification", "regression"])
    group = "Rows with equal values here, such as those of one patient, stay in one part; not used as a feature."
    time = "Numbers, dates or times: models are tested on later rows than those they are trained on."
    separator = "Between the cells of a text file, such as ';' or tab; detected by default."
    return _all_of(
        gathered,
        click.argument("file", type=click.Path(path_type=Path, allow_dash=True)),
        option("--target", "COLUMN", "The column to predict."),
        option("--ignore", "COLUMN", "A column not to use; may be repeated.", multiple=True),
        option("--id", "COLUMN", "The name of each row, shown with its prediction; not used as a feature."),
        option("--group", "COLUMN", group),
        option("--time-column", "COLUMN", time),
        option("--task", None, "What the target holds; auto decides by its values.", default="auto", type=choices),
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
        option("--preset", None, preset, default="standard", type=click.Choice(["quick", "standard", "best"])),
        click.option("--with-trees", is_flag=True, help=trees),
    )


def network_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a single network, passed as one ``network``; None if no option was given."""

    @wraps(command)
    def gathered(**options: Any) -> Any:
        network = {name: options.pop(name) for name in _NETWORK}
        given = given_options(*_NETWORK)
        of_model = given_options("preset", "with_trees")
        if given and of_model:
            raise click.UsageError(
                f"{given[0]} trains a single network, and {of_model[0]} is an option of the table model. Omit one of "
                "them."
            )
        return command(network=network if given else None, **options)

    hidden = "Single network: units of each hidden layer; none for no hidden layer."
    activation = "Single network: of the hidden units; relu, tanh, sigmoid, gelu, ...; one name, or one for each layer."
    epochs = "Single network: largest number of passes over the rows; by default 30 for classes, 100 for amounts."
    alpha = "Single network: regularisation, the weight of the squared weights in the cost."
    step = "Single network: step size of Adam."
    batch = "Single network: rows of an update; by default 200, or all if there are fewer."
    return _all_of(
        gathered,
        option("--hidden", "SIZES", hidden, default="64,64", callback=read_hidden),
        option("--activation", "NAMES", activation, default="relu", callback=read_activation),
        option("--epochs", "N", epochs, type=Count()),
        option("--alpha", "X", alpha, default=0.3, type=Amount(min=0)),
        option("--step-size", "X", step, default=0.001, type=Amount(min=0, min_open=True)),
        option("--batch-size", "N", batch, type=Count()),
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


def minutes_option(what: str) -> Callable[[Command], Command]:
    """``deadline`` of the whole command, which begins when the option is read."""
    text = f"Time limit of the whole command: {what} No limit by default."
    return option("--minutes", "X", text, destination="deadline", type=float, callback=read_minutes)


def seed_option(what: str) -> Callable[[Command], Command]:
    """``seed``, with what depends on it."""
    return option("--seed", "N", what, default=0, type=click.IntRange(0, 2**32 - 1))


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
    """Those of these options that the user has typed, as they are written."""
    context = click.get_current_context()
    typed = {name for name in names if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    return [param.opts[0] for param in context.command.params if param.name in typed]


def _all_of(command: Command, *options: Callable[[Command], Command]) -> Command:
    """The command with these options, in this order in its help."""
    for option in reversed(options):
        command = option(command)
    return command
