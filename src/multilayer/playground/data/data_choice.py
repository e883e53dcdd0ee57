"""The choice of data: a shape of points, or the user's table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from multilayer._checks import check_choice, check_integer, check_real
from multilayer.playground.data.play_data import PlayData, shape_data
from multilayer.playground.runs.settings import Check, checked_settings


@dataclass(frozen=True)
class DataChoice:
    """The data of a run: a shape of points, or the user's table.

    Attributes
    ----------
    name : str
        The name of a shape, or "table".
    rows : int
        The number of points of a shape.
    noise : float
        The noise of a shape.
    seed : int
        The seed of the points, and of the division into training and validation rows.
    validation_fraction : float
        The share of the rows that are validated on.
    """

    name: str = "moons"
    rows: int = 500
    noise: float = 0.1
    seed: int = 0
    validation_fraction: float = 0.3

    def to_json(self) -> dict[str, Any]:
        """Return the fields of a message."""
        return dict(vars(self))


def changed_data(choice: DataChoice, changes: Mapping[str, Any]) -> DataChoice:
    """Return other data; :func:`multilayer.playground.data.play_data.shape_data` checks the values.

    Raises
    ------
    SettingError
        For an unknown field, or a value of a wrong type.
    """
    checks: dict[str, Check] = {
        "name": lambda name, value: value if isinstance(value, str) else check_choice(name, value, ("moons",)),
        "rows": lambda name, value: check_integer(name, value, 1),
        "noise": lambda name, value: check_real(name, value, 0.0),
        "seed": lambda name, value: check_integer(name, value, 0),
        "validation_fraction": lambda name, value: check_real(name, value, 0.0, high=1.0, open_high=True),
    }
    return replace(choice, **checked_settings(changes, checks))


@lru_cache(maxsize=16)
def shape_of(choice: DataChoice) -> PlayData:
    """Return the data of a shape, which all pages and lessons share."""
    return shape_data(**choice.to_json())
