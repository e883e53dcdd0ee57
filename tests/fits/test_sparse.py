"""Sparse X: index arrays that point outside the matrix raise errors, and all formats give the same network."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from multilayer import EnsembleRegressor, MLPClassifier, MLPRegressor
from multilayer.exceptions import InputError, InputTypeError
from multilayer.fits.containers import canonical, checked_sparse
from multilayer.selection import cross_validate

RNG = np.random.RandomState(0)
X = RNG.normal(size=(30, 5)) * (RNG.random_sample((30, 5)) < 0.5)
X[:, 0] = 1.0
y = RNG.normal(size=30)


def model(**changes: Any) -> MLPRegressor:
    few = {"max_iter": 2, "n_iter_no_change": float("inf"), "random_state": 0, "engine": "reference"}
    return MLPRegressor((3,), **(few | changes))


def classifier() -> MLPClassifier:
    return MLPClassifier((2,), max_iter=1, n_iter_no_change=float("inf"), engine="reference")


def changed(matrix: Any, array: str, change: Any) -> Any:
    matrix = matrix.copy()
    setattr(matrix, array, change(getattr(matrix, array).copy()))
    return matrix


def put(place: int, value: int) -> Any:
    def change(array: Any) -> Any:
        array[place] = value
        return array

    return change


CSR = sp.csr_matrix(X)
SPOILT: dict[str, tuple[Any, str]] = {
    "column": (changed(CSR, "indices", put(4, 7)), r"\(csr\) of shape \(30, 5\) that has the column index 7 in row 1"),
    "far column": (
        changed(CSR, "indices", put(4, 10**8)),
        r"column index 100000000 in row 1, entry 4, but",
    ),
    "negative": (
        changed(CSR, "indices", put(0, -1)),
        r"column index -1 in row 0, .* column indices must be from 0 to 4",
    ),
    "decreasing": (changed(CSR, "indptr", put(5, 10**6)), r"an indptr that decreases at row 5, from 1000000 to"),
    "start": (changed(CSR, "indptr", put(0, 1)), r"an indptr from 1 to \d+, but needs one from 0 to"),
    "end beyond": (changed(CSR, "indptr", put(-1, 999)), r"an indptr from 0 to 999, but needs one from 0 to"),
    "end before": (changed(CSR, "indptr", put(-1, CSR.nnz - 2)), r"an indptr from 0 to \d+, but needs one from"),
    "few indices": (changed(CSR, "indices", lambda a: a[:-1]), r"has \d+ entries in data and \d+ in indices"),
    "few numbers": (changed(CSR, "data", lambda a: a[:-1]), r"has \d+ entries in data and \d+ in indices"),
    "few rows": (changed(CSR, "indptr", lambda a: a[:-1]), r"has 30 entries in indptr, but 30 rows need 31"),
    "many rows": (changed(CSR, "indptr", lambda a: np.r_[a, a[-1]]), r"has 32 entries in indptr, but 30 rows need 31"),
    "fractions": (changed(CSR, "indices", lambda a: a + 0.5), r"whose indices must be an array of int32 or int64"),
    "csc": (changed(sp.csc_array(X), "indices", put(31, 30)), r"\(csc\) .* the row index 30 in column 1, entry 31"),
    "csc columns": (changed(sp.csc_array(X), "indptr", lambda a: a[:-1]), r"5 entries in indptr, but 5 columns need 6"),
    "bsr": (
        changed(sp.bsr_array(X, blocksize=(2, 5)), "indices", put(1, 1)),
        r"\(bsr\) .* the column index 1 in row 1",
    ),
    "coo row": (changed(sp.coo_matrix(X), "row", put(2, 30)), r"\(coo\) .* the row index 30 in entry 2, of 30 rows"),
    "coo column": (changed(sp.coo_matrix(X), "col", put(2, -1)), r"the column index -1 in entry 2, of 5 columns"),
    "coo lengths": (
        changed(sp.coo_matrix(X), "data", lambda a: a[:-1]),
        r"row indices, \d+ column indices and",
    ),
    "dia": (changed(sp.dia_matrix(X), "offsets", lambda a: a[:-1]), r"\(dia\) .* offsets for data of shape"),
    "lil": (
        changed(sp.lil_matrix(X), "rows", lambda a: a[:-1]),
        r"\(lil\) .* are of different lengths",
    ),
}


@pytest.mark.parametrize(("matrix", "message"), SPOILT.values(), ids=SPOILT)
def test_indices_outside_the_matrix_raise_errors_that_name_the_place(matrix: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        model().fit(matrix, y)
    with pytest.raises(InputError, match=message):
        checked_sparse(matrix)


BAD = SPOILT["far column"][0]
CALLS: dict[str, Any] = {
    "fit": lambda: model().fit(BAD, y),
    "weighted": lambda: model().fit(BAD, y, np.ones(30)),
    "held out": lambda: model(early_stopping=True).fit(BAD, y),
    "lbfgs": lambda: model(solver="lbfgs").fit(BAD, y),
    "partial_fit": lambda: model().partial_fit(CSR, y).partial_fit(BAD, y),
    "X_val": lambda: model().fit(CSR, y, X_val=BAD, y_val=y),
    "predict": lambda: model().fit(CSR, y).predict(BAD),
    "score": lambda: model().fit(CSR, y).score(BAD, y),
    "transform": lambda: model().fit(CSR, y).transform(BAD),
    "input_gradient": lambda: model().fit(CSR, y).input_gradient(BAD),
    "diagnose": lambda: model().fit(CSR, y).diagnose(BAD, y),
    "ensemble": lambda: EnsembleRegressor(model(), n_members=2).fit(BAD, y),
    "ensemble's predict": lambda: EnsembleRegressor(model(), n_members=2).fit(CSR, y).predict(BAD),
    "cross_validate": lambda: cross_validate(model(), BAD, y, cv=2),
    "probabilities": lambda: (
        MLPClassifier((2,), max_iter=1, n_iter_no_change=np.inf).fit(CSR, y > 0).predict_proba(BAD)
    ),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_every_method_rejects_invalid_sparse_matrices(call: Any) -> None:
    with pytest.raises(InputError, match=r"has the column index 100000000 in row 1"):
        call()


def test_a_sparse_y_is_checked_too() -> None:
    Y = sp.csr_matrix((X != 0).astype(int))
    with pytest.raises(InputError, match=r"y is a sparse matrix .* the column index 9 in row 0"):
        MLPClassifier((2,), max_iter=1).fit(X, changed(Y, "indices", put(0, 9)))


FORMATS = ("csr", "csc", "coo", "bsr", "dia", "lil", "dok")


@pytest.mark.parametrize("kind", ["matrix", "array"])
@pytest.mark.parametrize("name", FORMATS)
def test_all_sparse_formats_train_the_network_of_the_dense_table(name: str, kind: str) -> None:
    of_dense = model(batch_size=30).fit(X, y)
    matrix = getattr(sp, f"{name}_{kind}")(X)
    sparse = model(batch_size=30).fit(matrix, y)
    np.testing.assert_allclose(sparse.parameters_, of_dense.parameters_, rtol=1e-12)
    np.testing.assert_allclose(sparse.predict(matrix), of_dense.predict(X), rtol=1e-12)


@pytest.mark.parametrize("engine", ["reference", "cpu"])
def test_duplicate_entries_are_summed_and_order_and_dtype_of_indices_do_not_matter(engine: str) -> None:
    rows, columns = np.nonzero(X)
    values, order = X[rows, columns], RNG.permutation(2 * len(rows))
    parts = np.r_[values / 4, values * 3 / 4][order], (np.r_[rows, rows][order], np.r_[columns, columns][order])
    coo = sp.coo_array(parts, shape=X.shape)
    by_row = np.argsort(coo.row, kind="stable")
    indptr = np.r_[0, np.bincount(coo.row, minlength=30).cumsum()]
    csr = sp.csr_matrix((coo.data[by_row], coo.col[by_row], indptr), shape=X.shape)
    kept = csr.indices.copy()
    wide = sp.csr_matrix(csr)
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    expected = model(engine=engine).fit(CSR, y)
    for matrix in (coo, csr, wide):
        np.testing.assert_allclose(expected.predict(matrix), expected.predict(CSR), rtol=1e-12)
        np.testing.assert_allclose(
            model(engine=engine).fit(matrix, y).parameters_, expected.parameters_, rtol=1e-9, atol=1e-12
        )
    np.testing.assert_array_equal(csr.indices, kept)  # the matrix of the caller is not changed


def test_a_wrong_canonical_flag_of_scipy_is_not_trusted() -> None:
    matrix = sp.csr_matrix(np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]]))
    assert matrix.has_canonical_format
    matrix.indices[1] = 0  # two entries in one place, which the flag of SciPy does not show
    assert canonical(matrix).toarray().tolist() == [[3.0, 0.0, 0.0], [0.0, 0.0, 3.0]]
    assert canonical(matrix).nnz == 2
    assert canonical(CSR) is CSR


def test_empty_rows_and_empty_matrices_are_valid() -> None:
    assert checked_sparse(sp.csr_matrix((0, 3))).shape == (0, 3)
    empty = sp.csr_matrix(np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 0.0], [2.0, 0.0]]))
    assert canonical(checked_sparse(empty)) is empty
    with pytest.raises(InputTypeError, match="int32 or int64, got 2-dimensional"):
        checked_sparse(changed(CSR, "indices", lambda a: a.reshape(1, -1)))


def test_sparse_matrices_are_checked_once_per_call(monkeypatch: pytest.MonkeyPatch) -> None:
    from multilayer.fits import containers

    calls = []
    monkeypatch.setattr(containers, "checked_sparse", lambda X, name="X": calls.append(name) or X)
    assert "checked_sparse" in inspect.getsource(containers)
    model(max_iter=20).fit(CSR, y)
    assert calls == ["X"]
