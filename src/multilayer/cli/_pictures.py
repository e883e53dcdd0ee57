"""Pictures as PNG files in memory, drawn without a display."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multilayer.exceptions import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DOTS_PER_INCH = 144  # sharp on a screen of twice the usual density, and about 60 kB a picture


@dataclass(frozen=True)
class Picture:
    """A picture that waits to be drawn.

    Attributes
    ----------
    name : the file's name without ".png"
    caption : what it shows, in a sentence
    draw : returns the matplotlib Axes it drew on, of a new figure
    """

    name: str
    caption: str
    draw: Callable[[], Axes]


@dataclass(frozen=True)
class DrawnPicture:
    """A picture as PNG."""

    name: str
    caption: str
    png: bytes


def draw_pictures(pictures: Iterable[Picture]) -> Iterator[DrawnPicture]:
    """Draw them all, one after another.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    # It tells of a cache folder that it cannot write to, and of fonts.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        import matplotlib
    except ImportError:
        raise MissingExtraError("drawing pictures", "matplotlib", "plots") from None
    # A program that writes files must not open windows, nor fail where there is no display.
    matplotlib.use("agg")
    for picture in pictures:
        yield DrawnPicture(picture.name, picture.caption, _png(picture))


def _png(picture: Picture) -> bytes:
    from matplotlib import pyplot as plt
    from matplotlib.figure import Figure

    figure = picture.draw().get_figure()
    assert isinstance(figure, Figure)  # a new one, by what Picture.draw promises
    buffer = io.BytesIO()
    # Cut to what was drawn: no label is lost at the edge, whatever its length.
    # Without a date or version in the file: the same picture is the same bytes.
    figure.savefig(buffer, format="png", bbox_inches="tight", dpi=_DOTS_PER_INCH, metadata={"Software": None})
    plt.close(figure)
    return buffer.getvalue()
