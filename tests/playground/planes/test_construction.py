"""Planes: what the network gets at each point, and which rows are shown."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from multilayer.exceptions import InputError, ParameterError
from multilayer.playground.data.play_data import shape_data
from multilayer.playground.data.table_data import table_data
from multilayer.playground.planes.construction import MOST_POINTS, columns_plane, default_plane, pca_plane


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


def table_of(header: str, rows: list[tuple[Any, ...]], **options: Any) -> Any:
    lines = [header, *(",".join("" if cell is None else str(cell) for cell in row) for row in rows)]
    return table_data(io.BytesIO("\n".join(lines).encode()), header.split(",")[-1], **options)


def flats(n: int = 90) -> Any:
    rng = np.random.default_rng(0)
    rows = []
    for i in range(n):
        size, rooms, garden = int(rng.integers(20, 200)), int(rng.integers(1, 6)), bool(rng.integers(2))
        town = ["Ulm", "Bonn", "Bonn", None][i % 4]
        day = f"2024-{1 + i % 12:02}-{1 + i % 28:02}"
        rows.append((town, None if i % 9 == 0 else size, rooms, garden, day, 3000.5 * size + rooms))
    return table_of("town,size,rooms,garden,day,price", rows)


def test_other_columns_are_held_and_encoded_as_rows_of_the_table() -> None:
    data = flats()
    plane = columns_plane(data, "rooms", "town")
    rooms = data.table.column("rooms").to_numpy()
    present = data.table.column("size").drop_null().to_numpy()
    days = np.sort(data.table.column("day").to_numpy())
    assert f"size is held at its median {np.median(present):g}" in plane.note
    assert "garden is held at its most frequent value " in plane.note
    assert "day is held at its median 2024-" in plane.note
    assert plane.y.categories == ("Bonn", "Ulm", "(gap)")
    assert (plane.y.low, plane.y.high) == (-0.5, 2.5)
    # A row of the grid equals the encoding of a raw row with these values.
    garden = data.table.column("garden").to_pylist()
    raw = {
        "town": None,
        "size": float(np.median(present)),
        "rooms": plane.x.low + 0.5 * (plane.x.high - plane.x.low) / 3,
        "garden": garden.count(True) > garden.count(False),
        "day": days[len(days) // 2].item(),
    }
    if len(days) % 2:
        np.testing.assert_allclose(plane.rows(3)[0], data.encoder.transform([raw, raw])[0], atol=1e-12)
    bottom = plane.rows(3)[6:]
    columns = {column.name: list(column.inputs) for column in data.columns}
    np.testing.assert_array_equal(bottom[:, columns["town"]], [[1, 0, 0]] * 3)
    np.testing.assert_array_equal(np.round(plane.points[:, 0]), rooms[plane.shown])


def test_rows_with_a_gap_in_a_number_are_not_shown() -> None:
    data = flats()
    plane = columns_plane(data, "size", "rooms")
    sizes = data.table.column("size").to_pylist()
    np.testing.assert_array_equal(plane.shown, [i for i, size in enumerate(sizes) if size is not None])
    n_gaps = sizes.count(None)
    assert n_gaps > 0
    assert f"Training rows with a gap are not shown: {n_gaps} in size." in plane.note


def test_points_of_a_category_are_spread_around_it() -> None:
    data = flats()
    plane = columns_plane(data, "town", "garden")
    towns = data.table.column("town").to_pylist()
    places = [("Bonn", "Ulm", None).index(town) for town in towns]
    np.testing.assert_array_equal(np.round(plane.points[:, 0]), places)
    assert len(np.unique(plane.points[:, 0])) > 3
    assert plane.y.categories == ("False", "True")
    assert "The points of a category are spread around it at random." in plane.note
    cells = plane.rows(6).reshape(6, 6, -1)
    at = data.columns[3].inputs[0]
    np.testing.assert_array_equal(cells[:, 0, at], [1, 1, 1, 0, 0, 0])


def test_points_of_numbers_are_where_the_grid_has_their_inputs() -> None:
    data = flats()
    plane = columns_plane(data, "size", "day")
    rows = plane.rows(300).reshape(300, 300, -1)
    size, day = (data.columns[i].inputs[0] for i in (1, 4))
    across = ((plane.points[:, 0] - plane.x.low) / (plane.x.high - plane.x.low) * 300).astype(int)
    down = ((plane.y.high - plane.points[:, 1]) / (plane.y.high - plane.y.low) * 300).astype(int)
    np.testing.assert_allclose(rows[0, across, size], data.X[plane.shown, size], atol=0.02)
    np.testing.assert_allclose(rows[down, 0, day], data.X[plane.shown, day], atol=0.02)
    assert plane.y.kind == "date"
    first = min(data.table.column("day").to_pylist())
    assert plane.y.unit == f"days since {first}"
    assert f"day is shown in days since {first}." in plane.note
    days = [(day - first).days for day in data.table.column("day").to_pylist()]
    np.testing.assert_array_equal(plane.points[:, 1], np.array(days)[plane.shown])


def test_default_plane_of_a_table_has_the_columns_that_matter() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(400, 6))
    rows = [(*map(float, x), float(x[4] ** 2 + 0.5 * x[1])) for x in X]
    plane = default_plane(table_of("a,b,c,d,e,f,y", rows))
    assert (plane.x.name, plane.y.name) == ("e", "b")
    assert "; f is held at its median" in plane.note
    copies = [(x[0], 2 * x[0], x[1], int(x[0] + 0.1 * x[1] > 0)) for x in X]
    plane = default_plane(table_of("a,twice_a,b,y", copies))
    assert {plane.x.name, plane.y.name} in ({"a", "b"}, {"twice_a", "b"})


def test_without_two_columns_of_numbers_it_is_that_of_the_components() -> None:
    rows = [("red" if i % 3 else "blue", "big" if i % 5 else "small", i % 2) for i in range(60)]
    plane = default_plane(table_of("colour,size,y", rows))
    assert plane.kind == "pca"
    assert plane.rows(4).shape == (16, 4)
    assert "which hold 100% of their variance" in plane.note


@pytest.mark.parametrize("word", [0.5, "red"])
def test_a_single_column_is_a_band(word: Any) -> None:
    rows = [(i * word if isinstance(word, float) else f"{word}{i % 3}", i % 2) for i in range(60)]
    data = table_of("one,y", rows)
    plane = default_plane(data)
    assert plane.y.name == ""
    assert (plane.y.low, plane.y.high) == (0, 1)
    cells = plane.rows(9).reshape(9, 9, -1)
    np.testing.assert_array_equal(cells, np.broadcast_to(cells[:1], cells.shape))
    assert len(np.unique(cells[0], axis=0)) == (9 if isinstance(word, float) else 3)
    assert "The height of a point is random and has no meaning." in plane.note
    if isinstance(word, float):
        with pytest.raises(InputError, match="principal components need at least two inputs"):
            pca_plane(data)


def test_dropped_columns_cannot_be_axes() -> None:
    data = table_of("a,b,c,y", [(i % 7, i % 11, 1, i % 2) for i in range(60)])
    with pytest.raises(ParameterError, match="x cannot be the column 'c', which is not an input of the network"):
        columns_plane(data, "c", "a")


def test_moments_keep_their_hour_in_their_time_zone() -> None:
    rows = [(f"2024-03-{1 + i % 28:02} {i % 24:02}:00:00+05:00", i % 6, i % 2) for i in range(120)]
    data = table_of("when,a,y", rows)
    plane = columns_plane(data, "when", "a")
    cells = plane.rows(400).reshape(400, 400, -1)
    across = ((plane.points[:, 0].astype(float) - plane.x.low) / (plane.x.high - plane.x.low) * 400).astype(int)
    inputs = list(data.columns[0].inputs)
    assert data.inputs[inputs[-1]] == "when=hour (cos)"
    # A cell spans 1.7 hours.
    assert np.abs(cells[0, across][:, inputs[-2:]] - data.X[plane.shown][:, inputs[-2:]]).max() < 0.3


def test_dates_of_many_years_and_times_of_day_have_readable_numbers() -> None:
    rows = [(f"{1990 + i % 30}-07-02", f"{i % 24:02}:30:00", i % 2) for i in range(120)]
    data = table_of("when,clock,y", rows, validation_fraction=0)
    plane = columns_plane(data, "when", "clock")
    years = [day.year + 0.5 for day in data.table.column("when").to_pylist()]
    hours = [clock.hour + 0.5 for clock in data.table.column("clock").to_pylist()]
    np.testing.assert_allclose(plane.points, np.column_stack([years, hours]), atol=0.01)
    assert (plane.x.unit, plane.y.unit) == ("years", "hours since midnight")
    cells = plane.rows(300).reshape(300, 300, -1)
    across = ((plane.points[:, 0] - plane.x.low) / (plane.x.high - plane.x.low) * 300).astype(int)
    down = ((plane.y.high - plane.points[:, 1]) / (plane.y.high - plane.y.low) * 300).astype(int)
    for rows_at, column in ((cells[0, across], data.columns[0]), (cells[down, 0], data.columns[1])):
        first = column.inputs[0]
        np.testing.assert_allclose(rows_at[:, first], data.X[:, first], atol=0.02)


def test_rare_categories_share_a_place() -> None:
    words = [f"w{i:03}" for i in range(80)]
    rows = [(word, repeat, (i + repeat) % 2) for repeat in range(3) for i, word in enumerate(words)]
    data = table_of("word,a,y", rows)
    plane = columns_plane(data, "word", "a")
    assert plane.x.categories is not None
    assert plane.x.categories[-1] == "(other)"
    inputs = list(data.columns[0].inputs)
    n = len(plane.x.categories)
    cells = plane.rows(n).reshape(n, n, -1)[0][:, inputs]
    np.testing.assert_array_equal(cells, np.eye(n))
    assert len(plane.points) == len(data.X)


def test_numbers_beyond_float32_stay_finite() -> None:
    data = table_of("a,b,y", [(f"{i - 30}e300", i % 7, i % 2) for i in range(60)])
    plane = columns_plane(data, "a", "b")
    assert np.isfinite(plane.points).all()
    assert np.isfinite(plane.rows(5)).all()


def test_only_the_last_grids_are_kept() -> None:
    plane = default_plane(shape_data("moons"))
    grids = [plane.rows(n) for n in (2, 3, 4)]
    assert plane.rows(2) is grids[0]
    plane.rows(5)
    assert plane.rows(2) is not grids[0]
    assert plane.rows(5) is plane.rows(5)
    np.testing.assert_array_equal(plane.rows(2), grids[0])
