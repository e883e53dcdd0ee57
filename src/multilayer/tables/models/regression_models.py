"""scikit-learn's models for the losses of TableRegressor, to stand beside its networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import GammaRegressor, PoissonRegressor, Ridge
from sklearn.multioutput import MultiOutputRegressor

from multilayer.tables.models.losses import POSITIVE, TargetLoss


class ScaledTargets:
    """A model that is fitted to (y - centre) / unit in float64, and predicts in the units of y.

    A linear model would round y to the float32 of X, and the gradients of trees are numbers of float32.
    """

    def __init__(self, model: Any, loss: TargetLoss) -> None:
        self.model, self.loss = model, loss

    def fit(self, X: NDArray[Any], y: NDArray[Any], sample_weight: Any = None) -> ScaledTargets:
        """Fit the model."""
        self.model.fit(X, self.loss.scaled(y), sample_weight=sample_weight)
        return self

    def predict(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return the predictions, (m, K) or (m, number of quantiles)."""
        return self.loss.restored(np.asarray(self.model.predict(X)).reshape(len(X), -1))


def constant_for(loss: TargetLoss) -> Any:
    """Return a constant: the mean, the median for absolute errors and Huber, or the quantiles."""
    if loss.name == "quantile":
        return OneForEach([DummyRegressor(strategy="quantile", quantile=level) for level in loss.levels])
    return DummyRegressor(strategy="median" if loss.name in ("absolute_error", "huber") else "mean")


def linear_for(loss: TargetLoss, n_outputs: int) -> Any:
    """Return a linear model: Ridge; for absolute errors and quantiles shifted to the quantile of its errors."""
    if loss.name in POSITIVE:
        kind = PoissonRegressor if loss.name == "poisson" else GammaRegressor
        return ScaledTargets(_for_each_output(kind(alpha=1e-3, max_iter=300), n_outputs), loss)
    if loss.name in ("absolute_error", "quantile"):
        return ScaledTargets(OneForEach([ShiftedRidge(level) for level in loss.levels]), loss)
    return ScaledTargets(Ridge(alpha=1.0), loss)


def trees_for(loss: TargetLoss, n_outputs: int, seed: int, n_trees: int = 100) -> Any:
    """Return gradient-boosted trees of this loss; of absolute errors for Huber, which they lack."""
    if loss.name == "quantile":
        trees = [
            HistGradientBoostingRegressor(loss="quantile", quantile=level, max_iter=n_trees, random_state=seed)
            for level in loss.levels
        ]
        return ScaledTargets(OneForEach([_for_each_output(each, n_outputs) for each in trees]), loss)
    name = "absolute_error" if loss.name == "huber" else loss.name
    trees = HistGradientBoostingRegressor(loss=name, max_iter=n_trees, random_state=seed)
    return ScaledTargets(_for_each_output(trees, n_outputs), loss)


def _for_each_output(model: Any, n_outputs: int) -> Any:
    return model if n_outputs == 1 else MultiOutputRegressor(model)


class OneForEach:
    """A model for each quantile; the predictions of a row are sorted, so that they do not cross."""

    def __init__(self, models: Sequence[Any]) -> None:
        self.models = models

    def fit(self, X: NDArray[Any], y: NDArray[Any], sample_weight: Any = None) -> OneForEach:
        """Fit all models."""
        for model in self.models:
            model.fit(X, y, sample_weight=sample_weight)
        return self

    def predict(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return an array of shape (m, number of quantiles), or the prediction of a single model."""
        found = [np.asarray(model.predict(X)) for model in self.models]
        return found[0] if len(found) == 1 else np.sort(np.column_stack(found), axis=1)


class ShiftedRidge:
    """Ridge regression, shifted so that a share ``level`` of the fitting rows is at most the prediction."""

    def __init__(self, level: float) -> None:
        self.level = level

    def fit(self, X: NDArray[Any], y: NDArray[Any], sample_weight: Any = None) -> ShiftedRidge:
        """Fit the linear model and its shift."""
        self.model = Ridge(alpha=1.0).fit(X, y, sample_weight=sample_weight)
        constant = DummyRegressor(strategy="quantile", quantile=self.level)
        self.shift = constant.fit(X, y - self.model.predict(X), sample_weight=sample_weight).constant_
        return self

    def predict(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return the shifted predictions, (m,) or (m, K)."""
        predicted = np.asarray(self.model.predict(X))
        found: NDArray[np.float64] = predicted + self.shift.reshape(-1 if predicted.ndim == 2 else ())
        return found
