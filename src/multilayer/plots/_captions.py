"""The words on a drawn network: names of units, captions of layers and weights, the legend, what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.plots._axes import is_symbol
from multilayer.plots._inputs import shorten
from multilayer.plots._layout import FONT, SMALLEST_FONT, Frame, LayerLayout, Margins
from multilayer.plots._networks import DrawnNetwork
from multilayer.plots._style import INK, MUTED, NEGATIVE, POSITIVE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE = 1.35 * FONT / 72  # inches from one line of text to the next
_CHARACTER = 0.078  # inches, the mean width of a character
_BESIDE = 0.3  # inches between the middle of a unit and its name, with some room at the edge
_NAME_LENGTH = 26  # characters; longer names are cut
_CAPTION = 1.1  # inches: room for "largest |θ| 0.123"
_WIDE = 5.0  # inches: room for the legend on one line
_NOTE = "Thickness and opacity: |θ| relative to the largest of its layer."


def margins(network: DrawnNetwork, layers: Sequence[LayerLayout], width: float) -> Margins:
    """The inches that the words need around the units of a picture `width` inches wide."""
    sides = (_name_width(names) for names in (network.input_names, network.output_names))
    below = _caption_lines(network) + (1 if width >= _WIDE else 3) + len(_notes(network, layers))
    # The captions of the outer layers, centred below them, need half an inch.
    left, right = (max(0.5, side) for side in sides)
    return Margins(left, right, top=0.2 + 2 * _LINE, bottom=0.45 + below * _LINE)


def write_captions(ax: Axes, network: DrawnNetwork, layers: Sequence[LayerLayout], frame: Frame) -> None:
    """Write every word but the "+1" of the bias units."""
    _name_units(ax, network.input_names, layers[0], frame, -1)
    _name_units(ax, network.output_names, layers[-1], frame, 1)
    for number, layer in enumerate(layers):
        _caption_layer(ax, network, layer, number, frame)
    for number, theta in enumerate(network.thetas, start=1):
        rows, columns = theta.shape
        text = f"$\\Theta^{{({number})}}$  {rows} × {columns}"
        if frame.column >= _CAPTION:
            text += f"\nlargest |θ| {np.abs(theta).max():.3g}"
        _write(ax, text, (number - 0.5, frame.half), (0, 2), frame, va="bottom", color=MUTED)
    _draw_legend(ax, network, layers, frame)


def _write(ax: Axes, text: str, at: tuple[float, float], shift: tuple[float, float], frame: Frame, **how: Any) -> None:
    """Write `text`, `shift` points away from the place `at`, whatever the size of the axes."""
    note = ax.annotate(
        text,
        at,
        xytext=shift,
        textcoords="offset points",
        **{"ha": "center", "color": INK, "fontsize": frame.font, **how},
    )
    # The margins are part of the axes; a layout engine that made room for the words once more would shrink it.
    note.set_in_layout(False)


def _name_width(names: Sequence[str]) -> float:
    """Inches for the longest of `names`, beside its unit."""
    longest = max(2 if is_symbol(name) else min(len(name), _NAME_LENGTH) for name in names)
    return _BESIDE + _CHARACTER * longest


def _name_units(ax: Axes, names: Sequence[str], layer: LayerLayout, frame: Frame, side: int) -> None:
    """Names beside the units of a layer: `side` -1 to the left, 1 to the right."""
    room = (frame.sides[side > 0] - _BESIDE) / (_CHARACTER * frame.font / FONT)
    # One more than fits by estimate, which is only that.
    longest = max(4, min(_NAME_LENGTH, int(room) + 1))
    for number, y in zip(layer.units, layer.y, strict=True):
        symbol = is_symbol(names[number])
        _write(
            ax,
            names[number] if symbol else shorten(names[number], longest),
            (layer.x, y),
            (side * (frame.unit / 2 + 4), 0),
            frame,
            ha="right" if side < 0 else "left",
            va="center",
            parse_math=symbol,
        )


def _caption_lines(network: DrawnNetwork) -> int:
    return 3 if any(network.activations) else 2


def _caption_layer(ax: Axes, network: DrawnNetwork, layer: LayerLayout, number: int, frame: Frame) -> None:
    """Name, size and activation under a layer; all layers' captions stand on one line of the picture."""
    size = f"{layer.size:,} unit" + ("" if layer.size == 1 else "s")
    activation = network.activations[number]
    under = size if activation is None else f"{size}\n{activation}"
    at = (layer.x, -frame.half)
    _write(ax, network.layer_name(number), at, (0, -3), frame, va="top", fontweight="bold")
    _write(ax, under, at, (0, -3 - 1.35 * frame.font), frame, va="top")


def _draw_legend(ax: Axes, network: DrawnNetwork, layers: Sequence[LayerLayout], frame: Frame) -> None:
    """What the colours and dashes mean, and what the picture leaves out."""
    from matplotlib.lines import Line2D

    captions = 72 * _caption_lines(network) * _LINE * frame.font / FONT
    handles = [
        Line2D([], [], color=POSITIVE, linewidth=2.4, label="positive weight"),
        Line2D([], [], color=NEGATIVE, linewidth=2.4, label="negative weight"),
        Line2D([], [], color=MUTED, linewidth=1.6, linestyle=(0, (3.0, 1.5)), label="weight of a bias unit +1"),
    ]
    wide = frame.column * (len(layers) - 1) + sum(frame.sides) >= _WIDE
    middle = (frame.xlim[0] + frame.xlim[1]) / 2
    legend = ax.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(middle, -frame.half),
        bbox_transform=_shifted(ax, -captions - 6),
        ncols=3 if wide else 1,
        frameon=False,
        fontsize=max(frame.font - 1, SMALLEST_FONT),
        borderaxespad=0.0,
    )
    legend.set_in_layout(False)
    below = captions + 14 + (1 if wide else 3) * 1.5 * frame.font
    notes = "\n".join(_notes(network, layers))
    _write(
        ax,
        notes,
        (middle, -frame.half),
        (0, -below),
        frame,
        va="top",
        color=MUTED,
        fontsize=max(frame.font - 1, SMALLEST_FONT),
    )


def _shifted(ax: Axes, points: float) -> Any:
    """The data coordinates of `ax`, moved up by `points`."""
    from matplotlib.transforms import ScaledTranslation

    dpi_scale = ax.figure.dpi_scale_trans
    return ax.transData + ScaledTranslation(0.0, points / 72, dpi_scale)


def _notes(network: DrawnNetwork, layers: Sequence[LayerLayout]) -> list[str]:
    """How thickness is to be read and, if units are left out, how many of them and of the weights."""
    parts = [
        f"{layer.left_out:,} of {layer.size:,} units in {network.layer_name(number)}"
        for number, layer in enumerate(layers)
        if layer.left_out
    ]
    if not parts:
        return [_NOTE]
    drawn = sum(len(target.units) * (len(source.units) + 1) for source, target in pairwise(layers))
    parts.append(f"{network.n_weights - drawn:,} of {network.n_weights:,} weights")
    # Two to a line, so that the words of a network of many layers do not outgrow its width.
    lines = [", ".join(parts[i : i + 2]) for i in range(0, len(parts), 2)]
    return [_NOTE, *("Not drawn: " + ",\n".join(lines) + ".").split("\n")]
