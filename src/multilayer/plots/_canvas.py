"""Axes for pictures that are laid out in inches, at a natural size, and scaled as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.plots._axes import size_in_inches
from multilayer.plots._inputs import FloatArray
from multilayer.plots._style import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TITLE = 0.35  # inches above a new picture, for a title


@dataclass(frozen=True)
class Canvas:
    """An Axes with coordinates in inches of the natural size, and its scale."""

    ax: Axes
    scale: float
    font: float  # points, at full size

    def write(self, at: Sequence[float] | FloatArray, text: str, **look: Any) -> None:
        """Write `text` around a place; its size is scaled."""
        look = {"ha": "center", "va": "center", "color": INK, "zorder": 3, "fontsize": self.font * self.scale, **look}
        self.ax.text(float(at[0]), float(at[1]), text, **look)

    def background(self, pad: float) -> dict[str, Any]:
        """The ``bbox`` of a text that hides the lines behind it."""
        return {"facecolor": "white", "edgecolor": "none", "pad": pad * self.scale}


def canvas(ax: Axes | None, xlim: tuple[float, float], ylim: tuple[float, float], font: float, label: str) -> Canvas:
    """Show these limits, in inches, centred in `ax`, or in a new figure of this size with room for a title."""
    width, height = float(np.ptp(xlim)), float(np.ptp(ylim))
    if ax is None:
        from matplotlib import pyplot as plt

        figure = plt.figure(figsize=(width, height + _TITLE))
        figure.set_label(label)  # an alternative text
        ax = figure.add_axes((0.0, 0.0, 1.0, height / (height + _TITLE)))
    has_width, has_height = size_in_inches(ax)
    scale = min(has_width / width, has_height / height)
    spare_x, spare_y = (has_width / scale - width) / 2, (has_height / scale - height) / 2
    ax.set(xlim=(xlim[0] - spare_x, xlim[1] + spare_x), ylim=(ylim[0] - spare_y, ylim[1] + spare_y))
    ax.set_axis_off()
    return Canvas(ax, scale, font)
