"""Validation data, rows held out by a splitter, the metric of early stopping, and the time limit."""

from __future__ import annotations

import math
import pickle
import signal
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy.sparse import csr_array
from sklearn.metrics import log_loss, make_scorer, mean_absolute_error
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit, TimeSeriesSplit, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import multilayer.training.loop as loop_module
from multilayer import ConvergenceWarning, MLPClassifier, MLPRegressor
from multilayer.equations import cost
from multilayer.exceptions import InputError, InterruptedTrainingWarning, ParameterError, ParameterWarning
from multilayer.training import EpochEnded, RunEnded

from ..problems import data

X, Y = data("multiclass", m=80)
X_VAL, Y_VAL = data("multiclass", m=120)
X_VAL, Y_VAL = X_VAL[80:], Y_VAL[80:]
VALIDATION = {"X_val": X_VAL, "y_val": Y_VAL}
ENGINES = pytest.mark.parametrize("engine", ["reference", "cpu"])
SOLVERS = pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])


def model(**parameters: Any) -> MLPClassifier:
    """Return a classifier with a large step size, so that the best epoch is seldom the last."""
    defaults = {"hidden_layer_sizes": (6,), "random_state": 0, "n_iter_no_change": math.inf, "max_iter": 12}
    if parameters.get("solver") != "lbfgs":
        defaults["learning_rate_init"] = 0.1
    return MLPClassifier(**(defaults | parameters))


def best_epoch(fitted: Any) -> int:
    return int(np.argmax(fitted.validation_scores_)) + 1


@pytest.fixture(autouse=True)
def _no_word_of_convergence() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


# --- given validation data


@ENGINES
@SOLVERS
def test_fit_records_both_curves_and_keeps_the_weights_of_the_best_epoch(solver: str, engine: str) -> None:
    fitted = model(solver=solver, engine=engine, alpha=0.5).fit(X, Y, **VALIDATION)
    assert len(fitted.loss_curve_) == len(fitted.validation_loss_curve_) == len(fitted.validation_scores_) == 12
    best = best_epoch(fitted)
    for epochs, curve_at in ((best, best - 1), (12, 11)):
        shorter = model(solver=solver, engine=engine, alpha=0.5, max_iter=epochs).fit(X, Y)
        assert fitted.validation_scores_[curve_at] == pytest.approx(shorter.score(X_VAL, Y_VAL))
        without_regularisation = log_loss(Y_VAL, shorter.predict_proba(X_VAL))
        assert fitted.validation_loss_curve_[curve_at] == pytest.approx(without_regularisation, rel=1e-9)
    shorter = model(solver=solver, engine=engine, alpha=0.5, max_iter=best).fit(X, Y)
    np.testing.assert_array_equal(fitted.parameters_, shorter.parameters_)
    assert fitted.score(X_VAL, Y_VAL) == fitted.best_validation_score_ == max(fitted.validation_scores_)


def test_validation_without_early_stopping_affects_only_the_kept_weights() -> None:
    plain, watched = model().fit(X, Y), model().fit(X, Y, **VALIDATION)
    assert watched.loss_curve_ == plain.loss_curve_
    assert watched.best_loss_ == plain.best_loss_
    assert plain.validation_loss_curve_ is plain.validation_scores_ is plain.best_validation_score_ is None
    assert best_epoch(watched) < 12  # otherwise the comparison below would be trivial
    np.testing.assert_array_equal(watched._training_state.last, plain.parameters_)


@ENGINES
@SOLVERS
def test_early_stopping_ends_training_by_the_validation_score(solver: str, engine: str) -> None:
    options = {"solver": solver, "engine": engine, "n_iter_no_change": 3, "tol": 0.0, "max_iter": 200}
    fitted = model(**options, early_stopping=True).fit(X, Y, **VALIDATION)
    assert fitted.n_iter_ == len(fitted.validation_scores_) < 200
    assert fitted.best_loss_ is None
    if solver != "lbfgs":  # L-BFGS can also stop at a small gradient
        assert best_epoch(fitted) < fitted.n_iter_
    assert fitted.score(X_VAL, Y_VAL) == fitted.best_validation_score_
    assert fitted._training_state.rows is None  # no rows of X are held out


@ENGINES
@pytest.mark.parametrize("weighted", [False, True])
def test_validation_of_a_regressor_records_scores_and_losses(weighted: bool, engine: str) -> None:
    X, y = data("two outputs", m=80)
    weight = np.linspace(0.5, 2.0, 20) if weighted else None
    fitted = MLPRegressor(5, max_iter=9, n_iter_no_change=math.inf, random_state=0, alpha=0.7, engine=engine)
    fitted.fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:], sample_weight_val=weight)
    assert fitted.best_validation_score_ == pytest.approx(fitted.score(X[60:], y[60:], weight))
    J = cost(X[60:], y[60:], fitted.thetas_, 0.0, "relu", "identity", weight)
    assert fitted.validation_loss_curve_[best_epoch(fitted) - 1] == pytest.approx(J / 2)  # divided by K


@ENGINES
def test_validation_rows_of_weight_zero_are_ignored(engine: str) -> None:
    weight = np.repeat([1.0, 0.0], 20)
    options = {"engine": engine, "early_stopping_metric": "balanced_accuracy"}
    weighted = model(**options).fit(X, Y, **VALIDATION, sample_weight_val=weight)
    fewer = model(**options).fit(X, Y, X_val=X_VAL[:20], y_val=Y_VAL[:20])
    np.testing.assert_allclose(weighted.validation_loss_curve_, fewer.validation_loss_curve_, rtol=1e-12)
    np.testing.assert_allclose(weighted.validation_scores_, fewer.validation_scores_, rtol=1e-12)
    np.testing.assert_array_equal(weighted.parameters_, fewer.parameters_)


@ENGINES
@SOLVERS
@pytest.mark.parametrize("early_stopping", [False, True])
def test_training_rows_of_weight_zero_are_ignored(early_stopping: bool, solver: str, engine: str) -> None:
    weight = np.repeat([1.0, 0.0], 40)
    options = {"engine": engine, "solver": solver, "class_weight": "balanced", "early_stopping": early_stopping}
    options |= {"max_iter": 6} if solver == "lbfgs" else {"shuffle": False}
    weighted = model(**options, batch_size=80).fit(X, Y, weight, **VALIDATION)
    fewer = model(**options, batch_size=40).fit(X[:40], Y[:40], **VALIDATION)
    for curve in ("loss_curve_", "validation_loss_curve_", "validation_scores_"):
        np.testing.assert_allclose(getattr(weighted, curve), getattr(fewer, curve), rtol=1e-7)
    np.testing.assert_allclose(weighted.parameters_, fewer.parameters_, rtol=1e-5, atol=1e-8)


def test_weighted_validation_rows_equal_repeated_rows() -> None:
    weight = np.where(np.arange(40) % 3 == 0, 3.0, 1.0)
    again = np.repeat(np.arange(40), weight.astype(int))
    for metric in ("auto", "loss", "neg_log_loss"):
        weighted = model(early_stopping_metric=metric).fit(X, Y, **VALIDATION, sample_weight_val=weight)
        repeated = model(early_stopping_metric=metric).fit(X, Y, X_val=X_VAL[again], y_val=Y_VAL[again])
        np.testing.assert_allclose(weighted.validation_scores_, repeated.validation_scores_, rtol=1e-9)


def test_the_best_weights_are_restored_after_a_callback_interrupt_or_time_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = model(max_iter=8).fit(X, Y, **VALIDATION)
    assert best_epoch(expected) < 8

    def stop(event: Any) -> bool:
        return isinstance(event, EpochEnded) and event.epoch == 8

    stopped = model(max_iter=99, callbacks=[stop]).fit(X, Y, **VALIDATION)
    np.testing.assert_array_equal(stopped.parameters_, expected.parameters_)

    def press(event: Any) -> None:
        if stop(event):
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        interrupted = model(max_iter=99, callbacks=[press])
        with pytest.warns(InterruptedTrainingWarning, match=r"after 8 of 99 epochs; the estimator holds the best weig"):
            interrupted.fit(X, Y, **VALIDATION)
    finally:
        signal.signal(signal.SIGINT, before)
    np.testing.assert_array_equal(interrupted.parameters_, expected.parameters_)

    clock = FakeClock(monkeypatch)

    def advance_clock(event: Any) -> None:
        if stop(event):
            clock.now += 100.0

    timed = model(max_iter=99, max_time=50.0, callbacks=[advance_clock]).fit(X, Y, **VALIDATION)
    np.testing.assert_array_equal(timed.parameters_, expected.parameters_)


def test_validation_frames_have_their_column_names_checked() -> None:
    names = list("abcde")
    frame, frame_val = pd.DataFrame(X, columns=names), pd.DataFrame(X_VAL, columns=names)
    fitted = model(early_stopping_metric="accuracy").fit(frame, Y, X_val=frame_val, y_val=pd.Series(Y_VAL))
    np.testing.assert_array_equal(
        fitted.parameters_, model(early_stopping_metric="accuracy").fit(X, Y, **VALIDATION).parameters_
    )
    with pytest.raises(
        InputError, match=r"^validation data \(X_val, y_val\): (?s:.*)Feature names must be in the same"
    ):
        model().fit(frame, Y, X_val=frame_val[names[::-1]], y_val=Y_VAL)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"X_val": X_VAL}, ParameterError, r"X_val was passed without y_val\. Pass X_val and y_val together"),
        ({"y_val": Y_VAL}, ParameterError, r"y_val was passed without X_val"),
        ({"sample_weight_val": Y_VAL}, ParameterError, r"sample_weight_val was passed without X_val and y_val"),
        (
            {"X_val": X_VAL[:, 1:], "y_val": Y_VAL},
            InputError,
            r"^validation data .*X has 4 features, but .* 5 ",
        ),
        ({"X_val": X_VAL, "y_val": Y_VAL[1:]}, InputError, r"^validation data .*inconsistent numbers of samples"),
        (
            {"X_val": X_VAL, "y_val": Y_VAL + 2},
            InputError,
            r"y_val has labels that are not in y: \[4, 5\]\. y has \[0, 1",
        ),
        ({"X_val": X_VAL, "y_val": Y_VAL.astype(str)}, InputError, r"y_val has labels that are not in y: \['0', '1'"),
        (
            {"X_val": X_VAL, "y_val": np.eye(4, dtype=int)[Y_VAL]},
            InputError,
            r"y_val must have the form of y, got",
        ),
        (
            {"X_val": X_VAL[:1], "y_val": Y_VAL[:1]},
            InputError,
            r"The validation set is too small: 1 rows of positive weight",
        ),
        (
            VALIDATION | {"sample_weight_val": np.eye(40)[0]},
            InputError,
            r"The validation set is too small: 1 rows of positive weight",
        ),
        (VALIDATION | {"sample_weight_val": -np.ones(40)}, InputError, r"sample_weight_val must not be negative"),
    ],
)
def test_invalid_validation_data_raise_errors(given: Any, error: type[Exception], message: str) -> None:
    unfitted = model()
    with pytest.raises(error, match=message):
        unfitted.fit(X, Y, **given)
    assert not hasattr(unfitted, "classes_")


def test_validation_labels_of_another_type_raise_an_error() -> None:
    mixed = np.array(["a", "b"])[Y % 2]
    with pytest.raises(InputError, match=r"y_val has labels that are not in y"):
        model().fit(X, mixed, X_val=X_VAL, y_val=Y_VAL)


def test_mismatched_validation_targets_raise_an_error_and_constant_ones_warn() -> None:
    regressor = MLPRegressor(3, max_iter=2, n_iter_no_change=math.inf)
    with pytest.raises(InputError, match=r"validation data .*: y_val must have as many columns as y, 2, got 1"):
        regressor.fit(X, X[:, :2], X_val=X_VAL, y_val=X_VAL[:, 0])
    with pytest.warns(ParameterWarning, match=r"all targets in y_val are equal, so that R² is 0 or 1"):
        regressor.fit(X, X[:, 0], X_val=X_VAL, y_val=np.ones(40))


def test_a_pipeline_transforms_the_validation_rows() -> None:
    with sklearn.config_context(enable_metadata_routing=True):
        last = model(early_stopping=True).set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), last, transform_input=["X_val"]).fit(X, Y, **VALIDATION)
    scaler = StandardScaler().fit(X)
    by_hand = model(early_stopping=True).fit(scaler.transform(X), Y, X_val=scaler.transform(X_VAL), y_val=Y_VAL)
    np.testing.assert_array_equal(pipeline[-1].parameters_, by_hand.parameters_)
    assert pipeline[-1].validation_loss_curve_ == by_hand.validation_loss_curve_


@ENGINES
def test_sparse_and_float32_validation_rows_are_accepted(engine: str) -> None:
    options = {"engine": engine, "early_stopping_metric": "accuracy"}
    dense = model(**options).fit(X.astype(np.float32), Y, X_val=X_VAL, y_val=Y_VAL)
    sparse = model(**options).fit(csr_array(X.astype(np.float32)), Y, X_val=csr_array(X_VAL), y_val=Y_VAL)
    assert dense.parameters_.dtype == np.float32
    assert dense.score(X_VAL.astype(np.float32), Y_VAL) == dense.best_validation_score_
    np.testing.assert_allclose(sparse.validation_loss_curve_, dense.validation_loss_curve_, rtol=1e-2)


# --- held-out rows


@ENGINES
def test_validation_fraction_can_be_a_number_of_rows(engine: str) -> None:
    fitted = model(early_stopping=True, validation_fraction=16, engine=engine).fit(X, Y)
    assert len(fitted._training_state.held_out) == 16
    share = model(early_stopping=True, validation_fraction=0.2, engine=engine).fit(X, Y)
    np.testing.assert_array_equal(fitted.parameters_, share.parameters_)


@ENGINES
def test_validation_fraction_can_be_a_splitter(engine: str) -> None:
    groups = np.arange(80) // 8
    by_group = GroupShuffleSplit(test_size=0.25, random_state=1)
    fitted = model(early_stopping=True, validation_fraction=by_group, engine=engine).fit(X, Y, groups=groups)
    _, held_out = next(by_group.split(X, Y, groups))
    np.testing.assert_array_equal(fitted._training_state.held_out, held_out)
    assert set(groups[fitted._training_state.rows]).isdisjoint(groups[held_out])
    assert fitted.best_validation_score_ == pytest.approx(fitted.score(X[held_out], Y[held_out]))
    in_time = model(early_stopping=True, validation_fraction=TimeSeriesSplit(2), engine=engine).fit(X, Y)
    assert in_time._training_state.rows.max() < in_time._training_state.held_out.min()
    assert in_time.t_ == 12 * len(in_time._training_state.rows)


def test_a_splitter_receives_the_rows_and_labels() -> None:
    seen: list[Any] = []

    class Halves:
        def split(self, X: Any, y: Any, groups: Any) -> Any:
            seen.append((X, y, groups))
            yield np.arange(0, 80, 2), np.arange(1, 80, 2)

    named = np.array(list("abcd"))[Y]
    model(early_stopping=True, validation_fraction=Halves()).fit(X, named)
    np.testing.assert_array_equal(seen[0][0], X)
    np.testing.assert_array_equal(seen[0][1], named)
    assert seen[0][2] is None


def test_sample_weights_of_held_out_rows_affect_the_validation_cost_and_score() -> None:
    weight = np.linspace(0.1, 3.0, 80)
    fitted = model(early_stopping=True, validation_fraction=0.4).fit(X, Y, weight)
    rows = fitted._training_state.held_out
    assert fitted.best_validation_score_ == pytest.approx(fitted.score(X[rows], Y[rows], weight[rows]))
    expected = log_loss(Y[rows], fitted.predict_proba(X[rows]), sample_weight=weight[rows], labels=[0, 1, 2, 3])
    assert fitted.validation_loss_curve_[best_epoch(fitted) - 1] == pytest.approx(expected)


class _Splits:
    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def __repr__(self) -> str:
        return "Splits()"

    def split(self, *_: Any) -> Any:
        yield from self.parts


@pytest.mark.parametrize(
    ("split", "given", "error", "message"),
    [
        (0.1, {"groups": Y}, ParameterError, r"groups have no effect with validation_fraction=0\.1.*GroupShuffleSplit"),
        (GroupShuffleSplit(), {}, InputError, r"'groups' parameter should not be None"),
        (GroupShuffleSplit(), {"groups": Y[1:]}, InputError, r"inconsistent numbers of samples"),
        (_Splits(), {}, InputError, r"validation_fraction=Splits\(\) makes no split of 80 rows"),
        (_Splits(([0, 1], [1, 2])), {}, InputError, r"two disjoint sets of row numbers from 0 to 79"),
        (_Splits(([0, 1], [80])), {}, InputError, r"two disjoint sets of row numbers from 0 to 79"),
        (_Splits(([], [1, 2])), {}, InputError, r"two disjoint sets of row numbers"),
        (_Splits(([0.5], [1.0])), {}, InputError, r"two disjoint sets of row numbers"),
        (_Splits(([0, 1], [2])), {}, InputError, r"The validation set is too small: 1 of 80 rows"),
        (1, {}, InputError, r"test_size = 1|The validation set is too small: 1 of 80 rows"),
        (80, {}, InputError, r"validation_fraction=80 rows to hold out leave none of the 80 rows for training"),
        (0.1, {"sample_weight": np.repeat([1.0, 0.0], [1, 79])}, InputError, r"weight 0|too small: . of 80 rows"),
        (
            "first",
            {},
            ParameterError,
            r"validation_fraction must be a share .* or a splitter .*'first'",
        ),
        (True, {}, ParameterError, r"validation_fraction must be a number of at least 0 and below 1, got True"),
        (-2, {}, ParameterError, r"validation_fraction must be a number of at least 0 and below 1, got -2"),
    ],
)
def test_invalid_splits_raise_errors(split: Any, given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        model(early_stopping=True, validation_fraction=split).fit(X, Y, **given)


# --- the metric of early stopping


@ENGINES
def test_early_stopping_on_the_loss_uses_the_negative_loss_as_the_score(engine: str) -> None:
    fitted = model(early_stopping=True, early_stopping_metric="loss", engine=engine).fit(X, Y, **VALIDATION)
    assert fitted.validation_scores_ == [-loss for loss in fitted.validation_loss_curve_]
    assert fitted.best_validation_score_ == -min(fitted.validation_loss_curve_)
    assert log_loss(Y_VAL, fitted.predict_proba(X_VAL)) == pytest.approx(min(fitted.validation_loss_curve_), rel=1e-9)


@ENGINES
@pytest.mark.parametrize("own", [False, True])
def test_a_scorer_name_selects_the_scikit_learn_scorer(own: bool, engine: str) -> None:
    given = VALIDATION if own else {}
    options = {"early_stopping": True, "engine": engine, "n_iter_no_change": 4, "max_iter": 50}
    auto = model(**options).fit(X, Y, **given)
    named = model(**options, early_stopping_metric="accuracy").fit(X, Y, **given)
    np.testing.assert_allclose(named.validation_scores_, auto.validation_scores_)
    np.testing.assert_array_equal(named.parameters_, auto.parameters_)
    losses = model(**options, early_stopping_metric="neg_log_loss").fit(X, Y, **VALIDATION)
    np.testing.assert_allclose(losses.validation_scores_, -np.array(losses.validation_loss_curve_), rtol=1e-9)


@pytest.mark.parametrize("y", [Y, np.array(list("abcd"))[Y], (Y > 1).astype(int), np.eye(4, dtype=int)[Y]])
def test_scorers_work_with_every_kind_of_labels(y: Any) -> None:
    fitted = model(early_stopping=True, early_stopping_metric="f1_macro", validation_fraction=40).fit(X, y)
    rows = fitted._training_state.held_out
    scorer = sklearn.metrics.get_scorer("f1_macro")
    assert fitted.best_validation_score_ == pytest.approx(scorer(fitted, X[rows], y[rows]))


def test_a_regression_scorer_is_accepted() -> None:
    fitted = MLPRegressor(
        4,
        max_iter=9,
        n_iter_no_change=math.inf,
        early_stopping=True,
        random_state=0,
        early_stopping_metric=make_scorer(mean_absolute_error, greater_is_better=False),
    ).fit(X, X[:, 0])
    rows = fitted._training_state.held_out
    assert fitted.best_validation_score_ == pytest.approx(-mean_absolute_error(X[rows, 0], fitted.predict(X[rows])))


def test_a_scoring_function_receives_the_current_estimator_without_copies() -> None:
    seen: list[Any] = []

    def scorer(estimator: Any, X: Any, y: Any) -> float:
        seen.append((estimator, estimator.parameters_, X))
        return float((estimator.predict(X) == y).mean())

    fitted = model(early_stopping=True, early_stopping_metric=scorer).fit(X, Y, **VALIDATION)
    assert len(seen) == 12
    for of_all in zip(*seen, strict=True):
        assert all(value is of_all[0] for value in of_all)
    assert fitted.validation_scores_ == model(early_stopping=True).fit(X, Y, **VALIDATION).validation_scores_
    assert seen[0][1] is fitted.parameters_
    assert seen[0][0] is not fitted


def test_a_scoring_function_receives_sample_weights_if_it_accepts_them() -> None:
    def weighted(estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
        return float(estimator.score(X, y, sample_weight))

    weight = np.linspace(1.0, 2.0, 40)
    fitted = model(early_stopping_metric=weighted).fit(X, Y, **VALIDATION, sample_weight_val=weight)
    auto = model().fit(X, Y, **VALIDATION, sample_weight_val=weight)
    np.testing.assert_allclose(fitted.validation_scores_, auto.validation_scores_)
    with pytest.warns(
        ParameterWarning, match=r"early_stopping_metric=.* does not accept sample_weight: .* weigh the same"
    ):
        model(early_stopping_metric=lambda e, X, y: e.score(X, y)).fit(X, Y, **VALIDATION, sample_weight_val=weight)


@pytest.mark.parametrize(
    ("metric", "error", "message"),
    [
        ("acuracy", ParameterError, r"unknown early_stopping_metric 'acuracy'\. Did you mean 'accuracy'\?"),
        (3, ParameterError, r"unknown early_stopping_metric 3\."),
        (
            "roc_auc",
            InputError,
            r"='roc_auc' cannot score the 40 validation rows: multi",
        ),
        (
            lambda *_: math.nan,
            InputError,
            r"cannot score the 40 validation rows: the score is NaN\.",
        ),
        (lambda *_: "good", InputError, r"cannot score .*could not convert string to float: 'good'\. Validate on"),
        (log_loss, InputError, r"must be a function of \(estimator, X, y\), as sklearn\.metrics\.make_scorer returns"),
    ],
)
def test_invalid_metrics_raise_errors(metric: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        model(early_stopping_metric=metric, early_stopping=True).fit(X, Y, **VALIDATION)


def test_a_classification_metric_for_a_regressor_raises_an_error_that_suggests_another() -> None:
    regressor = MLPRegressor(4, random_state=0, early_stopping_metric="accuracy")
    with pytest.raises(
        InputError, match=r"='accuracy' cannot score .* Use a metric of numbers, such as 'neg_mean_abso"
    ):
        regressor.fit(X, X[:, 0], X_val=X_VAL, y_val=X_VAL[:, 0])


# --- parameters without effect


@pytest.mark.parametrize(
    ("parameters", "given", "message"),
    [
        (
            {"early_stopping_metric": "loss"},
            {},
            r"early_stopping_metric='loss' has no effect without rows",
        ),
        ({}, {"groups": Y}, r"groups have no effect if no rows are held out"),
        ({"early_stopping": True}, VALIDATION | {"groups": Y}, r"groups have no effect if no rows are held out"),
        ({"validation_fraction": 0.2}, VALIDATION, r"validation_fraction=0\.2 has no effect if X_val is given"),
        (
            {"validation_fraction": ShuffleSplit()},
            VALIDATION,
            r"validation_fraction=ShuffleSplit.* has no effect if X_val",
        ),
        ({"early_stopping": True, "solver": "lbfgs"}, {}, r"early_stopping=True has no effect with solver='lbfgs'"),
    ],
)
def test_parameters_without_effect_warn(parameters: Any, given: Any, message: str) -> None:
    with pytest.warns(ParameterWarning, match=message):
        model(**parameters).fit(X, Y, **given)


# --- time limit


class FakeClock:
    """A clock that advances only when a test changes ``now``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        for module in ("loop", "lbfgs"):
            monkeypatch.setattr(f"multilayer.training.{module}.time.perf_counter", lambda: self.now)


@ENGINES
@SOLVERS
def test_max_time_ends_training_between_updates(solver: str, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, ended = FakeClock(monkeypatch), []

    def listen(event: Any) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 3:
            clock.now += 2.5
        if isinstance(event, RunEnded):
            ended.append(event.reason)

    fitted = model(solver=solver, engine=engine, max_time=2.0, callbacks=[listen]).fit(X, Y)
    assert ended == ["max_time"]
    assert fitted.n_iter_ == 3
    np.testing.assert_array_equal(
        fitted.parameters_, model(solver=solver, engine=engine, max_iter=3).fit(X, Y).parameters_
    )


def test_max_time_that_ends_in_the_first_epoch_warns_and_leaves_a_usable_estimator(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop_module, "SECONDS_PER_CALL", 0.0)
    with pytest.warns(ConvergenceWarning, match=r"max_time=1e-09 seconds ended before the first epoch"):
        fitted = model(max_time=1e-9, batch_size=5).fit(X, Y, **VALIDATION)
    assert (fitted.n_iter_, fitted.loss_curve_, fitted.validation_scores_) == (0, [], [])
    assert fitted.best_validation_score_ is None
    assert fitted.predict(X).shape == (80,)
    assert fitted._training_state.descent.t < 16


def test_a_sufficient_max_time_does_not_affect_training() -> None:
    np.testing.assert_array_equal(model(max_time=3600).fit(X, Y).parameters_, model().fit(X, Y).parameters_)


@pytest.mark.parametrize("max_time", [0, -1, math.nan, math.inf, "1", True])
def test_invalid_max_time_raises_an_error(max_time: Any) -> None:
    with pytest.raises(ParameterError, match=r"max_time must be a positive number, got"):
        model(max_time=max_time).fit(X, Y)


# --- stored data


def test_validation_data_are_not_stored_and_best_weights_only_if_they_differ_from_the_last() -> None:
    X_train, X_val, y_train, y_val = train_test_split(*data("binary", m=4000), random_state=0)
    small = MLPClassifier(2, max_iter=2, n_iter_no_change=math.inf, random_state=0)
    validated = len(pickle.dumps(small.fit(X_train, y_train, X_val=X_val, y_val=y_val)))
    assert validated < len(pickle.dumps(small.fit(X_train, y_train))) + 500
    fitted = model().fit(X, Y, **VALIDATION)
    assert fitted._training_state.best is not None
    improving = model(max_iter=1).fit(X, Y, **VALIDATION)
    assert improving._training_state.best is None
