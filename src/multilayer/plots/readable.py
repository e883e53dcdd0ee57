"""Numbers with commas, and names in scripts for which the usual fonts have no characters."""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

from multilayer.plots._axes import YEARS, figure_of, write_thousands

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.text import Text

_BOXES = "Last Resort"  # a font that comes with matplotlib, with a box for each character there is


def make_readable(figure: Figure | SubFigure) -> None:
    """Write large numbers on axes with commas, and the texts of a figure in fonts that have their characters.

    Where the font of a text lacks characters, such as Chinese ones, installed fonts that have them follow it.
    Characters that no installed font has are written as escapes, such as ``\\u4e2d``, with a warning, and not as boxes.
    The functions of this module do the same with what they draw.

    Parameters
    ----------
    figure : matplotlib Figure
        The figure, with all that is drawn on it.

    Warns
    -----
    UserWarning
        If no installed font has some of the characters.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from multilayer import plots
    >>> figure, ax = plt.subplots()
    >>> _ = ax.set_xlim(0, 250_000)
    >>> plots.make_readable(figure)
    >>> [label.get_text() for label in ax.get_xticklabels()][:3]
    ['0', '50,000', '100,000']
    >>> plt.close(figure)
    """
    from matplotlib.text import Text
    from matplotlib.ticker import FixedLocator

    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            write_thousands(axis, least=YEARS)
    lacking: set[str] = set()
    for text in figure.findobj(Text):
        if isinstance(text, Text):
            lacking |= _choose_fonts(text)
    if not lacking:
        return
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            if isinstance(axis.get_major_locator(), FixedLocator):
                labels = [label.get_text() for label in axis.get_majorticklabels()]
                # Those of the ticks would come back with the next drawing.
                axis.set_ticks(axis.get_majorticklocs(), [_escaped(label, lacking) for label in labels])
    for text in figure.findobj(Text):
        if isinstance(text, Text):
            text.set_text(_escaped(text.get_text(), lacking))
    warnings.warn(
        f"no installed font has {len(lacking)} of the characters, such as {_escaped(min(lacking), lacking)}: they are "
        "written as escapes. Install a font for this script, such as Noto Sans CJK.",
        UserWarning,
        stacklevel=3,
    )


def readable(ax: Axes) -> Axes:
    """`ax`, after :func:`make_readable` of its figure."""
    make_readable(figure_of(ax))
    return ax


def _escaped(text: str, lacking: set[str]) -> str:
    return "".join(c.encode("unicode_escape").decode() if c in lacking else c for c in text)


def _choose_fonts(text: Text) -> set[str]:
    """Let fonts that have its characters follow the font of `text`; the characters that no font has."""
    wanted = {c for c in text.get_text() if not c.isascii() and c.isprintable()}
    if not wanted:
        return set()
    from matplotlib.font_manager import FontProperties, findfont

    families = text.get_fontfamily()
    for family in families:
        wanted = wanted - _characters(findfont(FontProperties(family=[family]), fallback_to_default=True))
    if not wanted:
        return set()
    found, lacking = _fonts_with(frozenset(wanted))
    text.set_fontfamily([*families, *found])
    return set(lacking)


@cache
def _characters(path: str) -> frozenset[str]:
    """The characters of the font in a file."""
    from matplotlib.font_manager import get_font

    return frozenset(map(chr, get_font(path).get_charmap()))


@cache
def _fonts_with(wanted: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """The names of installed fonts that together have these characters, and the characters that none has."""
    from matplotlib.font_manager import fontManager

    found: list[str] = []
    for font in sorted(fontManager.ttflist, key=_plainness):
        if not wanted:
            break
        if font.name not in found and not font.name.startswith(_BOXES) and (has := wanted & _characters(font.fname)):
            found.append(font.name)
            wanted -= has
    return tuple(found), wanted


def _plainness(font: Any) -> tuple[bool, bool, str]:
    """A key that puts upright fonts of usual weight first, of these sans-serif ones."""
    return font.style != "normal" or font.weight not in (400, "normal", "regular"), "Sans" not in font.name, font.name
