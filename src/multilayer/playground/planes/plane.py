"""Plane: a plane through the space of the inputs, on which the predictions of a network are drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from multilayer._checks import check_integer
from multilayer.exceptions import ParameterError

MOST_RESOLUTION = 400
_MOST_GRIDS = 3  # that are kept; with many inputs they are large

Rows = NDArray[np.float64]
Encode = Callable[[NDArray[np.float64], NDArray[np.float64]], Rows]  # the places (R,), (R,) of a grid -> (R * R, s_1)


@dataclass(frozen=True)
class Axis:
    """An axis of a plane.

    Attributes
    ----------
    name : str
        The column, or what else the axis shows; empty for an axis without a meaning.
    low, high : float
        The ends of the axis.
    categories : tuple of str or None
        The categories at 0, 1, 2, ...; None for numbers.
    kind : {"number", "date", "time", "duration", "text", "Boolean"}
        The kind of the values.
    unit : str
        What the numbers of dates, times and durations count, such as "days since 2024-01-31"; empty for other kinds.
    """

    name: str
    low: float
    high: float
    categories: tuple[str, ...] | None = None
    kind: str = "number"
    unit: str = ""


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane through the space of the inputs.

    Attributes
    ----------
    kind : {"columns", "pca"}
        Whether the axes are columns or principal components.
    x, y : Axis
        The axes.
    points, points_validation : arrays of shape (n, 2)
        Where training and validation rows are, float32; at most 2,000 of each.
    shown, shown_validation : arrays of int of shape (n,)
        The numbers of these rows, in ascending order.
    note : str
        What the plane shows, in sentences.
    """

    kind: Literal["columns", "pca"]
    x: Axis
    y: Axis
    points: NDArray[np.float32]
    points_validation: NDArray[np.float32]
    shown: NDArray[np.intp]
    shown_validation: NDArray[np.intp]
    note: str
    _encode: Encode = field(repr=False)
    _grids: dict[int, Rows] = field(default_factory=dict, repr=False)

    def rows(self, resolution: int) -> Rows:
        """Return the inputs of the network for a grid of points.

        Parameters
        ----------
        resolution : int
            The number R of points along each axis, from 2 to 400.  They are the centres of R x R equal cells.

        Returns
        -------
        array of shape (R * R, s_1)
            The inputs, row by row: the first row is the top, where y is highest, and begins where x is lowest.  The
            last few arrays are kept, and cannot be written to.
        """
        check_integer("resolution", resolution, 2)
        if resolution > MOST_RESOLUTION:
            raise ParameterError(f"resolution must be at most {MOST_RESOLUTION}, got {resolution}.")
        if resolution not in self._grids:
            cells = (np.arange(resolution) + 0.5) / resolution
            x = self.x.low + cells * (self.x.high - self.x.low)
            y = self.y.high - cells * (self.y.high - self.y.low)
            grid = self._encode(x, y)
            grid.setflags(write=False)
            if len(self._grids) == _MOST_GRIDS:
                del self._grids[next(iter(self._grids))]
            self._grids[resolution] = grid
        return self._grids[resolution]
