"""MLPClassifier: outputs, labels, weights as views, and use with scikit-learn's tools."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
import re
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.datasets import make_classification, make_moons
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import ConvergenceWarning, MLPClassifier, MLPRegressor
from multilayer.equations import cost, cost_and_gradient, forward_propagation, initialize_thetas, one_hot
from multilayer.network import Network
from multilayer.training import EpochEnded, Event

from ..problems import data

X, TWO = make_moons(n_samples=60, noise=0.1, random_state=0)
THREE = (TWO + (X[:, 0] > 0.5)).astype(int)


def model(hidden_layer_sizes: Any = (4,), activation: Any = "relu", **parameters: Any) -> MLPClassifier:
    """Return an unfitted classifier that trains for a few epochs without a convergence warning."""
    defaults: dict[str, Any] = {"max_iter": 3, "n_iter_no_change": math.inf, "random_state": 0}
    return MLPClassifier(hidden_layer_sizes, activation, **(defaults | parameters))


# --- output units


@pytest.mark.parametrize(
    ("output", "y", "units", "kind"),
    [
        ("auto", TWO, 1, "sigmoid"),
        ("auto", THREE, 3, "softmax"),
        ("softmax", TWO, 2, "softmax"),
        ("softmax", THREE, 3, "softmax"),
        ("sigmoid", TWO, 2, "sigmoid"),
        ("sigmoid", THREE, 3, "sigmoid"),
    ],
)
def test_the_output_units_determine_the_cost_and_its_gradient(output: str, y: Any, units: int, kind: str) -> None:
    start = initialize_thetas((2, 4, units), 0)
    fitted = model(
        output=output, initialization=start, solver="sgd", momentum=0, batch_size=60, max_iter=1, alpha=0.3
    ).fit(X, y)
    assert fitted.network_ == Network((2, 4, units), ("relu",), kind)
    Y = y.reshape(-1, 1) if units == 1 else one_hot(y, units)
    J, D = cost_and_gradient(X, Y, start, 0.3, "relu", kind)
    assert fitted.loss_curve_ == [pytest.approx(J, abs=1e-12)]
    for received, theta, gradient in zip(fitted.thetas_, start, D, strict=True):
        np.testing.assert_allclose(received, theta - 0.001 * gradient, rtol=0, atol=1e-12)  # one step down the gradient
    assert cost(X, Y, fitted.thetas_, 0.3, "relu", kind) < J


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("output", ["auto", "softmax", "sigmoid"])
@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
def test_probabilities_sum_to_one_and_the_largest_is_the_prediction(y: Any, output: str, dtype: Any) -> None:
    fitted = model(output=output, max_iter=20).fit(X.astype(dtype), y)
    P = fitted.predict_proba(X.astype(dtype))
    assert P.dtype == dtype
    assert P.shape == (60, len(np.unique(y)))
    assert (P >= 0).all()
    np.testing.assert_allclose(P.sum(axis=1), 1.0, rtol=0, atol=8 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(fitted.predict(X.astype(dtype)), fitted.classes_[P.argmax(axis=1)])


def test_sigmoid_outputs_are_normalised_to_probabilities() -> None:
    fitted = model(output="sigmoid").fit(X, THREE)
    H = forward_propagation(X, fitted.thetas_, "relu", "sigmoid")[1][-1]
    np.testing.assert_allclose(fitted.predict_proba(X), H / H.sum(axis=1, keepdims=True), rtol=1e-12)
    np.testing.assert_array_equal(fitted.predict(X), H.argmax(axis=1))


def test_probabilities_are_uniform_when_all_sigmoid_outputs_are_zero() -> None:
    fitted = model((), output="sigmoid", max_iter=1).fit(X, THREE)
    fitted.parameters_[...] = 0.0
    for biases in fitted.intercepts_:
        biases[...] = -1e4
    np.testing.assert_array_equal(fitted.predict_proba(X[:2]), np.full((2, 3), 1 / 3))


# --- labels


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["no", "yes"], ["no", "yes"]),
        ([True, False], [False, True]),
        ([7, -3], [-3, 7]),
        ([10, 5, 1000], [5, 10, 1000]),
        ([2.0, 1.0], [1.0, 2.0]),
        (np.array(["b", "a", "c"], dtype=object), ["a", "b", "c"]),
        (pd.Series(["b", "a"], dtype="category"), ["a", "b"]),
        (pd.Series(["b", "a"], dtype="string"), ["a", "b"]),
        (pl.Series(["b", "a"]), ["a", "b"]),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("output", ["auto", "sigmoid"])
def test_predictions_have_the_labels_that_were_passed_to_fit(labels: Any, classes: list[Any], output: str) -> None:
    codes = THREE if len(classes) == 3 else TWO
    if isinstance(labels, list):
        y: Any = [labels[code] for code in codes]
    else:
        y = labels.take(codes) if isinstance(labels, pd.Series) else labels[codes]
    fitted = model((16,), output=output, max_iter=200, learning_rate_init=0.05).fit(X, y)
    assert fitted.classes_.tolist() == classes
    assert fitted.score(X, np.asarray(y)) > 0.8
    assert set(fitted.predict(X).tolist()) == set(classes)


def test_label_names_do_not_affect_the_parameters() -> None:
    plain, named = model().fit(X, THREE), model().fit(X, np.array(["x", "y", "z"])[THREE])
    np.testing.assert_array_equal(plain.parameters_, named.parameters_)


# --- weights


def test_weights_are_views_of_one_vector() -> None:
    fitted = model((5, 3)).fit(X, THREE)
    assert [theta.shape for theta in fitted.thetas_] == [(5, 3), (3, 6), (3, 4)]
    assert sum(theta.size for theta in fitted.thetas_) == fitted.parameters_.size
    for views in (fitted.thetas_, fitted.coefs_, fitted.intercepts_):
        assert all(np.shares_memory(view, fitted.parameters_) for view in views)
    for theta, weights, biases in zip(fitted.thetas_, fitted.coefs_, fitted.intercepts_, strict=True):
        np.testing.assert_array_equal(theta[:, 1:], weights.T)
        np.testing.assert_array_equal(theta[:, 0], biases)
    before = fitted.predict_proba(X)
    fitted.intercepts_[-1][0] += 5.0
    assert (fitted.predict_proba(X)[:, 0] > before[:, 0]).all()


def test_given_thetas_are_the_starting_weights_and_are_not_modified() -> None:
    start = initialize_thetas((2, 4, 1), 5)
    kept = [theta.copy() for theta in start]
    first = model(initialization=start, random_state=1, shuffle=False).fit(X, TWO)
    second = model(initialization=start, random_state=2, shuffle=False).fit(X, TWO)
    np.testing.assert_array_equal(first.parameters_, second.parameters_)
    for theta, copied in zip(start, kept, strict=True):
        np.testing.assert_array_equal(theta, copied)


@pytest.mark.parametrize("initialization", ["epsilon", "notebook", "glorot", "he", "lecun", "zeros"])
def test_initialization_schemes_match_the_equations(initialization: str) -> None:
    expected = initialize_thetas((2, 4, 1), 3, initialization)
    fitted = model(
        initialization=initialization, random_state=3, max_iter=1, learning_rate_init=1e-300, epsilon=1.0
    ).fit(X, TWO)
    for received, theta in zip(fitted.thetas_, expected, strict=True):
        np.testing.assert_allclose(received, theta, rtol=0, atol=1e-200)


def test_each_layer_can_have_its_own_activation() -> None:
    fitted = model((4, 3), ["tanh", "logistic"]).fit(X, TWO)
    assert fitted.network_.hidden == ("tanh", "sigmoid")
    H = forward_propagation(X, fitted.thetas_, ["tanh", "sigmoid"], "sigmoid")[1][-1]
    np.testing.assert_allclose(fitted.predict_proba(X)[:, 1:], H, rtol=1e-12)


def test_fit_and_predict_do_not_modify_the_data() -> None:
    data, labels = X.copy(), TWO.copy()
    for array in (data, labels):
        array.flags.writeable = False
    fitted = model().fit(data, labels)
    fitted.predict_proba(data)
    np.testing.assert_array_equal(data, X)


@pytest.mark.parametrize("rows", [X.tolist(), np.asfortranarray(X), pd.DataFrame(X), pl.DataFrame(X), X[::1]])
def test_every_container_of_the_same_rows_gives_the_same_parameters(rows: Any) -> None:
    fitted = model().fit(rows, TWO)
    np.testing.assert_array_equal(fitted.parameters_, model().fit(X, TWO).parameters_)


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.bool_, np.float16])
def test_other_dtypes_than_float32_are_converted_to_float64(dtype: Any) -> None:
    assert model().fit((X > 0).astype(dtype), TWO).parameters_.dtype == np.float64


def test_a_float32_network_predicts_float64_rows_in_float32() -> None:
    fitted = model().fit(X.astype(np.float32), TWO)
    assert fitted.predict_proba(X).dtype == np.float32
    np.testing.assert_allclose(fitted.predict_proba(X), fitted.predict_proba(X.astype(np.float32)), atol=1e-6)


# --- the end of training


def test_training_that_ends_before_convergence_warns() -> None:
    with pytest.warns(ConvergenceWarning, match=r"^training ended after max_iter=2 epochs, while the cost was still"):
        MLPClassifier(max_iter=2).fit(X, TWO)


def test_a_fixed_number_of_epochs_does_not_warn() -> None:
    assert model(max_iter=2).fit(X, TWO).n_iter_ == 2


def test_callbacks_receive_every_epoch_and_can_stop_training() -> None:
    events: list[Event] = []

    def stop_at_two(event: Event) -> bool:
        events.append(event)
        return isinstance(event, EpochEnded) and event.epoch == 2

    fitted = model(max_iter=9, callbacks=[stop_at_two]).fit(X, TWO)
    assert fitted.n_iter_ == 2
    assert [event.cost for event in events if isinstance(event, EpochEnded)] == fitted.loss_curve_


def test_verbose_prints_a_table_and_does_not_affect_training(capsys: pytest.CaptureFixture[str]) -> None:
    fitted = model(max_iter=2, verbose=True).fit(X, TWO)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["Iteration", "1", "2", "Ended"]
    assert [float(line.split()[1]) for line in lines[1:3]] == pytest.approx(fitted.loss_curve_, abs=1e-8)
    np.testing.assert_array_equal(fitted.parameters_, model(max_iter=2).fit(X, TWO).parameters_)


# --- use with scikit-learn's tools


def test_the_same_seed_gives_the_same_parameters() -> None:
    np.testing.assert_array_equal(model().fit(X, TWO).parameters_, model().fit(X, TWO).parameters_)
    assert (model(random_state=1).fit(X, TWO).parameters_ != model().fit(X, TWO).parameters_).any()


def test_fit_discards_the_previous_fit() -> None:
    fitted = model().fit(X, THREE)
    np.testing.assert_array_equal(fitted.fit(X, TWO).parameters_, model().fit(X, TWO).parameters_)
    assert fitted.classes_.tolist() == [0, 1]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda fitted: pickle.loads(pickle.dumps(fitted))])
def test_copies_give_equal_predictions(copied: Any) -> None:
    fitted = model((5, 3)).fit(X, THREE)
    other = copied(fitted)
    np.testing.assert_array_equal(other.predict_proba(X), fitted.predict_proba(X))
    assert all(np.shares_memory(view, other.parameters_) for view in other.coefs_)
    assert np.shares_memory(other.parameters_, fitted.parameters_) == (copied is copy.copy)


def test_clone_get_params_and_set_params() -> None:
    start = initialize_thetas((2, 4, 1), 0)
    original = model(initialization=start, alpha=0.5, callbacks=[print])
    other = clone(original)
    assert not hasattr(other, "parameters_")
    assert other.get_params()["alpha"] == 0.5
    assert other.set_params(alpha=0.1).alpha == 0.1
    assert list(other.get_params()) == sorted(inspect.signature(MLPClassifier).parameters)
    with pytest.raises(ValueError, match="Invalid parameter 'alpah'"):
        other.set_params(alpah=1)


def test_works_in_cross_validation_pipelines_and_grid_search() -> None:
    X, y = make_classification(120, 6, random_state=0)
    pipeline = make_pipeline(StandardScaler(), model((8,), max_iter=30, learning_rate_init=0.02))
    scores = cross_val_score(pipeline, X, y, cv=3)
    assert scores.shape == (3,)
    assert scores.mean() > 0.7
    search = GridSearchCV(
        pipeline, {"mlpclassifier__hidden_layer_sizes": [(), (4,)], "mlpclassifier__alpha": [0.0, 1e3]}, cv=2
    )
    search.fit(X, y)
    assert search.best_params_["mlpclassifier__alpha"] == 0.0
    assert search.best_estimator_.predict_proba(X).shape == (120, 2)


# --- documentation


def documented_defaults(estimator: type) -> dict[str, str]:
    """Return the default of each parameter as the docstring states it."""
    parameters = inspect.cleandoc(estimator.__doc__ or "").split("Parameters\n----------\n")[1].split("\n\n")[0]
    defaults = {}
    for names, values in re.findall(r"^(\w[\w, ]*) : .*default=(.*)$", parameters, flags=re.MULTILINE):
        several = names.split(", ")
        defaults |= dict(zip(several, values.split(", ") if len(several) > 1 else [values], strict=True))
    return defaults


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_documented_defaults_match_the_signature(estimator: type) -> None:
    defaults = {name: parameter.default for name, parameter in inspect.signature(estimator).parameters.items()}
    documented = documented_defaults(estimator)
    assert list(documented) == list(defaults)
    received = {name: eval(text, {"inf": math.inf}) for name, text in documented.items()}
    assert received == defaults


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_documented_attributes_match_those_of_a_fitted_estimator(estimator: Any) -> None:
    fitted = estimator(4, n_iter_no_change=math.inf, max_iter=2).fit(pd.DataFrame(X, columns=["a", "b"]), TWO)
    attributes = inspect.cleandoc(estimator.__doc__ or "").split("Attributes\n----------\n")[1].split("\n\n")[0]
    names = re.findall(r"\b\w+_\b(?=.*(?: :|$))", "\n".join(re.findall(r"^\w.*$", attributes, flags=re.MULTILINE)))
    assert {"thetas_", "loss_", "best_loss_", "n_layers_", "feature_names_in_"} <= set(names)
    assert [name for name in names if not hasattr(fitted, name)] == []
    assert {name for name in vars(fitted) if name.endswith("_")} <= set(names)


@pytest.mark.parametrize("kind", [list, pd.Series, lambda y: np.array(y, dtype=object), np.array])
def test_text_labels_are_stored_as_a_unicode_array(kind: Any) -> None:
    X = np.random.RandomState(0).normal(size=(20, 2))
    y = kind(["cat", "mouse"] * 10)
    model = MLPClassifier(2, max_iter=1, n_iter_no_change=np.inf, random_state=0).fit(X, y)
    assert model.classes_.dtype == model.predict(X).dtype == np.dtype("<U5")
    parts = MLPClassifier(2, random_state=0).partial_fit(X, y, classes=kind(["cat", "mouse"])).partial_fit(X, y)
    assert parts.classes_.dtype == np.dtype("<U5")


def test_labels_that_differ_only_in_a_trailing_null_character_stay_distinct() -> None:
    model = MLPClassifier(2, max_iter=1, n_iter_no_change=np.inf, random_state=0).fit(np.eye(4), ["a", "a\0"] * 2)
    assert model.classes_.tolist() == ["a", "a\0"]


def test_labels_in_a_sparse_matrix_have_the_score_of_those_in_an_array() -> None:
    X, y = data("multilabel", m=40)
    model = MLPClassifier((4,), max_iter=5, n_iter_no_change=math.inf, random_state=0)
    expected = model.fit(X, y).score(X, y)
    model.fit(X, csr_matrix(y))
    assert model.score(X, csr_matrix(y)) == expected
    assert model.score(X, csr_matrix(y), sample_weight=np.ones(40)) == expected
