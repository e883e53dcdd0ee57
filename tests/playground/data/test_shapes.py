"""make_shape: equal to scikit-learn's functions where they exist, and harder with more noise."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_blobs, make_circles, make_moons
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from multilayer.exceptions import ParameterError
from multilayer.playground.data.shapes import BLOB_CENTRES, SHAPES, make_shape


def test_shapes_of_scikit_learn_are_those_of_scikit_learn() -> None:
    for name, (X, y) in {
        "moons": make_moons(n_samples=101, noise=0.3, random_state=5),
        "circles": make_circles(n_samples=101, noise=0.3, factor=0.5, random_state=5),
        "blobs": make_blobs(n_samples=101, cluster_std=0.3, centers=BLOB_CENTRES, random_state=5),
    }.items():
        made_X, made_y = make_shape(name, 101, 0.3, 5)
        np.testing.assert_array_equal(made_X, X)
        np.testing.assert_array_equal(made_y, y)


@pytest.mark.parametrize("name", SHAPES)
def test_points_have_about_unit_size_and_balanced_classes(name: str) -> None:
    shape = SHAPES[name]
    X, y = make_shape(name, 600, shape.noise)
    assert X.shape == (600, 2)
    assert X.dtype == np.float64
    assert np.abs(X).max() < 4
    assert 0.3 < X.std() < 1.5
    if shape.task == "classification":
        counts = np.bincount(y)
        assert counts.min() > 0.8 * counts.max()
    else:
        assert y.dtype == np.float64
        assert np.abs(y).max() < 2


@pytest.mark.parametrize("name", SHAPES)
def test_equal_seeds_give_equal_points(name: str) -> None:
    for one, other in zip(make_shape(name, 50, 0.2, 3), make_shape(name, 50, 0.2, 3), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(make_shape(name, 50, 0.2, 3)[0], make_shape(name, 50, 0.2, 4)[0])


@pytest.mark.parametrize("name", SHAPES)
def test_more_noise_is_harder(name: str) -> None:
    shape = SHAPES[name]
    scores = []
    for noise in (0.0, shape.noise, 1.0):
        X, y = make_shape(name, 2000, noise)
        neighbours = KNeighborsClassifier(15) if shape.task == "classification" else KNeighborsRegressor(15)
        scores.append(neighbours.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]))
    assert scores[0] > scores[1] > scores[2] or scores[0] == scores[1] == 1.0 > scores[2]
    assert scores[0] > 0.97


def test_classes_of_own_shapes_without_noise_follow_their_rules() -> None:
    X, y = make_shape("xor", 300, 0)
    np.testing.assert_array_equal(y, (X.prod(axis=1) < 0).astype(int))
    X, y = make_shape("spirals", 300, 0)
    t = np.linalg.norm(X, axis=1)
    turned = np.where(y == 1, -1, 1)[:, None] * X
    angle = 2.5 * np.pi * t
    np.testing.assert_allclose(turned, np.column_stack([t * np.cos(angle), t * np.sin(angle)]), atol=1e-12)


def test_invalid_arguments_are_errors() -> None:
    with pytest.raises(ParameterError, match=r"unknown shape 'moon'\. Did you mean 'moons'"):
        make_shape("moon")
    with pytest.raises(ParameterError, match="n_samples must be a positive integer, got 0"):
        make_shape("moons", 0)
    with pytest.raises(ParameterError, match=r"noise must be a non-negative number, got -0\.1"):
        make_shape("waves", noise=-0.1)
    with pytest.raises(ParameterError, match="random_state must be"):
        make_shape("xor", random_state=-1)


def test_records_are_complete() -> None:
    for name, shape in SHAPES.items():
        assert shape.name == name
        assert 0 < shape.noise <= 2
