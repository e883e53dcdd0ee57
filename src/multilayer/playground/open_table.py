"""The user's table: a file, or bytes that were uploaded, and the data that it makes."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from multilayer.playground.data import PlayData
from multilayer.playground.table_data import table_data

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


def table_in_file(path: Path, target: str) -> OpenTable:
    """Return a table that is read from a file when it is needed; its last divisions are kept."""

    @lru_cache(maxsize=2)
    def data(validation_fraction: float, seed: int) -> PlayData:
        return table_data(path, target, validation_fraction=validation_fraction, seed=seed)

    return OpenTable(path.name, data)


def table_in_bytes(name: str, content: bytes, target: str, task: str = "auto") -> OpenTable:
    """Return a table from the bytes of its file."""

    def data(validation_fraction: float, seed: int) -> PlayData:
        return table_data(
            io.BytesIO(content),
            target,
            validation_fraction=validation_fraction,
            seed=seed,
            task=task,
            file_name=name,
        )

    return OpenTable(name, data)
