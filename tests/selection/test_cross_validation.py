"""Cross-validation uses the splits of scikit-learn and gives the same networks and scores."""

from __future__ import annotations

import io
import math
import signal
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.model_selection
from rich.console import Console
from scipy.sparse import csr_matrix
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut, StratifiedKFold, StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import MLPClassifier, MLPRegressor
from multilayer.exceptions import DivergenceError, InputError, InterruptedTrainingWarning, ParameterError
from multilayer.selection import cross_validate
from multilayer.training import EpochEnded

from ..problems import CLASSES, LABELS, NUMBERS, WEIGHT, X


def classifier(**options: Any) -> MLPClassifier:
    return MLPClassifier((6,), **({"max_iter": 8, "n_iter_no_change": math.inf, "random_state": 1} | options))


def regressor(**options: Any) -> MLPRegressor:
    return MLPRegressor((6,), **({"max_iter": 8, "n_iter_no_change": math.inf, "random_state": 1} | options))


ESTIMATORS = [
    (classifier(), CLASSES),
    (classifier(early_stopping=True, batch_size=7), CLASSES),
    (classifier(shuffle=False, solver="sgd", batch_size=10), CLASSES),
    (classifier(), LABELS),
    (regressor(), NUMBERS),
    (regressor(solver="lbfgs", tol=1.0), NUMBERS),
    (make_pipeline(StandardScaler(), classifier()), CLASSES),
]


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize(("estimator", "y"), ESTIMATORS, ids=[f"{i}" for i in range(len(ESTIMATORS))])
def test_scores_equal_those_of_scikit_learn(estimator: Any, y: Any, n_jobs: int) -> None:
    ours = cross_validate(estimator, X, y, cv=4, return_train_score=True, n_jobs=n_jobs)
    options = {"return_train_score": True, "return_indices": True, "return_estimator": True}
    theirs = sklearn.model_selection.cross_validate(estimator, X, y, cv=4, **options)
    assert set(theirs) == set(ours)
    for name in ("test_score", "train_score"):
        np.testing.assert_array_equal(ours[name], theirs[name])
    for side in ("train", "test"):
        for one, other in zip(ours["indices"][side], theirs["indices"][side], strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("container", [np.asarray, csr_matrix, lambda X: pd.DataFrame(X, columns=list("abcd"))])
def test_tables_of_all_kinds_are_accepted(container: Any) -> None:
    result = cross_validate(classifier(), container(X), pd.Series(CLASSES), cv=3)
    expected = sklearn.model_selection.cross_validate(classifier(), container(X), pd.Series(CLASSES), cv=3)
    np.testing.assert_allclose(result["test_score"], expected["test_score"], rtol=1e-12)
    assert hasattr(result.folds[0].estimator, "feature_names_in_") == isinstance(container(X), pd.DataFrame)


def test_several_metrics_and_splitters_are_supported() -> None:
    options: dict[str, Any] = {"scoring": ["accuracy", "neg_log_loss"], "cv": StratifiedShuffleSplit(3, random_state=0)}
    ours = cross_validate(classifier(), X, CLASSES, **options)
    theirs = sklearn.model_selection.cross_validate(classifier(), X, CLASSES, **options)
    for name in ("test_accuracy", "test_neg_log_loss"):
        np.testing.assert_array_equal(ours[name], theirs[name])


def test_groups_are_not_split_between_training_and_test_rows() -> None:
    groups = np.arange(90) // 10
    result = cross_validate(classifier(), X, CLASSES, cv=GroupKFold(3), groups=groups)
    for train, test in zip(*result["indices"].values(), strict=True):
        assert not set(groups[train]) & set(groups[test])


def test_sample_weights_apply_to_training_and_scores() -> None:
    result = cross_validate(classifier(), X, CLASSES, sample_weight=WEIGHT, cv=KFold(3))
    for fold in result.folds:
        alone = classifier().fit(X[fold.train], CLASSES[fold.train], WEIGHT[fold.train])
        np.testing.assert_array_equal(fold.estimator.parameters_, alone.parameters_)
        assert fold.scores["test_score"] == alone.score(X[fold.test], CLASSES[fold.test], WEIGHT[fold.test])


def test_mean_standard_error_and_loss_curves_summarise_the_folds() -> None:
    result = cross_validate(regressor(), X, NUMBERS, cv=4)
    scores = result["test_score"]
    assert result.mean == {"test_score": pytest.approx(scores.mean())}
    assert result.standard_error == {"test_score": pytest.approx(scores.std(ddof=1) / 2)}
    assert result.loss_curves == [fold.estimator.loss_curve_ for fold in result.folds]
    assert repr(result).startswith("<CrossValidation: 4 folds, test_score ")


def test_out_of_fold_predictions_come_from_networks_trained_without_the_row() -> None:
    result = cross_validate(classifier(), X, CLASSES, cv=3)
    found = result.predictions
    for fold in result.folds:
        np.testing.assert_allclose(found.probabilities[fold.test], fold.estimator.predict_proba(X[fold.test]))
        np.testing.assert_array_equal(found.predicted[fold.test], fold.estimator.predict(X[fold.test]))
    numbers = cross_validate(regressor(), X, NUMBERS, cv=3)
    for fold in numbers.folds:
        np.testing.assert_allclose(numbers.predictions.predicted[fold.test], fold.estimator.predict(X[fold.test]))
    labels = cross_validate(classifier(), X, LABELS, cv=KFold(3)).predictions
    assert labels.predicted.shape == labels.probabilities.shape == (90, 3)


def test_untested_rows_have_no_prediction() -> None:
    rows = np.argsort(CLASSES, kind="stable")
    without_c, half = rows[:40], rows[-30:]
    result = cross_validate(classifier(), X, CLASSES, cv=[(without_c, half)])
    found = result.predictions
    assert found.n_times.sum() == 30
    assert np.isnan(found.probabilities[found.n_times == 0]).all()


def test_repeats_shuffle_again_and_predictions_are_averaged() -> None:
    result = cross_validate(regressor(), X, NUMBERS, cv=3, repeats=2)
    assert len(result.folds) == 6
    assert (result.predictions.n_times == 2).all()
    expected = [
        score
        for seed in (0, 1)
        for score in sklearn.model_selection.cross_val_score(
            regressor(), X, NUMBERS, cv=KFold(3, shuffle=True, random_state=seed)
        )
    ]
    np.testing.assert_array_equal(result["test_score"], expected)


def test_cross_validate_does_not_change_the_estimator() -> None:
    model = classifier()
    before = vars(model).copy()
    cross_validate(model, X, CLASSES, cv=3)
    assert vars(model) == before


def test_a_failed_fold_has_no_score_and_does_not_affect_the_others() -> None:
    y = np.abs(NUMBERS)
    y[0] = -1.0  # negative values are invalid for this cost if the row is in the training part
    model = regressor(loss="poisson")
    result = cross_validate(model, X, y, cv=KFold(3))
    assert [type(error) for error in result.failures.values()] == [InputError] * 2
    assert np.isnan(result["test_score"]).tolist() == [False, True, True]
    assert "2 failed" in repr(result)
    assert "2 of 3 folds failed:\nInputError: y must not be negative" in str(result)
    assert result.to_frame()["epochs"].isna().sum() == 2
    with pytest.raises(InputError, match="y must not be negative for loss='poisson'"):
        cross_validate(model, X, y, cv=KFold(3), error_score="raise")


def test_a_failed_fold_gets_the_error_score_and_a_line_in_the_table() -> None:
    y = np.abs(NUMBERS)
    y[0] = -1.0
    result = cross_validate(regressor(loss="poisson"), X, y, cv=KFold(3), error_score=-7.0)
    assert result["test_score"][1:].tolist() == [-7.0, -7.0]
    console = Console(width=100, file=io.StringIO())
    console.print(result)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [line.split("│")[1].strip() for line in lines if "failed" in line and "│" in line] == ["2", "3"]


def test_first_error_is_raised_where_all_folds_fail() -> None:
    with pytest.raises(DivergenceError):
        cross_validate(regressor(solver="sgd"), X, 1e200 * NUMBERS, cv=3)


def test_ctrl_c_returns_the_finished_folds() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    received = []

    def press_in_the_second_fold(event: Any) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 3:
            received.append(event)
            if len(received) == 2:
                signal.raise_signal(signal.SIGINT)

    model = classifier(callbacks=[press_in_the_second_fold])
    try:
        with pytest.warns(InterruptedTrainingWarning, match="interrupted after 1 of 3 folds"):
            result = cross_validate(model, X, CLASSES, cv=3, n_jobs=1)
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(result.folds) == len(result["test_score"]) == 1


def test_missing_scores_have_no_mean() -> None:
    result = cross_validate(classifier(), X, CLASSES, cv=3, scoring=lambda *_, **__: math.nan)
    assert math.isnan(result.mean["test_score"])
    assert repr(result) == "<CrossValidation: 3 folds, test_score none>"


def test_a_single_fold_has_no_standard_error() -> None:
    result = cross_validate(classifier(), X, CLASSES, cv=[(np.arange(60), np.arange(60, 90))])
    assert repr(result) == f"<CrossValidation: 1 fold, test_score {result['test_score'][0]:.4g}>"
    console = Console(width=100, file=io.StringIO())
    console.print(result)
    assert "±" not in console.file.getvalue()  # type: ignore[attr-defined]


def test_frame_and_table_show_the_folds() -> None:
    result = cross_validate(classifier(), X, CLASSES, cv=StratifiedKFold(3))
    frame = result.to_frame()
    assert list(frame.columns) == ["test_score", "fit_time", "score_time", "n_train", "n_test", "epochs"]
    assert frame["n_test"].sum() == 90
    console = Console(width=100, file=io.StringIO())
    console.print(result)
    assert "mean" in console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"error_score": "rase"}, "error_score must be a number or 'raise', got 'rase'"),
        ({"repeats": 0}, "repeats must be a positive integer, got 0"),
        ({"repeats": 2, "cv": LeaveOneGroupOut(), "groups": np.arange(90)}, "repeats=2 needs a splitter that shuffles"),
    ],
)
def test_invalid_arguments_raise_errors(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        cross_validate(classifier(), X, CLASSES, **options)


def test_estimators_without_epochs_are_supported() -> None:
    result = cross_validate(LogisticRegression(), X, CLASSES, cv=3)
    assert (
        result["test_score"].tolist()
        == sklearn.model_selection.cross_val_score(LogisticRegression(), X, CLASSES, cv=3).tolist()
    )
    assert len(result.to_frame()) == 3
    result = cross_validate(LinearDiscriminantAnalysis(), X, CLASSES, cv=3)
    assert result.to_frame()["epochs"].isna().all()
    assert result.loss_curves == [[], [], []]
    Console(file=io.StringIO()).print(result)
