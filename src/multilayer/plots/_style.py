"""Colours, markers and sizes; nothing here imports matplotlib, and colours are ``"#rrggbb"`` strings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

# Okabe and Ito (2008), https://jfly.uni-koeln.de/color/: eight colours that stay apart in every common form of colour
# blindness.  The order is ours: the first two contrast most, and yellow, faint on white, comes last.
OKABE_ITO: Final = (
    "#0072B2",  # blue
    "#D55E00",  # vermilion
    "#009E73",  # bluish green
    "#E69F00",  # orange
    "#CC79A7",  # reddish purple
    "#56B4E9",  # sky blue
    "#000000",  # black
    "#F0E442",  # yellow
)
# Yellow makes a fine outlined point and a faint line.
LINE_COLORS: Final = OKABE_ITO[:-1]
# A circle and a triangle of equal `s` differ in area; the factor makes all classes weigh the same to the eye.
_AREAS: Final = {"o": 1.0, "^": 1.15, "s": 0.85, "D": 0.7, "v": 1.15, "P": 1.15, "X": 1.15, "*": 1.7}
N_STYLES: Final = len(OKABE_ITO) * len(_AREAS)  # distinct pairs of colour and marker

POSITIVE: Final = OKABE_ITO[0]
NEGATIVE: Final = OKABE_ITO[1]
INK: Final = "#222222"  # text, outlines, boundaries
MUTED: Final = "#595959"  # secondary text: 7 to 1 against white
PALE: Final = "#BDBDBD"  # lines that only give context
# The thin dark outline of a marker keeps pale colours visible.
MARK_EDGE: dict[str, Any] = {"markeredgecolor": INK, "markeredgewidth": 0.5}


class Style(NamedTuple):
    """How one class or run looks; `area` multiplies the marker size ``s`` of a scatter plot."""

    color: str
    marker: str
    area: float


def style(k: int, colors: Sequence[str] = OKABE_ITO) -> Style:
    """The look of number `k` from 0: at first colour and marker differ, then colours return with other markers."""
    turn, i = divmod(k, len(colors))
    marker, area = list(_AREAS.items())[(i + turn) % len(_AREAS)]
    return Style(colors[i], marker, area)


def lighten(color: str, strength: float) -> str:
    """`color` mixed with white, of which `strength` 0 is all; opaque, so that all file formats show it alike."""
    channels = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - strength * (255 - channel)):02x}" for channel in channels)


def point_size(m: int) -> float:
    """The marker size ``s`` for `m` points: smaller when there are many, never too small to tell the shape."""
    return float(min(36.0, max(9.0, 36.0 * (250 / max(m, 1)) ** 0.5)))
