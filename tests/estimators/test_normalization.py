"""Layer normalisation in the estimators: starting weights, continued training, inspection, warnings and errors."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from multilayer import MLPClassifier, MLPRegressor
from multilayer.equations import forward_propagation, input_gradient
from multilayer.exceptions import ParameterError, ParameterWarning
from multilayer.fits.errors import NotFittedError

RNG = np.random.RandomState(0)
X = RNG.normal(size=(200, 4)) * [1.0, 5.0, 0.2, 1.0]
Y = np.sin(X[:, 0]) - 0.1 * X[:, 1] + 0.1 * RNG.normal(size=200)
CLASSES = (Y > 0).astype(int)

pytestmark = pytest.mark.filterwarnings("ignore:training ended after max_iter")
engines = pytest.mark.parametrize("engine", ["reference", "cpu"])


def settings(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "hidden_layer_sizes": (20, 6),
        "activation": "tanh",
        "normalization": "layer",
        "learning_rate_init": 0.01,
        "max_iter": 20,
        "n_iter_no_change": math.inf,
        "random_state": 0,
    }
    return given | changes


@pytest.mark.parametrize("initialization", ["scikit-learn", "glorot"])
def test_normalisation_does_not_affect_the_starting_weights(initialization: str) -> None:
    given = {"initialization": initialization, "learning_rate_init": 1e-300, "max_iter": 1}
    models = [MLPClassifier(**settings(**given, normalization=value)).fit(X, CLASSES) for value in (None, "layer")]
    for plain, normalized in zip(models[0].thetas_, models[1].thetas_, strict=True):
        np.testing.assert_allclose(plain, normalized, atol=1e-290)  # one step of 1e-300 later
    assert models[0].norms_ == []
    for (gain, shift), size in zip(models[1].norms_, (20, 6), strict=True):
        assert gain.tolist() == [1.0] * size
        np.testing.assert_allclose(shift, np.zeros(size), atol=1e-290)


@engines
def test_networks_with_layer_normalisation_reach_high_scores(engine: str) -> None:
    model = MLPRegressor(**settings(engine=engine, max_iter=200)).fit(X, Y)
    assert model.score(X, Y) > 0.95
    assert all(np.ptp(gain) > 0 and shift.any() for gain, shift in model.norms_)
    assert MLPClassifier(**settings(engine=engine, max_iter=100)).fit(X, CLASSES).score(X, CLASSES) > 0.95


@engines
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("average", [0.0, 0.9])
def test_fits_of_k_and_m_epochs_equal_one_fit_of_k_plus_m_epochs(
    engine: str, early_stopping: bool, average: float
) -> None:
    given = settings(engine=engine, early_stopping=early_stopping, weight_averaging=average)
    whole = MLPClassifier(**given).fit(X, CLASSES)
    parts = MLPClassifier(**given | {"warm_start": True, "max_iter": 7}).fit(X, CLASSES)
    parts.set_params(max_iter=13).fit(X, CLASSES)
    np.testing.assert_array_equal(parts.parameters_, whole.parameters_)
    assert parts.validation_scores_ == whole.validation_scores_


def test_partial_fit_gives_equal_parameters_on_both_engines() -> None:
    models = [MLPClassifier(**settings(engine=engine)) for engine in ("reference", "cpu")]
    for model in models:
        for part in np.array_split(np.arange(200), 4):
            model.partial_fit(X[part], CLASSES[part], classes=[0, 1])
    np.testing.assert_allclose(models[0].parameters_, models[1].parameters_, rtol=1e-9, atol=1e-12)


@pytest.mark.filterwarnings("ignore:L-BFGS ended after max_iter")
def test_lbfgs_gives_equal_predictions_on_both_engines() -> None:
    models = [
        MLPRegressor(**settings(engine=engine, solver="lbfgs", max_iter=15)).fit(X, Y)
        for engine in ("reference", "cpu")
    ]
    np.testing.assert_allclose(models[0].predict(X), models[1].predict(X), rtol=1e-5, atol=1e-6)


def test_float32_input_gives_float32_weights_and_outputs() -> None:
    model = MLPRegressor(**settings()).fit(X.astype(np.float32), Y.astype(np.float32))
    assert model.parameters_.dtype == model.norms_[0].dtype == model.transform(X.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_layer_outputs_gradients_and_traces_match_the_equations(dtype: Any) -> None:
    A = X.astype(dtype)
    model = MLPClassifier(**settings()).fit(A, CLASSES)
    options = {"hidden": "tanh", "output": "sigmoid", "norms": model.norms_}
    _, activations = forward_propagation(A, model.thetas_, **options)
    tolerance = 1e-10 if dtype == np.float64 else 1e-4
    for layer in (2, 3, 4):
        np.testing.assert_allclose(model.transform(A, layer=layer), activations[layer - 1], atol=tolerance)
    expected = input_gradient(A, model.thetas_, **options)
    np.testing.assert_allclose(model.input_gradient(A), expected, rtol=1e-6, atol=tolerance)
    Z = np.log(activations[-1] / (1 - activations[-1]))[:, 0]
    np.testing.assert_allclose(model.decision_function(A), Z, atol=100 * tolerance)
    seen = model.trace(A, CLASSES)
    np.testing.assert_allclose(seen.H, activations[-1], rtol=1e-12)
    assert len(seen.norms) == len(seen.D_norms) == 2


def test_the_gradient_check_covers_gain_and_shift() -> None:
    model = MLPClassifier(**settings()).fit(X, CLASSES)
    report = model.check_gradient(X[:20], CLASSES[:20])
    assert report.n_norms == 2
    assert report.max_error < 1e-6


def test_the_diagnosis_uses_the_normalised_weighted_sums() -> None:
    # Sums in the thousands would saturate every unit; normalised they do not.
    saturated, normalized = (
        MLPClassifier(**settings(normalization=value, max_iter=1)).fit(1e4 * X, CLASSES).diagnose(1e4 * X, CLASSES)
        for value in (None, "layer")
    )
    assert np.mean(saturated.layers[0].responding) < 0.2 < 0.9 < np.mean(normalized.layers[0].responding)


def test_assigned_gains_and_shifts_change_the_predictions() -> None:
    model = MLPRegressor(**settings()).fit(X, Y)
    model.norms_[1] = np.zeros((2, 6))
    assert np.ptp(model.predict(X)) == 0


def test_pickling_and_cross_validation_work() -> None:
    model = MLPClassifier(**settings(max_iter=60)).fit(X, CLASSES)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), model.predict_proba(X))
    assert cross_val_score(clone(model), X, CLASSES, cv=3).mean() > 0.85


def test_warm_start_with_another_normalization_raises_an_error() -> None:
    model = MLPRegressor(**settings(warm_start=True)).fit(X, Y)
    before = model.parameters_.copy()
    with pytest.raises(ParameterError, match=r"has normalization='layer' and cannot be continued with None"):
        model.set_params(normalization=None).fit(X, Y)
    np.testing.assert_array_equal(model.parameters_, before)
    model.set_params(warm_start=False).fit(X, Y)
    assert model.norms_ == []


def test_ineffective_normalization_warns_and_unfitted_norms_raise_an_error() -> None:
    with pytest.warns(ParameterWarning, match=r"normalization='layer' has no effect without hidden layers"):
        MLPRegressor(**settings(hidden_layer_sizes=())).fit(X, Y)
    with pytest.warns(
        ParameterWarning, match=r"makes a hidden layer of one unit constant, got hidden_layer_sizes=\(5, 1\)"
    ):
        model = MLPRegressor(**settings(hidden_layer_sizes=(5, 1))).fit(X, Y)
    assert np.ptp(model.predict(X)) < 1e-12
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        MLPRegressor().norms_  # noqa: B018
