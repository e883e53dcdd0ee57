"""The learning curve: its scores equal those of scikit-learn, and its conclusions follow from them."""

from __future__ import annotations

import math
import re
import signal
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.model_selection
from sklearn.datasets import load_digits
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import MLPClassifier, MLPRegressor
from multilayer.exceptions import DivergenceError, InterruptedTrainingWarning, ParameterError
from multilayer.selection import learning_curve
from multilayer.training import EpochEnded

from ...problems import CLASSES, NUMBERS, WEIGHT, X
from .results import NAN, alternating, learning, scores

PATIENT: dict[str, Any] = {"max_iter": 8, "n_iter_no_change": math.inf, "random_state": 1}


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize(
    ("estimator", "y", "options"),
    [
        (MLPClassifier((6,), **PATIENT), CLASSES, {}),
        (make_pipeline(StandardScaler(), MLPClassifier((6,), **PATIENT)), CLASSES, {"scoring": "balanced_accuracy"}),
        (MLPRegressor((6,), **PATIENT), NUMBERS, {"cv": ShuffleSplit(2, random_state=0)}),
        (MLPRegressor((6,), **PATIENT), NUMBERS, {"cv": GroupKFold(3), "groups": np.arange(90) // 10}),
    ],
)
def test_scores_equal_those_of_scikit_learn(estimator: Any, y: Any, options: dict[str, Any], n_jobs: int) -> None:
    shares = [0.2, 0.5, 1.0]
    sizes, train, test = sklearn.model_selection.learning_curve(
        estimator, X, y, train_sizes=shares, shuffle=True, random_state=3, **{"cv": 4, **options}
    )
    curve = learning_curve(estimator, X, y, sizes=shares, random_state=3, n_jobs=n_jobs, **{"cv": 4, **options})
    np.testing.assert_array_equal(curve.sizes, sizes)
    np.testing.assert_array_equal(curve.train_scores, train)
    np.testing.assert_array_equal(curve.test_scores, test)


def test_sample_weights_apply_to_training_and_scores() -> None:
    options: dict[str, Any] = {"sample_weight": WEIGHT, "sizes": [40], "cv": KFold(3), "random_state": 0}
    curve = learning_curve(MLPClassifier((6,), **PATIENT), X, CLASSES, **options)
    generator = np.random.RandomState(0)
    for fold, (train, test) in enumerate(KFold(3).split(X)):
        rows = generator.permutation(train)[:40]
        alone = MLPClassifier((6,), **PATIENT).fit(X[rows], CLASSES[rows], WEIGHT[rows])
        assert curve.test_scores[0, fold] == alone.score(X[test], CLASSES[test], WEIGHT[test])
        assert curve.train_scores[0, fold] == alone.score(X[rows], CLASSES[rows], WEIGHT[rows])


def test_frames_and_absolute_sizes_are_accepted() -> None:
    frame = pd.DataFrame(X, columns=list("abcd"))
    curve = learning_curve(MLPClassifier((6,), **PATIENT), frame, pd.Series(CLASSES), sizes=[30, 10, 30], cv=3)
    assert curve.sizes.tolist() == [10, 30]
    table = curve.to_frame()
    assert list(table.columns) == ["size", "fold", "train_score", "test_score", "fit_time"]
    assert table["test_score"].tolist() == curve.test_scores.ravel().tolist()
    assert curve.metric == "accuracy"


def test_conclusion_for_digits_recommends_more_rows() -> None:
    digits, y = load_digits(return_X_y=True)
    curve = learning_curve(MLPClassifier((32,), max_iter=30, n_iter_no_change=math.inf, random_state=0), digits / 16, y)
    assert curve.conclusion.startswith("More rows would help: validation accuracy still rises by 0.")


def test_failed_trainings_have_missing_scores_and_are_listed() -> None:
    y = np.abs(NUMBERS)
    y[:8] = -1.0  # negative values are invalid for this cost
    curve = learning_curve(MLPRegressor((3,), loss="poisson", **PATIENT), X, y, sizes=[0.5, 1.0], cv=KFold(3))
    failed = np.isnan(curve.test_scores)
    assert set(zip(*np.nonzero(failed), strict=True)) == set(curve.failures)
    assert failed[:, 1:].all()
    assert not failed[:, 0].any()
    assert "4 of 6 fits failed:" in str(curve)
    assert "InputError: y must not be negative for loss='poisson'" in str(curve)


def test_first_error_is_raised_where_all_trainings_fail() -> None:
    model = MLPRegressor((3,), solver="sgd", **PATIENT)
    with pytest.raises(DivergenceError):
        learning_curve(model, X, 1e200 * NUMBERS, sizes=[0.5, 1.0], cv=3)


def test_ctrl_c_returns_the_finished_trainings() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    received = []

    def press_in_the_third(event: Any) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 2:
            received.append(event)
            if len(received) == 3:
                signal.raise_signal(signal.SIGINT)

    model = MLPClassifier((6,), callbacks=[press_in_the_third], **PATIENT)
    try:
        with pytest.warns(
            InterruptedTrainingWarning, match="the learning curve was interrupted after 2 of 6 trainings"
        ):
            curve = learning_curve(model, X, CLASSES, sizes=[0.5, 1.0], cv=3, n_jobs=1)
    finally:
        signal.signal(signal.SIGINT, before)
    assert np.isfinite(curve.test_scores).sum() == 2
    assert curve.conclusion


@pytest.mark.parametrize(
    ("curve", "words"),
    [
        (learning(scores([0.8, 0.85, 0.9])), r"More rows would help: validation accuracy still rises by 0\.05"),
        (
            learning(alternating([0.8, 0.85, 0.865])),
            r"More rows may help: .* rises by 0\.0150 ± 0\.0086 per doubling of the rows",
        ),
        (learning(alternating([0.8, 0.9, 0.901])), r"More rows would hardly help: validation accuracy rises by"),
        (learning(alternating([0.8, 0.9, 0.899])), r"More rows would hardly help: validation accuracy falls by"),
        (learning(scores([0.8, 0.9, 0.7])), r"More rows would not help: validation accuracy still falls by 0\.2"),
        (
            learning(scores([0.8, 0.9], folds=1), sizes=(10, 20)),
            r"On a single fold, .* rises by 0\.1 per doubling of the rows",
        ),
        (learning(scores([0.8]), sizes=(10,)), r"No conclusion: no fold has the scores of two sizes"),
        (learning(np.full((3, 4), NAN)), r"No conclusion"),
    ],
)
def test_conclusion_states_whether_more_rows_would_help(curve: Any, words: str) -> None:
    assert re.match(words, curve.conclusion), curve.conclusion


@pytest.mark.parametrize(
    ("train", "words"),
    [
        (
            alternating([1, 1, 1.0], 0.0),
            r"The training score is higher by 0\.0995 ± 0\.0043: a smaller network or a",
        ),
        (alternating([1, 1, 0.9155], 0.03), r"The training score is higher by 0\.0150 ± 0\.0086\.$"),
        (
            alternating([1, 1, 0.9], 0.01),
            r"The training score is not clearly higher: a larger network or better columns may",
        ),
        (np.full((3, 4), NAN), r"The training scores are not known\."),
    ],
)
def test_conclusion_states_how_far_training_scores_are_ahead(train: np.ndarray, words: str) -> None:
    curve = learning(alternating([0.8, 0.9, 0.9005]), train)
    assert curve.conclusion.startswith("More rows would hardly help")
    assert re.search(words, curve.conclusion), curve.conclusion


def test_rise_is_measured_fold_by_fold_from_half_of_the_rows() -> None:
    curve = learning(scores([0.5, 0.8, 0.95, 0.9], 0.2), sizes=(10, 40, 150, 160))
    assert curve.rise == (pytest.approx(0.05), pytest.approx(0.0, abs=1e-9))  # from 40 to 160, two doublings
    last_missing = learning(np.r_[scores([0.5, 0.8]), np.full((1, 4), NAN)])
    assert last_missing.rise[0] == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ([], "sizes must be numbers of rows, or shares of them from 0 to 1, got"),
        ("all", "sizes must be numbers of rows"),
        ([0.5, 2.0], r"sizes must be integers from 1 to 60, the training rows of the smallest fold"),
        ([10, 61], r"sizes must be integers from 1 to 60"),
        ([0.5, 10], "or shares above 0 and at most 1"),
        ([0], "sizes must be integers from 1 to 60"),
        ([True], "sizes must be numbers of rows"),
    ],
)
def test_invalid_sizes_raise_errors(sizes: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        learning_curve(MLPClassifier((6,), **PATIENT), X, CLASSES, sizes=sizes, cv=3)


def test_several_metrics_raise_an_error() -> None:
    with pytest.raises(
        ParameterError, match=r"scoring must be the name of one metric or a scorer, got \['accuracy', 'f1'\]"
    ):
        learning_curve(MLPClassifier((6,), **PATIENT), X, CLASSES, scoring=["accuracy", "f1"])
