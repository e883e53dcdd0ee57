"""Reading the table of a command, and errors about it in the words of the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import click

from multilayer.cli._output import Output
from multilayer.cli._problem import Problem
from multilayer.cli._progress import waiting
from multilayer.cli._source import Source
from multilayer.cli._tables import count
from multilayer.exceptions import DataFileError, DivergenceError, InputError, ParameterError, unknown_name
from multilayer.tables import TableEncoder, encode_target, reading_notes, row_identifiers, split_target

_OPTION_NAMES = {
    "hidden_layer_sizes": "--hidden",
    "activation": "--activation",
    "learning_rate_init": "--step-size",
    "max_iter": "--epochs",
    "alpha": "--alpha",
    "separator": "--separator",
    "decimal": "--decimal",
    "encoding": "--encoding",
    "date_format": "--date-format",
}


def read_problem(
    source: Source, target: str | None, ignore: tuple[str, ...], task: str, output: Output, *, group: str | None = None
) -> Problem:
    """The table, its target and what kind of target it is; the column of groups is not among the features."""
    with naming(source):
        with waiting(output, f"reading {source.name}"):
            table = source.read()
        if target is None:
            raise InputError(f"name the column to predict with --target. Its columns: {_listing(table.column_names)}.")
        for what, name in [("column to ignore", name) for name in ignore] + [("group column", group)] * (
            group is not None
        ):
            if name not in table.column_names:
                raise InputError(str(unknown_name(what, name, table.column_names)))
        if target in ignore:
            raise InputError(f"{target!r} is the target, and cannot be ignored. Name another --ignore or --target.")
        if group == target:
            raise InputError(f"{target!r} is the target, and cannot be the column of groups too. Name another --group.")
        unused = dict.fromkeys(ignore) | ({} if group is None else {group: None})
        features, column = split_target(table.drop_columns(list(unused)), target)
        for note in reading_notes(table):
            output.note(in_options(note))
        identifiers = row_identifiers(features)
        info = encode_target(column, task, name=target, drop_gaps=True)
    groups = None if group is None else table.column(group)
    problem = Problem(
        source, target, ignore, features, replace(info, reason=in_options(info.reason)), group, groups, identifiers
    )
    output.say(
        f"{source.name}: {count(table.num_rows, 'row')}, {count(features.num_columns, 'column')} and the target."
    )
    output.say(f"Task: {info.task}. {problem.info.reason}")
    if len(problem.gaps):
        output.note(
            f"{count(len(problem.gaps), 'row')} left out for want of a target, the first is data row "
            f"{problem.gaps[0] + 1}"
        )
    return problem


@contextmanager
def rows_as_in_the_file(features: Any, encoder: TableEncoder) -> Iterator[None]:
    """An error of an encoder fitted on some of the rows becomes that of all rows, which are counted as in the file."""
    try:
        yield
    except InputError:
        encoder.fit(features)
        raise


@contextmanager
def naming(source: Source) -> Iterator[None]:
    """Errors about the data name the file, and advice for Python becomes advice for the command line."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{source.label}: {in_shell_words(error)}") from error
    except DataFileError as error:
        raise DataFileError(in_options(str(error))) from error
    except DivergenceError as error:
        raise DivergenceError(in_shell_words(error)) from error
    except ParameterError as error:
        raise click.ClickException(in_shell_words(error)) from error


def in_shell_words(error: Exception) -> str:
    """What an error says, with options in place of parameters."""
    text = str(error)
    if isinstance(error, DivergenceError):
        # What went wrong, without the advice for those who write Python.
        return f"{text.partition('. Use ')[0]}. Use a smaller --step-size."
    if isinstance(error, ParameterError):
        for name, option in _OPTION_NAMES.items():
            text = re.sub(rf"(?<!-)\b{name}\b", option, text)
        return text
    return in_options(text)


def in_options(text: str) -> str:
    """Advice on the task and on how the file is written, in the words of the command line."""
    text = re.sub(
        r'\b(separator|decimal|encoding|date_format)=("[^"]*")',
        lambda match: f"--{match[1].replace('_', '-')} {match[2]}",
        text,
    )
    return re.sub(r'(?:\btask=|(?<=Ask for ))"(\w+)"', r"--task \1", text)


def _listing(names: list[str], most: int = 20) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + rest
