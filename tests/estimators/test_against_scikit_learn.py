"""Both estimators compute the same updates as scikit-learn's classes with the same names."""

from __future__ import annotations

import inspect
import math
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import sklearn.neural_network
from hypothesis import given
from hypothesis import strategies as st

import multilayer
from multilayer import MLPClassifier

from ..pairwise import pairwise
from ..problems import KINDS, data
from .comparison import SOLVERS, assert_same, both, pair

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ACTIVATIONS = ["relu", "tanh", "logistic", "identity"]
# With several outputs and regularisation only the loss differs: see test_differences_from_scikit_learn.py.
ALPHA = {"two outputs": {"alpha": 0.0}}
KINDS_WITH_EQUAL_LOSS = [kind for kind in KINDS if kind != "two outputs"]


@pairwise(solver=SOLVERS, activation=ACTIVATIONS, kind=KINDS)
def test_every_solver_activation_and_cost_matches_scikit_learn(solver: str, activation: str, kind: str) -> None:
    X, y = data(kind)
    options = {"hidden_layer_sizes": (6, 4), "activation": activation, "batch_size": 10}
    assert_same(*both(kind, X, y, **(options | SOLVERS[solver] | ALPHA.get(kind, {}))), X)


@pytest.mark.parametrize("kind", KINDS_WITH_EQUAL_LOSS)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_lbfgs_matches_scikit_learn(activation: str, kind: str) -> None:
    # Line searches amplify rounding errors, so the tolerance grows with the number of iterations.
    X, y = data(kind)
    for iterations, tolerance in ((5, 1e-9), (15, 1e-6)):
        options = {"hidden_layer_sizes": (6,), "activation": activation, "max_iter": iterations, "solver": "lbfgs"}
        ours, theirs = both(kind, X, y, **options)
        assert_same(ours, theirs, X, tolerance)
        assert ours.loss_curve_[-1] == ours.loss_
        assert len(ours.loss_curve_) == ours.n_iter_


@pairwise(
    kind=[kind for kind in KINDS if kind != "multilabel"],  # see test_differences_from_scikit_learn.py
    weighted=[False, True],
    solver=["adam", "nesterov", "adaptive"],
)
def test_early_stopping_matches_scikit_learn(solver: str, weighted: bool, kind: str) -> None:
    X, y = data(kind, m=61)
    weight = np.random.RandomState(0).uniform(0.1, 3.0, len(X)) if weighted else None
    options = {
        "hidden_layer_sizes": 6,
        "early_stopping": True,
        "max_iter": 60,
        "validation_fraction": 0.25,
        "n_iter_no_change": 3,
        "batch_size": 10,
    }
    assert_same(*both(kind, X, y, weight, **(SOLVERS[solver] | options | ALPHA.get(kind, {}))), X)


@pytest.mark.parametrize("kind", KINDS_WITH_EQUAL_LOSS)
@pytest.mark.parametrize("solver", ["adam", "nesterov", "lbfgs"])
def test_sample_weights_have_the_same_effect_as_in_scikit_learn(solver: str, kind: str) -> None:
    X, y = data(kind)
    weight = np.random.RandomState(0).uniform(0.1, 3.0, len(X))
    options = SOLVERS.get(solver, {"solver": "lbfgs"})
    assert_same(*both(kind, X, y, weight, hidden_layer_sizes=6, batch_size=10, **options), X, 1e-8)


@pytest.mark.parametrize("batch_size", [1, 7, "auto", 43, 99])
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("early_stopping", [True, False])
def test_every_batch_size_matches_scikit_learn_with_and_without_shuffling(
    early_stopping: bool, shuffle: bool, batch_size: int | str
) -> None:
    X, y = data("multiclass")
    options = {"batch_size": batch_size, "shuffle": shuffle, "early_stopping": early_stopping}
    assert_same(*both("multiclass", X, y, hidden_layer_sizes=5, **options), X)


def test_automatic_batch_size_matches_scikit_learn_for_more_than_200_rows() -> None:
    X, y = data("binary", m=430)
    assert_same(*both("binary", X, y, hidden_layer_sizes=5, max_iter=3), X)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("activation", ["relu", "logistic"])
@pytest.mark.parametrize("hidden_layer_sizes", [(), (3,), [3, 6], np.array([4])])
def test_every_number_of_hidden_layers_matches_scikit_learn(
    hidden_layer_sizes: Any, activation: str, kind: str
) -> None:
    X, y = data(kind)
    assert_same(*both(kind, X, y, hidden_layer_sizes=hidden_layer_sizes, activation=activation), X)


@pytest.mark.parametrize("kind", ["binary", "regression"])
@pytest.mark.parametrize("solver", SOLVERS)
def test_training_stops_at_the_same_epoch_as_in_scikit_learn(solver: str, kind: str) -> None:
    X, y = data(kind)
    options = {"hidden_layer_sizes": 5, "max_iter": 2000, "tol": 1e-3, "n_iter_no_change": 4, "activation": "tanh"}
    ours, theirs = both(kind, X, y, **(SOLVERS[solver] | options), learning_rate_init=0.05)
    assert 5 < theirs.n_iter_ < 2000
    assert_same(ours, theirs, X)


@pytest.mark.parametrize("kind", KINDS)
def test_float32_training_matches_scikit_learn_and_keeps_float32(kind: str) -> None:
    X, y = data(kind)
    X = X.astype(np.float32)
    ours, theirs = both(kind, X, y, hidden_layer_sizes=5, activation="tanh", **ALPHA.get(kind, {}))
    assert {array.dtype for array in (ours.parameters_, *ours.coefs_, *ours.intercepts_)} == {np.dtype(np.float32)}
    assert_same(ours, theirs, X, 1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", SOLVERS)
def test_partial_fit_on_successive_batches_matches_scikit_learn(solver: str, kind: str) -> None:
    # Given a generator instead of a seed, scikit-learn also continues the random stream.
    X, y = data(kind)
    models = [
        model.set_params(random_state=np.random.RandomState(3))
        for model in pair(kind, hidden_layer_sizes=5, batch_size=6, **(SOLVERS[solver] | ALPHA.get(kind, {})))
    ]
    for model in models:
        first: dict[str, Any] = {}
        if hasattr(model, "predict_proba"):
            first = {"classes": np.arange({"binary": 2, "multilabel": 3, "multiclass": 4}[kind])}
        for part in [slice(0, 20), slice(20, 33), slice(5, 43), slice(0, 20)]:
            model.partial_fit(X[part], y[part], **first)
            first = {}
    assert_same(*models, X)


def test_partial_fit_after_fit_matches_scikit_learn() -> None:
    X, y = data("binary")
    models = [model.set_params(random_state=np.random.RandomState(3)) for model in pair("binary", hidden_layer_sizes=5)]
    for model in models:
        model.fit(X, y)
        model.partial_fit(X[:20], y[:20])
    assert_same(*models, X)


@pytest.mark.parametrize("kind", KINDS)
def test_warm_start_with_plain_gradient_descent_matches_scikit_learn(kind: str) -> None:
    X, y = data(kind)
    options = {"solver": "sgd", "momentum": 0.0, "shuffle": False, "warm_start": True} | ALPHA.get(kind, {})
    models = both(kind, X, y, hidden_layer_sizes=5, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for model in models:
            model.fit(X, y)
    assert_same(*models, X)


@pytest.mark.parametrize("container", [scipy.sparse.csr_matrix, scipy.sparse.csr_array, scipy.sparse.csc_array])
@pytest.mark.parametrize("solver", [{"solver": "adam"}, {"solver": "lbfgs"}, {"early_stopping": True}])
def test_sparse_input_matches_scikit_learn(solver: dict[str, Any], container: Any) -> None:
    X, y = data("binary")
    X[np.abs(X) < 0.8] = 0.0
    ours, theirs = both("binary", container(X), y, hidden_layer_sizes=5, **solver)
    assert_same(ours, theirs, container(X), 1e-8)
    np.testing.assert_allclose(ours.predict_proba(X), ours.predict_proba(container(X)), rtol=1e-12)


def test_a_random_generator_of_the_caller_is_advanced_as_in_scikit_learn() -> None:
    X, y = data("binary")
    fitted = []
    for kind in (MLPClassifier, sklearn.neural_network.MLPClassifier):
        rng = np.random.RandomState(4)
        models = [kind(5, random_state=rng, max_iter=2).fit(X, y) for _ in range(2)]
        assert models[0].loss_ != models[1].loss_
        fitted.append(models)
    for ours, theirs in zip(*fitted, strict=True):
        assert_same(ours, theirs, X)


@given(
    kind=st.sampled_from(KINDS),
    hidden_layer_sizes=st.lists(st.integers(1, 9), max_size=2).map(tuple),
    activation=st.sampled_from(ACTIVATIONS),
    solver=st.sampled_from(sorted(SOLVERS)),
    alpha=st.sampled_from([0.0, 1e-4, 1.0]),
    batch_size=st.one_of(st.integers(1, 40), st.just("auto")),
    shuffle=st.booleans(),
    early_stopping=st.booleans(),
    weighted=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_any_settings(
    solver: str, kind: str, early_stopping: bool, weighted: bool, seed: int, **parameters: Any
) -> None:
    X, y = data(kind, m=30, seed=seed)
    weight = np.random.RandomState(seed).uniform(0.1, 3.0, 30) if weighted else None
    options = parameters | SOLVERS[solver] | ALPHA.get(kind, {})
    options["early_stopping"] = early_stopping and kind != "multilabel"
    assert_same(*both(kind, X, y, weight, **options, random_state=seed, max_iter=4), X)


@given(
    kind=st.sampled_from(KINDS_WITH_EQUAL_LOSS),
    hidden_layer_sizes=st.lists(st.integers(1, 9), max_size=2).map(tuple),
    activation=st.sampled_from(["tanh", "logistic", "identity"]),  # rounding can cross the kink of relu
    alpha=st.sampled_from([0.0, 1e-4, 1.0]),
    weighted=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_any_settings_of_lbfgs(kind: str, weighted: bool, seed: int, **parameters: Any) -> None:
    X, y = data(kind, m=30, seed=seed)
    weight = np.random.RandomState(seed).uniform(0.1, 3.0, 30) if weighted else None
    assert_same(*both(kind, X, y, weight, **parameters, solver="lbfgs", random_state=seed, max_iter=3), X, 1e-8)


@given(
    kind=st.sampled_from(KINDS),
    solver=st.sampled_from(sorted(SOLVERS)),
    batch_size=st.integers(1, 40),
    cuts=st.lists(st.integers(1, 29), min_size=1, max_size=3, unique=True).map(sorted),
    weighted=st.booleans(),
    seed=st.integers(0, 1000),
)
@pytest.mark.filterwarnings("ignore::multilayer.exceptions.ParameterWarning")
@pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1 or larger:UserWarning")
def test_any_stream_of_parts(kind: str, solver: str, batch_size: int, cuts: Any, weighted: bool, seed: int) -> None:
    X, y = data(kind, m=30, seed=seed)
    weight = np.random.RandomState(seed).uniform(0.1, 3.0, 30) if weighted else None
    models = pair(kind, hidden_layer_sizes=5, batch_size=batch_size, **(SOLVERS[solver] | ALPHA.get(kind, {})))
    for model in models:
        model.set_params(random_state=np.random.RandomState(seed))
        first: dict[str, Any] = {}
        if hasattr(model, "predict_proba"):
            first = {"classes": np.arange({"binary": 2, "multilabel": 3, "multiclass": 4}[kind])}
        for rows in np.split(np.arange(30), cuts):
            model.partial_fit(X[rows], y[rows], sample_weight=None if weight is None else weight[rows], **first)
            first = {}
    assert_same(*models, X)


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_every_scikit_learn_parameter_exists_with_the_same_default(name: str) -> None:
    ours, theirs = getattr(multilayer, name)().get_params(), getattr(sklearn.neural_network, name)().get_params()
    assert {parameter: ours[parameter] for parameter in theirs} == theirs
    assert math.isfinite(ours["n_iter_no_change"])
    extra = {"initialization", "engine", "callbacks", "early_stopping_metric", "max_time"}
    extra |= {"l1_alpha", "weight_decay", "clip_norm", "weight_averaging", "dropout", "input_dropout", "normalization"}
    extra |= {"embedding", "parametrization", "regularization_schedule", "n_jobs"}
    extra |= {"output", "class_weight", "loss"} if name == "MLPClassifier" else {"quantile", "standardize_targets"}
    assert ours.keys() - theirs.keys() == extra
    kinds = {
        parameter.name: parameter.kind for parameter in inspect.signature(getattr(multilayer, name)).parameters.values()
    }
    positional = [parameter for parameter, kind in kinds.items() if kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    assert positional == ["hidden_layer_sizes", "activation"]


@pytest.mark.parametrize("kind", ["multilabel", "regression"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_fitted_estimators_have_every_public_name_of_scikit_learn(solver: str, kind: str) -> None:
    X, y = data(kind)
    ours, theirs = both(kind, X, y, solver=solver, hidden_layer_sizes=3)
    missing = {name for name in dir(theirs) if name[0] != "_" and not hasattr(ours, name)}
    assert missing == ({"partial_fit"} if (solver, kind) == ("lbfgs", "regression") else set())
