"""Where the units of a drawn network stand.

Layers are columns at x = 0, 1, ...; in each, units stand one unit of y apart, centred on y = 0, the bias unit on top.
A layer with too many units shows its first and last ones around an ellipsis.  Nothing here imports matplotlib.
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
    """One layer: which of its units are drawn, and at which heights.

    Attributes
    ----------
    x : float
        The column.
    size : int
        The number of units, drawn or not.
    units : array of shape (drawn,)
        The numbers of the drawn units, from 0.
    y : array of shape (drawn,)
        Their heights.
    bias_y : float or None
        The height of the bias unit; None in the output layer, which has none.
    ellipsis_y : float or None
        The height of the ellipsis; None where every unit is drawn.
    """

    x: float
    size: int
    units: NDArray[np.intp]
    y: FloatArray
    bias_y: float | None
    ellipsis_y: float | None

    @property
    def left_out(self) -> int:
        """The number of units that are not drawn."""
        return self.size - len(self.units)


def lay_out(sizes: Sequence[int], max_units: int) -> list[LayerLayout]:
    """Place the units of layers of the given `sizes`, at most `max_units` of each.

    Examples
    --------
    >>> input_layer, output_layer = lay_out([100, 1], max_units=4)
    >>> input_layer.units
    array([ 0,  1, 98, 99])
    >>> input_layer.bias_y, input_layer.ellipsis_y, output_layer.y
    (2.5, -0.5, array([0.]))
    """
    return [_lay_out_layer(layer, size, max_units, layer < len(sizes) - 1) for layer, size in enumerate(sizes)]


def _lay_out_layer(layer: int, size: int, max_units: int, has_bias: bool) -> LayerLayout:
    if size <= max_units:
        units, gap = np.arange(size), None
    else:
        first = (max_units + 1) // 2
        units = np.concatenate([np.arange(first), np.arange(size - (max_units - first), size)])
        gap = first
    n_places = int(has_bias) + len(units) + int(gap is not None)
    places = (n_places - 1) / 2 - np.arange(n_places, dtype=np.float64)  # heights, top to bottom
    bias_y = float(places[0]) if has_bias else None
    places = places[int(has_bias) :]
    ellipsis_y = None
    if gap is not None:
        ellipsis_y = float(places[gap])
        places = np.delete(places, gap)
    return LayerLayout(float(layer), size, units.astype(np.intp), places, bias_y, ellipsis_y)


class Margins(NamedTuple):
    """Inches kept free around the units, for names at the sides, captions above and below, and the legend."""

    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True)
class Frame:
    """How the columns and rows fill an Axes.

    Attributes
    ----------
    xlim, ylim : (float, float)
        Limits of the axes, in columns and rows.
    half : float
        Half the height of the tallest layer, in rows: captions stand above and below it.
    column : float
        Inches from one layer to the next.
    sides : (float, float)
        Inches to the left of the first layer and to the right of the last.
    unit : float
        The diameter of a unit in points.
    font : float
        The font size of names and captions in points.
    """

    xlim: tuple[float, float]
    ylim: tuple[float, float]
    half: float
    column: float
    sides: tuple[float, float]
    unit: float
    font: float


def tallest(layers: Sequence[LayerLayout]) -> int:
    """The number of rows of the tallest layer, bias unit and ellipsis included."""
    return max(len(layer.y) + (layer.bias_y is not None) + (layer.ellipsis_y is not None) for layer in layers)


def fit_frame(width: float, height: float, layers: Sequence[LayerLayout], margins: Margins) -> Frame:
    """Fit `layers` into an Axes of `width` by `height` inches, with `margins` as far as there is room.

    Where there is not, margins and type shrink.
    """
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
