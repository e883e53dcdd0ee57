"""Unusual input: one row, many classes, other dtypes, memory layouts, containers and memory maps."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
import sklearn
import sklearn.neural_network
from sklearn.exceptions import DataConversionWarning

from multilayer import MLPClassifier, MLPRegressor
from multilayer.exceptions import InputError

from ..problems import data

X, TWO = data("binary")
NUMBERS = data("regression")[1]


def classifier(**parameters: Any) -> MLPClassifier:
    return MLPClassifier(**({"hidden_layer_sizes": (4,), **FEW} | parameters))


def regressor(**parameters: Any) -> MLPRegressor:
    return MLPRegressor(**({"hidden_layer_sizes": (4,), **FEW} | parameters))


FEW: dict[str, Any] = {"random_state": 0, "n_iter_no_change": math.inf, "max_iter": 5}


def with_wide_indices(rows: Any) -> Any:
    """Return the sparse matrix with 64-bit indices, as very large matrices have them."""
    rows.indices, rows.indptr = rows.indices.astype(np.int64), rows.indptr.astype(np.int64)
    return rows


# --- numbers of rows, columns and classes


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_training_on_one_row_works(solver: str) -> None:
    options = {"solver": solver, "max_iter": 300}
    assert regressor(**options).fit([[1.0, 2.0]], [0.5]).predict([[1.0, 2.0]]) == pytest.approx([0.5], abs=0.3)
    assert classifier(**options).fit([[1.0, 2.0]], ["only"]).predict([[1.0, 2.0], [0.0, 0.0]]).tolist() == ["only"] * 2


@pytest.mark.parametrize("output", ["auto", "sigmoid", "softmax"])
def test_a_single_class_is_always_predicted(output: str) -> None:
    model = classifier(output=output, early_stopping=True).fit(X, np.full(43, 7))
    np.testing.assert_array_equal(model.predict(X), 7)
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((43, 1)))
    np.testing.assert_array_equal(model.predict_log_proba(X), np.zeros((43, 1)))
    assert model.classes_.tolist() == [7]
    assert model.best_validation_score_ == 1.0


def test_training_on_a_single_class_matches_scikit_learn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sklearn.exceptions.ConvergenceWarning)
        theirs = sklearn.neural_network.MLPClassifier((4,), **FEW).fit(X, np.full(43, "a"))
    ours = classifier().fit(X, np.full(43, "a"))
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize("kind", [classifier, regressor])
def test_too_few_rows_for_early_stopping_raise_an_error(kind: Any) -> None:
    with pytest.raises(InputError, match=r"validation set is too small: 1 of 4 rows|should be greater or equal to"):
        kind(early_stopping=True).fit(X[:4], [0, 0, 1, 1])


def test_one_column_and_constant_columns_are_accepted() -> None:
    assert classifier().fit(X[:, :1], TWO).score(X[:, :1], TWO) >= 0
    assert np.isfinite(classifier(max_iter=50).fit(np.ones((43, 2)), TWO).predict_proba(np.ones((2, 2)))).all()


@pytest.mark.parametrize("n_classes", [2, 3, 40, 1000])
def test_any_number_of_classes_gives_probabilities_that_sum_to_one(n_classes: int) -> None:
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(2 * n_classes, 3)), np.repeat(np.arange(n_classes) * 7 - 5, 2)
    P = classifier(max_iter=2, early_stopping=n_classes > 3).fit(X, y).predict_proba(X)
    assert P.shape == (2 * n_classes, n_classes)
    np.testing.assert_allclose(P.sum(axis=1), 1.0, rtol=0, atol=1e-12)


def test_a_class_can_be_absent_from_the_held_out_rows() -> None:
    y = np.where(np.arange(43) == 7, "rare", np.where(TWO, "a", "b"))
    model = classifier(early_stopping=True).fit(X, y)
    assert model.classes_.tolist() == ["a", "b", "rare"]
    assert np.isfinite(model.validation_scores_).all()


@pytest.mark.parametrize("dtype", [bool, "U5", "object of str", float])
def test_predictions_have_the_dtype_of_the_labels(dtype: Any) -> None:
    y = TWO.astype("U5").astype(object) if dtype == "object of str" else TWO.astype(dtype)
    predictions = classifier(max_iter=60).fit(X, y).predict(X)
    # scikit-learn also converts object arrays of text to unicode arrays.
    assert predictions.dtype == ("U1" if dtype == "object of str" else y.dtype)
    assert set(predictions) <= set(y)


# --- dtypes, layouts and containers


@pytest.mark.parametrize(
    "change",
    [
        np.asfortranarray,
        lambda X: np.repeat(X, 2, axis=0)[::2],
        lambda X: np.hstack([X, X])[:, : X.shape[1]],
        pd.DataFrame,
        lambda X: pl.DataFrame(X, schema=list("abcde")),
        scipy.sparse.csr_matrix,
        scipy.sparse.csc_matrix,
        scipy.sparse.coo_array,
        lambda X: with_wide_indices(scipy.sparse.csr_matrix(X)),
        lambda X: with_wide_indices(scipy.sparse.csr_array(X)),
        lambda X: with_wide_indices(scipy.sparse.csc_matrix(X)),
        lambda X: with_wide_indices(scipy.sparse.csc_array(X)),
        lambda X: X.tolist(),
    ],
)
@pytest.mark.parametrize("kind", [classifier, regressor])
def test_every_layout_and_container_gives_the_same_network(kind: Any, change: Any) -> None:
    y = TWO if kind is classifier else NUMBERS
    model, expected = kind().fit(change(X), y), kind().fit(X, y)
    np.testing.assert_allclose(model.parameters_, expected.parameters_, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(model.predict(change(X)), expected.predict(X), rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float16, np.int8, np.uint64, bool])
def test_other_numeric_dtypes_are_converted_to_float64(dtype: Any) -> None:
    rows = (np.abs(X) * 2).astype(dtype)
    assert regressor().fit(rows, NUMBERS).parameters_.dtype == np.float64


def test_read_only_memory_maps_are_accepted(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    model = regressor().fit(mapped, NUMBERS)
    np.testing.assert_array_equal(model.predict(mapped), regressor().fit(X, NUMBERS).predict(X))


@pytest.mark.parametrize("order", ["duplicates", "unsorted"])
def test_unsorted_and_duplicate_sparse_entries_are_accepted(order: str) -> None:
    rows = scipy.sparse.csr_array(X)
    if order == "duplicates":
        rows = scipy.sparse.csr_array(
            (np.concatenate([[r, r] for r in rows.data / 2]), np.repeat(rows.indices, 2), 2 * rows.indptr), rows.shape
        )
    else:
        rows.indices[:5], rows.data[:5] = rows.indices[:5][::-1].copy(), rows.data[:5][::-1].copy()
        rows.has_sorted_indices = rows.has_canonical_format = False
    before = rows.data.copy()
    model = classifier().fit(rows, TWO)
    np.testing.assert_allclose(model.parameters_, classifier().fit(X, TWO).parameters_, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(rows.data, before)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_renamed_and_reordered_columns_raise_errors(frame: Any) -> None:
    named = frame({name: X[:, i] for i, name in enumerate("abcde")})
    model = regressor().fit(named, NUMBERS)
    assert model.feature_names_in_.tolist() == list("abcde")
    with pytest.raises(InputError, match="must be in the same order as they were in fit"):
        model.predict(named[list("bacde")])
    with pytest.raises(InputError, match=r"(?s)Feature names unseen at fit time:\n- z"):
        model.predict(named.rename(columns={"a": "z"}) if frame is pd.DataFrame else named.rename({"a": "z"}))


def test_column_vector_targets_warn_and_targets_too_large_for_float32_raise_an_error() -> None:
    with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
        model = regressor().fit(X, NUMBERS.reshape(-1, 1))
    np.testing.assert_array_equal(model.parameters_, regressor().fit(X, NUMBERS).parameters_)
    with pytest.raises(InputError, match=r"y must be finite in float32, .*Bring y to a scale near 1"):
        regressor().fit(X.astype(np.float32), NUMBERS * 1e39)


def test_multilabel_targets_can_be_sparse() -> None:
    X, Y = data("multilabel")
    model, expected = classifier().fit(X, scipy.sparse.csr_matrix(Y)), classifier().fit(X, Y)
    np.testing.assert_array_equal(model.parameters_, expected.parameters_)
    np.testing.assert_array_equal(model.predict(X).toarray(), expected.predict(X))


# --- assigned weights


def test_assigned_weights_change_the_predictions() -> None:
    model = regressor().fit(X, NUMBERS)
    model.coefs_[0] = np.ones((5, 4))
    model.intercepts_[1] += 2.0
    assert (model.thetas_[0][:, 1:] == 1.0).all()
    other = regressor().fit(X, NUMBERS[::-1])
    other.coefs_, other.intercepts_ = model.coefs_, model.intercepts_
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    with pytest.raises(ValueError, match=r"coefs_ must be arrays of shapes \[\(5, 4\), \(4, 1\)\], got \[\(5, 4\)\]"):
        other.coefs_ = model.coefs_[:1]
