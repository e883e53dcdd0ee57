"""Models of another kind, fitted in the same folds: a constant, a linear model and gradient-boosted trees."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from multilayer.packs import Member
from multilayer.tables.encoder import TableEncoder
from multilayer.tables.models.budget import Budget
from multilayer.tables.models.losses import TargetLoss
from multilayer.tables.models.openmp import one_openmp_thread
from multilayer.tables.models.regression_models import constant_for, linear_for, trees_for
from multilayer.tables.models.training import Problem

# Trees need no scaling and few columns; linear models need both.
OF_TREES: dict[str, Any] = {"numbers": "standard", "many_categories": "target", "max_categories": 32}
OF_LINEAR: dict[str, Any] = {"numbers": "robust", "two_values": "signs", "many_categories": "target"}
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
    encoder = TableEncoder(dtype=np.float32, task=problem.task, **options)
    weight = None if problem.weight is None else problem.weight[train]
    n_outputs = 1 if y.ndim == 1 else y.shape[1]
    model = _classifier(name, seed) if problem.loss is None else _regressor(name, seed, problem.loss, n_outputs)
    n_classes = int(problem.y.max()) + 1 if problem.classifies else 0
    with warnings.catch_warnings(), one_openmp_thread():
        warnings.simplefilter("ignore")
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
