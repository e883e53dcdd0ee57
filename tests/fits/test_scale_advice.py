"""Columns and targets far from unit scale: the advice that warnings and errors of training contain."""

from __future__ import annotations

import tracemalloc
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_diabetes

from multilayer import ConvergenceWarning, MLPClassifier, MLPRegressor
from multilayer.engines import Objective
from multilayer.exceptions import DivergenceError, InputError
from multilayer.fits import scale_advice as module
from multilayer.fits.scale_advice import ScaleAdvice, scale_advice
from multilayer.network import Network
from multilayer.selection import cross_validate

RNG = np.random.RandomState(0)
X = RNG.normal(size=(100, 3))
y = X[:, 0] - np.abs(X[:, 1])
LABELS = y > -0.5


def options(**changes: Any) -> dict[str, Any]:
    return {"hidden_layer_sizes": (8,), "random_state": 0, "engine": "reference", "batch_size": 50} | changes


def regressor(**changes: Any) -> MLPRegressor:
    return MLPRegressor(**options(**changes))


def classifier(**changes: Any) -> MLPClassifier:
    return MLPClassifier(**options(**changes))


def warned(model: Any, table: Any, target: Any) -> str:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(table, target)
    assert all(issubclass(each.category, ConvergenceWarning) for each in caught)
    return " ".join(str(each.message) for each in caught)


def advice(table: Any, Y: Any, output: str = "identity", rows: Any = None) -> str:
    network = Network((table.shape[1], Y.shape[1]), (), output)
    advice = scale_advice(Objective(network, table, Y), rows)
    found, summary = advice.text, advice.summary
    assert bool(found) == bool(summary)
    return found


def test_diabetes_data_gets_advice_about_its_targets_first() -> None:
    # R² is -2.2 after 200 epochs, as with scikit-learn; the mean of y is 152.
    data = load_diabetes()
    message = warned(regressor(max_iter=3), data.data, data.target)
    assert message.startswith(
        "y is far from unit scale (mean 152, standard deviation 77): set standardize_targets=True. "
        "Training ended after max_iter=3 epochs, while the cost was still falling."
    )
    inside = warned(regressor(max_iter=3, standardize_targets=True), data.data, data.target)
    assert inside.startswith("training ended after max_iter=3 epochs")


def test_advice_names_the_columns_of_x() -> None:
    import pandas as pd

    frame = pd.DataFrame(X * [1, 50, 5] + [0, 0, 2000], columns=["a", "b", "year"])
    message = warned(regressor(max_iter=3), frame, y)
    assert message.startswith(
        "Column 'year' of X is far from unit scale (mean 2e+03, standard deviation 4.88, the furthest of 2 such "
        "columns): put a StandardScaler before the network. Training ended after max_iter=3 epochs"
    )
    assert warned(classifier(max_iter=3), frame, LABELS).startswith("Column 'year' of X is far from unit scale")
    assert "Column 1 of X is far" in warned(regressor(solver="lbfgs", max_iter=2), X * [1, 50, 1], y)


@pytest.mark.parametrize("center", [0.0, 9.9, -9.9])
@pytest.mark.parametrize("spread", [0.02, 1.0, 9.0])
def test_data_near_unit_scale_get_no_advice(center: float, spread: float) -> None:
    column = np.tile([-1.0, 1.0], 50).reshape(-1, 1)
    assert advice(center + spread * column, center + spread * column) == ""


def test_advice_starts_at_the_documented_bounds() -> None:
    column = np.tile([-1.0, 1.0], 50).reshape(-1, 1)
    near = column.copy()
    assert advice(10.5 + column, near).startswith(
        "Column 0 of X is far from unit scale (mean 10.5, standard deviation 1)"
    )
    assert advice(near, 10.5 * column).startswith("y is far from unit scale (mean 0, standard deviation 10.5)")
    assert advice(near, 0.009 * column).startswith("y is far from unit scale (mean 0, standard deviation 0.009)")
    assert advice(near, np.hstack([column, 99 * column])).startswith("Column 1 of y is far from unit scale")
    assert advice(0.009 * np.hstack([column, column / 2]), near).startswith("X is far from unit scale (no column has")
    assert advice(np.hstack([0.009 * column, near]), near) == ""  # one small column needs no advice
    assert advice(0 * column, 0 * column) == ""  # nothing to scale
    assert advice(near, 99 * column, output="exp") == ""  # standardize_targets does not support these outputs
    assert advice(near, np.vstack([99 * column[:2], column[2:]]), rows=np.arange(2, 100)) == ""
    assert advice(sp.csr_matrix(99 * column), near).startswith("Column 0 of X is far")


def test_wide_sparse_columns_are_not_converted_to_dense() -> None:
    rows, columns = np.arange(20_000), np.arange(20_000) * 50
    columns[:5000] = 77
    table = sp.csr_array((np.where(rows < 5000, 120.0, 1.0), (rows, columns)), shape=(20_000, 10**6))
    tracemalloc.start()
    try:
        found = advice(table, np.ones((20_000, 1)))
        part = advice(table, np.ones((20_000, 1)), rows=rows[::-2])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # A quarter of the column is 120, the rest 0.
    words = "Column 77 of X is far from unit scale (mean 30, standard deviation 52)"
    assert found.startswith(words)
    assert part.startswith(words)
    assert peak < 200e6


@pytest.mark.parametrize("rows", [None, np.array([5, 2, 2, 8])])
def test_moments_of_sparse_and_dense_columns_equal_those_of_numpy(rows: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NUMBERS", 7)  # several blocks
    table = np.where(RNG.uniform(size=(20, 4)) < 0.5, 0.0, RNG.normal(size=(20, 4)))
    part = table if rows is None else table[rows]
    for each in (table, sp.csr_array(table), sp.csr_matrix(table)):
        mean, deviation = module._moments(each, rows)
        np.testing.assert_allclose(mean, part.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(deviation, part.std(axis=0), rtol=1e-12)


def test_advice_uses_a_sample_of_many_rows() -> None:
    column = np.zeros((30, 1))
    column[::3] = 99.0
    objective = Objective(Network((1, 1), (), "identity"), column, np.zeros((30, 1)))
    assert scale_advice(objective, None, most_rows=10).text.startswith(
        "Column 0 of X is far from unit scale (mean 99, standard deviation 0)"
    )
    assert scale_advice(objective, np.flatnonzero(column == 0), most_rows=5) == ScaleAdvice()
    assert "(mean 33, " in scale_advice(objective, None, most_rows=30).text


def test_a_good_fit_gets_no_advice_about_scales() -> None:
    table = X * 20
    assert warned(regressor(solver="lbfgs", max_iter=999, tol=0.1), X, 20 * y) == ""
    few = classifier(hidden_layer_sizes=(), max_iter=40, learning_rate_init=0.1, tol=0)
    separable = X[:, 0] > 0
    assert warned(few, table, separable).startswith("training ended after max_iter=40 epochs")
    assert few.score(table, separable) > 0.97
    assert warned(regressor(max_iter=5, n_iter_no_change=None), X * 1000, 1000 * y) == ""


@pytest.mark.parametrize(
    ("table", "target", "what"),
    [
        (X, 1e-4 * y, "y is far from unit scale (mean -7.11e-05, "),
        (X, 1e20 * y, "y is far from unit scale (mean -7"),
        (1e-4 * X, y, "X is far from unit scale (no column has a root mean square above 0.000"),
        (1e100 * X, y, "Column 0 of X is far from unit scale (mean "),
    ],
)
def test_a_converged_fit_that_learned_nothing_raises_a_warning_about_scales(table: Any, target: Any, what: str) -> None:
    message = warned(regressor(max_iter=1000), table, target)
    assert message.startswith(what)
    assert "and the network predicts no better than a constant" in message


def test_noise_near_unit_scale_raises_no_warning() -> None:
    noise = RNG.normal(size=100)
    assert warned(regressor(max_iter=1000, tol=0.01, alpha=1.0), X, noise) == ""


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_a_divergence_error_contains_the_advice_about_scales(solver: str) -> None:
    with pytest.raises(
        DivergenceError,
        match=r"training diverged: .* y is far from unit scale \(mean .*: set standardize_targets=True\. Scikit",
    ):
        regressor(solver=solver, learning_rate_init=1e3, activation="identity").fit(X, 1e160 * y)
    with pytest.raises(DivergenceError, match=r"Column 1 of X is far from unit scale .* StandardScaler before the net"):
        regressor(solver="sgd", learning_rate_init=1e3, activation="identity").fit(X * [1, 1e100, 1], y)


def test_cross_validation_raises_one_warning_without_numbers() -> None:
    with pytest.warns(ConvergenceWarning, match=r"y is far from unit scale: set standardize_targets=True\.") as caught:
        cross_validate(regressor(max_iter=2), X, 1000 * y, cv=3)
    assert len(caught) == 1


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix])
def test_x_whose_products_overflow_raises_an_error(dtype: Any, kind: Any) -> None:
    limit = np.sqrt(np.finfo(dtype).max)
    table = X.astype(dtype)
    table[7, 2] = -2 * limit
    message = r"X must hold numbers of at most 1\.\de\+(154|19) in float(64|32), .* got -\d.* in row 7, column 2\."
    for make in (regressor, classifier):
        with pytest.raises(InputError, match=message):
            make().fit(kind(table), LABELS)
    model = classifier(max_iter=2, n_iter_no_change=None).fit(X.astype(dtype), LABELS)
    for method in (model.predict_proba, model.predict, model.transform):
        with pytest.raises(InputError, match=message):
            method(kind(table))
    with pytest.raises(InputError, match=r"validation data .* X must hold numbers of at most"):
        model.fit(X.astype(dtype), LABELS, X_val=kind(table), y_val=LABELS)
    assert np.isfinite(model.predict_proba(np.full((3, 3), limit / 2, dtype=dtype))).all()


def test_numbers_that_overflow_float32_raise_errors() -> None:
    model = regressor(max_iter=2, n_iter_no_change=None).fit(X.astype(np.float32), y)
    with pytest.raises(InputError, match=r"infinity or a value too large for dtype\('float32'\)"):
        model.partial_fit(1e39 * X, y)
    with pytest.raises(InputError, match=r"y must be finite in float32, the dtype of X, got values up to .*e\+39"):
        model.partial_fit(X.astype(np.float32), 1e39 * y)
