"""The table and the options of a command, as records, and errors in the words of the command line."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import click
import numpy as np
from numpy.typing import NDArray

from multilayer.cli.console import Output
from multilayer.cli.evaluation.tested_rows import kind_of_column, with_test_rows
from multilayer.cli.progress import waiting
from multilayer.cli.source import Source
from multilayer.cli.text import count, quoted
from multilayer.exceptions import DataFileError, DivergenceError, InputError, ParameterError, unknown_name
from multilayer.tables import TableEncoder, TargetInfo, encode_target, reading_notes, row_identifiers, split_target

RowNumbers = NDArray[np.intp]

TEXT: Literal["typed"] = "typed"  # text that spells numbers, such as "$1,200", is encoded as numbers
_MOST_NAMES = 20  # of columns in an error


@dataclass(frozen=True)
class Problem:
    """A table divided into features and target."""

    source: Source
    target: str
    features: Any  # a pyarrow table of all rows, those of --test last; those with a target are info.rows
    info: TargetInfo
    groups: Any = None  # the column whose rows with equal values stay together
    identifiers: tuple[str, ...] = ()  # the columns of text that only identify rows
    ids: Any = None  # the column that names the rows
    n_in_file: int | None = None  # the rows before those of --test; None without it

    def encoder(self) -> TableEncoder:
        """An encoder for a part of the rows; the identifiers are those of all rows."""
        # float32 has half the memory and time of float64, and is far finer than any measurement.
        return TableEncoder(dtype=np.float32, identifiers=self.identifiers, text=TEXT)

    @cached_property
    def group_codes(self) -> RowNumbers | None:
        """The number of its group, from 0, of each row that has a target; None without groups."""
        if self.groups is None:
            return None
        column = self.groups.take(self.info.rows)
        _check_no_gaps(column, self.info.rows, "group column", self.source.group, "each row needs a group")
        codes: RowNumbers = np.unique(column.to_numpy(zero_copy_only=False), return_inverse=True)[1]
        return codes

    def places(self, rows: RowNumbers) -> RowNumbers:
        """The numbers in their file, from 1, of some of the rows that have a target."""
        places = self.info.rows[rows]
        return (
            places + 1
            if self.n_in_file is None
            else np.where(places < self.n_in_file, places, places - self.n_in_file) + 1
        )

    def named(self, rows: RowNumbers) -> list[str]:
        """What to call some of the rows that have a target."""
        if self.ids is None:
            return [f"row {place}" for place in self.places(rows)]
        return ["" if each is None else str(each) for each in self.ids.take(self.info.rows[rows]).to_pylist()]

    @property
    def gaps(self) -> RowNumbers:
        """The rows without a target, which are dropped."""
        return np.setdiff1d(np.arange(self.features.num_rows), self.info.rows)


def read_problem(source: Source, output: Output) -> Problem:
    """Read the table, and that of the test rows, and divide it into features and target."""
    with waiting(output, f"reading {source.name}"):
        table = source.read()
    target = _checked_target(source, table.column_names)
    n_in_file, what, notes = None, "", reading_notes(table)
    if source.test is not None:
        n_in_file = table.num_rows
        with waiting(output, f"reading {source.tested.name}"):
            table = with_test_rows(table, source.tested.read(), source, output)
        what = f" {source.tested.name}: {count(table.num_rows - n_in_file, 'row')} to test on."
    features, column = split_target(table.drop_columns(source.unused), target)
    for note in notes:
        output.note(note)
    # Those on the file are removed from the table, so that no model states them again.
    features = features.replace_schema_metadata(None)
    info = encode_target(column, source.task, name=target, drop_gaps=True)
    if source.time_column is not None:
        info = _in_order(info, table.column(source.time_column), source.time_column, n_in_file)
    problem = Problem(
        source,
        target,
        features,
        info,
        None if source.group is None else table.column(source.group),
        row_identifiers(features, text=TEXT),
        None if source.id is None else table.column(source.id),
        n_in_file,
    )
    output.say(
        f"{source.name}: {count(n_in_file or table.num_rows, 'row')}, {count(features.num_columns, 'column')} and the "
        f"target.{what}"
    )
    output.say(f"Task: {info.task}. {info.reason}")
    if len(problem.gaps):
        output.note(
            f"{count(len(problem.gaps), 'row')} without a target dropped, the first is data row {problem.gaps[0] + 1}"
        )
    return problem


def _checked_target(source: Source, names: list[str]) -> str:
    """The target, where all columns that are named exist and differ from it."""
    target = source.target
    if target is None:
        rest = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        listing = ", ".join(map(repr, names[:_MOST_NAMES])) + rest
        raise InputError(f"name the column to predict with --target. Its columns: {listing}.")
    named = {"group column": source.group, "time column": source.time_column, "id column": source.id}
    for what, name in [*(("column to ignore", each) for each in source.ignore), *named.items()]:
        if name is not None and name not in names:
            raise InputError(str(unknown_name(what, name, names)))
    if target in source.ignore:
        raise InputError(f"{quoted(target)} is the target, and cannot be ignored. Name another --ignore or --target.")
    for option, what, name in (
        ("--group", "the column of groups", source.group),
        ("--time-column", "the column of times", source.time_column),
        ("--id", "the column of names", source.id),
    ):
        if name == target:
            raise InputError(f"{quoted(target)} is the target, and cannot be {what} too. Name another {option}.")
    return target


def _in_order(info: TargetInfo, column: Any, name: str, n_in_file: int | None) -> TargetInfo:
    """The rows that have a target, the earliest first; those of --test stay behind the others."""
    column = column.take(info.rows)
    if kind_of_column(column) not in ("numbers", "dates or times"):
        raise InputError(
            f"the time column {quoted(name)} holds {kind_of_column(column)}, by which rows have no order in time. Name "
            "a column of dates, times or numbers, or pass --date-format."
        )
    _check_no_gaps(column, info.rows, "time column", name, "each row needs a time")
    order = np.argsort(column.to_numpy(), kind="stable")
    is_tested = info.rows[order] >= (math.inf if n_in_file is None else n_in_file)
    order = np.concatenate([order[~is_tested], order[is_tested]])
    return replace(info, rows=info.rows[order], y=info.y[order])


def _check_no_gaps(column: Any, rows: RowNumbers, what: str, name: str | None, why: str) -> None:
    gaps = column.is_null(nan_is_null=True).to_numpy()
    if gaps.any():
        raise InputError(
            f"the {what} {quoted(name)} has {count(int(gaps.sum()), 'gap')}, the first in data row "
            f"{rows[gaps.argmax()] + 1}. Fill them: {why}."
        )


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
