"""Embeddings of inputs, data-driven starting weights, NTK steps and fading regularisation of the estimators."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone

from multilayer import MLPClassifier, MLPRegressor, load_model, save_model
from multilayer.equations.activations import activation
from multilayer.exceptions import InputTypeError, ParameterError, ParameterWarning
from multilayer.fits.recipe import ntk_factors
from multilayer.network import PeriodicEmbedding, first_activations, n_parameters
from multilayer.selection import cross_validate
from multilayer.training import CosineCycles

rng = np.random.RandomState(0)
X = rng.normal(size=(90, 3))
X[:, 1] = X[:, 1] > 0
y = np.sin(4 * X[:, 0]) + X[:, 1]
ENGINES = pytest.mark.parametrize("engine", ["reference", "cpu"])


def model(kind: Any = MLPRegressor, **parameters: Any) -> Any:
    defaults = {
        "hidden_layer_sizes": (8, 6),
        "activation": "mish",
        "learning_rate": "cosine_cycles",
        "learning_rate_init": 0.1,
        "weight_decay": 0.02,
        "dropout": 0.1,
        "regularization_schedule": "flat_cosine",
        "parametrization": "ntk",
        "initialization": "data",
        "embedding": "periodic",
        "batch_size": 32,
        "max_iter": 8,
        "n_iter_no_change": None,
        "random_state": 0,
    }
    return kind(**(defaults | parameters))


@pytest.mark.parametrize("kind", [MLPRegressor, MLPClassifier])
@pytest.mark.parametrize("normalization", [None, "layer"])
def test_the_engines_agree(kind: Any, normalization: str | None) -> None:
    targets = y if kind is MLPRegressor else (y > 0.5)
    cpu, reference = (
        model(kind, engine=name, normalization=normalization).fit(X, targets) for name in ("cpu", "reference")
    )
    np.testing.assert_allclose(cpu.parameters_, reference.parameters_, rtol=1e-8, atol=1e-9)


def test_an_embedding_learns_a_wave_that_the_same_network_without_it_does_not() -> None:
    grid = np.linspace(-2, 2, 200)[:, np.newaxis]
    wave = np.sin(9 * grid[:, 0])
    options: dict[str, Any] = {"dropout": 0.0, "weight_decay": 0.0, "max_iter": 150, "learning_rate_init": 0.2}
    embedding = PeriodicEmbedding((0,), frequency_scale=1.0)
    assert model(embedding=embedding, **options).fit(grid, wave).score(grid, wave) > 0.99
    assert model(embedding=None, **options).fit(grid, wave).score(grid, wave) < 0.9


def test_periodic_embeds_the_columns_with_more_than_two_values() -> None:
    fitted = model().fit(X, y)
    assert fitted.network_.embedding == PeriodicEmbedding((0, 2))
    assert fitted.network_.layer_sizes == (3, 8, 6, 1)
    assert fitted.coefs_[0].shape == (3 + 2 * 3, 8)
    assert model().fit(X[:, [1]], y).network_.embedding is None


@pytest.mark.parametrize("rows", [None, 37])
def test_data_driven_weights_give_the_sums_of_the_training_rows_variance_1(rows: int | None) -> None:
    untrained = model(
        learning_rate_init=1e-12, max_iter=1, early_stopping=rows is not None, validation_fraction=rows or 0.1
    )
    fitted = untrained.fit(X, y)
    network, A = fitted.network_, first_activations(fitted.network_, fitted.parameters_, X)
    for weights, biases, name in zip(fitted.coefs_, fitted.intercepts_, (*network.hidden, None), strict=True):
        np.testing.assert_allclose((A @ weights).std(axis=0), 1.0, rtol=1e-5)
        Z = A @ weights + biases
        assert (np.abs(Z).min(axis=0) < 1.0).all()  # the kink lies among the rows
        A = Z if name is None else activation(name).g(Z)


def test_members_of_a_pack_draw_starting_weights_from_their_own_rows() -> None:
    found = cross_validate(model(), X, y, cv=3)
    for fold in found.folds:
        alone = clone(model()).fit(X[fold.train], y[fold.train])
        np.testing.assert_array_equal(fold.estimator.parameters_, alone.parameters_)


@ENGINES
def test_a_continued_fit_equals_one_fit(engine: str) -> None:
    options = {"learning_rate": CosineCycles(12), "regularization_schedule": "constant", "engine": engine}
    parts = model(max_iter=5, warm_start=True, **options).fit(X, y)
    parts.set_params(max_iter=7).fit(X, y)
    whole = model(max_iter=12, **options).fit(X, y)
    np.testing.assert_array_equal(parts.parameters_, whole.parameters_)


def test_an_embedding_cannot_change_in_a_continued_fit() -> None:
    fitted = model(warm_start=True, learning_rate="constant").fit(X, y)
    before = fitted.parameters_.copy()
    with pytest.raises(
        ParameterError, match=r"has the embedding PeriodicEmbedding\(.*\) and cannot be continued with None"
    ):
        fitted.set_params(embedding=None).fit(X, y)
    np.testing.assert_array_equal(fitted.parameters_, before)


def test_ntk_factors() -> None:
    network = model().fit(X, y).network_
    expected = (0.1, 0.1, 1 / 3, 0.1, 8**-0.5, 0.1, 6**-0.5)
    np.testing.assert_allclose(ntk_factors(network), expected)


def test_saved_and_pickled_networks_predict_the_same(tmp_path: Path) -> None:
    fitted = model(embedding=PeriodicEmbedding((2,), 5, 2, 0.3), learning_rate=CosineCycles(8, 2)).fit(X, y)
    save_model(fitted, tmp_path / "model.safetensors")
    for copied in (load_model(tmp_path / "model.safetensors"), pickle.loads(pickle.dumps(fitted))):
        np.testing.assert_array_equal(copied.predict(X), fitted.predict(X))
        assert copied.network_ == fitted.network_
        assert copied.embedding == fitted.embedding
        assert copied.learning_rate == fitted.learning_rate


@pytest.mark.parametrize("normalization", [None, "layer"])
def test_inspection_of_an_embedded_network(normalization: str | None) -> None:
    fitted, step = model(normalization=normalization).fit(X, y), 1e-5
    gradient = fitted.input_gradient(X[:4])
    for j in (0, 2):
        change = step * np.eye(3)[j]
        differences = (fitted.predict(X[:4] + change) - fitted.predict(X[:4] - change)) / (2 * step)
        np.testing.assert_allclose(gradient[:, j], differences, rtol=1e-6, atol=1e-7)
    last = fitted.transform(X[:4])
    np.testing.assert_allclose(last @ fitted.coefs_[-1][:, 0] + fitted.intercepts_[-1], fitted.predict(X[:4]))
    assert fitted.trace(X[:4], y[:4]).A[0].shape == (4, 9)
    assert fitted.check_gradient(X[:20], y[:20]).max_error < 1e-7
    assert {vital.layer for vital in fitted.diagnose(X, y).layers} == {2, 3, 4}
    assert len(fitted.parameters_) == n_parameters(fitted.network_)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"embedding": "periodical"}, ParameterError, "Did you mean 'periodic'"),
        ({"embedding": 3}, ParameterError, "embedding must be None, 'periodic' or a PeriodicEmbedding"),
        (
            {"embedding": PeriodicEmbedding((7,))},
            ParameterError,
            "needs input 7, counted from 0, and the network has 3",
        ),
        ({"parametrization": "mup"}, ParameterError, "parametrization"),
        ({"regularization_schedule": "cosine"}, ParameterError, "regularization_schedule"),
    ],
)
def test_invalid_options_raise_errors(parameters: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        model(**parameters).fit(X, y)


def test_sparse_rows_raise_an_error() -> None:
    with pytest.raises(InputTypeError, match="embedding needs a dense X, got a sparse matrix"):
        model().fit(csr_array(X), y)
    assert model(embedding=None).fit(csr_array(X), y).n_iter_ == 8


@pytest.mark.parametrize("name", ["parametrization", "regularization_schedule"])
def test_options_without_effect_for_lbfgs_warn(name: str) -> None:
    given = {"ntk": "parametrization", "flat_cosine": "regularization_schedule"}
    value = next(value for value, option in given.items() if option == name)
    with pytest.warns(ParameterWarning, match=f"{name}='{value}' has no effect with solver='lbfgs'"):
        MLPRegressor((3,), solver="lbfgs", tol=10.0, **{name: value}).fit(X, y)  # type: ignore[arg-type]
