"""Where the units of a drawn network stand.

Layers are columns at x = 0, 1, ...; in each, units stand one unit of y apart, centred on y = 0, the bias unit on top.
A layer with too many units shows its strongest ones above an ellipsis.  Nothing here imports matplotlib.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from multilayer.plots._inputs import FloatArray

FONT, SMALLEST_FONT = 9.0, 7.0  # points
# The part of a side that margins may take, so that the network stays visible on a small Axes.
MOST_MARGIN = 0.6


@dataclass(frozen=True)
class LayerLayout:
    """One layer: which of its units are drawn, and at which heights."""

    x: float  # the column
    size: int  # the number of units, drawn or not
    units: NDArray[np.intp]  # (drawn,) the numbers of the drawn units, from 0
    y: FloatArray  # (drawn,) their heights
    bias_y: float | None  # None in the output layer, which has no bias unit
    ellipsis_y: float | None  # None where every unit is drawn

    @property
    def left_out(self) -> int:
        """The number of units that are not drawn."""
        return self.size - len(self.units)


def lay_out(strengths: Sequence[FloatArray], max_units: int) -> list[LayerLayout]:
    """Place the units of layers with these `strengths` (s_l,): the `max_units` strongest of each, in their order."""
    last = len(strengths) - 1
    return [_lay_out_layer(layer, strength, max_units, layer < last) for layer, strength in enumerate(strengths)]


def _lay_out_layer(layer: int, strength: FloatArray, max_units: int, has_bias: bool) -> LayerLayout:
    size = len(strength)
    units, ellipsis_y = np.arange(size), None
    n_places = int(has_bias) + min(size, max_units + 1)  # the ellipsis takes one
    places = (n_places - 1) / 2 - np.arange(n_places, dtype=np.float64)  # heights, top to bottom
    bias_y = float(places[0]) if has_bias else None
    places = places[int(has_bias) :]
    if size > max_units:
        units = np.sort(np.argsort(-strength, kind="stable")[:max_units])
        ellipsis_y, places = float(places[-1]), places[:-1]
    return LayerLayout(float(layer), size, units, places, bias_y, ellipsis_y)


class Margins(NamedTuple):
    """Inches kept free around the units, for names at the sides, captions above and below, and the legend."""

    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True)
class Frame:
    """How the columns and rows fill an Axes."""

    xlim: tuple[float, float]  # limits of the axes, in columns
    ylim: tuple[float, float]  # and in rows
    half: float  # half the height of the tallest layer, in rows: captions stand above and below it
    column: float  # inches from one layer to the next
    sides: tuple[float, float]  # inches to the left of the first layer and to the right of the last
    unit: float  # the diameter of a unit in points
    font: float  # the size of names and captions in points


def tallest(layers: Sequence[LayerLayout]) -> int:
    """The number of rows of the tallest layer, bias unit and ellipsis included."""
    return max(len(layer.y) + (layer.bias_y is not None) + (layer.ellipsis_y is not None) for layer in layers)


def fit_frame(width: float, height: float, layers: Sequence[LayerLayout], margins: Margins) -> Frame:
    """Fit `layers` into an Axes of `width` by `height` inches; where there is little room, margins and type shrink."""
    tight = min(1.0, MOST_MARGIN * width / (margins.left + margins.right))
    left, right = tight * margins.left, tight * margins.right
    steps, rows = len(layers) - 1, tallest(layers)
    column = (width - left - right) / steps

    squeeze = min(1.0, MOST_MARGIN * height / (margins.top + margins.bottom))
    top, bottom = squeeze * margins.top, squeeze * margins.bottom
    row = (height - top - bottom) / rows
    return Frame(
        xlim=(-left / column, steps + right / column),
        ylim=(-rows / 2 - bottom / row, rows / 2 + top / row),
        half=rows / 2,
        column=column,
        sides=(left, right),
        unit=float(np.clip(0.68 * 72 * min(row, column), 3.0, 24.0)),
        # Captions such as "hidden 1" need an inch of column at full size.
        font=float(np.clip(FONT * min(column, squeeze), SMALLEST_FONT, FONT)),
    )
