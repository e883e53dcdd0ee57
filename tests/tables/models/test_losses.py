"""The losses of TableRegressor, and the models beside it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import (
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
)

from multilayer.exceptions import InputError, ParameterError, ParameterWarning
from multilayer.tables.models.losses import LOSSES, target_loss
from multilayer.tables.models.regression_models import ShiftedRidge, constant_for, linear_for, trees_for

RNG = np.random.RandomState(0)
Y = RNG.gamma(2.0, size=(50, 2))
H = RNG.gamma(2.0, size=(50, 2))


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("squared_error", lambda y, h: np.sqrt(mean_squared_error(y, h))),
        ("absolute_error", mean_absolute_error),
        ("poisson", lambda y, h: mean_poisson_deviance(y.ravel(), h.ravel())),
        ("gamma", lambda y, h: mean_gamma_deviance(y.ravel(), h.ravel())),
        ("quantile", lambda y, h: mean_pinball_loss(y, h, alpha=0.3)),
    ],
)
def test_scores_are_those_of_scikit_learn(name: str, metric: object) -> None:
    for k in range(2):
        y, h = Y[:, k], H[:, k]
        loss = target_loss(name, 0.3 if name == "quantile" else 0.5, y)
        found = loss.score(float(loss.row_losses(h[:, np.newaxis], y).mean()))
        assert found == pytest.approx(metric(y, h))  # type: ignore[operator]


@pytest.mark.parametrize("name", LOSSES)
def test_the_score_of_several_outputs_does_not_depend_on_their_units(name: str) -> None:
    units = np.array([1e6, 1.0])
    scores = []
    for unit in (units, np.ones(2)):
        loss = target_loss(name, 0.5, unit * Y)
        scores.append(loss.score(float(loss.row_losses(unit * H, unit * Y).mean())))
        assert loss.score_name.endswith(" of scaled outputs")
    assert scores[0] == pytest.approx(scores[1])


@pytest.mark.parametrize("name", LOSSES)
def test_differences_of_scores_have_the_unit_of_y(name: str) -> None:
    y, h, other = 1e6 * Y[:, 0], 1e6 * H[:, :1], 1e6 * H[:, 1:]
    loss = target_loss(name, 0.5, y)
    means = [float(loss.row_losses(each, y).mean()) for each in (h, other)]
    one, two = map(loss.score, means)
    assert loss.slope(one, two) * (means[0] - means[1]) == pytest.approx(one - two)


def test_huber_is_squared_to_one_deviation_and_linear_beyond() -> None:
    y = np.array([-1.0, 1.0])  # deviation 1
    loss = target_loss("huber", 0.5, y)
    assert loss.row_losses(np.array([[-0.5], [-2.0]]), y).tolist() == [0.125, 2.5]
    doubled = target_loss("huber", 0.5, 2 * y)
    assert doubled.row_losses(np.array([[-1.0], [-4.0]]), 2 * y).tolist() == [0.125, 2.5]
    assert doubled.score(1.0) == 4.0


def test_several_quantiles_have_the_mean_of_their_losses() -> None:
    y, h = Y[:, 0], np.sort(H, axis=1)
    loss = target_loss("quantile", (0.1, 0.8), y)
    expected = np.mean([mean_pinball_loss(y, h[:, k], alpha=tau) for k, tau in enumerate((0.1, 0.8))])
    assert loss.score(loss.row_losses(h, y).mean()) == pytest.approx(expected)


def test_zero_counts_have_a_finite_deviance() -> None:
    y = np.array([0.0, 3.0])
    loss = target_loss("poisson", 0.5, y)
    assert (loss.unit * loss.row_losses(np.array([[1.0], [3.0]]), y)).tolist() == [2.0, 0.0]


def test_networks_of_positive_amounts_have_targets_near_one() -> None:
    loss = target_loss("poisson", 0.5, np.array([[100.0, 0.0], [300.0, 0.0]]))
    assert loss.scaled(np.array([[100.0, 0.0]])).tolist() == [[0.5, 0.0]]
    assert loss.parameters == {"loss": "poisson", "standardize_targets": False}


@pytest.mark.parametrize("wrong", ["mse", "squared", None, 3, RNG])
def test_unknown_losses_are_refused(wrong: object) -> None:
    with pytest.raises(ParameterError, match="unknown loss"):
        target_loss(wrong, 0.5, Y)


def test_wrong_targets_and_quantiles_are_refused() -> None:
    with pytest.raises(InputError, match="y must not be negative for loss='poisson'"):
        target_loss("poisson", 0.5, -Y)
    with pytest.raises(InputError, match="y must be positive for loss='gamma'"):
        target_loss("gamma", 0.5, np.zeros(3))
    with pytest.raises(ParameterError, match="quantile must be a number above 0"):
        target_loss("quantile", (0.9, 0.1), Y)
    with pytest.raises(InputError, match="several quantiles need a y of one column, got 2"):
        target_loss("quantile", (0.1, 0.9), Y)
    with pytest.warns(ParameterWarning, match="quantile=0.9 has no effect"):
        target_loss("gamma", 0.9, Y)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_other_models_predict_an_amount_for_each_output(name: str, n_outputs: int) -> None:
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 3))
    y = rng.gamma(2.0, size=(60, n_outputs))
    y = y[:, 0] if n_outputs == 1 else y
    loss = target_loss(name, 0.5, y)
    for model in (constant_for(loss), linear_for(loss, n_outputs), trees_for(loss, n_outputs, 0)):
        assert np.asarray(model.fit(X, y).predict(X)).reshape(60, -1).shape == (60, n_outputs)


def test_other_models_of_several_quantiles_do_not_cross() -> None:
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(200, 3)), rng.normal(size=200)
    loss = target_loss("quantile", (0.1, 0.5, 0.9), y)
    for model in (constant_for(loss), linear_for(loss, 1), trees_for(loss, 1, 0)):
        predicted = model.fit(X, y).predict(X)
        assert predicted.shape == (200, 3)
        assert (np.diff(predicted, axis=1) >= 0).all()


def test_shifted_ridge_has_the_share_below_it() -> None:
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 2))
    y = X[:, 0] + rng.normal(size=200)
    model = ShiftedRidge(0.8).fit(X, y)
    assert np.mean(y <= model.predict(X)) == pytest.approx(0.8, abs=0.01)
    np.testing.assert_allclose(np.ptp(model.predict(X) - Ridge().fit(X, y).predict(X)), 0.0, atol=1e-9)
