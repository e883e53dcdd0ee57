"""Draw docs/images/architecture.svg from docs/explanation/architecture.toml: python docs/images/architecture.py"""

from __future__ import annotations

import textwrap
import tomllib
from html import escape
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DATA = HERE.parent / "explanation" / "architecture.toml"
PICTURE = HERE / "architecture.svg"

# Sizes in units of the picture.
LEFT, TOP = 118, 12  # the column of titles, and the margin above
COLUMN, ROW = 192, 98  # distances of rooms
WIDTH, HEIGHT = 166, 62  # of a room
CHARACTERS = 24  # in a line of text
INK, MUTED = "#222222", "#595959"
ROOM, EDGE, SHARED = "#FFFFFF", "#0072B2", "#8A8A8A"
BANDS = ("#EAF2F8", "#F6F6F6")  # alternate


def draw(data: dict[str, Any]) -> str:
    """Return the picture as text of an SVG file."""
    rooms = {room["name"]: room for room in data["rooms"]}
    last = max(band["rows"][1] for band in data["bands"])
    width, height = LEFT + 4 * COLUMN, 2 * TOP + (last + 1) * ROW
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="Helvetica, Arial, sans-serif">',
        "<title>The packages of multilayer and their imports</title>",
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="6" markerHeight="6" '
        f'orient="auto"><path d="M0 0 L10 5 L0 10 z" fill="{EDGE}"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#FFFFFF"/>',
    ]
    for i, band in enumerate(data["bands"]):
        first, end = band["rows"]
        y = TOP + first * ROW
        size = (end - first + 1) * ROW
        lines.append(f'<rect x="0" y="{y}" width="{width}" height="{size}" fill="{BANDS[i % 2]}"/>')
        lines.append(_text(12, y + 28, band["title"], 15, INK, weight="bold"))
    for name, room in rooms.items():
        targets = room["imports"]
        for i, target in enumerate(targets):
            lines.append(_arrow(name, room["place"], rooms[target]["place"], target, (i + 1) / (len(targets) + 1)))
    for name, room in rooms.items():
        lines += _room(name, room)
    return "\n".join([*lines, "</svg>", ""])


def _corner(place: list[int]) -> tuple[float, float]:
    row, column = place
    return LEFT + column * COLUMN + (COLUMN - WIDTH) / 2, TOP + row * ROW + (ROW - HEIGHT) / 2


def _room(name: str, room: dict[str, Any]) -> list[str]:
    x, y = _corner(room["place"])
    is_shared = room.get("everywhere", False)
    wrapped = textwrap.wrap(room["text"], CHARACTERS)
    if len(wrapped) > 2:
        raise ValueError(f"The text of {name} has {len(wrapped)} lines, of which 2 fit. Shorten it.")
    dashes = ' stroke-dasharray="4 3"' if is_shared else ""
    box = f'<rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="{ROOM}" '
    lines = [box + f'stroke="{SHARED if is_shared else EDGE}" stroke-width="1.5"{dashes}/>']
    lines.append(_text(x + WIDTH / 2, y + 20, name, 15, INK, weight="bold", anchor="middle"))
    return lines + [
        _text(x + WIDTH / 2, y + 37 + 15 * i, line, 12.5, MUTED, anchor="middle") for i, line in enumerate(wrapped)
    ]


def _text(x: float, y: float, text: str, size: float, fill: str, weight: str = "normal", anchor: str = "start") -> str:
    style = f'font-size="{size:g}" font-weight="{weight}" text-anchor="{anchor}" fill="{fill}"'
    return f'<text x="{x:g}" y="{y:g}" {style}>{escape(text)}</text>'


def _arrow(name: str, start: list[int], end: list[int], target: str, share: float) -> str:
    """Return an arrow from the lower edge of a room to the upper edge of another, or between sides in one row."""
    (x1, y1), (x2, y2) = _corner(start), _corner(end)
    if start[0] == end[0]:
        x1, x2 = (x1 + WIDTH, x2) if x1 < x2 else (x1, x2 + WIDTH)
        y = y1 + HEIGHT / 2
        path = f"M{x1:g} {y:g} L{x2:g} {y:g}"
    else:
        # Arrows leave and reach a room at different points, in the order of the columns.
        lean = max(-0.3, min(0.3, 0.12 * (start[1] - end[1])))
        x1, y1, x2 = x1 + WIDTH * (0.2 + 0.6 * share), y1 + HEIGHT, x2 + WIDTH * (0.5 + lean)
        if start[1] == end[1] and abs(x1 - x2) < WIDTH / 2:
            x1 = x2 = x1 if share != 0.5 else x2
        bend = (y2 - y1) / 2 if end[0] - start[0] < 3 else ROW / 2
        path = f"M{x1:g} {y1:g} C{x1:g} {y1 + bend:g} {x2:g} {y2 - bend:g} {x2:g} {y2:g}"
    return (
        f'<path d="{path}" fill="none" stroke="{EDGE}" stroke-width="1.8" marker-end="url(#tip)">'
        f"<title>{escape(name)} imports {escape(target)}</title></path>"
    )


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(draw(tomllib.loads(DATA.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
