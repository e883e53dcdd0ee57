"""What a playground starts with: the shapes, a table, or a lesson."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal


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
    task : {"auto", "classification", "regression"}
        What the target holds.
    reading : mapping
        Options of :func:`~multilayer.tables.read_table`, such as ``{"decimal": ","}``.
    """

    kind: Literal["shapes", "table", "lesson"]
    path: Path | None = None
    target: str | None = None
    task: str = "auto"
    reading: Mapping[str, Any] = field(default_factory=dict)


def play_source(
    path: Path | None = None,
    target: str | None = None,
    task: str = "auto",
    reading: Mapping[str, Any] | None = None,
) -> PlaySource:
    """Return what a file is: a lesson if it ends in ``.toml``, otherwise a table.

    Parameters
    ----------
    path : Path, optional
        The file; by default there is none, and the playground starts with the shapes.
    target : str, optional
        The column of a table to predict.
    task : {"auto", "classification", "regression"}
        What the target holds.
    reading : mapping, optional
        Options of :func:`~multilayer.tables.read_table`.

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
    return PlaySource("lesson" if path.suffix.lower() == ".toml" else "table", path, target, task, reading or {})
