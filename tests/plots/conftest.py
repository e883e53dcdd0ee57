"""Figures are drawn without a display and closed after each test."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import matplotlib
import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from ..problems import MOONS

matplotlib.use("Agg")

from matplotlib import pyplot as plt


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def moons() -> tuple[np.ndarray, np.ndarray]:
    return MOONS


@pytest.fixture(scope="session")
def moons_network(moons) -> MLPClassifier:
    """scikit-learn's perceptron 2-5-5-1, which represents any estimator with coefs_ and intercepts_."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # does not converge, which is sufficient here
        return MLPClassifier((5, 5), activation="tanh", max_iter=60, learning_rate_init=0.02, random_state=0).fit(
            *moons
        )
