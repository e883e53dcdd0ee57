"""Models of another kind, fitted in the same folds: a constant, a linear model and gradient-boosted trees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from multilayer.fits.errors import collected_warnings
from multilayer.packs import Member
from multilayer.tables.encoder import TableEncoder
from multilayer.tables.models.budget import Budget
from multilayer.tables.models.losses import TargetLoss
from multilayer.tables.models.openmp import one_openmp_thread, openmp_libraries
from multilayer.tables.models.recipes import COMMON, TYPED
from multilayer.tables.models.regression_models import constant_for, linear_for, trees_for
from multilayer.tables.models.training import Problem

# Trees need no scaling and few columns; linear models need both.
OF_TREES: Mapping[str, Any] = {"numbers": "standard", "many_categories": "target", "max_categories": 32, **TYPED}
OF_LINEAR: Mapping[str, Any] = COMMON
TREES, LINEAR, CONSTANT = NAMES = ("gradient-boosted trees", "linear model", "constant")


@dataclass(frozen=True, eq=False)
class Companion:
    """A fitted model of another kind, in one fold.

    Attributes
    ----------
    name : str
        Its name.
    fold : int
        The number of its fold.
    encoder : TableEncoder
        The encoder of its rows.
    mean_row : array of shape (width,)
        The mean of its encoded training rows.
    model : estimator
        A model of scikit-learn.
    n_classes : int
        The number of classes; 0 for amounts.
    validated : array of shape (n, K)
        Its predictions for the validation rows.
    """

    name: str
    fold: int
    encoder: TableEncoder
    mean_row: NDArray[np.float64]
    model: Any
    n_classes: int
    validated: NDArray[np.float64]

    def predict(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return the predictions for encoded rows, (m, K)."""
        return predictions_of(self.model, X, self.n_classes)


def predictions_of(model: Any, X: NDArray[Any], n_classes: int) -> NDArray[np.float64]:
    """Return probabilities of all classes, 0 for those that the model has not seen, or amounts, (m, K)."""
    if not n_classes:
        return np.asarray(model.predict(X), dtype=np.float64).reshape(len(X), -1)
    predicted = np.zeros((len(X), n_classes))
    predicted[:, np.asarray(model.classes_, dtype=np.intp)] = model.predict_proba(X)
    return predicted


def companion_members(problem: Problem, seed: int, budget: Budget | None) -> list[Member]:
    """Return the members of a pack that fit each companion in each fold; their value is None without time left."""
    openmp_libraries()
    members = []
    for fold in range(len(problem.folds)):
        for name in NAMES:
            members.append(Member((name, fold), _fitting(problem, name, fold, seed, budget), size=1.0))
    return members


def _fitting(
    problem: Problem, name: str, fold: int, seed: int, budget: Budget | None
) -> Callable[[], Companion | None]:
    def fit() -> Companion | None:
        has_time = budget is None or name == CONSTANT or not budget.has_ended()
        return _fit(problem, name, fold, seed) if has_time else None

    return fit


def _fit(problem: Problem, name: str, fold: int, seed: int) -> Companion:
    train, validating = problem.folds[fold]
    y = problem.y[train]
    options = OF_LINEAR if name == LINEAR else OF_TREES
    encoder = TableEncoder(dtype=np.float32, task=problem.task, identifiers=problem.identifiers, **options)
    weight = None if problem.weight is None else problem.weight[train]
    n_outputs = 1 if y.ndim == 1 else y.shape[1]
    has_classes = not problem.classifies or len(np.unique(y if weight is None else y[weight > 0])) > 1
    kind = name if has_classes else CONSTANT
    model = _classifier(kind, seed) if problem.loss is None else _regressor(kind, seed, problem.loss, n_outputs)
    n_classes = int(problem.y.max()) + 1 if problem.classifies else 0
    if kind == TREES and n_classes and np.bincount(y)[np.unique(y)].min() < 2:
        model.set_params(early_stopping=False)  # which would need two rows of each class
    with collected_warnings([]), one_openmp_thread():
        X = encoder.fit_transform(problem.rows.take(train), y)
        model.fit(X, y, sample_weight=weight)
        X_val = encoder.transform(problem.rows.take(validating))
        validated = predictions_of(model, X_val, n_classes)
    return Companion(name, fold, encoder, X.mean(axis=0, dtype=np.float64), model, n_classes, validated)


def _classifier(name: str, seed: int) -> Any:
    if name == CONSTANT:
        return DummyClassifier(strategy="prior")
    if name == LINEAR:
        return LogisticRegression(max_iter=300)
    return HistGradientBoostingClassifier(random_state=seed)


def _regressor(name: str, seed: int, loss: TargetLoss, n_outputs: int) -> Any:
    if name == CONSTANT:
        return constant_for(loss)
    return linear_for(loss, n_outputs) if name == LINEAR else trees_for(loss, n_outputs, seed)
