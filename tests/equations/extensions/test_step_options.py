"""(D5)-(D7): clipping, weight decay and averaging, against calculations by hand and their stated properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from multilayer.equations import Adam, GradientDescent, average_weights, clip_gradient, decay_weights
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.exceptions import ParameterError

derivatives = st.lists(arrays(np.float64, (2, 3), elements=st.floats(-1e6, 1e6)), min_size=1, max_size=3)


@given(derivatives, st.floats(1e-3, 1e3))
def test_a_clipped_gradient_keeps_its_direction_and_has_a_norm_of_at_most_c(D, c):
    norm = math.sqrt(sum(float((d**2).sum()) for d in D))
    clipped = clip_gradient(D, c)
    assert math.sqrt(sum(float((d**2).sum()) for d in clipped)) == pytest.approx(min(norm, c), rel=1e-12)
    for d, cut in zip(D, clipped, strict=True):
        np.testing.assert_allclose(cut * max(norm, c) / c, d, rtol=1e-12, atol=1e-300)


@given(derivatives)
def test_an_infinite_limit_clips_nothing(D):
    for d, same in zip(D, clip_gradient(D, math.inf), strict=True):
        assert same is d


def test_decay_does_not_change_the_biases():
    theta = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(decay_weights(theta, 0.1, 2.0), [[0.0, 0.8, 1.6], [3.0, 3.2, 4.0]], rtol=1e-15)
    assert theta[0, 1] == 1.0


def test_decay_with_plain_gradient_descent_equals_the_squared_penalty():
    theta, D, m = np.random.RandomState(0).normal(size=(2, 3)), np.random.RandomState(1).normal(size=(2, 3)), 7
    penalty = 0.3 / m * np.hstack([np.zeros((2, 1)), theta[:, 1:]])
    coupled, _ = GradientDescent().step(theta, D + penalty, [], 0.1, 1)
    decoupled, _ = GradientDescent().step(decay_weights(theta, 0.1, 0.3 / m), D, [], 0.1, 1)
    np.testing.assert_allclose(coupled, decoupled, rtol=1e-14)


def test_adam_with_decay_shrinks_weights_independently_of_their_gradients():
    theta, zero = np.array([[0.0, 1.0, 1.0]]), [np.zeros((1, 3)), np.zeros((1, 3))]
    D = np.array([[0.0, 1e-3, 1e3]])
    plain, _ = Adam(epsilon=1e-12).step(theta, D, zero, 0.1, 1)
    decayed, _ = Adam(epsilon=1e-12).step(decay_weights(theta, 0.1, 0.5), D, zero, 0.1, 1)
    np.testing.assert_allclose(plain - decayed, [[0.0, 0.05, 0.05]], rtol=1e-12)


@pytest.mark.parametrize("beta", [0.5, 0.9, 0.999])
def test_average_is_the_exponentially_weighted_mean_of_all_previous_weights(beta):
    thetas = np.random.RandomState(0).normal(size=(50, 3))
    mean = np.full(3, 99.0)  # the starting weights do not count
    for t, theta in enumerate(thetas, start=1):
        mean = average_weights(mean, theta, beta, t)
        expected = np.average(thetas[:t], axis=0, weights=beta ** np.arange(t - 1, -1, -1))
        np.testing.assert_allclose(mean, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"clip_norm": 0.0}, r"clip_norm must be positive, got 0\.0\. Use math\.inf"),
        ({"clip_norm": math.nan}, r"clip_norm must be positive, got nan"),
        ({"weight_decay": -0.1}, r"weight_decay must be a non-negative number, got -0\.1"),
        ({"average": 1.0}, r"average must be below 1, got 1\.0"),
        ({"average": -0.5}, r"average must be a non-negative number"),
    ],
)
def test_invalid_step_options_raise_errors(arguments, message):
    with pytest.raises(ParameterError, match=message):
        StepOptions(**arguments)
