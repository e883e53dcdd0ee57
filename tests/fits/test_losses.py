"""``loss=`` beyond the losses of scikit-learn: the documented properties of each cost, on both engines."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import d2_pinball_score, r2_score

from multilayer import MLPClassifier, MLPRegressor
from multilayer.equations import AbsoluteError, GammaDeviance, Huber, Quantile, SigmoidFocal, SoftmaxFocal
from multilayer.exceptions import InputError, ParameterError, ParameterWarning

RNG = np.random.RandomState(0)
X = RNG.normal(size=(300, 2))
NOISE = RNG.normal(size=300)
Y = X[:, 0] - 0.5 * X[:, 1] + NOISE
CLASSES = (X[:, 0] + 0.5 * NOISE > 0.8).astype(int)

engines = pytest.mark.parametrize("engine", ["reference", "cpu"])


def settings(**changes: Any) -> dict[str, Any]:
    options: dict[str, Any] = {
        "hidden_layer_sizes": (6,),
        "activation": "tanh",
        "solver": "lbfgs",
        "alpha": 0.0,
        "max_iter": 1000,
        "random_state": 0,
    }
    return options | changes


def descending(**changes: Any) -> dict[str, Any]:
    return settings(solver="adam", learning_rate_init=0.02, max_iter=150, n_iter_no_change=math.inf) | changes


@engines
@pytest.mark.parametrize(
    ("loss", "cost"),
    [
        ("absolute_error", AbsoluteError()),
        ("huber", Huber(1.0)),
        ("quantile", Quantile((0.5,))),
        (Huber(0.3), Huber(0.3)),
        (Quantile((0.2,)), Quantile((0.2,))),
    ],
    ids=str,
)
def test_reported_loss_is_the_cost_of_the_predictions(loss: Any, cost: Any, engine: str) -> None:
    given = descending(solver="sgd", batch_size=300, max_iter=1, learning_rate_init=1e-300)
    model = MLPRegressor(loss=loss, engine=engine, **given).fit(X, Y)
    H = model.predict(X).reshape(-1, 1)  # the weights have not moved
    assert model.loss_ == pytest.approx(cost.value(H, Y[:, np.newaxis]).mean(), rel=1e-12)


@engines
def test_outliers_hardly_change_fits_with_absolute_error_and_huber(engine: str) -> None:
    spoilt = Y.copy()
    spoilt[:15] += 100.0
    errors = {}
    for loss in ("squared_error", "absolute_error", "huber"):
        model = MLPRegressor(loss=loss, engine=engine, **descending(hidden_layer_sizes=())).fit(X, spoilt)
        errors[loss] = np.abs(model.predict(X) - (X[:, 0] - 0.5 * X[:, 1])).mean()
    assert errors["absolute_error"] < 0.3
    assert errors["huber"] < 0.5
    assert errors["squared_error"] > 1.0


@engines
def test_quantile_predictions_have_the_stated_coverage_and_never_cross(engine: str) -> None:
    levels = (0.1, 0.5, 0.9)
    model = MLPRegressor(loss="quantile", quantile=levels, engine=engine, **descending(max_iter=300)).fit(X, Y)
    H = model.predict(X)
    assert H.shape == (300, 3)
    assert (np.diff(H, axis=1) >= 0).all()
    far = np.random.RandomState(1).normal(size=(1000, 2)) * 100
    assert (np.diff(model.predict(far), axis=1) >= 0).all()
    assert (Y[:, np.newaxis] <= H).mean(axis=0) == pytest.approx(levels, abs=0.06)
    assert model.out_activation_ == "increasing"
    assert model.n_outputs_ == 3


@engines
def test_a_single_quantile_gives_one_dimensional_predictions(engine: str) -> None:
    model = MLPRegressor(loss="quantile", quantile=0.8, engine=engine, **descending()).fit(X, Y)
    assert model.predict(X).shape == (300,)
    assert (model.predict(X) >= Y).mean() == pytest.approx(0.8, abs=0.05)
    assert model.score(X, Y) == pytest.approx(r2_score(Y, model.predict(X)))


def test_score_of_several_quantiles_is_the_mean_of_the_scores_of_scikit_learn() -> None:
    model = MLPRegressor(loss="quantile", quantile=(0.25, 0.75), **descending()).fit(X, Y)
    H = model.predict(X)
    expected = np.mean([d2_pinball_score(Y, H[:, k], alpha=level) for k, level in enumerate((0.25, 0.75))])
    assert model.score(X, Y) == pytest.approx(expected, abs=1e-3)  # scikit-learn interpolates the constant prediction
    weight = RNG.randint(0, 3, size=300)
    repeated = np.repeat(np.arange(300), weight)
    assert model.score(X, Y, weight) == pytest.approx(model.score(X[repeated], Y[repeated]), rel=1e-12)


@pytest.mark.parametrize(
    ("y", "weight", "message"),
    [
        (Y[:5], None, r"inconsistent numbers of samples"),
        (np.where(np.arange(300) == 2, np.nan, Y), None, r"contains NaN"),
        (np.column_stack([Y, Y]), None, r"several quantiles need a y of one column, got 2 columns"),
        (["a"] * 300, None, r"y must hold numbers"),
        (Y, np.ones(3), r"sample_weight must be one finite non-negative number for each of the 300 rows"),
        (Y, -np.ones(300), r"sample_weight must not be negative"),
    ],
)
def test_score_of_several_quantiles_rejects_invalid_data(y: Any, weight: Any, message: str) -> None:
    model = MLPRegressor(loss="quantile", quantile=(0.25, 0.75), **descending(max_iter=2)).fit(X, Y)
    with pytest.raises(InputError, match=message):
        model.score(X, y, weight)


@engines
def test_gamma_predictions_are_positive_and_scale_with_the_targets(engine: str) -> None:
    amounts = np.exp(X[:, 0]) * RNG.gamma(2.0, size=300)
    model = MLPRegressor(loss="gamma", engine=engine, **settings(hidden_layer_sizes=())).fit(X, amounts)
    larger = MLPRegressor(loss="gamma", engine=engine, **settings(hidden_layer_sizes=())).fit(X, 10 * amounts)
    assert (model.predict(X) > 0).all()
    np.testing.assert_allclose(larger.predict(X), 10 * model.predict(X), rtol=1e-2)


@engines
@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_focal_loss_reduces_confidence_on_easy_rows(engine: str, output: str) -> None:
    models = [
        MLPClassifier(loss=loss, output=output, engine=engine, **descending()).fit(X, CLASSES)
        for loss in ("log_loss", "focal")
    ]
    sure = [np.abs(model.predict_proba(X) - 0.5).mean() for model in models]
    assert sure[1] < sure[0]  # correct predictions are not made more confident
    assert models[1].score(X, CLASSES) > 0.8


@engines
def test_focal_without_gamma_is_the_log_loss(engine: str) -> None:
    plain = MLPClassifier(engine=engine, **descending(max_iter=20)).fit(X, CLASSES)
    focal = MLPClassifier(loss=SigmoidFocal(0.0), engine=engine, **descending(max_iter=20)).fit(X, CLASSES)
    np.testing.assert_allclose(focal.parameters_, plain.parameters_, rtol=1e-8, atol=1e-10)


class Quartic:
    def value(self, Z: Any, Y: Any) -> Any:
        return ((Z - Y) ** 4).sum(axis=1)

    def delta(self, Z: Any, Y: Any) -> Any:
        return 4 * (Z - Y) ** 3


class Wrong(Quartic):
    def delta(self, Z: Any, Y: Any) -> Any:
        return (Z - Y) ** 3


def test_a_custom_cost_is_checked_and_runs_on_the_reference_engine() -> None:
    model = MLPRegressor(loss=Quartic(), **descending())
    with pytest.warns(ParameterWarning, match=r"engine='auto' is the reference engine here, .* the cost .*Quartic"):
        model.fit(X[:50], Y[:50])
    assert model.score(X[:50], Y[:50]) > 0.3
    with pytest.raises(ParameterError, match=r"delta of .*Wrong.* is not the derivative of value: in row \d"):
        MLPRegressor(loss=Wrong(), **settings()).fit(X, Y)
    with pytest.raises(ParameterError, match=r"engine='cpu' cannot run the cost .*Quartic.*Python functions"):
        MLPRegressor(loss=Quartic(), engine="cpu", **settings()).fit(X, Y)


@pytest.mark.parametrize(
    ("arguments", "y", "error", "message"),
    [
        ({"loss": "hubber"}, Y, ParameterError, r"unknown loss 'hubber'\. Did you mean 'huber'\?"),
        ({"loss": 3}, Y, ParameterError, r"loss must be one of 'absolute_error', .*an object with .* got 3\."),
        ({"loss": np.abs}, Y, ParameterError, r"object with the methods value\(Z, Y\) and delta\(Z, Y\).*got <ufunc"),
        ({"loss": Huber}, Y, ParameterError, r"loss must be a cost, got the class Huber: call it"),
        ({"loss": "mae"}, Y, ParameterError, r"Use 'absolute_error' for 'mae'"),
        ({"loss": "focal"}, Y, ParameterError, r"unknown loss 'focal'.* 'focal' is for MLPClassifier\."),
        ({"loss": "gamma"}, np.abs(Y) * 0, InputError, r"y must be positive for loss='gamma', got 0\."),
        ({"loss": GammaDeviance()}, -np.abs(Y), InputError, r"Y must be positive for the Gamma deviance"),
        ({"loss": "quantile", "quantile": 1.0}, Y, ParameterError, r"quantile must be a number above 0 and below 1"),
        ({"loss": "quantile", "quantile": (0.9, 0.1)}, Y, ParameterError, r"in ascending order, got \(0\.9, 0\.1\)"),
        ({"loss": "quantile", "quantile": "low"}, Y, ParameterError, r"quantile must be a number .* got 'low'"),
        ({"loss": "quantile", "quantile": (0.1, 0.9)}, X, InputError, r"several quantiles need a y of one column"),
    ],
)
def test_invalid_losses_of_a_regressor_raise_errors(arguments: Any, y: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        MLPRegressor(**arguments, **settings()).fit(X, y)


def test_scorers_without_support_for_several_quantiles_raise_an_error() -> None:
    model = MLPRegressor(loss="quantile", quantile=(0.1, 0.9), early_stopping_metric="r2", **descending(max_iter=2))
    with pytest.raises(
        InputError, match=r"early_stopping_metric='r2' cannot .* do not support several quantiles; use 'auto' or 'lo"
    ):
        model.fit(X, Y, X_val=X, y_val=Y)
    model.set_params(early_stopping_metric="loss").fit(X, Y, X_val=X, y_val=Y)
    assert model.best_validation_score_ == -min(model.validation_loss_curve_)


def test_a_quantile_without_effect_raises_a_warning() -> None:
    with pytest.warns(ParameterWarning, match=r"quantile=0\.9 has no effect with loss='squared_error'"):
        MLPRegressor(quantile=0.9, **descending(max_iter=2)).fit(X, Y)


def test_a_parameter_without_effect_raises_one_warning_with_validation_data() -> None:
    with pytest.warns(ParameterWarning, match=r"has no effect with loss=") as warned:
        MLPRegressor(quantile=0.9, **descending(max_iter=2)).fit(X, Y, X_val=X, y_val=Y)
    assert len(warned) == 1


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ("focall", r"unknown loss 'focall'\. Did you mean 'focal'\?"),
        ("cross_entropy", r"Use 'log_loss' for 'cross_entropy'"),
        ("quantile", r"unknown loss 'quantile'.* 'quantile' is for MLPRegressor\."),
        (SoftmaxFocal, r"loss must be a cost, got the class SoftmaxFocal: call it"),
        (Huber(), r"loss=Huber.* is a cost for identity or increasing outputs, but this network has sigmoid outputs"),
        (SoftmaxFocal(), r"for softmax outputs, but this network has sigmoid outputs\. Set output, or use loss="),
    ],
)
def test_invalid_losses_of_a_classifier_raise_errors(loss: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        MLPClassifier(loss=loss, **settings()).fit(X, CLASSES)
