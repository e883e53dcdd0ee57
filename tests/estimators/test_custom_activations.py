"""Custom activations, pairs (g, g'), in both estimators."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from multilayer import MLPClassifier, MLPRegressor
from multilayer.equations import activation
from multilayer.exceptions import ParameterError, ParameterWarning

RNG = np.random.RandomState(0)
X = RNG.normal(size=(60, 3))
Y = np.sin(2 * X[:, 0]) + 0.1 * X[:, 1]
FEW: dict[str, Any] = {"max_iter": 5, "n_iter_no_change": float("inf"), "random_state": 0, "engine": "reference"}


class Sine:
    def g(self, z: Any) -> Any:
        return np.sin(z)

    def g_prime(self, z: Any) -> Any:
        return np.cos(z)


class CustomTanh:
    """A custom activation that computes tanh, so that its results must equal those of ``"tanh"``."""

    def g(self, z: Any) -> Any:
        return activation("tanh").g(z)

    def g_prime(self, z: Any) -> Any:
        return activation("tanh").g_prime(z)


@dataclass(frozen=True)
class Scaled:
    factor: float

    def g(self, z: Any) -> Any:
        return self.factor * np.tanh(z)

    def g_prime(self, z: Any) -> Any:
        return self.factor / np.cosh(z) ** 2


class Wrong(Sine):
    def g_prime(self, z: Any) -> Any:
        return -np.cos(z)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize(
    ("own", "named"),
    [
        (CustomTanh(), "tanh"),
        ([CustomTanh(), "logistic"], ["tanh", "sigmoid"]),
        (("relu", CustomTanh()), ("relu", "tanh")),
    ],
)
@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
def test_custom_activations_train_like_the_named_activation(own: Any, named: Any, solver: str) -> None:
    options = FEW | {"hidden_layer_sizes": (4, 3), "solver": solver}
    for kind, y in ((MLPClassifier, Y > 0), (MLPRegressor, Y)):
        ours, theirs = (kind(activation=given, **options).fit(X, y) for given in (own, named))
        np.testing.assert_array_equal(ours.parameters_, theirs.parameters_)
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
        for layer in (2, 3, 4):
            np.testing.assert_array_equal(ours.transform(X, layer=layer), theirs.transform(X, layer=layer))
        np.testing.assert_array_equal(ours.input_gradient(X), theirs.input_gradient(X))
        assert ours.check_gradient(X[:10], y[:10]).max_error < 1e-6


def test_custom_activations_start_with_the_weights_of_activations_other_than_sigmoid() -> None:
    for sizes in ((4,), ()):
        start = [
            MLPRegressor(sizes, given, solver="sgd", learning_rate_init=1e-300, **FEW).fit(X, Y).parameters_
            for given in (Sine(), "tanh", "sigmoid")
        ]
        np.testing.assert_array_equal(start[0], start[1])
        assert (start[0] != start[2]).all()


def test_engine_auto_warns_once_of_the_slower_engine_and_engine_cpu_raises_an_error() -> None:
    model = MLPRegressor((4,), Sine(), warm_start=True, **(FEW | {"engine": "auto"}))
    with pytest.warns(ParameterWarning, match=r"reference engine here, which is slower: .* the activation .*Sine") as w:
        model.partial_fit(X, Y)
    assert [str(warning.filename) for warning in w] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.partial_fit(X, Y).predict(X)
    with pytest.raises(ParameterError, match=r"engine='cpu' cannot run the activation .*Sine.* Use engine='auto' or"):
        MLPRegressor((4,), ["relu", Sine()][1:], **(FEW | {"engine": "cpu"})).fit(X, Y)


def test_fit_checks_the_derivative_of_a_custom_activation() -> None:
    model = MLPRegressor((4, 4), ["relu", Wrong()], **FEW)
    with pytest.raises(ParameterError, match=r"g_prime of .*Wrong.* is not the derivative of g: at z = "):
        model.fit(X, Y)
    assert not hasattr(model, "parameters_")
    model.set_params(activation="relu", warm_start=True)
    with pytest.warns(match="Call fit again"):
        model.fit(X, Y)
    with pytest.raises(ParameterError, match=r"is not the derivative of g"):
        model.set_params(activation=["relu", Wrong()]).fit(X, Y)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Sine, r"activation must be an object with g\(z\) and g_prime\(z\), got the class Sine\. Write Sine\(\)\."),
        (np.sin, r"with the two methods g\(z\) and g_prime\(z\), got <ufunc 'sin'>, whose derivative"),
        ((np.sin, np.cos), r"with the two methods g\(z\) and g_prime\(z\), got <ufunc 'sin'>, whose"),
        ([Sine(), "tahn"], r"unknown activation 'tahn'\. Did you mean 'tanh'\?"),
        ([Sine()], r"one name or one for each of the 2 hidden layers, got \[<.*Sine"),
    ],
)
def test_invalid_custom_activations_raise_errors(given: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        MLPClassifier((4, 4), given, **FEW).fit(X, Y > 0)


def test_a_named_tuple_is_accepted_as_one_activation() -> None:
    pair = namedtuple("Pair", "g g_prime")(np.sin, np.cos)
    model = MLPRegressor((4, 3), pair, **FEW).fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), MLPRegressor((4, 3), Sine(), **FEW).fit(X, Y).predict(X))


def test_custom_activations_work_with_copies_clones_pickles_and_cross_validation() -> None:
    model = MLPRegressor((4,), Scaled(1.7), **FEW).fit(X, Y)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.predict(X), model.predict(X))
        np.testing.assert_array_equal(other.partial_fit(X, Y).predict(X).shape, (60,))
    fresh = clone(model)
    assert fresh.activation == Scaled(1.7)
    np.testing.assert_array_equal(fresh.fit(X, Y).parameters_, model.parameters_)
    assert cross_val_score(MLPRegressor((4,), Scaled(1.7), **FEW), X, Y, cv=2, n_jobs=2).shape == (2,)


def test_custom_activations_work_with_early_stopping_dropout_float32_and_diagnosis() -> None:
    options = FEW | {"early_stopping": True, "dropout": 0.2, "max_iter": 30}
    model = MLPRegressor((4,), Sine(), **options).fit(X.astype(np.float32), Y)
    assert model.parameters_.dtype == np.float32
    assert model.diagnose(X.astype(np.float32), Y).layers[0].activation == "Sine"
