"""Requests that look: the view, the diagnosis, the importance of columns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from multilayer.exceptions import InputError
from multilayer.playground.data.importance import importance
from multilayer.playground.desk import Desk
from multilayer.playground.fields import Fields
from multilayer.playground.handlers.handler import Handler
from multilayer.playground.instruments import diagnosis_json
from multilayer.playground.messages import Reply, finite
from multilayer.playground.planes.construction import Plane, columns_plane, pca_plane
from multilayer.playground.scene import view_reply

LOWEST_RESOLUTION, HIGHEST_RESOLUTION = 8, 200
MOST_GRID_ENTRIES = 16_000_000  # 128 MB
MOST_REPEATED_COLUMNS, ROWS_OF_WIDE_TABLES = 100, 300  # of the importance of columns


def plane_of(desk: Desk, given: Mapping[str, Any]) -> Plane:
    """Return the plane of a request."""
    kind = given.get("kind")
    if kind == "pca":
        return pca_plane(desk.data)
    x, y = given.get("x"), given.get("y")
    if kind != "columns" or not isinstance(x, str) or not (y is None or isinstance(y, str)):
        raise InputError(
            'a plane must be {"kind": "columns", "x": NAME, "y": NAME} or {"kind": "pca"}, '
            f"got {dict(given)!r:.120}."
        )
    return columns_plane(desk.data, x, y or None)


def view(desk: Desk, fields: Fields, _data: bytes | None) -> Reply:
    """Change what the pictures show."""
    changes: dict[str, Any] = {}
    if fields.has("plane"):
        changes["plane"] = plane_of(desk, fields.mapping("plane"))
    for name in ("resolution", "unit_resolution"):
        if fields.has(name):
            given = fields.integer(name, low=LOWEST_RESOLUTION, high=HIGHEST_RESOLUTION)
            changes[name] = min(given, _most_resolution(len(desk.data.inputs)))
    if fields.has("shows_units"):
        changes["shows_units"] = fields.flag("shows_units", True)
    desk.show(**changes)
    reply = view_reply(desk)
    return Reply(finite(reply.fields), reply.arrays)


def _most_resolution(n_inputs: int) -> int:
    """Return the resolution whose grid, a row of inputs for each point, fits into memory."""
    return min(HIGHEST_RESOLUTION, math.isqrt(MOST_GRID_ENTRIES // n_inputs))


def diagnose(desk: Desk, _fields: Fields, _data: bytes | None) -> Reply:
    """Return the findings of the diagnosis."""
    return Reply(finite(diagnosis_json(desk.run)))


def column_importance(desk: Desk, _fields: Fields, _data: bytes | None) -> Reply:
    """Return the importance of each column."""
    # A wide table would take minutes, during which the page could do nothing else.
    is_wide = len(desk.data.columns) > MOST_REPEATED_COLUMNS
    effort = {"n_repeats": 1, "max_rows": ROWS_OF_WIDE_TABLES} if is_wide else {}
    return Reply(finite(importance(desk.run.snapshot(), desk.data, **effort)))


HANDLERS: Mapping[str, Handler] = {
    "view": Handler(view, ("plane", "resolution", "unit_resolution", "shows_units")),
    "diagnose": Handler(diagnose),
    "importance": Handler(column_importance),
}
