"""Values that are written to a file and read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from multilayer.exceptions import DataFileError
from multilayer.tables import TableEncoder
from multilayer.tables._frames import columns_of
from multilayer.tables.models.encoded_folds import ALL_ENCODINGS
from multilayer.tables.models.streamed.stored_table import read_values, write_values

from .conftest import table


def stored(path: Path, value: Any) -> Any:
    write_values(path, {"value": value})
    found = read_values(path)
    assert found is not None
    return found["value"]


@pytest.mark.parametrize("value", [None, True, -3, 1.5, float("inf"), "Ulm", (1, (2.0, None)), [1, "a"], {2: (3,)}])
def test_plain_values_are_equal(tmp_path: Path, value: Any) -> None:
    assert stored(tmp_path / "table.npz", value) == value


@pytest.mark.parametrize("dtype", ["float32", "int64", "uint64", "bool", "<U4"])
def test_arrays_are_equal(tmp_path: Path, dtype: str) -> None:
    array = np.array([0, 1, 1]).astype(dtype)
    found = stored(tmp_path / "table.npz", array)
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("encoding", list(ALL_ENCODINGS))
def test_encoders_give_equal_rows(tmp_path: Path, encoding: str) -> None:
    frame = table(500).to_pandas().assign(since=np.arange(500).astype("datetime64[D]"), price="$1,234")
    frame["price"] = [f"${i + 1000:,}" for i in range(500)]
    y, X = frame["rent"], frame.drop(columns=["rent", "kind"])
    encoder = TableEncoder(dtype=np.float32, identifiers={"row_id": "numbers"}, **ALL_ENCODINGS[encoding]).fit(X, y)
    found = stored(tmp_path / "table.npz", encoder)
    np.testing.assert_array_equal(found.transform(X), encoder.transform(X))
    assert str(found.columns_) == str(encoder.columns_)
    assert found.get_params() == encoder.get_params()
    assert found.get_feature_names_out().tolist() == encoder.get_feature_names_out().tolist()


def test_columns_are_equal(tmp_path: Path) -> None:
    columns = columns_of(table(50))
    found = stored(tmp_path / "table.npz", columns)
    assert found.to_pylist() == columns.to_pylist()
    assert [found.column(name).kind for name in found.column_names] == [
        columns.column(name).kind for name in columns.column_names
    ]


def test_other_values_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="a function has no form"):
        write_values(tmp_path / "table.npz", {"value": stored})


def test_a_missing_file_is_none_and_another_file_is_an_error(tmp_path: Path) -> None:
    assert read_values(tmp_path / "table.npz") is None
    np.savez(tmp_path / "table.npz", other=np.arange(3))
    with pytest.raises(DataFileError, match="is damaged"):
        read_values(tmp_path / "table.npz")
    (tmp_path / "table.npz").write_bytes(b"no archive")
    with pytest.raises(DataFileError, match="is damaged"):
        read_values(tmp_path / "table.npz")
