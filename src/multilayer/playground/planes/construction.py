"""Planes through the space of the inputs: of two columns, or of the principal components."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from multilayer.exceptions import InputError, ParameterError, unknown_name
from multilayer.playground.data.play_data import PlayData
from multilayer.playground.data.raw_columns import RawColumn, raw_columns
from multilayer.playground.data.relations import most_related_pair
from multilayer.playground.planes.plane import Axis, Plane, Rows
from multilayer.playground.planes.plane_notes import gaps_note, held_note, sample_note, units_note
from multilayer.tables.models.rows import chosen_rows

MOST_POINTS = 2000
_MARGIN = 0.06  # of the range, on each side
_ROWS_PCA = 5000
_SPREAD = 0.3  # of points around their category

__all__ = ["MOST_POINTS", "Axis", "Plane", "columns_plane", "default_plane", "pca_plane"]


def default_plane(data: PlayData) -> Plane:
    """Return the plane that shows most: the coordinates of a shape, or of a table the best two columns of numbers.

    These are the columns that are most related to the target by their mutual information.  Without two such columns it
    is the plane of the principal components; with one column in all, the band of this column.

    Parameters
    ----------
    data : PlayData
        The data.

    Returns
    -------
    Plane
        The plane.
    """
    used = [column for column in data.columns if column.inputs]
    if len(used) == 1:
        return columns_plane(data, used[0].name)
    if not data.is_table:
        return columns_plane(data, used[0].name, used[1].name)
    pair = most_related_pair(data)
    return columns_plane(data, *pair) if pair else pca_plane(data)


def columns_plane(data: PlayData, x: str, y: str | None = None) -> Plane:
    """Return the plane of two columns, with the other columns held at one value.

    Other columns of numbers, dates and times are held at the median of the training rows, columns of text and Booleans
    at their most frequent value.  The columns are encoded as those of any row, so that the predictions are those for
    such rows.  The categories of text are at 0, 1, 2, ..., each for half a unit to both sides.

    Parameters
    ----------
    data : PlayData
        The data.
    x : str
        The column along the horizontal axis.
    y : str or None, default=None
        The column along the vertical axis; None for a band, whose height has no meaning.

    Returns
    -------
    Plane
        The plane.

    Raises
    ------
    ParameterError
        For an unknown column, a column that the encoder dropped, and twice the same column.

    Examples
    --------
    >>> from multilayer.playground.data.play_data import shape_data
    >>> plane = columns_plane(shape_data("moons"), "x", "y")
    >>> plane.rows(80).shape, plane.points.shape
    ((6400, 2), (350, 2))
    """
    columns = raw_columns(data)
    for axis, name in (("x", x), ("y", y)):
        _check_column(data, columns, axis, name)
    if x == y:
        raise ParameterError(f"x and y must be different columns, got {x!r} for both. Choose another y.")
    across, up = columns[x], None if y is None else columns[y]
    held = [column for name, column in columns.items() if name not in (x, y)]
    base = np.zeros(data.X.shape[1])
    for column in held:
        base[list(column.inputs)] = column.held
    places = [across.places, _heights(len(data.X), 0) if up is None else up.places]
    n_val = 0 if data.X_val is None else len(data.X_val)
    places_val = [across.places_val, _heights(n_val, 1) if up is None else up.places_val]
    spread = [column is not None and column.categories is not None for column in (across, up)]
    points, shown = _sample(places, spread, 2)
    points_val, shown_val = _sample(places_val, spread, 3)
    x_axis, y_axis = _axis(across), Axis("", 0.0, 1.0) if up is None else _axis(up)
    if not data.is_table and up is not None:
        x_axis, y_axis = _equal_scales(x_axis, y_axis)

    def encode(xs: NDArray[np.float64], ys: NDArray[np.float64]) -> Rows:
        # Each column is encoded independently of the others.
        grid = np.empty((len(ys), len(xs), len(base)))
        grid[:] = base
        grid[:, :, list(across.inputs)] = across.encoded(xs)[None, :, :]
        if up is not None:
            grid[:, :, list(up.inputs)] = up.encoded(ys)[:, None, :]
        return grid.reshape(-1, len(base))

    drawn = [across] if up is None else [across, up]
    notes = [held_note(held), units_note(drawn), gaps_note(drawn)]
    if up is None:
        notes.append("The height of a point is random and has no meaning.")
    if any(spread):
        notes.append("The points of a category are spread around it at random.")
    notes.append(sample_note(int(np.isfinite(places).all(axis=0).sum()), len(shown)))
    note = " ".join(filter(None, notes))
    return Plane("columns", x_axis, y_axis, points, points_val, shown, shown_val, note, encode)


def pca_plane(data: PlayData) -> Plane:
    """Return the plane of the first two principal components of the inputs, through their mean.

    Parameters
    ----------
    data : PlayData
        The data.

    Returns
    -------
    Plane
        The plane.

    Raises
    ------
    InputError
        For a single input.
    """
    if data.X.shape[1] < 2:
        raise InputError("principal components need at least two inputs, but the network has one. Show its column.")
    pca = PCA(n_components=2, svd_solver="full").fit(data.X[chosen_rows(len(data.X), _ROWS_PCA, 0)])

    def placed(X: Rows | None) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
        # Only rows that are shown are projected.
        shown = chosen_rows(0 if X is None else len(X), MOST_POINTS, 0)
        found = np.empty((0, 2)) if X is None or not len(shown) else pca.transform(X[shown])
        return _float32(found), shown

    def encode(xs: NDArray[np.float64], ys: NDArray[np.float64]) -> Rows:
        grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
        rows: Rows = pca.inverse_transform(grid)
        return rows

    points, shown = placed(data.X)
    points_val, shown_val = placed(data.X_val)
    axes = [
        Axis(f"component {k + 1}", *_range(points[:, k].astype(np.float64))) for k in range(2)
    ]  # ends of the training rows, so that a new division alone does not change the plane much
    share = float(np.nan_to_num(pca.explained_variance_ratio_.sum()))
    notes = [
        f"The plane of the first two principal components of the {data.X.shape[1]} inputs, which hold {share:.0%} of "
        "their variance.",
        "The other components are held at 0, their mean." if data.X.shape[1] > 2 else "",
        sample_note(len(data.X), len(shown)),
    ]
    note = " ".join(filter(None, notes))
    x_axis, y_axis = _equal_scales(*axes)
    return Plane("pca", x_axis, y_axis, points, points_val, shown, shown_val, note, encode)


def _check_column(data: PlayData, columns: dict[str, RawColumn], axis: str, name: str | None) -> None:
    if name in columns or (name is None and axis == "y"):
        return
    if any(column.name == name for column in data.columns):
        raise ParameterError(
            f"{axis} cannot be the column {name!r}, which is not an input of the network: it is constant, empty, "
            "or only identifies the rows. Choose another column."
        )
    raise unknown_name("column", name, list(columns))


def _heights(m: int, stream: int) -> NDArray[np.float64]:
    """Return random heights of points in a band."""
    return np.random.default_rng([stream, 0]).uniform(0.1, 0.9, m)


def _sample(
    places: list[NDArray[np.float64]], spread: list[bool], stream: int
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return at most MOST_POINTS points that have both coordinates, and their row numbers.

    Points of one category are spread around it, because they would hide each other.
    """
    points = np.column_stack(places)
    known = np.flatnonzero(np.isfinite(points).all(axis=1))
    shown = known[chosen_rows(len(known), MOST_POINTS, 0)]
    points = points[shown]
    points += np.random.default_rng([stream, 0]).uniform(-_SPREAD, _SPREAD, points.shape) * spread
    return _float32(points), shown


def _float32(points: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return finite numbers as float32; those that are too large become the largest."""
    most = float(np.finfo(np.float32).max)
    return np.clip(points, -most, most).astype(np.float32)


def _axis(column: RawColumn) -> Axis:
    if column.categories is not None:
        return Axis(column.name, -0.5, len(column.categories) - 0.5, column.categories, column.kind)
    return Axis(
        column.name, *_range(np.concatenate([column.places, column.places_val])), kind=column.kind, unit=column.unit
    )


def _range(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the range of finite values with a margin."""
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    width = high - low
    if not math.isfinite(width):  # the difference of two large numbers
        return low, high
    margin = _MARGIN * width if width > 0 else max(abs(low), 1.0)
    return low - margin, high + margin


def _equal_scales(x: Axis, y: Axis) -> tuple[Axis, Axis]:
    """Lengthen the shorter axis at both ends, so that a unit has the same length on both."""
    half = max(x.high - x.low, y.high - y.low) / 2
    centres = (x.low + x.high) / 2, (y.low + y.high) / 2
    one, other = (
        Axis(axis.name, centre - half, centre + half, axis.categories, axis.kind)
        for axis, centre in zip((x, y), centres, strict=True)
    )
    return one, other
