"""Planes: what the network gets at each point, and which rows are shown."""

from __future__ import annotations

import numpy as np
import pytest

from multilayer.exceptions import ParameterError
from multilayer.playground.data import shape_data
from multilayer.playground.planes import MOST_POINTS, columns_plane, default_plane, pca_plane


def test_grid_of_a_shape_is_the_plane_itself() -> None:
    plane = default_plane(shape_data("moons"))
    rows = plane.rows(10)
    step = (plane.x.high - plane.x.low) / 10
    np.testing.assert_allclose(rows[0], [plane.x.low + step / 2, plane.y.high - step / 2])
    np.testing.assert_allclose(rows[9], [plane.x.high - step / 2, plane.y.high - step / 2])
    np.testing.assert_allclose(rows[-1], [plane.x.high - step / 2, plane.y.low + step / 2])
    assert plane.rows(10) is rows
    assert not rows.flags.writeable
    assert (plane.x.name, plane.y.name, plane.kind) == ("x", "y", "columns")
    # A unit is as long on both axes.
    assert plane.x.high - plane.x.low == pytest.approx(plane.y.high - plane.y.low)


def test_points_of_a_shape_are_its_rows() -> None:
    data = shape_data("circles", 100)
    plane = default_plane(data)
    np.testing.assert_array_equal(plane.points, data.X.astype(np.float32))
    assert data.X_val is not None
    np.testing.assert_array_equal(plane.points_validation, data.X_val.astype(np.float32))
    assert plane.points.min() > plane.x.low
    assert plane.note == ""


def test_of_many_rows_a_fixed_sample_is_shown() -> None:
    data = shape_data("moons", 6000)
    plane, again = default_plane(data), default_plane(data)
    assert plane.points.shape == (MOST_POINTS, 2)
    np.testing.assert_array_equal(plane.shown, again.shown)
    np.testing.assert_array_equal(plane.points, data.X[plane.shown].astype(np.float32))
    assert plane.note == "Of 4,200 training rows a sample of 2,000 is shown."


def test_axes_may_be_exchanged() -> None:
    data = shape_data("moons")
    one, other = columns_plane(data, "x", "y"), columns_plane(data, "y", "x")
    np.testing.assert_array_equal(one.points, other.points[:, ::-1])
    assert other.rows(5)[0, 0] == other.y.high - (other.y.high - other.y.low) / 10


def test_principal_components_of_a_plane_give_the_points_back() -> None:
    data = shape_data("moons", 50, validation_fraction=0)
    plane = pca_plane(data)
    # The grid point that is nearest to a row has inputs near that row.
    rows = plane.rows(400)
    step = (plane.x.high - plane.x.low) / 400
    across = ((plane.points[:, 0] - plane.x.low) / step).astype(int)
    down = ((plane.y.high - plane.points[:, 1]) / step).astype(int)
    np.testing.assert_allclose(rows[down * 400 + across], data.X, atol=step)
    assert plane.points_validation.shape == (0, 2)
    assert (
        plane.note
        == "The plane of the first two principal components of the 2 inputs, which hold 100% of their variance."
    )


def test_invalid_arguments_are_errors() -> None:
    data = shape_data("moons")
    with pytest.raises(ParameterError, match="unknown column 'z'"):
        columns_plane(data, "x", "z")
    with pytest.raises(ParameterError, match="x and y must be different columns, got 'x' for both"):
        columns_plane(data, "x", "x")
    with pytest.raises(ParameterError, match="resolution must be an integer of at least 2"):
        default_plane(data).rows(1)
    with pytest.raises(ParameterError, match="resolution must be at most 400, got 401"):
        default_plane(data).rows(401)
