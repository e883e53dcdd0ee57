"""The user's table: a file, or bytes that were uploaded, and the data that it makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from multilayer.playground.data.play_data import PlayData
from multilayer.playground.data.table_data import table_data
from multilayer.playground.data.table_source import Reading, Source, table_of

VALIDATION_FRACTION = 0.3  # of a table that has just been opened


@dataclass(frozen=True, eq=False)
class OpenTable:
    """The user's table.

    Attributes
    ----------
    name : str
        The name of its file.
    data : callable
        From the share of validation rows and the seed of the division to the data.
    """

    name: str
    data: Callable[[float, int], PlayData]


def opened_table(
    source: Source, name: str, target: str, task: str = "auto", reading: Reading | None = None
) -> OpenTable:
    """Read a table once; its last divisions are kept.

    Parameters
    ----------
    source : path or binary file object
        The file.
    name : str
        Its name, or its path where the code of a run is to name it.
    target, task : str
        The column to predict, and what it holds.
    reading : mapping, optional
        Options of :func:`~multilayer.tables.read_table`.

    Returns
    -------
    OpenTable
        The table, which has been read.
    """
    table = table_of(source, reading)

    @lru_cache(maxsize=2)
    def data(validation_fraction: float, seed: int) -> PlayData:
        return table_data(
            table,
            target,
            validation_fraction=validation_fraction,
            seed=seed,
            task=task,
            file_name=name,
            reading=reading,
        )

    return OpenTable(Path(name).name, data)
