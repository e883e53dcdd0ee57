"""The path equals successive fits, restarts where weights have vanished, and recommends an alpha."""

from __future__ import annotations

import math
import re
import signal
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import MLPClassifier, MLPRegressor
from multilayer.exceptions import DivergenceError, InterruptedTrainingWarning, ParameterError
from multilayer.inspection.cost import mean_cost
from multilayer.selection import regularization_path
from multilayer.training import RunStarted

from ...problems import CLASSES, NUMBERS, WEIGHT, X
from .results import NAN, alternating, path, scores

PATIENT: dict[str, Any] = {"max_iter": 8, "n_iter_no_change": math.inf, "random_state": 1}
ALPHAS = [0.01, 0.3, 10.0]


@pytest.mark.parametrize(
    ("estimator", "y"),
    [
        (MLPClassifier((6,), **PATIENT), CLASSES),
        (MLPClassifier((6, 4), early_stopping=True, **PATIENT), CLASSES),
        (MLPRegressor((6,), solver="lbfgs", tol=0.5, random_state=1), NUMBERS),
    ],
)
@pytest.mark.parametrize("warm_start", [True, False])
def test_each_network_equals_a_fit_from_the_previous_weights(estimator: Any, y: Any, warm_start: bool) -> None:
    options: dict[str, Any] = {"sample_weight": WEIGHT, "warm_start": warm_start}
    found = regularization_path(estimator, X, y, alphas=ALPHAS[::-1], cv=KFold(3), **options)
    assert found.alphas.tolist() == ALPHAS
    for fold, (train, test) in enumerate(KFold(3).split(X)):
        before = None
        # L-BFGS may start at its minimum and ignores n_iter_no_change.
        for i in (2, 1, 0):
            begin = {} if before is None or not warm_start else {"initialization": before.thetas_}
            alone = type(estimator)(**(estimator.get_params() | {"alpha": ALPHAS[i]} | begin))
            before = alone.fit(X[train], y[train], WEIGHT[train])
            assert found.train_scores[i, fold] == alone.score(X[train], y[train], WEIGHT[train])
            assert found.test_scores[i, fold] == alone.score(X[test], y[test], WEIGHT[test])
            assert found.train_costs[i, fold] == mean_cost(alone, X[train], y[train], WEIGHT[train])
            assert found.test_costs[i, fold] == mean_cost(alone, X[test], y[test], WEIGHT[test])
            assert found.norms[i, fold].tolist() == [np.linalg.norm(W) for W in alone.coefs_]


def test_path_restarts_from_new_weights_where_all_weights_have_vanished() -> None:
    options: dict[str, Any] = {"max_iter": 60, "n_iter_no_change": math.inf, "random_state": 1}
    model = MLPClassifier((6,), learning_rate_init=0.05, **options)
    found = regularization_path(model, X, CLASSES, alphas=[0.01, 1e4], cv=KFold(3))
    assert found.norms[1].max() < 0.1
    train, test = next(KFold(3).split(X))
    restarted = MLPClassifier((6,), alpha=0.01, learning_rate_init=0.05, **options).fit(X[train], CLASSES[train])
    assert found.test_scores[0, 0] == restarted.score(X[test], CLASSES[test]) >= 0.8


def test_an_alpha_that_diverges_is_missing_and_the_path_continues() -> None:
    model = MLPRegressor((6,), solver="sgd", **PATIENT)
    with np.errstate(all="ignore"):
        found = regularization_path(model, X, NUMBERS, alphas=[0.01, 1e300], cv=KFold(3))
    assert {type(error) for error in found.failures.values()} == {DivergenceError}
    assert set(found.failures) == {(1, 0), (1, 1), (1, 2)}
    assert np.isfinite(found.test_scores[0]).all()
    assert "3 of 6 fits failed:" in str(found)
    with pytest.raises(DivergenceError), np.errstate(all="ignore"):
        regularization_path(model, X, NUMBERS, alphas=[1e300], cv=KFold(3))


def test_alphas_apply_to_the_network_of_a_pipeline() -> None:
    pipeline = make_pipeline(StandardScaler(), MLPClassifier((6,), alpha=7.0, **PATIENT))
    found = regularization_path(pipeline, 100 * X, CLASSES, alphas=[1.0], cv=KFold(3), scoring="neg_log_loss")
    train, test = next(KFold(3).split(X))
    scaler = StandardScaler().fit(100 * X[train])
    alone = MLPClassifier((6,), alpha=1.0, **PATIENT).fit(scaler.transform(100 * X[train]), CLASSES[train])
    cost = mean_cost(alone, scaler.transform(100 * X[test]), CLASSES[test])
    assert found.test_scores[0, 0] == pytest.approx(-cost)
    assert found.metric == "neg_log_loss"
    assert pipeline[-1].alpha == 7.0


def test_ctrl_c_returns_the_finished_folds_and_starts_no_other_alpha() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    started = []

    def press_in_the_fourth(event: Any) -> None:
        if isinstance(event, RunStarted):
            started.append(event)
            if len(started) == 4:
                signal.raise_signal(signal.SIGINT)

    model = MLPClassifier((6,), callbacks=[press_in_the_fourth], **PATIENT)
    try:
        with pytest.warns(
            InterruptedTrainingWarning, match="the regularization path was interrupted after 1 of 3 folds"
        ):
            found = regularization_path(model, X, CLASSES, alphas=ALPHAS, cv=KFold(3), n_jobs=1)
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(started) == 4
    assert np.isfinite(found.test_scores).all(axis=0).tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            path(scores([0.8, 0.95, 0.93, 0.5], 0.05), alphas=(0.01, 0.1, 1, 10)),
            r"^alpha=0\.1 is best: accuracy 0\.950 ± 0\.022; alpha=1 is the simplest within one",
        ),
        (
            path(scores([0.8, 0.95, 0.7])),
            r"^alpha=0\.1 is best: .*, and no larger one is within one standard error\.$",
        ),
        (
            path(scores([0.7, 0.8, 0.9])),
            r"alpha=1 is best: .*, the largest tested\. The largest alpha, 1, is as",
        ),
        (
            path(scores([0.9, 0.9, 0.899])),
            r"1 is the simplest within .* The largest alpha, 1, is as good as any",
        ),
        (path(scores([0.9, 0.8, 0.7])), r" The score still rises towards the smallest alpha, 0\.01: try smaller"),
        (path(alternating([0.9, 0.895, 0.5])), r" Below 0\.1 alpha hardly matters\.$"),
        (path(scores([0.9, 0.8, 0.7]), alphas=(0, 1, 10)), r" Regularisation does not improve the score\.$"),
        (path(scores([0.9]), alphas=(1,)), r"; there is no other to compare with\.$"),
        (path(scores([0.8, 0.9, 0.8], folds=1)), r"alpha=0\.1 is best: accuracy 0\.9 on a single fold: pass more"),
        (path(np.full((3, 2), NAN)), r"^No conclusion: no network has a validation score\.$"),
    ],
)
def test_conclusion_follows_from_the_scores(found: Any, words: str) -> None:
    assert re.search(words, found.conclusion), found.conclusion


def test_best_and_simplest_alpha_follow_from_the_scores() -> None:
    found = path(scores([0.8, 0.95, 0.93], 0.05))
    assert (found.best, found.simplest) == (0.1, 1.0)
    nothing = path(np.full((3, 2), NAN))
    assert math.isnan(nothing.best)
    assert math.isnan(nothing.simplest)


def test_to_frame_has_a_row_for_each_fold_of_each_alpha() -> None:
    frame = regularization_path(MLPClassifier((6,), **PATIENT), X, CLASSES, alphas=ALPHAS, cv=3).to_frame()
    assert frame["alpha"].tolist() == [0.01] * 3 + [0.3] * 3 + [10.0] * 3
    assert (frame["norm"] > 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alphas": [-1.0, 1.0]}, r"alphas must be finite, non-negative numbers, and one of them is -1\.0"),
        ({"alphas": [math.nan]}, "alphas must be finite, non-negative numbers, and one of them is nan"),
        ({"alphas": []}, r"alphas must be a list of non-negative numbers, got \[\]"),
        ({"alphas": 0.1}, r"alphas must be a list of non-negative numbers, got 0\.1\. Write \[0\.01, 0\.1, 1\]"),
        ({"warm_start": "no"}, "warm_start must be True or False, got 'no'"),
    ],
)
def test_invalid_arguments_raise_errors(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        regularization_path(MLPClassifier((6,), **PATIENT), X, CLASSES, **options)
