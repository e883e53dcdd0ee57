"""Penalties, step options, dropout and schedules of the estimators: their documented properties on both engines."""

from __future__ import annotations

import math
import pickle
import re
from typing import Any

import numpy as np
import pytest

from multilayer import ConvergenceWarning, MLPClassifier, MLPRegressor
from multilayer.exceptions import ParameterError, ParameterWarning
from multilayer.training import Cosine, OneCycle, Plateau, WarmUp

RNG = np.random.RandomState(0)
X = RNG.normal(size=(200, 4))
Y = X[:, 0] - 0.5 * X[:, 1] + 0.1 * RNG.normal(size=200)
CLASSES = (Y > 0).astype(int)

# A run that is continued later warns that it has not converged.
pytestmark = pytest.mark.filterwarnings("ignore:training ended after max_iter")
engines = pytest.mark.parametrize("engine", ["reference", "cpu"])
OPTIONS: list[dict[str, Any]] = [
    {"l1_alpha": 0.1},
    {"weight_decay": 0.1},
    {"clip_norm": 0.05},
    {"weight_averaging": 0.9},
    {"dropout": 0.3, "input_dropout": 0.1},
    {"dropout": (0.2,)},
    {"normalization": "layer"},
    {"normalization": "layer", "dropout": 0.3, "weight_averaging": 0.9, "weight_decay": 0.1},
    {"learning_rate": Plateau(0.5, patience=1, tol=1.0)},
    {"learning_rate": WarmUp(7, Cosine(20))},
    {"learning_rate": OneCycle(20)},
    {"learning_rate": lambda epoch: 0.9**epoch},
    {"weight_decay": 0.1, "clip_norm": 0.5, "weight_averaging": 0.9, "dropout": 0.1, "learning_rate": Cosine(20)},
]
options = pytest.mark.parametrize("option", OPTIONS, ids=lambda option: re.sub(" at 0x[0-9a-f]+", "", str(option)))
solvers = pytest.mark.parametrize("solver", ["adam", "sgd"])


def settings(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "hidden_layer_sizes": (6,),
        "activation": "tanh",
        "alpha": 0.0,
        "learning_rate_init": 0.01,
        "batch_size": 50,
        "max_iter": 20,
        "n_iter_no_change": math.inf,
        "random_state": 0,
    }
    return given | changes


@engines
@solvers
@options
def test_a_resumed_fit_equals_an_uninterrupted_one(option: dict[str, Any], solver: str, engine: str) -> None:
    whole = MLPClassifier(**settings(**option, solver=solver, engine=engine)).fit(X, CLASSES)
    parts = MLPClassifier(**settings(**option, solver=solver, engine=engine, warm_start=True, max_iter=8))
    parts.fit(X, CLASSES).set_params(max_iter=12).fit(X, CLASSES)
    np.testing.assert_array_equal(parts.parameters_, whole.parameters_)
    np.testing.assert_array_equal(parts.predict_proba(X), whole.predict_proba(X))
    assert parts.loss_curve_ == whole.loss_curve_


@solvers
@options
def test_both_engines_train_the_same_network(option: dict[str, Any], solver: str) -> None:
    ours = [MLPRegressor(**settings(**option, solver=solver, engine=name)).fit(X, Y) for name in ("reference", "cpu")]
    np.testing.assert_allclose(ours[0].parameters_, ours[1].parameters_, rtol=1e-8, atol=1e-9)


@solvers
@options
def test_every_option_changes_the_predictions(option: dict[str, Any], solver: str) -> None:
    plain, other = (MLPRegressor(**settings(**given, solver=solver)).fit(X, Y) for given in ({}, option))
    assert not np.allclose(plain.predict(X), other.predict(X), rtol=1e-6)


@engines
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_l1_penalty_shrinks_the_weights_of_irrelevant_columns(engine: str, solver: str) -> None:
    given = settings(hidden_layer_sizes=(), solver=solver, engine=engine, max_iter=300, batch_size=200)
    if solver == "adam":
        given["learning_rate"] = "cosine"
    plain, sparse = (MLPRegressor(l1_alpha=l1, **given).fit(X, Y).coefs_[0].ravel() for l1 in (0.0, 20.0))
    assert np.abs(sparse[2:]).max() < 1e-3  # the targets do not depend on the last two columns
    assert np.abs(plain[2:]).max() > 2e-3
    assert sparse[0] > 0.7


@engines
def test_averaged_weights_predict_and_training_continues_from_the_raw_weights(engine: str) -> None:
    given = settings(engine=engine, learning_rate_init=0.1)
    steps: list[Any] = []
    plain = MLPRegressor(**given | {"batch_size": 200}, callbacks=[lambda _: None]).fit(X, Y)
    for n in range(1, 6):
        steps.append(MLPRegressor(**given | {"batch_size": 200, "max_iter": n}).fit(X, Y).parameters_.copy())
    mean = MLPRegressor(**given | {"batch_size": 200, "max_iter": 5}, weight_averaging=0.5).fit(X, Y)
    expected = np.average(steps, axis=0, weights=0.5 ** np.arange(4, -1, -1))
    np.testing.assert_allclose(mean.parameters_, expected, rtol=1e-9, atol=1e-12)
    assert mean.loss_curve_ == plain.loss_curve_[:5]


def test_training_continues_from_the_average_when_averaging_is_switched_off() -> None:
    model = MLPRegressor(**settings(warm_start=True), weight_averaging=0.9).fit(X, Y)
    averaged = model.parameters_.copy()
    model.set_params(weight_averaging=0.0, max_iter=1, learning_rate_init=1e-300).fit(X, Y)
    np.testing.assert_allclose(model.parameters_, averaged, rtol=1e-12)


def test_weights_assigned_by_the_user_are_used() -> None:
    model = MLPRegressor(**settings(), weight_averaging=0.9).fit(X, Y)
    model.coefs_[0] = np.zeros((4, 6))
    assert np.ptp(model.predict(X)) == 0


def test_a_pickle_stores_the_average_once() -> None:
    model = MLPRegressor(**settings(), weight_averaging=0.9).fit(X, Y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again._training_state.descent.average is None
    assert again._training_state.descent.parameters is again.parameters_


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_failed_fit_restores_weights_and_average(early_stopping: bool) -> None:
    given = settings(warm_start=True, early_stopping=early_stopping, max_iter=5)
    model = MLPRegressor(**given, weight_averaging=0.9).fit(X, Y)
    before, raw = model.parameters_.copy(), model._training_state.descent.parameters.copy()

    def fail(event: Any) -> None:
        if getattr(event, "epoch", 0) > 6:
            raise RuntimeError("enough")

    model.set_params(callbacks=[fail])
    with pytest.raises(RuntimeError, match="enough"):
        model.fit(X, Y)
    np.testing.assert_array_equal(model.parameters_, before)
    np.testing.assert_array_equal(model._training_state.descent.parameters, raw)


@engines
def test_dropout_rates_of_zero_change_nothing(engine: str) -> None:
    plain, same = (MLPClassifier(**settings(engine=engine, **given)) for given in ({}, {"dropout": (0.0,)}))
    np.testing.assert_array_equal(same.fit(X, CLASSES).parameters_, plain.fit(X, CLASSES).parameters_)


def test_named_schedules_end_with_the_fit() -> None:
    sizes: list[float] = []

    def note(event: Any) -> None:
        if hasattr(event, "step_size"):
            sizes.append(event.step_size)

    MLPRegressor(**settings(learning_rate="cosine"), callbacks=[note]).fit(X, Y)
    assert sizes[0] == pytest.approx(0.01)
    assert 0 < sizes[-1] < 1e-3
    sizes.clear()
    model = MLPRegressor(**settings(learning_rate="one_cycle", warm_start=True), callbacks=[note]).fit(X, Y)
    assert sizes[0] == pytest.approx(0.01 / 25)
    assert max(sizes) == pytest.approx(0.01, rel=0.02)
    model.fit(X, Y)  # planned again: the second half of a run of 40 epochs
    assert sizes[20] > 1e-3 > sizes[-1]


def test_a_schedule_that_is_over_raises_an_error() -> None:
    model = MLPRegressor(**settings(learning_rate=Cosine(20), warm_start=True)).fit(X, Y)
    with pytest.raises(ParameterError, match=r"is over after 20 epochs.*more n_epochs"):
        model.fit(X, Y)
    model.set_params(learning_rate=Cosine(20, floor=0.1)).fit(X, Y)


def test_partial_fit_follows_a_named_schedule_up_to_max_iter() -> None:
    model = MLPRegressor(**settings(learning_rate="cosine", max_iter=3))
    for _ in range(3):
        model.partial_fit(X, Y)
    for _ in range(2):
        with pytest.warns(ParameterWarning, match=r"'cosine' is planned for 3 epochs.* Raise max_iter\."):
            model.partial_fit(X, Y)
    assert model._training_state.history.step_sizes[:3] == pytest.approx([0.01, 0.0075, 0.0025])
    assert min(model._training_state.history.step_sizes) > 0


@pytest.mark.parametrize("schedule", [Cosine(4), OneCycle(4), WarmUp(2, Cosine(4))], ids=str)
def test_a_schedule_shorter_than_the_fit_raises_a_warning(schedule: Any) -> None:
    model = MLPRegressor(**settings(learning_rate=schedule, max_iter=4)).fit(X, Y)
    with pytest.warns(ParameterWarning, match=r"is planned for 4 epochs, but this call trains to epoch 5.*n_epochs"):
        model.set_params(max_iter=5).fit(X, Y)


@pytest.mark.parametrize("schedule", [Cosine(4, floor=0.1), OneCycle(4, last=0.1), Cosine(20), Plateau()], ids=str)
def test_a_schedule_with_positive_steps_for_all_epochs_raises_no_warning(schedule: Any) -> None:
    MLPRegressor(**settings(learning_rate=schedule, max_iter=5)).fit(X, Y)


@pytest.mark.filterwarnings("error:training ended after max_iter")
@pytest.mark.parametrize("schedule", ["cosine", "one_cycle", Cosine(5), WarmUp(2, OneCycle(5))], ids=str)
def test_a_schedule_that_was_completed_raises_no_convergence_warning(schedule: Any) -> None:
    given = settings(max_iter=5, n_iter_no_change=10)
    MLPRegressor(**given | {"learning_rate": schedule}).fit(X, Y)
    with pytest.warns(ConvergenceWarning, match="training ended after max_iter=5 epochs"):
        MLPRegressor(**given | {"learning_rate": Cosine(6)}).fit(X, Y)


def test_dropout_without_hidden_layers_raises_a_warning() -> None:
    with pytest.warns(
        ParameterWarning, match=r"dropout=0\.5 has no effect without hidden layers\. Set .*input_dropout"
    ):
        MLPRegressor(**settings(hidden_layer_sizes=()), dropout=0.5).fit(X, Y)
    MLPRegressor(**settings(hidden_layer_sizes=()), dropout=(), input_dropout=0.5).fit(X, Y)


@pytest.mark.parametrize("name", ["weight_decay", "clip_norm", "weight_averaging", "dropout", "input_dropout"])
def test_options_without_effect_on_lbfgs_raise_warnings(name: str) -> None:
    with pytest.warns(ParameterWarning, match=rf"{name}=0\.5 has no effect with solver='lbfgs'"):
        MLPRegressor(**settings(solver="lbfgs", tol=1.0), **{name: 0.5}).fit(X, Y)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"l1_alpha": -1}, r"l1_alpha must be a non-negative number, got -1"),
        ({"weight_decay": "much"}, r"weight_decay must be a non-negative number, got 'much'"),
        ({"clip_norm": 0}, r"clip_norm must be a positive number, got 0"),
        ({"weight_averaging": 1.0}, r"weight_averaging must be a number of at least 0 and below 1, got 1\.0"),
        ({"dropout": 1.0}, r"dropout must be a number of at least 0 and below 1, got 1\.0"),
        ({"dropout": (0.1, 0.2)}, r"dropout must be one number or one for each of the 1 hidden layers, got \(0\.1, 0"),
        ({"input_dropout": -0.1}, r"input_dropout must be a number of at least 0 and below 1, got -0\.1"),
        ({"normalization": "layers"}, r"unknown normalization 'layers'\. Did you mean 'layer'\?"),
        ({"normalization": True}, r"unknown normalization True"),
        ({"learning_rate": "cosin"}, r"unknown learning_rate 'cosin'\. Did you mean 'cosine'\?"),
        ({"learning_rate": 0.1}, r"learning_rate states how .* got 0\.1\. .* write learning_rate_init=0\.1\."),
        ({"learning_rate": Cosine}, r"learning_rate must be a schedule, got the class Cosine: call it"),
        ({"dropout": np.array(0.5)}, r"dropout must be a number of at least 0 and below 1, got array\(0\.5\)"),
        ({"weight_decay": 100}, r"weight_decay=100 times learning_rate_init=0\.01 must be below 1: it is the share"),
        ({"learning_rate": lambda epoch: 1.0 - epoch}, r"a finite positive number, got 0\.0 in epoch 1"),
    ],
)
def test_invalid_options_raise_errors(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        MLPRegressor(**settings(**arguments)).fit(X, Y)


def test_a_custom_plateau_reduces_the_step_size() -> None:
    model = MLPRegressor(**settings(learning_rate=Plateau(0.1, patience=1, tol=1e9))).fit(X, Y)
    assert model._training_state.history.step_sizes[:4] == pytest.approx([0.01, 0.01, 0.001, 0.0001])
