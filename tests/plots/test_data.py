"""plot_data: one collection for each class, names from the data, and invalid inputs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.colors import to_hex

from multilayer.exceptions import InputError, ParameterError, ShapeError
from multilayer.plots import plot_data


def legend_texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def labelled(n_classes, each=3):
    y = np.repeat(np.arange(n_classes), each)
    return np.column_stack([y, y**2]).astype(float), y


def test_each_class_has_its_points_colour_and_marker(moons):
    X, y = moons
    ax = plot_data(X, y)
    assert len(ax.collections) == 2
    for k, points in enumerate(ax.collections):
        np.testing.assert_array_equal(points.get_offsets(), X[y == k])
    first, second = ax.collections
    assert to_hex(first.get_facecolor()[0]) != to_hex(second.get_facecolor()[0])
    assert len(first.get_paths()[0]) != len(second.get_paths()[0])
    assert legend_texts(ax) == ["0", "1"]
    assert [ax.get_xlabel(), ax.get_ylabel()] == ["$x_{1}$", "$x_{2}$"]


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_names_come_from_a_frame_unless_given(frame, moons):
    X, y = moons
    table = frame({"width": X[:, 0], "height": X[:, 1]})
    ax = plot_data(table, y)
    assert [ax.get_xlabel(), ax.get_ylabel()] == ["width", "height"]
    ax = plot_data(table, y, feature_names=["w", "h"])
    assert [ax.get_xlabel(), ax.get_ylabel()] == ["w", "h"]


@pytest.mark.parametrize("n_classes", [1, 8, 9, 64])
def test_up_to_64_classes_look_different(n_classes):
    ax = plot_data(*labelled(n_classes))
    looks = {(to_hex(points.get_facecolor()[0]), points.get_paths()[0].vertices.tobytes()) for points in ax.collections}
    assert len(looks) == n_classes == len(legend_texts(ax))
    ax.figure.canvas.draw()


def test_more_than_64_different_labels_raise_an_error():
    with pytest.raises(InputError, match="y has 65 different values; at most 64"):
        plot_data(*labelled(65))


@pytest.mark.parametrize(
    ("y", "names"),
    [
        (["b", "a", "b"], ["a", "b"]),
        ([True, False, True], ["False", "True"]),
        (pd.Series(["x", "y", "x"], dtype="category"), ["x", "y"]),
        (pl.Series(["x", "y", "x"]), ["x", "y"]),
        (np.array([[1], [0], [1]]), ["0", "1"]),
    ],
)
def test_labels_of_many_types_are_accepted(y, names):
    assert legend_texts(plot_data([[0, 0], [1, 1], [2, 2]], y)) == names


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.zeros((3, 3)), ShapeError, r"two features, shape \(m, 2\), got shape \(3, 3\)"),
        (np.zeros(3), ShapeError, r"got shape \(3,\)"),
        (np.zeros((0, 2)), ShapeError, "X has no rows"),
        ([[0.0, np.nan], [1.0, 1.0], [np.inf, 0.0]], InputError, "in 2 of 3 rows, first in row 0"),
        ([["a", "b"], ["c", "d"], ["e", "f"]], InputError, "X must hold numbers only"),
        (pd.DataFrame({"a": [1, None, 2], "b": [1, 2, 3]}), InputError, "in 1 of 3 rows, first in row 1"),
        (pl.DataFrame({"a": [1, None, 2], "b": [1, 2, 3]}), InputError, "in 1 of 3 rows, first in row 1"),
    ],
)
def test_features_that_cannot_be_drawn_raise_errors(X, error, message):
    with pytest.raises(error, match=message):
        plot_data(X, [0, 1, 0])


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        ([0, 1], ShapeError, r"one label for each of the 3 rows of X, shape \(3,\), got shape \(2,\)"),
        (np.eye(3), ShapeError, r"pass y\.argmax"),
        ([0.0, np.nan, np.nan], InputError, "y has 2 missing labels among 3"),
        (["a", None, "b"], InputError, "y has 1 missing label"),
        (pd.Series([1, None, 2], dtype="Int64"), InputError, "y has 1 missing label"),
        (np.array(["a", 1, "b"], dtype=object), InputError, "do not compare"),
    ],
)
def test_labels_that_cannot_be_drawn_raise_errors(y, error, message):
    with pytest.raises(error, match=message):
        plot_data([[0, 0], [1, 1], [2, 2]], y)


def test_a_wrong_number_of_names_raises_an_error(moons):
    X, y = moons
    with pytest.raises(ParameterError, match=r"class_names must have 2 names, got 3: 'a', 'b', 'c'"):
        plot_data(X, y, class_names=["a", "b", "c"])
    with pytest.raises(ParameterError, match="feature_names must have 2 names, got 1"):
        plot_data(X, y, feature_names=["a"])
    with pytest.raises(ParameterError, match="a list of 2 names, got the single string 'ab'"):
        plot_data(X, y, feature_names="ab")


@pytest.mark.parametrize(
    ("low", "high", "text"), [(1990, 2020, "2000"), (0, 600_000, "200,000"), (0.0, 1.0, "0.2"), (0, 1e12, "0.2")]
)
def test_large_numbers_have_commas_and_years_have_none(low, high, text):
    ax = plot_data(np.column_stack([np.linspace(low, high, 9), np.arange(9)]), np.arange(9) % 2)
    ax.figure.canvas.draw()
    assert text in {label.get_text() for label in ax.get_xticklabels()}
