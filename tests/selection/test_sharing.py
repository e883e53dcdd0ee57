"""Fits on rows of a shared table, and in parts: equal to fits on copies of these rows, in one call."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.model_selection import ShuffleSplit

from multilayer import ConvergenceWarning, MLPClassifier, MLPRegressor
from multilayer.exceptions import DivergenceError, InputError
from multilayer.selection.data import begin_shared, can_share, share

rng = np.random.RandomState(0)
m = 120
X = rng.normal(size=(m, 5))
CLASSES = np.array(["a", "b", "c"])[np.digitize(X[:, 0] + X[:, 1], [-0.7, 0.7])]
TWO = np.where(X[:, 0] > 0, "yes", "no")
LABELS = (X[:, :3] > 0).astype(int)
NUMBERS = 5 + 3 * (X @ [1.0, -2.0, 0.5, 0.0, 0.2]) + 0.1 * rng.normal(size=m)
WEIGHT = rng.uniform(0.5, 2.0, m)
ROWS = rng.permutation(m)[:70]
ENDLESS = {"n_iter_no_change": math.inf}

CASES: dict[str, tuple[Any, Any, Any]] = {
    "adam": (MLPClassifier((6,), max_iter=9, **ENDLESS), X, CLASSES),
    "two classes": (MLPClassifier((6,), max_iter=9, **ENDLESS), X, TWO),
    "several labels": (MLPClassifier((6,), max_iter=9, **ENDLESS), X, LABELS),
    "a class is missing": (MLPClassifier((6,), max_iter=9, **ENDLESS), X, np.where(np.isin(range(m), ROWS), "x", TWO)),
    "three of four": (
        MLPClassifier((6,), max_iter=9, **ENDLESS),
        X,
        np.where(np.isin(range(m), ROWS), CLASSES, "d"),
    ),
    "unshuffled": (MLPClassifier((6,), solver="sgd", shuffle=False, batch_size=8, max_iter=9, **ENDLESS), X, CLASSES),
    "full batch": (MLPClassifier((6,), batch_size=70, shuffle=False, max_iter=9, **ENDLESS), X, CLASSES),
    "stopped early": (MLPClassifier((6,), early_stopping=True, max_iter=60, n_iter_no_change=3), X, CLASSES),
    "stratified": (MLPClassifier((6,), early_stopping=True, max_iter=60, n_iter_no_change=3), X, TWO),
    "a splitter": (
        MLPClassifier((6,), early_stopping=True, validation_fraction=ShuffleSplit(1, random_state=3), max_iter=7),
        X,
        CLASSES,
    ),
    "a scorer": (
        MLPClassifier((6,), early_stopping=True, early_stopping_metric="balanced_accuracy", max_iter=9),
        X,
        CLASSES,
    ),
    "class weights": (MLPClassifier((6,), class_weight="balanced", max_iter=9, **ENDLESS), X, CLASSES),
    "refined": (
        MLPClassifier((16,), dropout=0.3, weight_averaging=0.9, clip_norm=1.0, learning_rate="cosine", max_iter=9),
        X,
        CLASSES,
    ),
    "normalised": (MLPClassifier((6, 5), normalization="layer", max_iter=9, **ENDLESS), X, CLASSES),
    "float32": (MLPClassifier((40,), max_iter=9, batch_size=16, **ENDLESS), X.astype(np.float32), CLASSES),
    "sparse": (MLPClassifier((6,), max_iter=9, **ENDLESS), csr_matrix(np.where(X > 0, X, 0)), CLASSES),
    "numbers": (MLPRegressor((6,), max_iter=9, **ENDLESS), X, NUMBERS),
    "standardised": (MLPRegressor((6,), standardize_targets=True, max_iter=9, **ENDLESS), X, NUMBERS),
    "standardised, stopped early": (
        MLPRegressor((6,), standardize_targets=True, early_stopping=True, max_iter=50),
        X,
        NUMBERS,
    ),
    "several numbers": (MLPRegressor((6,), max_iter=9, **ENDLESS), X, np.c_[NUMBERS, X[:, 0]]),
    "quantiles": (MLPRegressor((6,), loss="quantile", quantile=[0.1, 0.9], max_iter=9, **ENDLESS), X, NUMBERS),
    "lbfgs": (MLPRegressor((6,), solver="lbfgs", tol=1.0), X, NUMBERS),
    "adaptive": (MLPRegressor((6,), solver="sgd", learning_rate="adaptive", max_iter=30, tol=1e-2), X, NUMBERS / 9),
    "plateau": (MLPRegressor((6,), learning_rate="plateau", max_iter=9, **ENDLESS), X, NUMBERS),
    "reference": (MLPRegressor((6,), engine="reference", max_iter=9, **ENDLESS), X, NUMBERS),
}


def same(ours: Any, theirs: Any) -> None:
    """Assert that all attributes of two fits are equal."""
    assert vars(ours).keys() == vars(theirs).keys()
    np.testing.assert_array_equal(ours.parameters_, theirs.parameters_)
    for name in ("loss_curve_", "validation_scores_", "validation_loss_curve_", "best_loss_", "n_iter_", "t_"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    for name in ("rows", "held_out", "n_divided", "rows_seen", "reason"):
        np.testing.assert_array_equal(getattr(ours._training_state, name), getattr(theirs._training_state, name))


@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("name", CASES)
def test_fits_on_rows_of_a_shared_table_equal_fits_on_copies(name: str, weight: Any) -> None:
    model, X, y = CASES[name]
    model = clone(model).set_params(random_state=3)
    expected = clone(model).fit(X[ROWS], y[ROWS], None if weight is None else weight[ROWS])
    shared = share(model, X, y, weight)
    ours = clone(model)
    fit = begin_shared(ours, shared, ROWS)
    while not fit.has_ended:
        fit.train(2)
    fit.end()
    same(ours, expected)


@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
@pytest.mark.parametrize("name", CASES)
def test_a_network_can_predict_between_the_parts_of_its_training(name: str) -> None:
    model, X, y = CASES[name]
    model = clone(model).set_params(random_state=3)
    expected = clone(model).fit(X[ROWS], y[ROWS])
    ours = clone(model)
    fit = begin_shared(ours, share(model, X, y), ROWS)
    while not fit.has_ended:
        fit.train(1)
        fit.keep()
        assert ours.predict(X[:3]).shape == expected.predict(X[:3]).shape
        assert ours.n_iter_ == len(ours.loss_curve_) == fit.n_epochs
    fit.end()
    same(ours, expected)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("name", ["adam", "two classes", "standardised", "class weights", "lbfgs"])
def test_shared_fits_accept_validation_rows(name: str, weight: Any) -> None:
    model, X, y = CASES[name]
    model, held_out = clone(model).set_params(random_state=3), np.setdiff1d(np.arange(m), ROWS)
    given = {"X_val": X[held_out], "y_val": y[held_out]}
    given |= {} if weight is None else {"sample_weight_val": weight[held_out]}
    expected = clone(model).fit(X[ROWS], y[ROWS], None if weight is None else weight[ROWS], **given)
    ours = clone(model)
    fit = begin_shared(ours, share(model, X, y, weight), ROWS, held_out)
    while not fit.has_ended:
        fit.train(2)
    fit.end()
    same(ours, expected)


def test_feature_names_are_kept() -> None:
    frame = pd.DataFrame(X, columns=list("abcde"))
    fit = begin_shared(
        model := MLPClassifier((3,), max_iter=2, **ENDLESS),
        share(MLPClassifier(), frame, CLASSES),
        ROWS[:50],
        ROWS[50:],
    )
    fit.train()
    fit.end()
    assert model.feature_names_in_.tolist() == list("abcde")
    assert model.predict(frame).shape == (m,)


def test_shared_arrays_are_not_copied() -> None:
    shared = share(MLPClassifier(), X, CLASSES, WEIGHT)
    fit = begin_shared(MLPClassifier((6,), random_state=0), shared, ROWS)
    assert fit.problem.objective.X is shared.X
    assert fit.problem.objective.Y is shared.Y
    assert fit.problem.objective.sample_weight is shared.weight


def test_a_network_from_a_shared_fit_can_continue_with_other_rows() -> None:
    model = MLPClassifier((6,), early_stopping=True, max_iter=5, warm_start=True, random_state=0, **ENDLESS)
    shared = share(model, X, CLASSES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit = begin_shared(ours := clone(model), shared, ROWS)
        fit.train()
        fit.end()
        ours.fit(X[ROWS], CLASSES[ROWS])
        expected = clone(model).fit(X[ROWS], CLASSES[ROWS]).fit(X[ROWS], CLASSES[ROWS])
    same(ours, expected)


def test_shared_fits_raise_the_usual_errors() -> None:
    shared = share(MLPClassifier(), X, CLASSES, np.where(np.isin(range(m), ROWS), 0.0, 1.0))
    with pytest.raises(InputError, match="sample_weight must be one finite non-negative number for each"):
        begin_shared(MLPClassifier(), shared, ROWS)
    with pytest.raises(InputError, match="Input X contains NaN"):
        share(MLPClassifier(), np.where(X > 2, np.nan, X), CLASSES)
    fit = begin_shared(
        MLPRegressor((6,), solver="sgd", learning_rate_init=1e9, random_state=0),
        share(MLPRegressor(), X, NUMBERS),
        ROWS,
    )
    with pytest.raises(DivergenceError, match="training diverged"):
        fit.train()


class Subclass(MLPClassifier):
    pass


def test_models_with_callbacks_verbose_or_a_custom_class_cannot_be_shared() -> None:
    assert can_share(MLPClassifier())
    assert not can_share(MLPClassifier(callbacks=[print]))
    assert not can_share(MLPClassifier(verbose=True))
    assert not can_share(Subclass())
    fitted = MLPClassifier((2,), max_iter=1, n_iter_no_change=math.inf).fit(X, CLASSES)
    assert not can_share(fitted)
