"""The one-page version of the textbook equals the general functions, wherever both apply."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multilayer.equations import (
    backpropagation,
    core,
    cost,
    forward_propagation,
    gradient_descent,
    initialize_thetas,
    numerical_gradient,
    one_hot,
)

OUTPUTS = {"sigmoid": core.sigmoid, "softmax": core.softmax, "identity": core.identity}


def problem(sizes, output, seed):
    rng = np.random.default_rng(seed)
    m, K = 7, sizes[-1]
    X = rng.standard_normal((m, sizes[0]))
    thetas = [2.0 * theta for theta in initialize_thetas(sizes, random_state=seed)]
    if output == "softmax":
        return X, one_hot(rng.integers(0, K, m), K), thetas
    return X, rng.random((m, K)) if output == "sigmoid" else rng.standard_normal((m, K)), thetas


problems = given(
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=5),
    output=st.sampled_from(sorted(OUTPUTS)),
    lam=st.floats(0.0, 10.0),
    seed=st.integers(0, 2**32 - 1),
)


@settings(max_examples=40, deadline=None)
@problems
def test_core_equals_the_general_functions(sizes, output, lam, seed):
    X, Y, thetas = problem(sizes, output, seed)
    h = OUTPUTS[output]
    for ours, general in zip(core.forward(X, thetas, h), forward_propagation(X, thetas, output=output)[1], strict=True):
        np.testing.assert_allclose(ours, general, rtol=1e-13, atol=1e-300)
    assert core.cost(X, Y, thetas, lam, h) == pytest.approx(cost(X, Y, thetas, lam, output=output), rel=1e-12)
    D = backpropagation(X, Y, thetas, lam, output=output)
    for ours, general in zip(core.backpropagation(X, Y, thetas, lam, h), D, strict=True):
        np.testing.assert_allclose(ours, general, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("output", OUTPUTS)
def test_gradient_of_the_core_equals_central_differences(output):
    X, Y, thetas = problem([3, 4, 2], output, seed=0)
    numerical = numerical_gradient(X, Y, thetas, lam=0.7, output=output)
    for ours, expected in zip(core.backpropagation(X, Y, thetas, 0.7, OUTPUTS[output]), numerical, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("output", OUTPUTS)
def test_descent_of_the_core_equals_that_of_the_general_function(output):
    X, Y, thetas = problem([3, 4, 2], output, seed=1)
    before = [theta.copy() for theta in thetas]
    ours, costs = core.descend(X, Y, thetas, alpha=0.1, n_steps=50, lam=0.3, h=OUTPUTS[output])
    general, expected = gradient_descent(X, Y, thetas, alpha=0.1, max_iter=50, lam=0.3, output=output)
    np.testing.assert_allclose(costs, expected, rtol=1e-12)
    for theta, other in zip(ours, general, strict=True):
        np.testing.assert_allclose(theta, other, rtol=1e-11)
    for theta, kept in zip(thetas, before, strict=True):
        np.testing.assert_array_equal(theta, kept)  # the starting weights are not changed


def test_core_imports_only_numpy_and_fits_on_one_page():
    path = Path(str(core.__file__))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert modules == {"__future__", "collections.abc", "numpy", "numpy.typing"}
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 130
