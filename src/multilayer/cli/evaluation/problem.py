"""The table and the options of a command, as records, and errors in the words of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import click
import numpy as np
from numpy.typing import NDArray

from multilayer.cli.console import Output
from multilayer.cli.progress import waiting
from multilayer.cli.source import Source
from multilayer.cli.text import count
from multilayer.exceptions import DataFileError, DivergenceError, InputError, ParameterError, unknown_name
from multilayer.tables import TableEncoder, TargetInfo, encode_target, reading_notes, row_identifiers, split_target

RowNumbers = NDArray[np.intp]

_MOST_NAMES = 20  # of columns in an error


@dataclass(frozen=True)
class Problem:
    """A table divided into features and target."""

    source: Source
    target: str
    features: Any  # a pyarrow table of all rows of the file; those with a target are info.rows
    info: TargetInfo
    groups: Any = None  # the column whose rows with equal values stay together
    identifiers: tuple[str, ...] = ()  # the columns of text that only identify rows

    def encoder(self) -> TableEncoder:
        """An encoder for a part of the rows; the identifiers are those of all rows."""
        # float32 has half the memory and time of float64, and is far finer than any measurement.
        return TableEncoder(dtype=np.float32, identifiers=self.identifiers)

    @property
    def gaps(self) -> RowNumbers:
        """The rows without a target, which are dropped."""
        return np.setdiff1d(np.arange(self.features.num_rows), self.info.rows)


@dataclass(frozen=True)
class Settings:
    """The options of a network and its training."""

    hidden: tuple[int, ...]
    activation: str | tuple[str, ...]
    epochs: int
    alpha: float
    step_size: float
    batch_size: int | Literal["auto"]
    seed: int

    @classmethod
    def of(cls, default_epochs: int, *, epochs: int | None, batch_size: int | None, **options: Any) -> Settings:
        """The options as typed, and the default of the task for those that were omitted."""
        return cls(epochs=epochs or default_epochs, batch_size=batch_size or "auto", **options)

    def parameters(self) -> dict[str, Any]:
        """The parameters of the estimator."""
        return {
            "hidden_layer_sizes": self.hidden,
            "activation": self.activation,
            "alpha": self.alpha,
            "learning_rate_init": self.step_size,
            "batch_size": self.batch_size,
            "max_iter": self.epochs,
            "random_state": self.seed,
        }


def read_problem(source: Source, output: Output) -> Problem:
    """Read the table and divide it into features and target."""
    with waiting(output, f"reading {source.name}"):
        table = source.read()
    target = _checked_target(source, table.column_names)
    features, column = split_target(table.drop_columns(source.unused), target)
    for note in reading_notes(table):
        output.note(note)
    identifiers = row_identifiers(features)
    info = encode_target(column, source.task, name=target, drop_gaps=True)
    groups = None if source.group is None else table.column(source.group)
    problem = Problem(source, target, features, info, groups, identifiers)
    output.say(
        f"{source.name}: {count(table.num_rows, 'row')}, {count(features.num_columns, 'column')} and the target."
    )
    output.say(f"Task: {info.task}. {info.reason}")
    if len(problem.gaps):
        output.note(
            f"{count(len(problem.gaps), 'row')} without a target dropped, the first is data row {problem.gaps[0] + 1}"
        )
    return problem


def _checked_target(source: Source, names: list[str]) -> str:
    """The target, where all columns that are named exist and differ from it."""
    target, group = source.target, source.group
    if target is None:
        rest = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        listing = ", ".join(map(repr, names[:_MOST_NAMES])) + rest
        raise InputError(f"name the column to predict with --target. Its columns: {listing}.")
    for name in source.unused:
        if name not in names:
            what = "column to ignore" if name in source.ignore else "group column"
            raise InputError(str(unknown_name(what, name, names)))
    if target in source.ignore:
        raise InputError(f"{target!r} is the target, and cannot be ignored. Name another --ignore or --target.")
    if group == target:
        raise InputError(f"{target!r} is the target, and cannot be the column of groups too. Name another --group.")
    return target


@contextmanager
def naming(source: Source) -> Iterator[None]:
    """Let errors about the data name the file, and options in place of parameters."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{source.label}: {in_shell_words(error)}") from error
    except DataFileError as error:
        raise DataFileError(str(error)) from error
    except DivergenceError as error:
        raise DivergenceError(in_shell_words(error)) from error
    except ParameterError as error:
        raise click.ClickException(in_shell_words(error)) from error


def in_shell_words(error: Exception) -> str:
    """The message of an error, without advice for those who write Python."""
    return f"{error.finding} Use a smaller --step-size." if isinstance(error, DivergenceError) else str(error)
