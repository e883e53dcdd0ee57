"""The trees of a table model as arrays: those of each output or quantile, and a constant for a fold of one class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.multioutput import MultiOutputRegressor

from multilayer.tables.models.forest import Forest, forest_of
from multilayer.tables.models.losses import TargetLoss
from multilayer.tables.models.regression_models import OneForEach, ScaledTargets


@dataclass(frozen=True, eq=False)
class ConstantClasses:
    """The probabilities of a fold whose training rows are of one class.

    Attributes
    ----------
    classes : array of int of shape (k,)
        The classes of its training rows, of which all but one have the weight 0.
    shares : array of shape (k,)
        Their probabilities.
    """

    classes: NDArray[np.int64]
    shares: NDArray[np.float64]

    @property
    def classes_(self) -> NDArray[np.int64]:
        """The classes, under scikit-learn's name."""
        return self.classes

    def predict_proba(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return the probabilities of ``classes``, (m, k)."""
        return np.tile(self.shares, (len(X), 1))


@dataclass(frozen=True, eq=False)
class Forests:
    """The trees of a regressor.

    Attributes
    ----------
    forests : tuple of Forest
        Those of each output or quantile, for scaled targets; the predictions of several quantiles are sorted.
    loss : TargetLoss
        The loss of the model, which has the scale of the targets.
    """

    forests: tuple[Forest, ...]
    loss: TargetLoss

    def predict(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return amounts in the units of y, (m, K)."""
        found = np.column_stack([forest.predict(X) for forest in self.forests])
        return self.loss.restored(np.sort(found, axis=1) if self.loss.several_levels else found)


TreeModel = Forest | Forests | ConstantClasses


def trees_as_arrays(model: Any) -> TreeModel:
    """Return the arrays of fitted trees of scikit-learn, with the same predictions."""
    if isinstance(model, ScaledTargets):
        return Forests(tuple(map(forest_of, _singles(model.model))), model.loss)
    if isinstance(model, DummyClassifier):
        return ConstantClasses(np.asarray(model.classes_, dtype=np.int64), np.asarray(model.class_prior_))
    return forest_of(model)


def _singles(model: Any) -> Iterator[Any]:
    if isinstance(model, OneForEach | MultiOutputRegressor):
        for each in model.models if isinstance(model, OneForEach) else model.estimators_:
            yield from _singles(each)
    else:
        yield model
