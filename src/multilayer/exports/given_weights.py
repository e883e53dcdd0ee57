"""Fitted estimators of this library from weights that another library has trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.fits.rows import FitRequest
from multilayer.network import norms

# The parameters that prepare a fit without rows of data, and that the estimator does not keep.
PREPARING: dict[str, Any] = {
    "batch_size": "auto",
    "callbacks": (),
    "early_stopping": False,
    "solver": "lbfgs",
    "verbose": False,
    "warm_start": False,
    "learning_rate": "constant",
    "random_state": 0,
}


def row_of_targets(n_outputs: int) -> NDArray[np.float64]:
    """Return the y of one row."""
    return np.ones(1) if n_outputs == 1 else np.ones((1, n_outputs))


def with_weights(
    model: Any,
    weights: Sequence[NDArray[Any]],
    biases: Sequence[NDArray[Any]],
    y: Any,
    gains: Sequence[NDArray[Any]] = (),
) -> Any:
    """Return an unfitted estimator as a fitted one with these weights; y has all classes, or the shape of the outputs.

    Further training starts with an empty memory of the update rule.
    """
    parameters = model.get_params(deep=False)
    dtype = np.float32 if weights[0].dtype == np.float32 else np.float64
    X = np.zeros((len(y), len(weights[0])), dtype=dtype)
    thetas = [np.column_stack([b, w.T]) for w, b in zip(weights, biases, strict=True)]
    model.set_params(**PREPARING, initialization=thetas)
    model._begin(FitRequest(X, y)).keep()
    for view, gain in zip(norms(model.network_, model.parameters_), gains, strict=False):
        view[...] = gain
    return model.set_params(**parameters)
