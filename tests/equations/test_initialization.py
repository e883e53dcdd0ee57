"""(I1)-(I6): ranges, variances, random draws, and why starting from zeros fails."""

from __future__ import annotations

import numpy as np
import pytest

from multilayer.equations import SCHEMES, cost_and_gradient, gradient_descent, initialize_thetas
from multilayer.exceptions import ParameterError

N_IN, N_OUT = 300, 200
WITHOUT_BIAS = ["glorot", "he", "lecun", "zeros"]


def drawn(scheme: str) -> np.ndarray:
    return initialize_thetas([N_IN, N_OUT], random_state=0, scheme=scheme)[0]


@pytest.mark.parametrize(
    ("scheme", "bound"),
    [
        ("epsilon", np.sqrt(6 / (N_OUT + N_IN + 1))),
        ("notebook", np.sqrt(6 / (N_OUT + N_IN + 1)) / 2),
        ("glorot", np.sqrt(6 / (N_OUT + N_IN))),
    ],
)
def test_uniform_weights_fill_exactly_their_range(scheme, bound):
    theta = drawn(scheme)
    assert np.abs(theta).max() <= bound
    assert theta.max() > 0.999 * bound
    assert theta.min() < -0.999 * bound
    assert theta[:, 1:].var() == pytest.approx(bound**2 / 3, rel=0.01)


@pytest.mark.parametrize(("scheme", "variance"), [("he", 2 / N_IN), ("lecun", 1 / N_IN)])
def test_normal_weights_have_the_stated_variance(scheme, variance):
    weights = drawn(scheme)[:, 1:]
    assert weights.mean() == pytest.approx(0.0, abs=5 * np.sqrt(variance / weights.size))
    assert weights.var() == pytest.approx(variance, rel=0.02)
    assert np.mean(weights**4) / variance**2 == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("scheme", WITHOUT_BIAS)
def test_biases_start_at_zero(scheme):
    assert (drawn(scheme)[:, 0] == 0).all()


@pytest.mark.parametrize("scheme", ["epsilon", "notebook"])
def test_textbook_schemes_draw_their_biases_too(scheme):
    assert len(np.unique(drawn(scheme)[:, 0])) == N_OUT


def test_notebook_scheme_draws_from_half_the_range_of_epsilon():
    np.testing.assert_allclose(2 * drawn("notebook"), drawn("epsilon"), rtol=0, atol=1e-16)


def test_notebook_scheme_reproduces_the_weights_of_the_notebook():
    generator = np.random.RandomState(0)
    expected = []
    for L_in, L_out in [(2, 5), (5, 5), (5, 2)]:
        e = np.sqrt(6) / np.sqrt(L_out + L_in + 1)
        expected.append((generator.rand(L_out, L_in + 1) - 0.5) * e)
    for theta, same in zip(initialize_thetas([2, 5, 5, 2], 0, "notebook"), expected, strict=True):
        np.testing.assert_array_equal(theta, same)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_weights_have_the_stated_shapes_and_dtype(scheme):
    thetas = initialize_thetas((4, 3, 1, 2), 0, scheme)
    assert [theta.shape for theta in thetas] == [(3, 5), (1, 4), (2, 2)]
    assert {theta.dtype for theta in thetas} == {np.dtype(np.float64)}


def test_equal_seeds_give_equal_weights_and_none_gives_different_ones():
    def first(state):
        return initialize_thetas([2, 2], state)[0]

    np.testing.assert_array_equal(first(7), first(np.random.RandomState(7)))
    assert (first(7) != first(8)).all()
    assert (first(None) != first(None)).all()


def test_a_generator_continues_its_sequence():
    generator = np.random.RandomState(0)
    one, two = initialize_thetas([2, 2], generator), initialize_thetas([2, 2], generator)
    assert (one[0] != two[0]).all()


@pytest.mark.parametrize("hidden", ["sigmoid", "tanh", "relu", "gelu"])
def test_units_of_a_layer_that_start_from_zeros_stay_equal(hidden):
    X, Y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
    zeros = initialize_thetas([2, 4, 3, 1], scheme="zeros")
    thetas, _ = gradient_descent(X, Y, zeros, alpha=0.5, max_iter=500, hidden=hidden)
    for theta in thetas[:-1]:
        np.testing.assert_array_equal(theta, np.broadcast_to(theta[0], theta.shape))


def test_xor_is_learned_from_epsilon_but_not_from_zeros():
    X, Y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
    sizes = [2, 4, 1]
    stuck, _ = gradient_descent(X, Y, initialize_thetas(sizes, scheme="zeros"), alpha=2.0, max_iter=3000)
    learned, _ = gradient_descent(X, Y, initialize_thetas(sizes, 0, "epsilon"), alpha=2.0, max_iter=3000)
    assert cost_and_gradient(X, Y, stuck)[0] == pytest.approx(np.log(2), abs=1e-6)
    assert cost_and_gradient(X, Y, learned)[0] < 0.02


@pytest.mark.parametrize(
    "layer_sizes", [(2.0, 3), (2, "3"), (2, None), (True, 2), (2, np.True_), 5, (2, np.array([3, 4]))], ids=repr
)
def test_layer_sizes_must_be_integers(layer_sizes):
    with pytest.raises(ParameterError, match=r"layer sizes must be positive integers, got .*Write 5, not 5\.0"):
        initialize_thetas(layer_sizes)


@pytest.mark.parametrize("layer_sizes", [(), (3,), (3, 0), (0, 3), (3, -1, 2)], ids=repr)
def test_layer_sizes_must_be_at_least_two_positive_integers(layer_sizes):
    with pytest.raises(ParameterError, match="layer sizes must be at least two positive integers"):
        initialize_thetas(layer_sizes)


def test_layer_sizes_may_be_numpy_integers():
    assert initialize_thetas(np.array([2, 3]))[0].shape == (3, 3)


def test_an_unknown_scheme_raises_an_error_with_a_suggestion():
    with pytest.raises(ParameterError, match=r"unknown scheme of starting weights 'glorott'. Did you mean 'glorot'\?"):
        initialize_thetas([2, 2], scheme="glorott")


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "0"])
def test_an_invalid_seed_raises_an_error(seed):
    with pytest.raises(ParameterError, match="random_state must be None, an integer from 0"):
        initialize_thetas([2, 2], random_state=seed)
