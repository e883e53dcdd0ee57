"""From what a playground starts with to the workbenches of its pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from multilayer.exceptions import InputError
from multilayer.playground.data.open_table import VALIDATION_FRACTION, opened_table
from multilayer.playground.data.table_description import describe_table
from multilayer.playground.data.table_source import table_of
from multilayer.playground.lessons import load_lesson
from multilayer.playground.source import PlaySource
from multilayer.playground.workbench import Workbench

MOST_NAMED = 8  # columns in a message


def workbench_factory(source: PlaySource) -> Callable[[], Workbench]:
    """Return a function that makes the workbench of a page; the source is read and checked now.

    Parameters
    ----------
    source : PlaySource
        The shapes, a table or a lesson.

    Returns
    -------
    callable
        Makes a workbench; each has its own run, and all share the data.

    Raises
    ------
    DataFileError, InputError, ParameterError
        If the table or the lesson cannot be used.
    """
    if source.path is None:
        return Workbench
    if source.kind == "lesson":
        return partial(Workbench, None, load_lesson(source.path))
    content = table_of(source.path, source.reading)
    target = source.target or _suggested(content, source.path)
    table = opened_table(content, str(source.path), target, source.task, source.reading)
    table.data(VALIDATION_FRACTION, 0)
    return partial(Workbench, table)


def _suggested(table: Any, path: Path) -> str:
    found = describe_table(table)
    if found.suggested is None:
        names = ", ".join(repr(column.name) for column in found.columns[:MOST_NAMED])
        raise InputError(f"{path}: no column can be predicted, got {names}. Name one by --target.")
    return found.suggested
