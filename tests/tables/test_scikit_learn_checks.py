"""The checks that scikit-learn has for transformers: all pass, none is expected to fail."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from multilayer.exceptions import InputError, InputTypeError, MultilayerWarning
from multilayer.tables import TableEncoder

FURTHER_CHECKS = (
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_set_output_transform_polars",
    "check_global_output_transform_pandas",
    "check_global_set_output_transform_polars",
)


EVERY_OPTION = TableEncoder(numbers="robust", piecewise="tree", two_values="signs", many_categories="target")


@parametrize_with_checks([TableEncoder(), TableEncoder(dtype=np.float32), EVERY_OPTION])
def test_scikit_learn_checks_pass(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


# They transform arrays after fitting frames and frames after arrays, which raises warnings.
@pytest.mark.filterwarnings("ignore:.* identified by their position:multilayer.exceptions.MultilayerWarning")
@pytest.mark.parametrize("name", FURTHER_CHECKS)
def test_checks_for_built_in_transformers_of_scikit_learn_pass(name: str) -> None:
    getattr(estimator_checks, name)("TableEncoder", TableEncoder())
    getattr(estimator_checks, name)("TableEncoder", clone(EVERY_OPTION))


def test_tags_match_the_supported_inputs() -> None:
    tags = get_tags(TableEncoder(dtype=np.float32))
    assert tags.input_tags.two_d_array
    assert tags.input_tags.allow_nan
    assert tags.input_tags.string
    assert tags.input_tags.categorical
    assert not tags.input_tags.sparse
    assert not tags.input_tags.one_d_array
    assert tags.transformer_tags.preserves_dtype == ["float32"]
    assert not tags.target_tags.required
    assert get_tags(EVERY_OPTION).target_tags.required
    with pytest.raises(InputTypeError, match=r"Sparse data was passed, but TableEncoder needs dense data\. Use X\.toa"):
        TableEncoder().fit(sparse.eye_array(3, format="csr"))


EXPECTED = TableEncoder().fit_transform(pa.table({"a": [1.0, 2.0, 4.0], "b": ["x", "y", "x"]}))
ROWS: list[list[Any]] = [[1.0, "x"], [2.0, "y"], [4.0, "x"]]


@pytest.mark.parametrize(
    "table",
    [
        ROWS,
        np.array(ROWS, dtype=object),
        pd.DataFrame(ROWS),
        pd.DataFrame(ROWS, columns=["a", "b"]),
        pd.DataFrame({"a": np.array([1, 2, 4], dtype=">f8"), "b": ["x", "y", "x"]}),
        pd.DataFrame({"a": pd.arrays.SparseArray([1, 2, 4]), "b": ["x", "y", "x"]}),
        pl.DataFrame(ROWS, schema=["a", "b"], orient="row"),
        pl.LazyFrame(ROWS, schema=["a", "b"], orient="row"),
        [{"a": 1, "b": "x"}, {"b": "y", "a": 2.0}, {"a": 4, "b": "x"}],
        pa.record_batch({"a": [1, 2, 4], "b": ["x", "y", "x"]}),
        pa.table({"a": pa.array([1, 2, 4], pa.uint8()), "b": pa.array(["x", "y", "x"]).dictionary_encode()}),
    ],
    ids=lambda table: type(table).__name__,
)
def test_equal_tables_of_any_library_give_equal_arrays(table: Any) -> None:
    encoder = TableEncoder()
    np.testing.assert_array_equal(encoder.fit_transform(table), EXPECTED)
    for twin in (clone(encoder).fit(table), pickle.loads(pickle.dumps(encoder))):
        np.testing.assert_array_equal(twin.transform(table), EXPECTED)


def test_relations_of_duckdb_are_encoded() -> None:
    duckdb = pytest.importorskip("duckdb")
    table = pa.table({"a": [1.0, 2.0, 4.0], "b": ["x", "y", "x"]})
    relation = duckdb.connect().from_arrow(table)
    encoder = TableEncoder()
    np.testing.assert_array_equal(encoder.fit_transform(relation), EXPECTED)
    np.testing.assert_array_equal(encoder.transform(relation), EXPECTED)
    assert encoder.feature_names_in_.tolist() == ["a", "b"]


def test_dictionaries_may_lack_keys() -> None:
    rows = [{"a": 1.0}, {"b": "x"}, {"a": 3.0, "b": "y"}]
    expected = TableEncoder().fit_transform(pa.table({"a": [1.0, None, 3.0], "b": [None, "x", "y"]}))
    np.testing.assert_array_equal(TableEncoder().fit_transform(rows), expected)
    with pytest.raises(InputError, match=r"column names must be text, got 1 \(int\) as a key of a row"):
        TableEncoder().fit([{1: 2.0}, {1: 3.0}])


@pytest.mark.parametrize(
    "values",
    [
        np.array([1, 2, 4], dtype=">i2"),
        np.array([1, 2, 4], dtype=np.float16),
        np.array([1, 2, 4], dtype=np.longdouble),
        np.array([1, 2, 4], dtype=">f4"),
        np.array([1, 2, 4], dtype="m8[h]"),
        np.array([1, 2, 4], dtype="m8[us]"),
        np.array(["1970-01-02", "1970-01-03", "1970-01-05"], dtype="M8[D]"),
    ],
    ids=lambda values: str(values.dtype),
)
def test_arrays_of_any_numeric_dtype_are_encoded(values: Any) -> None:
    result = TableEncoder().fit_transform(values[:, None])
    np.testing.assert_allclose(result, EXPECTED[:, :1], rtol=1e-12)


def test_masked_entries_are_gaps_and_every_text_dtype_is_text() -> None:
    masked = np.ma.masked_array([[1.0], [99.0], [3.0]], mask=[[0], [1], [0]])
    np.testing.assert_array_equal(TableEncoder().fit_transform(masked), [[-1, 0], [0, 1], [1, 0]])
    for dtype in ("U3", object, np.dtypes.StringDType()):
        np.testing.assert_array_equal(TableEncoder().fit_transform(np.array([["x"], ["y"]], dtype=dtype)), np.eye(2))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.array([[1 + 2j]]), r"^Complex data not supported: X holds complex numbers\. Pass real and imaginary parts"),
        (pd.DataFrame({"a": [1j]}), r"^Complex data not supported: column 'a' holds"),
        (pd.DataFrame({"a": pd.Series([1j, 2], dtype=object)}), r"^Complex data not supported: column 'a' holds"),
        ([[1j], [2]], r"^Complex data not supported: column 'x0' holds"),
        (np.zeros(3), r"^Expected 2D array, got 1D array instead, of shape \(3,\)\. Reshape your data"),
        (pd.Series([1, 2]), r"got 1D array"),
        (pl.Series([1, 2]), r"got 1D array"),
        (np.zeros((2, 2, 2)), r"got 3D array"),
        (np.zeros((3, 0)), r"0 feature\(s\) \(shape=\(3, 0\)\) while a minimum of 1 is required"),
        (np.zeros((0, 3)), "the table has no rows"),
        (np.zeros(2, dtype=[("a", int)]), "structured arrays are not supported"),
        (np.array([[b"x"], [b"y"]]), "column 'x0' holds values of type binary"),
    ],
)
def test_arrays_that_cannot_be_fitted_raise_errors(table: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        TableEncoder().fit(table)


def test_columns_without_names_are_identified_by_position() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 7.0]})
    named, nameless = TableEncoder().fit(frame), TableEncoder().fit(frame.to_numpy())
    assert named.feature_names_in_.tolist() == ["a", "b"]
    assert not hasattr(nameless, "feature_names_in_")
    assert not hasattr(TableEncoder().fit(frame).fit(frame.to_numpy()), "feature_names_in_")
    with pytest.warns(
        MultilayerWarning, match=r"^X does not have valid feature names, but .* by their position\.$"
    ) as seen:
        np.testing.assert_array_equal(named.transform(frame.to_numpy()), named.transform(frame))
    assert seen[0].filename == __file__
    with pytest.warns(MultilayerWarning, match=r"^X has feature names, but TableEncoder was fitted without"):
        nameless.transform(frame)
    with pytest.raises(InputError, match=r"X has 1 features, but TableEncoder is expecting 2 features as input"):
        nameless.transform(frame.to_numpy()[:, :1])


def test_input_features_name_the_outputs() -> None:
    nameless = TableEncoder().fit(np.array([[1, "u"], [2, "v"]], dtype=object))
    assert nameless.get_feature_names_out().tolist() == ["x0", "x1=u", "x1=v"]
    assert nameless.get_feature_names_out(["n", "t"]).tolist() == ["n", "t=u", "t=v"]
    with pytest.raises(ValueError, match=r"should have length equal to number of features \(2\), got 1"):
        nameless.get_feature_names_out(["n"])
    with pytest.raises(ValueError, match="input_features is not equal to feature_names_in_"):
        TableEncoder().fit(pa.table({"a": [1, 2]})).get_feature_names_out(["b"])
