"""Inspection methods: transform, decision_function, input_gradient, trace and check_gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_matrix
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import MLPClassifier, MLPRegressor, NotFittedError
from multilayer.equations import ACTIVATIONS, cost_and_gradient, forward_propagation
from multilayer.exceptions import InputError, ParameterError

# Fits of a fixed number of epochs under warm_start may be some of many, and are warned of.
pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")

ENGINES = ("cpu", "reference")
rng = np.random.RandomState(0)
X = rng.normal(size=(50, 3))
TWO = np.where(X[:, 0] * X[:, 1] > 0, "yes", "no")
THREE = np.array(["a", "b", "c"])[X.argmax(axis=1)]
MANY = (X > 0).astype(int)
NUMBER = X @ [1.0, -2.0, 0.5]


def classifier(y: Any = TWO, sizes: Any = (5, 4), **options: Any) -> MLPClassifier:
    return _fit(MLPClassifier(sizes, **options), y)


def regressor(y: Any = NUMBER, sizes: Any = (5, 4), **options: Any) -> MLPRegressor:
    return _fit(MLPRegressor(sizes, **options), y)


def _fit(model: Any, y: Any) -> Any:
    return model.set_params(max_iter=20, n_iter_no_change=np.inf, learning_rate_init=0.05, random_state=0).fit(X, y)


def passed_forward(model: Any, rows: Any = X) -> tuple[list[Any], list[Any]]:
    return forward_propagation(rows, model.thetas_, model.network_.hidden, model.network_.output)


class TestTransform:
    @pytest.mark.parametrize("engine", ENGINES)
    @pytest.mark.parametrize("activation", ACTIVATIONS)
    def test_transform_returns_the_activations_of_each_layer(self, activation: str, engine: str) -> None:
        model = classifier(THREE, activation=activation, engine=engine)
        _, A = passed_forward(model)
        for layer in (2, 3, 4):
            assert np.allclose(model.transform(X, layer), A[layer - 1], rtol=1e-12, atol=1e-13)
        assert np.array_equal(model.transform(X), model.transform(X, layer=3))

    def test_the_last_layer_equals_predict_proba(self) -> None:
        assert np.array_equal(classifier(THREE).transform(X, layer=4), classifier(THREE).predict_proba(X))

    @pytest.mark.parametrize("engine", ENGINES)
    def test_sparse_input_gives_the_same(self, engine: str) -> None:
        model = regressor(engine=engine)
        assert np.allclose(model.transform(csr_matrix(X)), model.transform(X), rtol=1e-13)

    def test_the_output_has_the_dtype_of_the_network(self) -> None:
        model = MLPRegressor((5,), "gelu", max_iter=2, n_iter_no_change=np.inf).fit(X.astype(np.float32), NUMBER)
        assert model.transform(X).dtype == np.float32

    def test_many_rows_are_processed_in_blocks(self) -> None:
        model = regressor(activation="tanh")
        rows = np.tile(X, (200, 1))
        assert np.allclose(model.transform(rows), np.tile(model.transform(X), (200, 1)), rtol=1e-12, atol=1e-14)

    def test_transform_returns_frames_with_feature_names(self) -> None:
        model = classifier()
        assert model.get_feature_names_out().tolist() == [f"mlpclassifier{unit}" for unit in range(4)]
        framed = model.set_output(transform="pandas").transform(X)
        assert isinstance(framed, pd.DataFrame)
        assert list(framed.columns) == model.get_feature_names_out().tolist()
        assert isinstance(model.set_output(transform="polars").transform(X), pl.DataFrame)
        with pytest.raises(ParameterError, match="after the last hidden layer, 3, and cannot return layer 2"):
            model.transform(X, layer=2)
        assert model.set_output(transform="default").transform(X, layer=2).shape == (50, 5)

    def test_a_network_can_be_a_pipeline_step(self) -> None:
        model = make_pipeline(StandardScaler(), classifier(sizes=(8,)), LogisticRegression()).fit(X, TWO)
        assert model.score(X, TWO) > 0.8
        assert np.array_equal(classifier().fit_transform(X, TWO), classifier().transform(X))

    @pytest.mark.parametrize("layer", [1, 5, -1, 0, True, 2.0, "last"])
    def test_invalid_layers_raise_an_error(self, layer: Any) -> None:
        with pytest.raises(ParameterError, match="layer must be None or an integer from 2 to 4, got"):
            classifier().transform(X, layer)

    def test_the_default_layer_raises_an_error_without_hidden_layers(self) -> None:
        model = regressor(sizes=())
        with pytest.raises(ParameterError, match=r"has no hidden layer, .* Write layer=2"):
            model.transform(X)
        assert model.transform(X, layer=2).ravel() == pytest.approx(model.predict(X))


class TestDecisionFunction:
    def test_two_classes_give_the_log_odds(self) -> None:
        for output in ("auto", "softmax", "sigmoid"):
            model = classifier(output=output)
            decision = model.decision_function(X)
            assert decision.shape == (50,)
            logarithms = model.predict_log_proba(X)
            assert np.allclose(decision, logarithms[:, 1] - logarithms[:, 0], rtol=1e-9)
            assert np.array_equal(model.classes_[(decision > 0).astype(int)], model.predict(X))
        assert np.allclose(classifier().decision_function(X), passed_forward(classifier())[0][-1][:, 0], rtol=1e-12)

    @pytest.mark.parametrize("output", ["softmax", "sigmoid"])
    def test_more_classes_give_the_weighted_sums(self, output: str) -> None:
        model = classifier(THREE, output=output)
        decision = model.decision_function(X)
        assert np.allclose(decision, passed_forward(model)[0][-1], rtol=1e-12)
        assert np.array_equal(model.classes_[decision.argmax(axis=1)], model.predict(X))

    def test_multilabel_targets_give_a_decision_value_for_each_label(self) -> None:
        model = classifier(MANY)
        decision = model.decision_function(X)
        assert decision.shape == (50, 3)
        assert np.array_equal((decision > 0).astype(int), model.predict(X))

    def test_works_with_metrics_and_calibration_of_scikit_learn(self) -> None:
        model = classifier()
        decision, probability = model.decision_function(X), model.predict_proba(X)[:, 1]
        assert roc_auc_score(TWO, decision) == roc_auc_score(TWO, probability)
        assert cross_val_score(model, X, TWO, scoring="roc_auc", cv=3).mean() > 0.5
        for y in (TWO, THREE):
            calibrated = CalibratedClassifierCV(model, cv=3).fit(X, y)
            assert np.allclose(calibrated.predict_proba(X).sum(axis=1), 1)


class TestInputGradient:
    STEP = 1e-5

    @pytest.mark.parametrize("of", ["H", "Z"])
    @pytest.mark.parametrize("y", [TWO, THREE, MANY], ids=["two", "three", "labels"])
    def test_the_gradient_equals_central_differences(self, y: Any, of: str) -> None:
        model = classifier(y, activation="tanh")
        found = model.input_gradient(X, of=of)
        network = model.network_
        K = network.layer_sizes[-1]
        assert found.shape == ((50, 3) if K == 1 else (50, K, 3))
        for j in range(3):
            step = self.STEP * np.eye(3)[j]
            up, down = (passed_forward(model, X + s)[1 if of == "H" else 0][-1] for s in (step, -step))
            slope = (up - down) / (2 * self.STEP)
            assert np.allclose(found.reshape(50, K, 3)[:, :, j], slope, rtol=1e-5, atol=1e-8)

    def test_the_gradient_of_one_output_is_a_slice_of_all(self) -> None:
        model = classifier(THREE)
        whole = model.input_gradient(X)
        for k in range(3):
            assert np.array_equal(model.input_gradient(X, output=k), whole[:, k])

    def test_the_gradient_of_poisson_regression_equals_central_differences(self) -> None:
        model = regressor(np.abs(NUMBER), loss="poisson", activation="softplus")
        step = self.STEP * np.eye(3)[1]
        slope = (model.predict(X + step) - model.predict(X - step)) / (2 * self.STEP)
        assert np.allclose(model.input_gradient(X)[:, 1], slope, rtol=1e-6, atol=1e-8)

    def test_sparse_input_gives_the_same_and_float32_is_kept(self) -> None:
        model = regressor()
        assert np.array_equal(model.input_gradient(csr_matrix(X)), model.input_gradient(X))
        single = MLPRegressor((5,), max_iter=2, n_iter_no_change=np.inf).fit(X.astype(np.float32), NUMBER)
        assert single.input_gradient(X).dtype == np.float32

    def test_the_gradient_of_many_rows_is_computed_in_blocks(self) -> None:
        rows = np.tile(X, (100, 1))
        assert np.allclose(regressor().input_gradient(rows)[-50:], regressor().input_gradient(X), rtol=1e-12)

    @pytest.mark.parametrize("output", [3, -1, True, "yes", 1.0])
    def test_invalid_outputs_raise_an_error(self, output: Any) -> None:
        with pytest.raises(ParameterError, match="number of an output unit, from 0 to 2, got"):
            classifier(THREE).input_gradient(X, output)

    def test_an_unknown_quantity_raises_an_error(self) -> None:
        with pytest.raises(ParameterError, match=r"unknown of 'A'\. Known: 'H', 'Z'"):
            classifier().input_gradient(X, of="A")


class TestTrace:
    @pytest.mark.parametrize(("make", "y"), [(classifier, TWO), (classifier, MANY), (regressor, NUMBER)])
    def test_the_trace_equals_the_cost_and_gradient_of_the_fitted_network(self, make: Any, y: Any) -> None:
        model = make(y, alpha=0.3)
        weight = np.linspace(0.5, 2, 50)
        seen = model.trace(X, y, weight)
        Y = {"<U3": lambda: (y == "yes").astype(float)}.get(y.dtype.str, lambda: y)().reshape(50, -1)
        network = model.network_
        J, D = cost_and_gradient(X, Y, model.thetas_, 0.3, network.hidden, network.output, weight)
        assert seen.J == J
        assert all(np.array_equal(a, b) for a, b in zip(seen.D, D, strict=True))
        assert np.array_equal(seen.Y, Y)

    def test_a_gradient_descent_update_subtracts_the_step_size_times_the_gradient(self) -> None:
        options: Any = {"solver": "sgd", "momentum": 0.0, "batch_size": 50, "shuffle": False, "warm_start": True}
        model = classifier(**options)
        seen = model.trace(X, TWO)
        model.set_params(max_iter=1).fit(X, TWO)
        for before, after, D in zip(seen.thetas, model.thetas_, seen.D, strict=True):
            assert np.allclose(after, before - 0.05 * D, rtol=1e-10, atol=1e-14)

    def test_unknown_labels_raise_an_error(self) -> None:
        with pytest.raises(InputError, match="has classes not in"):
            classifier().trace(X, THREE)

    def test_a_wrong_number_of_targets_raises_an_error(self) -> None:
        with pytest.raises(InputError, match="y must have 1 columns, as in fit, got 3"):
            regressor().trace(X, MANY)

    def test_trace_accepts_sparse_input(self) -> None:
        model = classifier()
        assert np.array_equal(model.trace(csr_matrix(X), TWO).A[0], X)

    def test_trace_does_not_modify_the_estimator(self) -> None:
        model = classifier()
        before = {name: repr(value) for name, value in vars(model).items()}
        model.trace(X[:5], TWO[:5])
        assert {name: repr(value) for name, value in vars(model).items()} == before


class TestCheckGradient:
    @pytest.mark.parametrize("alpha", [0.0, 2.0])
    @pytest.mark.parametrize("weight", [None, np.linspace(0, 3, 10)], ids=["unweighted", "weighted"])
    def test_the_gradient_of_a_fitted_network_is_correct(self, weight: Any, alpha: float) -> None:
        for model, y in (
            (classifier(activation="tanh", alpha=alpha), TWO),
            (classifier(THREE, alpha=alpha), THREE),
            (classifier(MANY, activation="gelu", alpha=alpha), MANY),
            (regressor(np.abs(NUMBER), loss="poisson", activation="silu", alpha=alpha), np.abs(NUMBER)),
        ):
            assert model.check_gradient(X[:10], y[:10], weight).max_error < 1e-6

    @pytest.mark.parametrize(
        ("loss", "options"),
        [
            ("huber", {}),
            ("absolute_error", {}),
            ("gamma", {}),
            ("quantile", {"quantile": 0.3}),
            ("quantile", {"quantile": (0.1, 0.5, 0.9)}),
            ("squared_error", {"l1_alpha": 0.5}),
        ],
        ids=str,
    )
    def test_the_gradient_is_correct_with_every_cost_and_penalty(self, loss: str, options: dict[str, Any]) -> None:
        y = np.abs(NUMBER) + 0.1
        model = regressor(y, loss=loss, activation="tanh", **options)
        assert model.check_gradient(X[:10], y[:10]).max_error < 1e-6
        assert model.trace(X[:10], y[:10]).regularization > 0

    def test_the_gradient_is_correct_with_the_focal_cost(self) -> None:
        for y in (TWO, THREE):
            assert classifier(y, loss="focal", activation="tanh").check_gradient(X[:10], y[:10]).max_error < 1e-6

    def test_the_checked_gradient_includes_the_regularisation(self) -> None:
        model = classifier(activation="tanh", alpha=2.0)
        seen, report = model.trace(X[:10], TWO[:10]), model.check_gradient(X[:10], TWO[:10])
        assert all(np.array_equal(a, b) for a, b in zip(report.analytic, seen.D, strict=True))


@pytest.mark.parametrize("ask", ["transform", "decision_function", "input_gradient", "get_feature_names_out"])
def test_methods_of_an_unfitted_estimator_raise_not_fitted_error(ask: str) -> None:
    with pytest.raises(NotFittedError, match="this MLPClassifier is not fitted yet"):
        getattr(MLPClassifier(), ask)(X)


@pytest.mark.parametrize("ask", ["trace", "check_gradient"])
def test_methods_with_targets_of_an_unfitted_estimator_raise_not_fitted_error(ask: str) -> None:
    with pytest.raises(NotFittedError, match="this MLPRegressor is not fitted yet"):
        getattr(MLPRegressor(), ask)(X, NUMBER)
