"""Colours, markers and sizes: what makes two things on a picture look different.

Nothing here imports matplotlib; colours are ``"#rrggbb"`` strings, which every matplotlib function takes.
"""

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
# A circle and a triangle of equal `s` differ in area; the factor makes all classes weigh the same to the eye.
_MARKERS: Final = (
    ("o", 1.0),
    ("^", 1.15),
    ("s", 0.85),
    ("D", 0.7),
    ("v", 1.15),
    ("P", 1.15),
    ("X", 1.15),
    ("*", 1.7),
)
# Yellow makes a fine outlined point and a faint line.
LINE_COLORS: Final = OKABE_ITO[:-1]
#: The number of distinct pairs of colour and marker.
N_STYLES: Final = len(OKABE_ITO) * len(_MARKERS)

POSITIVE: Final = OKABE_ITO[0]
NEGATIVE: Final = OKABE_ITO[1]
INK: Final = "#222222"  # text, outlines, boundaries
MUTED: Final = "#595959"  # secondary text: 7 to 1 against white
PALE: Final = "#BDBDBD"  # lines that only give context
# Orange for negative, white for zero, blue for positive: the signs as in a drawn network, dark at both ends.
DIVERGING: Final = ("#6B2F00", NEGATIVE, "#FFFFFF", POSITIVE, "#00395A")


class Style(NamedTuple):
    """How one class or run looks; `area` multiplies the marker size ``s`` of a scatter plot."""

    color: str
    marker: str
    area: float


# The thin dark outline of a marker keeps pale colours visible.
MARK_EDGE: dict[str, Any] = {"markeredgecolor": INK, "markeredgewidth": 0.5}


def style(k: int, colors: Sequence[str] = OKABE_ITO) -> Style:
    """The look of class or run number `k` (from 0); the first ``len(colors)`` differ in colour and in marker.

    After these, colours come back with another marker, so that :data:`N_STYLES` pairs differ for all eight colours.

    Examples
    --------
    >>> style(0)
    Style(color='#0072B2', marker='o', area=1.0)
    >>> style(8)
    Style(color='#0072B2', marker='^', area=1.15)
    """
    turn, i = divmod(k, len(colors))
    marker, area = _MARKERS[(i + turn) % len(_MARKERS)]
    return Style(colors[i], marker, area)


def lighten(color: str, strength: float) -> str:
    """`color` mixed with white: ``strength`` 0 is white, 1 the colour itself.

    An opaque pale colour, rather than transparency, prints alike in every file format.

    Examples
    --------
    >>> lighten("#000000", 0.2)
    '#cccccc'
    """
    channels = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - strength * (255 - channel)):02x}" for channel in channels)


def point_size(m: int) -> float:
    """The marker size ``s`` for `m` points: smaller when there are many, never too small to tell the shape."""
    return float(min(36.0, max(9.0, 36.0 * (250 / max(m, 1)) ** 0.5)))
