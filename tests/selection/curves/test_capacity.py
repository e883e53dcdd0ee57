"""The capacity curve: its networks equal those of plain fits, and its conclusions follow from the numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, LeaveOneOut, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import MLPClassifier, MLPRegressor
from multilayer.exceptions import InputError, ParameterError
from multilayer.inspection.cost import mean_cost
from multilayer.selection import capacity_curve

from ...problems import CLASSES, NUMBERS, WEIGHT, X
from .results import NAN, alternating, capacity, scores

PATIENT: dict[str, Any] = {"max_iter": 8, "n_iter_no_change": math.inf, "random_state": 1}
SIZES = ((), (3,), (5, 4))


@pytest.mark.parametrize(
    ("estimator", "y"),
    [
        (MLPClassifier(learning_rate_init=0.1, **PATIENT), CLASSES),  # whose best epoch is not its last
        (MLPClassifier(**(PATIENT | {"n_iter_no_change": 2, "tol": 0.05, "max_iter": 50})), CLASSES),
        (MLPClassifier(early_stopping=True, **PATIENT), CLASSES),
        (MLPRegressor(solver="lbfgs", tol=1.0, random_state=1), NUMBERS),
        (MLPRegressor(standardize_targets=True, early_stopping_metric="loss", **PATIENT), 1e3 * NUMBERS),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.filterwarnings("ignore:early_stopping_metric='loss' has no effect")
def test_each_network_equals_that_of_a_plain_fit(estimator: Any, y: Any, weighted: bool) -> None:
    weight = WEIGHT if weighted else None
    curve = capacity_curve(estimator, X, y, capacities=SIZES, cv=KFold(3), sample_weight=weight)
    assert curve.capacities == SIZES
    for fold, (train, test) in enumerate(KFold(3).split(X)):
        w_train, w_test = (None, None) if weight is None else (weight[train], weight[test])
        for i, size in enumerate(SIZES):
            alone = type(estimator)(**(estimator.get_params() | {"hidden_layer_sizes": size}))
            alone.fit(X[train], y[train], w_train)
            assert curve.train_scores[i, fold] == alone.score(X[train], y[train], w_train)
            assert curve.test_scores[i, fold] == alone.score(X[test], y[test], w_test)
            assert curve.train_costs[i, fold] == mean_cost(alone, X[train], y[train], w_train)
            assert curve.test_costs[i, fold] == mean_cost(alone, X[test], y[test], w_test)
            assert curve.n_weights[i] == alone.parameters_.size
            shown = curve.train_curves[i][fold]
            assert shown[np.isfinite(shown)].tolist() == alone.loss_curve_


def test_validation_costs_of_the_test_fold_are_recorded_after_each_epoch() -> None:
    curve = capacity_curve(MLPClassifier(**PATIENT), X, CLASSES, capacities=[(6,)], cv=KFold(3))
    for fold, (train, test) in enumerate(KFold(3).split(X)):
        watched = MLPClassifier((6,), **PATIENT).fit(X[train], CLASSES[train], X_val=X[test], y_val=CLASSES[test])
        assert curve.test_curves[0][fold].tolist() == watched.validation_loss_curve_
    assert curve.test_curves[0][:, -1] == pytest.approx(curve.test_costs[0])
    assert not curve.stops_early


def test_early_stopping_curves_use_the_rows_held_out_by_early_stopping() -> None:
    model = MLPClassifier(early_stopping=True, n_iter_no_change=2, max_iter=30, random_state=1)
    curve = capacity_curve(model, X, CLASSES, capacities=[(6,)], cv=KFold(3))
    train, _ = next(KFold(3).split(X))
    alone = MLPClassifier((6,), early_stopping=True, n_iter_no_change=2, max_iter=30, random_state=1)
    alone.fit(X[train], CLASSES[train])
    shown = curve.test_curves[0][0]
    assert shown[np.isfinite(shown)].tolist() == alone.validation_loss_curve_
    assert curve.stops_early


def test_a_pipeline_is_fitted_on_each_fold_and_is_not_changed() -> None:
    pipeline = make_pipeline(StandardScaler(), MLPClassifier((99,), **PATIENT))
    before = pipeline[-1].get_params()
    curve = capacity_curve(pipeline, 100 * X, CLASSES, capacities=[(6,)], cv=KFold(3))
    for fold, (train, test) in enumerate(KFold(3).split(X)):
        alone = make_pipeline(StandardScaler(), MLPClassifier((6,), **PATIENT)).fit(100 * X[train], CLASSES[train])
        assert curve.test_scores[0, fold] == alone.score(100 * X[test], CLASSES[test])
        cost = mean_cost(alone[-1], alone[:-1].transform(100 * X[test]), CLASSES[test])
        assert curve.test_costs[0, fold] == cost
    assert pipeline[-1].get_params() == before


def test_rows_of_an_unknown_label_count_in_the_score_but_not_in_the_cost() -> None:
    y = CLASSES.copy()
    y[:2] = "rare"  # in the first test fold, and nowhere else
    curve = capacity_curve(MLPClassifier(**PATIENT), X, y, capacities=[(6,)], cv=KFold(3))
    train, test = next(KFold(3).split(X))
    alone = MLPClassifier((6,), **PATIENT).fit(X[train], y[train])
    assert curve.test_scores[0, 0] == alone.score(X[test], y[test])
    assert curve.test_costs[0, 0] == mean_cost(alone, X[test[2:]], y[test[2:]])
    assert not curve.failures


def test_a_single_test_row_is_scored_but_not_recorded_after_each_epoch() -> None:
    curve = capacity_curve(MLPClassifier(**PATIENT), X[:12], CLASSES[:12], capacities=[(3,)], cv=LeaveOneOut())
    assert curve.test_scores.shape == (1, 12)
    assert np.isfinite(curve.test_scores).all()
    assert curve.test_curves[0].shape == (12, 0)
    assert curve.overfits_from(0) is None


def test_a_failed_training_has_missing_scores() -> None:
    model = MLPClassifier(activation=["relu"], **PATIENT)  # for one hidden layer
    curve = capacity_curve(model, X, CLASSES, capacities=[(3,), (3, 3)], cv=3)
    assert np.isnan(curve.test_scores[1]).all()
    assert math.isnan(curve.n_weights[1])
    assert set(curve.failures) == {(1, 0), (1, 1), (1, 2)}
    assert "activation must be one name or one for each of the 2 hidden layers" in str(curve)
    assert curve.best == curve.simplest == (3,)


def test_small_and_large_networks_underfit_and_overfit_noisy_digits() -> None:
    digits, y = load_digits(return_X_y=True)
    rows = np.random.RandomState(0).permutation(len(y))[:400]
    noisy = digits[rows] / 16 + 0.3 * np.random.RandomState(1).normal(size=(400, 64))
    model = MLPClassifier(max_iter=60, n_iter_no_change=math.inf, learning_rate_init=0.01, random_state=0)
    curve = capacity_curve(model, noisy, y[rows], capacities=[(3,), (64, 64)], cv=StratifiedKFold(4))
    assert curve.best == (64, 64)
    assert curve.underfits(0)
    assert curve.overfits_from(0) is None
    epoch = curve.overfits_from(1)
    assert epoch is not None
    assert 2 < epoch < 40
    assert "(3,) underfits: training and validation cost are both high" in curve.conclusion
    assert f"2 x 64 overfits: validation cost rises from epoch {epoch}." in curve.conclusion


def rising(from_epoch: int, folds: int = 4) -> np.ndarray:
    """Return costs that fall to 0.2 at an epoch and rise to 0.6, with a small offset between folds."""
    fall, rise = np.linspace(1.0, 0.2, from_epoch), np.linspace(0.2, 0.6, 11)[1:]
    return np.r_[fall, rise] + 0.01 * np.arange(folds)[:, np.newaxis]


FALLING = np.linspace(1.0, 0.3, 20) + 0.01 * np.arange(4)[:, np.newaxis]


@pytest.mark.parametrize(
    ("curve", "words"),
    [
        (
            capacity(scores([0.8, 0.9, 0.91], 0.05)),
            r"^\(64,\) is best: accuracy 0\.910 ± 0\.022; \(16,\) is the simplest within one standard error of it\.$",
        ),
        (
            capacity(scores([0.8, 0.9, 0.95])),
            r"^\(64,\) is best: .*, and no smaller one is within one .*: a larger one may be even better\.$",
        ),
        (
            capacity(scores([0.8, 0.95, 0.9])),
            r"^\(16,\) is best: accuracy .*, and no smaller one is within one standard error\.$",
        ),
        (
            capacity(scores([0.8, 0.95], folds=1)),
            r"^\(16,\) is best: accuracy 0\.95 on a single fold: pass more folds",
        ),
        (capacity(scores([0.8])), r"^\(4,\) is best: accuracy 0\.80.*; there is no other to compare with\.$"),
        (capacity(scores([0.95, 0.9])), r"^\(4,\) is best: accuracy 0\.95.*, the smallest tested\.$"),
        (capacity(np.full((2, 3), NAN)), r"^No conclusion: no network has a validation score\.$"),
        (
            capacity(scores([0.8, 0.9]), test_curves=(FALLING, rising(40))),
            r" \(16,\) overfits: validation cost rises from epoch 40\.$",
        ),
        (
            capacity(scores([0.8, 0.9]), test_curves=(rising(7), rising(4)), stops_early=True),
            r" \(4,\) and \(16,\) would overfit without early stopping: validation cost rises from epochs 7 and 4\.$",
        ),
        (
            capacity(scores([0.8, 0.9]), scores([0.5, 0.1]), scores([0.6, 0.2])),
            r" \(4,\) underfits: training and validation cost are both high, 0\.5 and 0\.6, compared with 0\.1 and",
        ),
        (
            capacity(scores([0.5, 0.7, 0.9]), scores([0.5, 0.4, 0.1]), scores([0.6, 0.5, 0.2])),
            r" \(4,\) and \(16,\) underfit: training and validation cost of \(16,\) are both high, 0\.4 and 0\.5,",
        ),
        (
            capacity(
                scores([0.9, 0.9, 0.5]), capacities=((64, 64, 64), (), (8, 4)), n_weights=np.array([9.0, 1.0, 5.0])
            ),
            r"^3 x 64 is best: .*; linear is the simplest within",
        ),
    ],
)
def test_conclusion_follows_from_the_scores_and_costs(curve: Any, words: str) -> None:
    import re

    assert re.search(words, curve.conclusion), curve.conclusion


def test_a_network_underfits_only_if_both_costs_are_clearly_higher() -> None:
    worse = scores([0.8, 0.9])
    high, low = scores([0.5, 0.1]), scores([0.1, 0.1])
    assert capacity(worse, high, high).underfits(0)
    assert not capacity(worse, low, high).underfits(0)  # it has learned its rows as well as the other
    assert not capacity(worse, high, low).underfits(0)
    assert not capacity(alternating([0.899, 0.9], 0.05), high, high).underfits(0)  # it may be as good
    assert not capacity(worse[::-1], high[::-1], high[::-1]).underfits(1)  # the larger network is badly trained
    assert not capacity(np.full((2, 4), NAN), high, high).underfits(0)


def test_a_network_overfits_only_if_the_cost_clearly_rises_in_several_folds() -> None:
    one_fold_alone = FALLING.copy()
    one_fold_alone[0, 10:] += 5.0  # by chance: the costs of the other folds continue to fall
    small = FALLING.copy()
    small[:, -1] = small[:, -2] * 1.01
    continued = np.where(np.arange(20) < [[20], [20], [20], [12]], FALLING, NAN)
    for curves in (one_fold_alone, small, continued, np.full((4, 3), NAN), np.empty((4, 0))):
        assert capacity(scores([0.9]), test_curves=(curves,)).overfits_from(0) is None
    assert capacity(scores([0.9]), test_curves=(rising(7),)).overfits_from(0) == 7
    assert capacity(scores([0.9], folds=1), test_curves=(rising(7, 1),)).overfits_from(0) == 7


def test_a_fold_that_ended_early_contributes_its_last_cost() -> None:
    curves = np.array([[3.0, 2.0, NAN, NAN], [3.0, 1.0, 4.0, 6.0], [NAN] * 4])
    _, costs = capacity(scores([0.9], folds=3), test_curves=(curves,)).mean_curves(0)
    assert costs.tolist() == [3.0, 1.5, 3.0, 4.0]


def test_to_frame_has_a_row_for_each_fold_of_each_network() -> None:
    frame = capacity_curve(MLPClassifier(**PATIENT), X, CLASSES, capacities=[3, (3, 3)], cv=3).to_frame()
    assert frame["capacity"].tolist() == ["(3,)"] * 3 + ["2 x 3"] * 3
    assert (frame["epochs"] == 8).all()
    assert {"n_weights", "fold", "train_score", "test_score", "train_cost", "test_cost", "fit_time"} < set(frame)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"capacities": []}, ParameterError, r"capacities is empty\. Pass at least one value for hidden_layer_sizes"),
        (
            {"capacities": 4},
            ParameterError,
            r"capacities must be a list of hidden_layer_sizes, got 4\. Write \[\(64,\)\]",
        ),
        ({"capacities": [(4, 0)]}, ParameterError, r"capacities must be positive integers"),
        ({"scoring": {"a": "accuracy"}}, ParameterError, "scoring must be the name of one metric"),
    ],
)
def test_invalid_arguments_raise_errors(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        capacity_curve(MLPClassifier(**PATIENT), X, CLASSES, **options)


def test_an_estimator_that_is_not_a_network_raises_an_error() -> None:
    with pytest.raises(InputError, match=r"estimator must be an MLPClassifier, .* got LogisticRegression"):
        capacity_curve(make_pipeline(StandardScaler(), LogisticRegression()), X, CLASSES)
