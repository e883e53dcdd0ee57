"""Models of another kind, fitted in the same folds: a constant, a linear model and gradient-boosted trees."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from multilayer.fits.errors import collected_warnings
from multilayer.tables.encoder import TableEncoder
from multilayer.tables.models.budget import Budget
from multilayer.tables.models.encoded_folds import FOR_TREES, SCALED, EncodedFold
from multilayer.tables.models.losses import TargetLoss
from multilayer.tables.models.openmp import one_openmp_thread
from multilayer.tables.models.problem import FoldResult, Problem
from multilayer.tables.models.regression_models import constant_for, linear_for, trees_for

TREES, LINEAR_MODEL, CONSTANT = NAMES = ("gradient-boosted trees", "linear model", "constant")
# The encoding of each; a constant needs none.
BESIDE: Mapping[str, str] = {TREES: FOR_TREES, LINEAR_MODEL: SCALED, CONSTANT: ""}
# The time of a linear model is estimated on some of the rows; that of trees by some of them, because it hardly depends
# on the number of rows.
PROBED_ROWS = 1_000
PROBED_TREES = 5
N_TREES = 100


@dataclass(frozen=True, eq=False)
class Companion:
    """A fitted model of another kind, in one fold.

    Attributes
    ----------
    name : str
        Its name.
    fold : int
        The number of its fold.
    encoder : TableEncoder or None
        The encoder of its rows; None for a constant, which predicts any rows.
    mean_row : array of shape (width,)
        The mean of its encoded training rows, of shape (0,) for a constant.
    model : estimator, or trees as arrays
        A model of scikit-learn; trees that are a part of a table model are arrays after the fit.
    n_classes : int
        The number of classes; 0 for amounts.
    """

    name: str
    fold: int
    encoder: TableEncoder | None
    mean_row: NDArray[np.float64]
    model: Any
    n_classes: int

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


def companion_member(
    problem: Problem, name: str, number: int, fold: EncodedFold | None, seed: int, budget: Budget | None
) -> Callable[[], FoldResult[Companion] | None]:
    """Return a function that fits a companion in a fold; it returns None if there is no time left.

    Parameters
    ----------
    problem : Problem
        The data.
    name : str
        The name of the companion.
    number : int
        The number of the fold.
    fold : EncodedFold or None
        The fold in the encoding of the companion; None for a constant.
    seed : int
        The seed of the companion.
    budget : Budget or None
        The time; None for no limit.

    Returns
    -------
    callable
        The work of a member of a pack.
    """

    def fit() -> FoldResult[Companion] | None:
        if fold is None:
            return _constant(problem, number, seed)
        try:
            if budget is None:
                return _fitted(problem, name, number, fold, seed)
            if not budget.has_time_for(name, lambda: _expected_seconds(problem, name, fold, seed)):
                return None
            fold.data()  # whose time counts by itself
            with budget.task(name):
                return _fitted(problem, name, number, fold, seed)
        finally:
            fold.release()

    return fit


def _constant(problem: Problem, number: int, seed: int) -> FoldResult[Companion]:
    train, validating = problem.folds[number]
    X = np.zeros((len(train), 1), dtype=np.float32)
    model = _model(CONSTANT, problem, train, seed)
    with collected_warnings([]):
        model.fit(X, problem.y[train], sample_weight=problem.fitting_weight(train))
    validated = predictions_of(model, np.zeros((len(validating), 1), dtype=np.float32), _n_classes(problem))
    return FoldResult(Companion(CONSTANT, number, None, np.zeros(0), model, _n_classes(problem)), validated)


def _fitted(problem: Problem, name: str, number: int, fold: EncodedFold, seed: int) -> FoldResult[Companion]:
    data, n_classes = fold.data(), _n_classes(problem)
    model = _model(name, problem, fold.train, seed)
    with collected_warnings([]), one_openmp_thread():
        model.fit(data.X[fold.train], problem.y[fold.train], sample_weight=problem.fitting_weight(fold.train))
        validated = np.zeros((0, 1))
        if len(fold.validating):
            validated = predictions_of(model, data.X[fold.validating], n_classes)
    return FoldResult(Companion(name, number, fold.encoder, fold.mean_row, model, n_classes), validated)


def _expected_seconds(problem: Problem, name: str, fold: EncodedFold, seed: int) -> float:
    """Return the time of a fit by that of a few trees, or on some of the rows; 0 for few rows of a linear model."""
    train = fold.train
    if name != TREES and len(train) <= PROBED_ROWS:
        return 0.0
    some = train if name == TREES else train[:: max(len(train) // PROBED_ROWS, 2)]
    X = fold.data().X[some]
    model = _model(name, problem, some, seed, PROBED_TREES)
    factor = N_TREES / PROBED_TREES if name == TREES else len(train) / len(some)
    began = time.monotonic()
    with collected_warnings([]), one_openmp_thread():
        model.fit(X, problem.y[some], sample_weight=problem.fitting_weight(some))
    return (time.monotonic() - began) * factor


def _n_classes(problem: Problem) -> int:
    return int(problem.y.max()) + 1 if problem.classifies else 0


def _model(name: str, problem: Problem, train: NDArray[np.intp], seed: int, n_trees: int = N_TREES) -> Any:
    """Return an unfitted model; a constant for rows of a single class."""
    y = problem.y[train]
    if problem.loss is not None:
        return _regressor(name, seed, problem.loss, 1 if y.ndim == 1 else y.shape[1], n_trees)
    weight = problem.fitting_weight(train)
    counted = y if weight is None else y[weight > 0]
    model = _classifier(name if len(np.unique(counted)) > 1 else CONSTANT, seed, n_trees)
    if isinstance(model, HistGradientBoostingClassifier) and np.bincount(y)[np.unique(y)].min() < 2:
        model.set_params(early_stopping=False)  # which would need two rows of each class
    return model


def _classifier(name: str, seed: int, n_trees: int) -> Any:
    if name == CONSTANT:
        return DummyClassifier(strategy="prior")
    if name == LINEAR_MODEL:
        return LogisticRegression(max_iter=300)
    return HistGradientBoostingClassifier(max_iter=n_trees, random_state=seed)


def _regressor(name: str, seed: int, loss: TargetLoss, n_outputs: int, n_trees: int) -> Any:
    if name == CONSTANT:
        return constant_for(loss)
    return linear_for(loss, n_outputs) if name == LINEAR_MODEL else trees_for(loss, n_outputs, seed, n_trees)
