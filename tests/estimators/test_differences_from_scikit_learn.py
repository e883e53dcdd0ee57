"""Intended differences between the estimators and scikit-learn's; docs/explanation/scikit-learn.md describes them."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score

from multilayer import ConvergenceWarning, MLPClassifier, MLPRegressor
from multilayer.exceptions import DivergenceError, InputError, ParameterError, ParameterWarning
from multilayer.fits.scores import accuracy, label_accuracy, r2

from ..problems import data
from .comparison import assert_close, both, pair

X, Y = data("binary")
IGNORE_END = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")


def classifier(**parameters: Any) -> MLPClassifier:
    defaults = {"hidden_layer_sizes": (4,), "random_state": 0, "n_iter_no_change": math.inf, "max_iter": 5}
    return MLPClassifier(**(defaults | parameters))


# --- continued training


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("learning_rate", ["constant", "invscaling", "adaptive"])
def test_warm_started_fits_of_k_and_m_epochs_equal_one_fit_of_k_plus_m_epochs(learning_rate: str, solver: str) -> None:
    if solver == "adam" and learning_rate != "constant":
        pytest.skip("has no effect")
    options = {"solver": solver, "learning_rate": learning_rate, "batch_size": 10, "warm_start": True}
    if learning_rate == "adaptive":
        options |= {"n_iter_no_change": 2, "tol": 0.1}  # the step size is reduced after epochs 4 and 7
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        whole = classifier(**options, max_iter=9).fit(X, Y)
        parts = classifier(**options, max_iter=4).fit(X, Y)
        parts.set_params(max_iter=5).fit(X, Y)
    assert parts.loss_curve_ == whole.loss_curve_
    np.testing.assert_array_equal(parts.parameters_, whole.parameters_)
    assert parts.t_ == whole.t_


def test_partial_fit_shuffles_anew_in_each_call_unlike_scikit_learn() -> None:
    ours, theirs = pair("binary", hidden_layer_sizes=4, batch_size=7, random_state=3)
    for model in (ours, theirs):
        for _ in range(3):
            model.partial_fit(X, Y, classes=[0, 1])
    assert ours.loss_curve_[0] == pytest.approx(theirs.loss_curve_[0], rel=1e-9)
    assert abs(ours.loss_curve_[2] - theirs.loss_curve_[2]) > 1e-6


@IGNORE_END
def test_warm_start_keeps_the_held_out_rows_and_the_best_weights() -> None:
    model = classifier(early_stopping=True, warm_start=True, max_iter=8, learning_rate_init=0.1).fit(X, Y)
    held_out, first = model._training_state.held_out, model.best_validation_score_
    model.fit(X, Y)
    np.testing.assert_array_equal(model._training_state.held_out, held_out)
    assert len(model.validation_scores_) == 16
    assert model.best_validation_score_ == max(model.validation_scores_) >= first
    assert model.score(X[held_out], Y[held_out]) == pytest.approx(model.best_validation_score_)


@IGNORE_END
def test_changed_layer_sizes_raise_an_error_with_warm_start() -> None:
    model = classifier(warm_start=True).fit(X, Y)
    before = model.parameters_.copy()
    with pytest.raises(ParameterError, match=r"layers of \(5, 4, 1\) units and cannot be continued with \(5, 3, 1\)"):
        model.set_params(hidden_layer_sizes=(3,)).fit(X, Y)
    np.testing.assert_array_equal(model.parameters_, before)


def test_a_warm_start_can_change_the_solver() -> None:
    model = classifier(solver="lbfgs", warm_start=True, max_iter=3)
    with pytest.warns(
        ConvergenceWarning, match=r"ended after max_iter=3 iterations, with a gradient of up to 0\.\d+ .*Raise max_iter"
    ):
        model.fit(X, Y)
    loss = model.loss_
    model.set_params(solver="adam", learning_rate_init=1e-3, warm_start=True)
    with pytest.warns(
        ConvergenceWarning, match=r"still falling\. Call fit again to continue, or raise max_iter\. (?!.*inf)"
    ):
        model.fit(X, Y)
    assert model.loss_curve_[3] == pytest.approx(loss, rel=0.05)
    assert len(model.loss_curve_) == 6


def test_invalid_uses_of_partial_fit_raise_errors() -> None:
    for kind in (MLPClassifier, MLPRegressor):
        assert not hasattr(kind(solver="lbfgs"), "partial_fit")
    with pytest.raises(ParameterError, match=r"early_stopping=True: .* Set early_stopping=False"):
        classifier(early_stopping=True).partial_fit(X, Y, classes=[0, 1])
    with pytest.raises(ParameterError, match=r"classes must be passed on the first call to partial_fit"):
        classifier().partial_fit(X, Y)
    with pytest.raises(InputError, match=r"`y` has classes not in `self\.classes_`"):
        classifier().partial_fit(X, Y, classes=[1, 2])
    with pytest.raises(ParameterError, match=r"is not the same as on last call"):
        classifier().partial_fit(X, Y, classes=[0, 1]).partial_fit(X, Y, classes=[0, 1, 2])


def test_partial_fit_with_warm_start_accepts_data_without_one_of_the_classes() -> None:
    model = classifier(warm_start=True).partial_fit(X, Y, classes=[0, 1]).partial_fit(X[Y == 1], Y[Y == 1])
    assert len(model.loss_curve_) == 2


# --- failed training and scores


@pytest.mark.parametrize("early_stopping", [False, True])
def test_diverged_training_leaves_the_fitted_estimator_unchanged(early_stopping: bool) -> None:
    model = classifier(early_stopping=early_stopping).fit(X, Y)
    before, probabilities = dict(vars(model)), model.predict_proba(X)
    model.set_params(solver="sgd", learning_rate_init=1e300, activation="identity", max_iter=50)
    scikit_learn_s = r"Solver produced non-finite parameter weights\. The input data may contain large values"
    with pytest.raises(DivergenceError, match=rf"in epoch \d+, update \d+, with step size 1e\+300.*{scikit_learn_s}"):
        model.fit(np.hstack([X, X]), np.where(Y, "a", "b"))
    assert {k: v for k, v in vars(model).items() if k[-1] == "_"} == {k: v for k, v in before.items() if k[-1] == "_"}
    model.set_params(activation="relu")
    np.testing.assert_array_equal(model.predict_proba(X), probabilities)


def test_a_diverged_partial_fit_leaves_the_fitted_estimator_unchanged() -> None:
    model = MLPRegressor(4, solver="sgd", batch_size=10, random_state=0).partial_fit(X, X[:, 0])
    before = (model.parameters_.copy(), model._training_state.descent.slots.copy(), list(model.loss_curve_), model.t_)
    with pytest.raises(DivergenceError):
        model.set_params(learning_rate_init=1e200).partial_fit(X, X[:, 0])
    np.testing.assert_array_equal(model.parameters_, before[0])
    np.testing.assert_array_equal(model._training_state.descent.slots, before[1])
    assert (model.loss_curve_, model.t_) == before[2:]
    model.set_params(learning_rate_init=1e-3).partial_fit(X, X[:, 0])
    assert len(model.loss_curve_) == 2


def test_early_stopping_of_multilabel_targets_uses_the_accuracy_of_each_label() -> None:
    X, Y = data("multilabel", m=80)
    model = classifier(early_stopping=True).fit(X, Y)
    rows = model._training_state.held_out
    expected = (model.predict(X[rows]) == Y[rows]).mean()
    assert model.best_validation_score_ == pytest.approx(expected)
    assert expected > model.score(X[rows], Y[rows])


@pytest.mark.parametrize("weighted", [False, True])
def test_scores_equal_those_of_scikit_learn(weighted: bool) -> None:
    rng = np.random.RandomState(0)
    w = rng.uniform(size=20) if weighted else None
    H, numbers = rng.uniform(size=(20, 3)), rng.normal(size=(20, 3))
    classes, labels = np.eye(3)[rng.randint(3, size=20)], (rng.uniform(size=(20, 3)) > 0.5).astype(float)
    assert accuracy(H, classes, w) == pytest.approx(
        accuracy_score(classes.argmax(axis=1), H.argmax(axis=1), sample_weight=w)
    )
    assert accuracy(H[:, :1], labels[:, :1], w) == pytest.approx(
        accuracy_score(labels[:, 0], H[:, 0] > 0.5, sample_weight=w)
    )
    of_labels = [accuracy_score(labels[:, k], H[:, k] > 0.5, sample_weight=w) for k in range(3)]
    assert label_accuracy(H, labels, w) == pytest.approx(np.mean(of_labels))
    for targets in (numbers, np.ones((20, 3)), H):
        assert r2(H, targets, w) == pytest.approx(r2_score(targets, H, sample_weight=w))


# --- parameters


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"batch_size": 99},
            r"batch_size=99 is larger than the data: each update uses all 43 rows\. Use batch_size=43",
        ),
        ({"learning_rate": "invscaling"}, r"learning_rate='invscaling' has no effect with solver='adam'.*solver='sgd'"),
        ({"learning_rate": "adaptive", "solver": "lbfgs", "max_iter": 999}, r"no effect with solver='lbfgs'"),
        (
            {"early_stopping": True, "solver": "lbfgs", "max_iter": 999},
            r"early_stopping=True has no effect with solver",
        ),
    ],
)
def test_adapted_and_ineffective_parameters_warn(parameters: dict[str, Any], message: str) -> None:
    with pytest.warns(ParameterWarning, match=message) as caught:
        classifier(**parameters).fit(X, Y)
    assert caught[0].filename == __file__


def test_a_loss_passed_by_position_raises_an_error_that_suggests_the_keyword() -> None:
    with pytest.raises(ParameterError, match=r"hidden_layer_sizes .*got 'poisson'.* For the cost write loss='poisson'"):
        MLPRegressor("poisson").fit(X, Y)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.full(43, -1.0), r"sample_weight must not be negative, got values from -1 to -1"),
        (np.zeros(43), r"must contain at least one non-zero number"),
    ],
)
def test_negative_and_all_zero_sample_weights_raise_errors(weight: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        classifier().fit(X, Y, weight)


def test_rows_of_weight_zero_are_ignored() -> None:
    weight = np.ones(43)
    weight[30:] = 0.0
    options = {"shuffle": False, "batch_size": 43, "max_iter": 30}
    weighted = classifier(**options).fit(X, Y, weight)
    fewer = classifier(**(options | {"batch_size": 30})).fit(X[:30], Y[:30])
    np.testing.assert_allclose(weighted.parameters_, fewer.parameters_, rtol=1e-9)
    classifier(batch_size=13, shuffle=False).fit(X, Y, weight)  # a whole batch can have the weight 0


def test_poisson_loss_rejects_negative_targets() -> None:
    with pytest.raises(InputError, match=r"y must not be negative for loss='poisson', got -"):
        MLPRegressor(loss="poisson").fit(X, X[:, 0])


# --- numbers


def test_the_loss_with_several_outputs_divides_the_regularisation_by_their_number() -> None:
    X, y = data("two outputs")
    for alpha in (0.0, 0.5):
        ours, theirs = both("two outputs", X, y, hidden_layer_sizes=5, alpha=alpha, max_iter=1, shuffle=False)
        for received, expected in zip(ours.coefs_, theirs.coefs_, strict=True):
            assert_close(received, expected, 1e-9)
        start = type(ours)(5, random_state=1, max_iter=1, alpha=alpha, learning_rate_init=1e-300, n_iter_no_change=99)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            squares = sum((weights**2).sum() for weights in start.fit(X, y).coefs_)
        regularization = alpha / (2 * len(X)) * squares
        assert theirs.loss_ - ours.loss_ == pytest.approx(regularization / 2, abs=1e-9)
