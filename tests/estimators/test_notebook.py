"""The estimator reproduces the costs and weights of the two training runs in the textbook's notebook."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import make_moons

from multilayer import MLPClassifier

FIGURES = Path(__file__).parents[1] / "data" / "notebook.npz"


@pytest.mark.parametrize(("n_rows", "n_updates", "accuracy"), [(1000, 1000, 0.875), (500, 5000, 0.998)])
def test_the_estimator_reproduces_the_costs_and_weights_of_the_notebook(
    n_rows: int, n_updates: int, accuracy: float
) -> None:
    X, y = make_moons(n_samples=1000, noise=0.1, random_state=0)
    X, y = X[:n_rows], y[:n_rows]
    with np.load(FIGURES) as figures:
        initial = [figures[f"initial_theta{layer}"] for layer in (1, 2, 3)]
        costs = figures[f"moons{n_rows}_cost"]
        thetas = [figures[f"moons{n_rows}_theta{layer}"] for layer in (1, 2, 3)]
    model = MLPClassifier(
        (5, 5),
        "sigmoid",
        output="sigmoid",
        solver="sgd",
        momentum=0,
        learning_rate_init=0.5,
        alpha=0,
        batch_size=n_rows,
        shuffle=False,
        max_iter=n_updates,
        n_iter_no_change=math.inf,
        initialization="notebook",
        random_state=0,
    ).fit(X, y)
    np.testing.assert_allclose(model.loss_curve_, costs, rtol=0, atol=1e-10)
    for received, expected in zip(model.thetas_, thetas, strict=True):
        np.testing.assert_allclose(received, expected, rtol=0, atol=1e-9)
    assert model.score(X, y) == pytest.approx(accuracy)

    given = model.set_params(initialization=initial, max_iter=10).fit(X, y)
    np.testing.assert_allclose(given.loss_curve_, costs[:10], rtol=0, atol=1e-10)
