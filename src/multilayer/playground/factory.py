"""From what a playground starts with to the workbenches of its pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from multilayer.exceptions import InputError
from multilayer.playground.lessons import load_lesson
from multilayer.playground.open_table import VALIDATION_FRACTION, table_in_file
from multilayer.playground.source import PlaySource
from multilayer.playground.table_description import describe_table
from multilayer.playground.workbench import Workbench


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
    target = source.target
    if target is None:
        target = describe_table(source.path).suggested
        if target is None:
            raise InputError(
                f"no column of {source.path} can be predicted. Use a table with a column of few classes or of numbers."
            )
    table = table_in_file(source.path, target)
    table.data(VALIDATION_FRACTION, 0)
    return partial(Workbench, table)
