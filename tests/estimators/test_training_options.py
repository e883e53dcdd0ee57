"""Training options compared with manual calculations and independent definitions, on both engines."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.stats import norm
from sklearn.metrics import (
    log_loss,
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
)

from multilayer import MLPClassifier, MLPRegressor
from multilayer.equations.extensions import schedules as equations
from multilayer.training import Cosine, CustomSchedule, OneCycle, Plateau, WarmUp

RNG = np.random.RandomState(0)
X = RNG.normal(size=(60, 3))
Y = X[:, 0] - 0.5 * X[:, 1] + 0.3 * RNG.normal(size=60)
CLASSES = (Y > 0).astype(int)

engines = pytest.mark.parametrize("engine", ["reference", "cpu"])
descents = pytest.mark.parametrize(
    "descent",
    [
        {"solver": "adam"},
        {"solver": "sgd"},
        {"solver": "sgd", "nesterovs_momentum": False},
        {"solver": "sgd", "momentum": 0},
    ],
    ids=["adam", "nesterov", "momentum", "gradient descent"],
)
# Fits that are to be continued warn that they ended at max_iter.
pytestmark = pytest.mark.filterwarnings("ignore:training ended after max_iter")


def settings(**changes: Any) -> dict[str, Any]:
    """Return parameters for batch gradient descent without a penalty."""
    given: dict[str, Any] = {
        "hidden_layer_sizes": (4,),
        "activation": "tanh",
        "solver": "sgd",
        "momentum": 0.0,
        "alpha": 0.0,
        "batch_size": 60,
        "shuffle": False,
        "learning_rate_init": 0.01,
        "max_iter": 1,
        "n_iter_no_change": math.inf,
        "random_state": 0,
    }
    return given | changes


# --- costs: each update follows the gradient of an independent definition of the cost


def huber(y: Any, h: Any) -> float:
    far = np.abs(y - h)
    return float(np.where(far <= 1, far**2 / 2, far - 0.5).mean())


def focal(y: Any, h: Any) -> float:
    right = np.where(y == 1, h[:, 1], h[:, 0])
    return float((-((1 - right) ** 2) * np.log(right)).mean())


def pinball(*levels: float) -> Any:
    return lambda y, h: sum(mean_pinball_loss(y, h[:, k], alpha=level) for k, level in enumerate(levels))


COSTS: dict[str, tuple[dict[str, Any], Any]] = {
    "squared_error": ({}, lambda y, h: mean_squared_error(y, h) / 2),
    "absolute_error": ({}, mean_absolute_error),
    "huber": ({}, huber),
    "quantile": ({"quantile": 0.2}, lambda y, h: mean_pinball_loss(y, h, alpha=0.2)),
    "quantiles": ({"loss": "quantile", "quantile": (0.2, 0.5, 0.9)}, pinball(0.2, 0.5, 0.9)),
    "poisson": ({}, lambda y, h: mean_poisson_deviance(y, h) / 2),
    "gamma": ({}, lambda y, h: mean_gamma_deviance(y, h) / 2),
    "log_loss": ({}, log_loss),
    "log_loss, softmax": ({"loss": "log_loss", "output": "softmax"}, log_loss),
    "focal": ({}, focal),
    "focal, softmax": ({"loss": "focal", "output": "softmax"}, focal),
}


@engines
@pytest.mark.parametrize("name", COSTS)
def test_an_update_equals_the_finite_difference_gradient_of_the_cost(name: str, engine: str) -> None:
    given, cost = COSTS[name]
    given = {"loss": name} | given
    of_classes = given["loss"] in ("log_loss", "focal")
    y = CLASSES if of_classes else np.exp(Y) if name in ("poisson", "gamma") else Y
    kind = MLPClassifier if of_classes else MLPRegressor
    unmoved = kind(**settings(engine=engine, learning_rate_init=1e-300, **given)).fit(X, y)
    moved = kind(**settings(engine=engine, **given)).fit(X, y)
    D = (unmoved.parameters_ - moved.parameters_) / 0.01
    predict = unmoved.predict_proba if of_classes else unmoved.predict

    def at(i: int, h: float) -> float:
        unmoved.parameters_[i] += h
        value = float(cost(y, predict(X)))
        unmoved.parameters_[i] -= h
        return value

    quotients = [(at(i, 1e-6) - at(i, -1e-6)) / 2e-6 for i in range(len(D))]
    np.testing.assert_allclose(D, quotients, rtol=1e-5, atol=1e-7)


@engines
def test_predicted_quantiles_match_those_of_the_noise(engine: str) -> None:
    def drawn(m: int, seed: int) -> tuple[Any, Any]:
        rng = np.random.RandomState(seed)
        x = rng.uniform(-1, 1, size=(m, 1))
        return x, 2 * x[:, 0] + rng.normal(size=m)

    levels = (0.1, 0.5, 0.9)
    model = MLPRegressor((8,), loss="quantile", quantile=levels, learning_rate="one_cycle", learning_rate_init=0.05)
    model.set_params(max_iter=60, n_iter_no_change=math.inf, random_state=0, engine=engine).fit(*drawn(4000, 0))
    x, y = drawn(4000, 1)
    H = model.predict(x)
    assert (y[:, np.newaxis] <= H).mean(axis=0) == pytest.approx(levels, abs=0.03)
    np.testing.assert_allclose(H, 2 * x + norm.ppf(levels), atol=0.35)


# --- dropout


@engines
@pytest.mark.parametrize("rate", [0.2, 0.6])
def test_input_dropout_adds_the_expected_penalty_to_the_mean_cost(rate: float, engine: str) -> None:
    """The expected extra cost of a linear network is known: p/(1-p)/2 times each squared weight times mean x_j²."""
    given = settings(hidden_layer_sizes=(), engine=engine, learning_rate_init=1e-300)
    plain = MLPRegressor(**given).fit(X, Y)
    costs = MLPRegressor(**given | {"max_iter": 1000}, input_dropout=rate).fit(X, Y).loss_curve_
    added = rate / (1 - rate) / 2 * float((plain.coefs_[0].ravel() ** 2 * (X**2).mean(axis=0)).sum())
    error = float(np.std(costs)) / math.sqrt(len(costs))
    assert np.mean(costs) == pytest.approx(plain.loss_ + added, abs=4 * error)
    assert added > 8 * error  # the penalty is large compared with the standard error


@engines
def test_dropout_of_hidden_units_adds_the_expected_penalty_to_the_mean_cost(engine: str) -> None:
    given = settings(activation="identity", engine=engine, learning_rate_init=1e-300)
    plain = MLPRegressor(**given).fit(X, Y)
    costs = MLPRegressor(**given | {"max_iter": 1000}, dropout=0.5).fit(X, Y).loss_curve_
    A = plain.transform(X)
    added = 0.5 * float((plain.coefs_[1].ravel() ** 2 * (A**2).mean(axis=0)).sum())
    error = float(np.std(costs)) / math.sqrt(len(costs))
    assert np.mean(costs) == pytest.approx(plain.loss_ + added, abs=4 * error)
    assert added > 8 * error


@engines
def test_predictions_do_not_use_dropout(engine: str) -> None:
    given = settings(engine=engine, learning_rate_init=1e-300)
    plain, dropping = MLPRegressor(**given), MLPRegressor(**given, dropout=0.5, input_dropout=0.5)
    np.testing.assert_array_equal(dropping.fit(X, Y).predict(X), plain.fit(X, Y).predict(X))


@engines
def test_dropout_masks_are_equal_for_sparse_and_dense_rows(engine: str) -> None:
    rows = np.where(np.abs(X) > 0.8, X, 0.0)
    given = settings(engine=engine, max_iter=10, input_dropout=0.4, dropout=0.2)
    dense, sparse = (MLPRegressor(**given).fit(kind(rows), Y) for kind in (np.asarray, csr_matrix))
    np.testing.assert_allclose(sparse.parameters_, dense.parameters_, rtol=1e-9, atol=1e-12)


# --- gradient clipping, weight decay and L1 penalty


@engines
def test_clip_norm_shortens_long_gradients_and_keeps_short_ones(engine: str) -> None:
    unmoved = MLPRegressor(**settings(engine=engine, learning_rate_init=1e-300)).fit(X, Y).parameters_
    free = MLPRegressor(**settings(engine=engine)).fit(X, Y).parameters_
    length = float(np.linalg.norm(unmoved - free)) / 0.01
    cut = MLPRegressor(**settings(engine=engine), clip_norm=length / 3).fit(X, Y).parameters_
    assert np.linalg.norm(unmoved - cut) == pytest.approx(0.01 * length / 3)
    np.testing.assert_allclose(unmoved - cut, (unmoved - free) / 3, rtol=1e-9, atol=1e-15)
    np.testing.assert_array_equal(
        MLPRegressor(**settings(engine=engine), clip_norm=2 * length).fit(X, Y).parameters_, free
    )


@engines
@descents
def test_weight_decay_multiplies_the_weights_by_a_constant_factor_in_each_update(
    descent: dict[str, Any], engine: str
) -> None:
    zeros = np.zeros_like(X)
    given = settings(hidden_layer_sizes=(), engine=engine) | descent
    unmoved = MLPRegressor(**given | {"learning_rate_init": 1e-300}).fit(zeros, Y)
    plain = MLPRegressor(**given | {"max_iter": 7}).fit(zeros, Y)
    decayed = MLPRegressor(**given | {"max_iter": 7}, weight_decay=3.0).fit(zeros, Y)
    np.testing.assert_allclose(decayed.coefs_[0], unmoved.coefs_[0] * 0.97**7, rtol=1e-12)
    np.testing.assert_array_equal(decayed.intercepts_[0], plain.intercepts_[0])


@engines
def test_l1_alpha_moves_each_weight_toward_zero_by_the_same_amount(engine: str) -> None:
    zeros = np.zeros_like(X)
    given = settings(hidden_layer_sizes=(), engine=engine)
    unmoved = MLPRegressor(**given | {"learning_rate_init": 1e-300}).fit(zeros, Y)
    pulled = MLPRegressor(**given, l1_alpha=6.0).fit(zeros, Y)
    expected = unmoved.coefs_[0] - 0.01 * 6.0 / 60 * np.sign(unmoved.coefs_[0])
    np.testing.assert_allclose(pulled.coefs_[0], expected, rtol=1e-12)


# --- step sizes: with the absolute error and distant targets, each update raises the bias by the step size


def measured_step_sizes(schedule: Any, engine: str, n_epochs: int, **changes: Any) -> list[float]:
    given = settings(hidden_layer_sizes=(), loss="absolute_error", engine=engine, learning_rate_init=1.0)
    model = MLPRegressor(**given | changes, learning_rate=schedule, warm_start=True)
    biases = []
    for _ in range(n_epochs):
        biases.append(float(model.fit(np.zeros((60, 1)), np.full(60, 1e6)).intercepts_[0][0]))
    started = MLPRegressor(**given | {"learning_rate_init": 1e-300}).fit(np.zeros((60, 1)), np.full(60, 1e6))
    return np.diff([float(started.intercepts_[0][0]), *biases]).tolist()


@engines
def test_one_cycle_uses_its_first_largest_and_last_step_size(engine: str) -> None:
    taken = measured_step_sizes(OneCycle(9), engine, 9)
    assert (taken[0], taken[2], taken[-1]) == pytest.approx((1 / 25, 1.0, 1e-5), rel=1e-6)
    assert taken[:3] == sorted(taken[:3])
    assert taken[2:] == sorted(taken[2:], reverse=True)


@engines
@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Cosine(4), [equations.cosine(1.0, epoch, 4) for epoch in range(4)]),
        (Cosine(2, floor=0.5), [1.0, 0.75, 0.5, 0.5]),
        (WarmUp(4), [0.25, 0.5, 0.75, 1.0, 1.0]),
        (CustomSchedule(lambda epoch: 1 / (1 + epoch)), [1.0, 1 / 2, 1 / 3, 1 / 4]),
        (Plateau(0.5, patience=1, tol=1e9), [1.0, 1.0, 0.5, 0.25]),
        (lambda epoch: 0.1**epoch, [1.0, 0.1, 0.01]),
    ],
    ids=["cosine", "cosine to a floor", "warm-up", "own", "plateau", "function"],
)
def test_updates_use_the_step_sizes_of_the_schedule(schedule: Any, expected: list[float], engine: str) -> None:
    assert measured_step_sizes(schedule, engine, len(expected)) == pytest.approx(expected, rel=1e-6)


@engines
@pytest.mark.parametrize("name", ["cosine", "one_cycle"])
def test_a_named_schedule_spans_one_fit(name: str, engine: str) -> None:
    taken = measured_step_sizes(name, engine, 1, max_iter=8)
    step = {"cosine": equations.cosine, "one_cycle": equations.one_cycle}[name]
    assert taken == pytest.approx([sum(step(1.0, i, 8) for i in range(8))], rel=1e-6)
