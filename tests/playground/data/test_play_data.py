"""shape_data: the rows, their division, and the code that makes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multilayer.exceptions import ParameterError
from multilayer.playground.data.play_data import PlayData, shape_data
from multilayer.playground.data.shapes import SHAPES, make_shape


def made_by_code(data: PlayData) -> dict[str, Any]:
    """Execute the code of the data and return its names."""
    names: dict[str, Any] = {}
    exec("\n".join(data.python_lines), names)
    return names


def assert_made_by_code(data: PlayData) -> None:
    names = made_by_code(data)
    for name in ("X", "y", "X_val", "y_val"):
        ours = getattr(data, name)
        if ours is None:
            assert names[name] is None
        else:
            assert names[name].dtype == ours.dtype
            np.testing.assert_array_equal(names[name], ours)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(SHAPES)),
    st.integers(20, 200),
    st.floats(0, 2),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0, 0.25, 0.3, 1 / 3, 0.7]),
)
def test_code_makes_the_same_arrays(name: str, rows: int, noise: float, seed: int, fraction: float) -> None:
    data = shape_data(name, rows, noise, seed, fraction)
    assert_made_by_code(data)
    assert len(data.X) + (0 if data.X_val is None else len(data.X_val)) == rows


@pytest.mark.parametrize("name", SHAPES)
def test_rows_are_those_of_make_shape(name: str) -> None:
    data = shape_data(name, 90, 0.1, 7, 0.3)
    assert data.X_val is not None
    X, _ = make_shape(name, 90, 0.1, 7)
    both = np.concatenate([data.X, data.X_val])
    np.testing.assert_array_equal(both[np.lexsort(both.T)], X[np.lexsort(X.T)])
    assert len(data.X_val) == 27


def test_classes_keep_their_shares() -> None:
    data = shape_data("blobs", 300, validation_fraction=0.2)
    np.testing.assert_array_equal(np.bincount(data.y), [80, 80, 80])
    assert data.class_names == ("0", "1", "2")
    np.testing.assert_array_equal(data.targets, data.y)
    assert [column.inputs for column in data.columns] == [(0,), (1,)]


def test_no_validation_rows() -> None:
    data = shape_data("waves", 50, validation_fraction=0)
    assert data.X_val is None
    assert data.y_val is None
    assert data.targets_val is None
    assert data.X.shape == (50, 2)
    assert data.class_names == ()


def test_noise_of_the_shape_is_the_default() -> None:
    assert shape_data("circles").fingerprint == shape_data("circles", noise=SHAPES["circles"].noise).fingerprint


def test_fingerprints_differ_with_each_argument() -> None:
    made = [
        shape_data("moons"),
        shape_data("circles"),
        shape_data("moons", 501),
        shape_data("moons", noise=0.3),
        shape_data("moons", seed=1),
        shape_data("moons", validation_fraction=0.2),
    ]
    assert len({data.fingerprint for data in made}) == len(made)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "spiral"}, "unknown shape 'spiral'. Did you mean 'spirals'"),
        ({"rows": 19}, "rows must be an integer of at least 20, got 19"),
        ({"rows": 20_001}, "rows must be a number from 20 to 20000, got 20001"),
        ({"rows": 30.0}, "rows must be an integer"),
        ({"noise": 2.1}, r"noise must be a number from 0 to 2, got 2\.1"),
        ({"noise": float("nan")}, "noise must be a number from 0 to 2"),
        ({"seed": -1}, "seed must be"),
        ({"seed": None}, "seed must be a non-negative integer, got None"),
        ({"validation_fraction": 0.95}, r"validation_fraction must be a number from 0 to 0\.9, got 0\.95"),
        (
            {"rows": 20, "validation_fraction": 0.01},
            r"leaves 1 of 20 rows for validation, which needs at least a row of each of the 2 classes\. "
            r"Choose a share from 0\.1 to 0\.9, or 0",
        ),
        ({"name": "blobs", "rows": 20, "validation_fraction": 0.9}, r"leaves 2 of 20 rows for training.*to 0\.85"),
    ],
)
def test_invalid_arguments_are_errors(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        shape_data(**{"name": "moons", **arguments})


def test_advised_shares_are_valid() -> None:
    for fraction in (0.15, 0.85):
        assert shape_data("blobs", 20, validation_fraction=fraction).X_val is not None
