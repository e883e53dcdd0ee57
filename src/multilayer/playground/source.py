"""What a playground starts with: the shapes, a table, or a lesson."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from multilayer.exceptions import InputError

if TYPE_CHECKING:
    from multilayer.playground.data import PlayData
    from multilayer.playground.desk import OpenTable
    from multilayer.playground.workbench import Workbench

_DIVISIONS = 4  # of a table into training and validation rows, which pages share


@dataclass(frozen=True)
class PlaySource:
    """What a playground starts with.

    Parameters
    ----------
    kind : {"shapes", "table", "lesson"}
        What it is.
    path : Path, optional
        The file of a table or a lesson.
    target : str, optional
        The column of a table to predict; by default one is suggested by its columns.
    """

    kind: Literal["shapes", "table", "lesson"]
    path: Path | None = None
    target: str | None = None


def play_source(path: Path | None = None, target: str | None = None) -> PlaySource:
    """Return what a file is: a lesson if it ends in ``.toml``, otherwise a table.

    Parameters
    ----------
    path : Path, optional
        The file; by default there is none, and the playground starts with the shapes.
    target : str, optional
        The column of a table to predict.

    Returns
    -------
    PlaySource
        The source, which is not read yet.

    Examples
    --------
    >>> play_source(Path("houses.csv"), "price").kind
    'table'
    """
    if path is None:
        return PlaySource("shapes")
    return PlaySource("lesson" if path.suffix.lower() == ".toml" else "table", path, target)


def workbench_factory(source: PlaySource) -> Callable[[], Workbench]:
    """Read a source once, and return what makes the workbench of each page.

    Parameters
    ----------
    source : PlaySource
        The source.

    Returns
    -------
    callable
        Makes a ``Workbench`` that starts with the source; pages share the data of a table.

    Raises
    ------
    DataFileError
        If the file cannot be read as a table.
    InputError
        If the target cannot be predicted, or the lesson has an error.
    """
    from multilayer.playground.lessons import load_lesson
    from multilayer.playground.workbench import Workbench

    if source.path is None:
        return Workbench
    if source.kind == "lesson":
        return partial(Workbench, lesson=load_lesson(source.path))
    return partial(Workbench, table=_open_table(source.path, source.target))


def _open_table(path: Path, target: str | None) -> OpenTable:
    from multilayer.playground.desk import TABLE, OpenTable
    from multilayer.playground.setup import DataChoice
    from multilayer.playground.table_data import table_data

    column = _suggested_target(path) if target is None else target

    @lru_cache(_DIVISIONS)
    def divided(validation_fraction: float, seed: int) -> PlayData:
        return table_data(path, column, validation_fraction=validation_fraction, seed=seed)

    first = DataChoice(TABLE)
    divided(first.validation_fraction, first.seed)
    return OpenTable(path.name, divided)


def _suggested_target(path: Path) -> str:
    from multilayer.playground.table_description import describe_table

    found = describe_table(path)
    if found.suggested is None:
        names = ", ".join(repr(column.name) for column in found.columns)
        raise InputError(f"{path}: no column can be predicted, got {names}. Name one by --target.")
    return found.suggested
