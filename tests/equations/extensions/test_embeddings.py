"""Periodic embeddings: the equations against central differences and worked examples."""

from __future__ import annotations

import numpy as np
import pytest

from multilayer.equations.extensions.embeddings import Waves, embed, embedding_gradient, embedding_input_gradient

COLUMNS = (0, 2)


def _waves(seed: int = 0) -> Waves:
    rng = np.random.RandomState(seed)
    return Waves(*(rng.normal(size=shape) for shape in ((2, 3), (2, 3), (2, 2, 3), (2, 2))))


def test_the_inputs_come_first_and_then_the_outputs_of_each_embedded_input() -> None:
    X, waves = np.random.RandomState(1).normal(size=(4, 3)), _waves()
    A_1 = embed(X, COLUMNS, waves)
    assert A_1.shape == (4, 3 + 2 * 2)
    np.testing.assert_array_equal(A_1[:, :3], X)
    u = np.cos(2 * np.pi * waves.frequencies[1] * X[3, 2] + waves.phases[1])
    np.testing.assert_allclose(A_1[3, 6], waves.offsets[1, 1] + waves.mixtures[1, 1] @ u)


def test_waves_of_frequency_0_are_constant() -> None:
    waves = _waves()._replace(frequencies=np.zeros((2, 3)))
    A_1 = embed(np.random.RandomState(1).normal(size=(5, 3)), COLUMNS, waves)
    np.testing.assert_allclose(A_1[:, 3:], np.tile(A_1[0, 3:], (5, 1)))


@pytest.mark.parametrize("name", Waves._fields)
def test_the_gradient_equals_central_differences(name: str) -> None:
    rng = np.random.RandomState(2)
    X, epsilon, w, waves = rng.normal(size=(6, 3)), rng.normal(size=(6, 4)), rng.uniform(size=6), _waves()

    def weighted_sum(of: Waves) -> float:
        """A cost whose derivative by each embedding is ε, for examples of weight w."""
        return float(w @ (embed(X, COLUMNS, of)[:, 3:] * epsilon).sum(axis=1))

    found = getattr(embedding_gradient(epsilon, X, COLUMNS, waves, w), name)
    parameter, step = getattr(waves, name), 1e-6
    for place in np.ndindex(parameter.shape):
        change = np.zeros(parameter.shape)
        change[place] = step
        above, below = (waves._replace(**{name: parameter + sign * change}) for sign in (1, -1))
        expected = (weighted_sum(above) - weighted_sum(below)) / (2 * step)
        assert found[place] == pytest.approx(expected, rel=1e-6, abs=1e-7)


def test_the_derivative_by_the_inputs_equals_central_differences() -> None:
    rng = np.random.RandomState(3)
    X, v, waves, step = rng.normal(size=(5, 3)), rng.normal(size=(5, 7)), _waves(), 1e-6
    found = embedding_input_gradient(v, X, COLUMNS, waves)
    for j in range(3):
        change = step * np.eye(3)[j]
        differences = (embed(X + change, COLUMNS, waves) - embed(X - change, COLUMNS, waves)) / (2 * step)
        np.testing.assert_allclose(found[:, j], (differences * v).sum(axis=1), rtol=1e-6, atol=1e-7)
