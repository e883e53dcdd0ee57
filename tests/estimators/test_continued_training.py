"""Continued training starts from the last weights, is bit-identical to one fit and keeps the best weights."""

from __future__ import annotations

import copy
import math
import pickle
import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from multilayer import ConvergenceWarning, MLPClassifier, MLPRegressor
from multilayer.exceptions import DivergenceError, InputError, ParameterError
from multilayer.training import Cosine, CustomSchedule, EpochEnded, OneCycle, Plateau, WarmUp

from ..pairwise import pairwise
from ..problems import data
from .comparison import SOLVERS as RULES

X, Y = data("multiclass", m=80)
X_VAL, Y_VAL = (array[80:] for array in data("multiclass", m=120))
VALIDATION = {"X_val": X_VAL, "y_val": Y_VAL}
# A fixed number of epochs under warm_start may be some of many, and is warned of.
pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
ENGINES = pytest.mark.parametrize("engine", ["reference", "cpu"])


def model(**parameters: Any) -> MLPClassifier:
    """Return a classifier with a large step size, so that the best epoch is seldom the last."""
    defaults: dict[str, Any] = {"hidden_layer_sizes": (6,), "random_state": 0, "n_iter_no_change": math.inf}
    defaults |= {"max_iter": 12, "warm_start": True}
    if parameters.get("solver") != "lbfgs":
        defaults["learning_rate_init"] = 0.1
    return MLPClassifier(**(defaults | parameters))


def _decaying(epoch: int) -> float:
    """Return a decreasing factor; a module-level function can be pickled."""
    return 0.9**epoch


def assert_same(parts: Any, whole: Any) -> None:
    np.testing.assert_array_equal(parts.parameters_, whole.parameters_)
    assert (parts._training_state.best is None) == (whole._training_state.best is None)
    np.testing.assert_array_equal(parts._training_state.last, whole._training_state.last)
    np.testing.assert_array_equal(parts._training_state.descent.slots, whole._training_state.descent.slots)
    for curve in ("loss_curve_", "validation_loss_curve_", "validation_scores_"):
        assert getattr(parts, curve) == getattr(whole, curve)
    assert parts.best_validation_score_ == whole.best_validation_score_
    assert (parts.t_, parts.best_loss_, parts._training_state.stop) == (
        whole.t_,
        whole.best_loss_,
        whole._training_state.stop,
    )


@pairwise(
    rule=RULES,
    metric=["auto", "loss", "f1_macro"],
    how=["held out", "own", "own, watched"],
    engine=["reference", "cpu"],
)
def test_fits_of_k_and_m_epochs_equal_one_fit_of_k_plus_m_epochs(rule: str, metric: str, how: str, engine: str) -> None:
    given = {} if how == "held out" else VALIDATION
    options = RULES[rule] | {"early_stopping": how != "own", "early_stopping_metric": metric, "engine": engine}
    whole = model(**options, max_iter=11).fit(X, Y, **given)
    for k in (1, 4, 7):
        parts = model(**options, max_iter=k).fit(X, Y, **given)
        parts = pickle.loads(pickle.dumps(parts))
        parts.set_params(max_iter=11 - k).fit(X, Y, **given)
        assert_same(parts, whole)


OPTIONS: dict[str, dict[str, Any]] = {
    "dropout": {"dropout": 0.3, "input_dropout": 0.2},
    "average": {"weight_averaging": 0.9},
    "decay and clipping": {"weight_decay": 0.2, "clip_norm": 0.5, "l1_alpha": 0.1},
    "cosine": {"learning_rate": Cosine(12)},
    "one cycle": {"learning_rate": OneCycle(12)},
    "warm-up": {"learning_rate": WarmUp(9, Plateau(0.5, patience=1, tol=1e-2))},
    "function": {"learning_rate": CustomSchedule(_decaying)},
}
OPTIONS["all of them"] = OPTIONS["dropout"] | OPTIONS["average"] | OPTIONS["decay and clipping"] | OPTIONS["one cycle"]


@pairwise(
    rule=["adam", "gradient descent", "momentum", "nesterov"],
    option=OPTIONS,
    own=[False, True],
    engine=["reference", "cpu"],
)
def test_continued_fits_equal_one_fit_with_every_option_and_early_stopping_on_loss(
    rule: str, option: str, own: bool, engine: str
) -> None:
    given = VALIDATION if own else {}
    options = (
        RULES[rule] | OPTIONS[option] | {"early_stopping": True, "early_stopping_metric": "loss", "engine": engine}
    )
    whole = model(**options, batch_size=20, max_iter=11).fit(X, Y, **given)
    for k in (1, 6):
        parts = model(**options, batch_size=20, max_iter=k).fit(X, Y, **given)
        parts = pickle.loads(pickle.dumps(parts))
        parts.set_params(max_iter=11 - k).fit(X, Y, **given)
        assert_same(parts, whole)


@ENGINES
@pytest.mark.parametrize("option", OPTIONS)
def test_partial_fit_continues_identically_after_pickling(option: str, engine: str) -> None:
    whole, stored = (MLPRegressor(5, random_state=0, max_iter=20, engine=engine, **OPTIONS[option]) for _ in range(2))
    for i in range(10):
        part = slice(20 * (i % 4), 20 * (i % 4) + 20)
        whole.partial_fit(X[part], X[part, 0], X_val=X_VAL, y_val=X_VAL[:, 0])
        stored.partial_fit(X[part], X[part, 0], X_val=X_VAL, y_val=X_VAL[:, 0])
        stored = pickle.loads(pickle.dumps(stored))
    assert_same(stored, whole)


def test_continued_training_remembers_the_number_of_epochs_without_progress() -> None:
    options = {"early_stopping": True, "n_iter_no_change": 5, "tol": 0.0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        whole = model(**options, max_iter=300).fit(X, Y, **VALIDATION)
        parts = model(**options, max_iter=whole.n_iter_ - 2).fit(X, Y, **VALIDATION)
        parts.set_params(max_iter=300).fit(X, Y, **VALIDATION)
    assert whole.n_iter_ < 300
    assert parts.n_iter_ == 2
    assert_same(parts, whole)


def test_lbfgs_restarts_from_the_last_weights() -> None:
    fitted = model(solver="lbfgs", max_iter=8).fit(X, Y, **VALIDATION)
    last = fitted._training_state.last
    assert last is not None
    plain = model(solver="lbfgs", max_iter=8).fit(X, Y)
    np.testing.assert_array_equal(last, plain.parameters_)
    plain.set_params(max_iter=3).fit(X, Y)
    fitted.set_params(max_iter=3).fit(X, Y, **VALIDATION)
    assert fitted.loss_curve_ == plain.loss_curve_
    assert len(fitted.validation_scores_) == 11
    assert fitted.score(X_VAL, Y_VAL) == max(fitted.validation_scores_)


def test_fit_without_validation_data_continues_from_the_last_weights() -> None:
    plain, mixed = model().fit(X, Y), model().fit(X, Y, **VALIDATION)
    assert mixed._training_state.best is not None
    np.testing.assert_array_equal(mixed.fit(X, Y).parameters_, plain.fit(X, Y).parameters_)
    assert mixed.validation_scores_ is mixed.best_validation_score_ is None


def test_new_validation_data_rescore_the_best_weights() -> None:
    fitted = model(early_stopping=True).fit(X, Y, X_val=X, y_val=Y)
    best = fitted.parameters_.copy()
    score = model().set_params(early_stopping=True).fit(X, Y, X_val=X, y_val=Y).score(X_VAL, Y_VAL)
    fitted.set_params(max_iter=1, learning_rate_init=1e-12).fit(X, Y, **VALIDATION)
    expected = max(score, fitted.validation_scores_[-1])
    assert fitted.best_validation_score_ == pytest.approx(expected)
    assert np.array_equal(fitted.parameters_, best) == (score >= fitted.validation_scores_[-1])
    loss = fitted.set_params(early_stopping_metric="loss").fit(X, Y, **VALIDATION).best_validation_score_
    assert loss < 0  # it is not compared with an accuracy


def test_training_continues_from_weights_set_by_the_user() -> None:
    fitted = model().fit(X, Y, **VALIDATION)
    assert fitted._training_state.best is not None
    fitted.coefs_[0][...] = 0.0
    by_hand = fitted.parameters_.copy()
    fitted.set_params(learning_rate_init=1e-12, max_iter=1).fit(X, Y, **VALIDATION)
    np.testing.assert_allclose(fitted.parameters_, by_hand, atol=1e-9)


@pytest.mark.parametrize("options", [{}, {"weight_averaging": 0.9}, {"solver": "lbfgs"}])
def test_an_estimator_loaded_as_memory_maps_can_continue_training(tmp_path: Path, options: dict[str, Any]) -> None:
    whole = model(**options).fit(X, Y)
    joblib.dump(whole, tmp_path / "model")
    mapped = joblib.load(tmp_path / "model", mmap_mode="r")
    with pytest.raises(InputError, match="inconsistent numbers of samples"):
        mapped.fit(X, Y[:5])
    np.testing.assert_array_equal(mapped.predict(X), whole.predict(X))
    np.testing.assert_array_equal(mapped.fit(X, Y).parameters_, whole.fit(X, Y).parameters_)


def test_continued_training_keeps_the_parameter_vector_and_its_views() -> None:
    fitted = model().fit(X, Y, **VALIDATION)
    parameters, weights = fitted.parameters_, fitted.coefs_[0]
    fitted.fit(X, Y, **VALIDATION)
    assert fitted.parameters_ is parameters
    np.testing.assert_array_equal(weights, fitted.coefs_[0])


@pytest.mark.parametrize("options", [{}, {"weight_averaging": 0.9}, {"solver": "lbfgs"}])
def test_shallow_copies_share_the_training_state(options: dict[str, Any]) -> None:
    fitted, whole = (model(**options).fit(X, Y, **VALIDATION) for _ in range(2))
    other = copy.copy(fitted)
    fitted.fit(X, Y, **VALIDATION)
    assert other._training_state is fitted._training_state
    np.testing.assert_array_equal(other.parameters_, fitted.parameters_)
    assert_same(other.fit(X, Y, **VALIDATION), whole.fit(X, Y, **VALIDATION).fit(X, Y, **VALIDATION))


def test_a_callback_cannot_change_the_weights_of_a_continued_fit() -> None:
    fitted, expected = (model().fit(X, Y, **VALIDATION) for _ in range(2))

    def change(event: Any) -> None:
        if isinstance(event, EpochEnded):
            fitted.predict(X)
            fitted.coefs_[0][...] = 0.0

    with pytest.raises(ValueError, match="read-only"):
        fitted.set_params(callbacks=[change]).fit(X, Y, **VALIDATION)
    fitted.set_params(callbacks=[])
    assert_same(fitted, expected)
    fitted.coefs_[0][...] = 0.0  # after the fit, they can be changed


def test_a_subclass_may_define_fitted_attributes_as_properties() -> None:
    class Rounded(MLPClassifier):
        @property
        def loss_(self) -> float:
            return round(self._loss, 2)

        @loss_.setter
        def loss_(self, value: float) -> None:
            self._loss = value

    fitted = Rounded((6,), max_iter=3, n_iter_no_change=None, random_state=0).fit(X, Y)
    assert fitted.loss_ == round(fitted.loss_curve_[-1], 2)


@pytest.mark.parametrize("given", [{}, VALIDATION], ids=["held out", "own"])
def test_divergence_leaves_the_best_and_last_weights_unchanged(given: Any) -> None:
    options = {"early_stopping": True, "solver": "sgd", "activation": "identity"}
    fitted, expected = (model(**options).fit(X, Y, **given) for _ in range(2))
    with pytest.raises(DivergenceError):
        fitted.set_params(learning_rate_init=1e300).fit(X, Y, **given)
    assert_same(fitted, expected)
    fitted.set_params(learning_rate_init=0.1).fit(X, Y, **given)
    assert_same(fitted, expected.fit(X, Y, **given))


def test_an_error_in_a_callback_leaves_the_best_and_last_weights_unchanged() -> None:
    fitted, expected = (model().fit(X, Y, **VALIDATION) for _ in range(2))

    def fail(event: Any) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 15:
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        fitted.set_params(callbacks=[fail]).fit(X, Y, **VALIDATION)
    fitted.set_params(callbacks=[])
    assert_same(fitted, expected)


# --- partial_fit


@ENGINES
@pytest.mark.parametrize("early_stopping", [False, True])
def test_partial_fit_keeps_the_best_weights_and_continues_from_the_last(early_stopping: bool, engine: str) -> None:
    plain, watched = model(engine=engine), model(engine=engine, early_stopping=early_stopping)
    scores, states = [], []
    for i in range(15):
        part = slice(20 * (i % 4), 20 * (i % 4) + 20)
        plain.partial_fit(X[part], Y[part], classes=np.unique(Y))
        watched.partial_fit(X[part], Y[part], classes=np.unique(Y), **VALIDATION)
        scores.append(plain.score(X_VAL, Y_VAL))
        states.append(plain.parameters_.copy())
        np.testing.assert_array_equal(watched.parameters_, states[int(np.argmax(scores))])
        assert watched.best_validation_score_ == pytest.approx(max(scores))
    assert np.argmax(scores) < 14
    np.testing.assert_allclose(watched.validation_scores_, scores)
    assert watched.loss_curve_ == plain.loss_curve_


def test_partial_fit_of_a_regressor_records_the_validation_loss() -> None:
    regressor = MLPRegressor(4, random_state=0, early_stopping=True, early_stopping_metric="loss")
    for _ in range(5):
        regressor.partial_fit(X, X[:, :2], X_val=X_VAL, y_val=X_VAL[:, :2])
    assert len(regressor.validation_loss_curve_) == 5
    assert regressor.best_validation_score_ == -min(regressor.validation_loss_curve_)


def test_partial_fit_with_early_stopping_requires_validation_data() -> None:
    with pytest.raises(ParameterError, match=r"does not support early_stopping=True: .* pass these as X_val and y_val"):
        model(early_stopping=True).partial_fit(X, Y, classes=np.unique(Y))


def test_lbfgs_started_at_its_solution_takes_no_iteration() -> None:
    first = MLPRegressor((3,), solver="lbfgs", tol=1e-3, max_iter=2000, random_state=0).fit(X, X[:, 0])
    again = MLPRegressor((3,), solver="lbfgs", tol=0.1, initialization=list(first.thetas_)).fit(X, X[:, 0])
    assert again.n_iter_ == 0
    np.testing.assert_array_equal(again.parameters_, first.parameters_)
