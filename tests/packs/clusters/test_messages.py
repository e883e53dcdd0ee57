"""Members as bytes, with their large arrays apart."""

from __future__ import annotations

import gc
import pickle
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from multilayer.packs.clusters.messages import LARGE, SharedArrays, arrays_by_number, decode, encode

N = 40_000
WORDS = np.array([f"word {number % 1000}" for number in range(N)])


def arrow_table() -> Any:
    pyarrow = pytest.importorskip("pyarrow")
    return pyarrow.table({"a": np.arange(float(N)), "b": WORDS})


def arrow_column() -> Any:
    return arrow_table().column("b")


def polars_frame() -> Any:
    return pytest.importorskip("polars").DataFrame({"a": np.arange(float(N)), "b": WORDS})


def frame_with_arrow() -> Any:
    pytest.importorskip("pyarrow")
    return pd.DataFrame({"a": np.arange(float(N)), "b": pd.array(WORDS, dtype="string[pyarrow]")})


TABLES: dict[str, Callable[[], Any]] = {
    "array": lambda: np.arange(float(N)).reshape(-1, 4),
    "view": lambda: np.arange(2.0 * N)[::2],
    "objects": lambda: WORDS.astype(object),
    "sparse": lambda: sparse.random(N, 8, 0.5, format="csr", random_state=0),
    "numbers in pandas": lambda: pd.DataFrame(np.ones((N, 3)), columns=list("abc")),
    "objects in pandas": lambda: pd.DataFrame({"a": np.ones(N), "b": WORDS.astype(object)}),
    "categories in pandas": lambda: pd.DataFrame({"a": pd.Categorical(WORDS)}),
    "gaps in pandas": lambda: pd.DataFrame({"a": pd.array(np.arange(N), dtype="Int64")}),
    "columns of arrow in pandas": frame_with_arrow,
    "table of pyarrow": arrow_table,
    "column of pyarrow": arrow_column,
    "frame of polars": polars_frame,
}


def as_list(table: Any) -> Any:
    """Return the cells of a table."""
    if sparse.issparse(table):
        return table.toarray().tolist()
    for name in ("to_dict", "to_pydict", "tolist", "to_pylist"):
        if hasattr(table, name):
            found = getattr(table, name)() if name != "to_dict" else table.to_dict()
            return {key: list(value) for key, value in found.items()} if name == "to_dict" else found
    raise TypeError(type(table))


@pytest.mark.parametrize("name", TABLES)
def test_a_table_travels_apart_and_once(name: str) -> None:
    table, shared = TABLES[name](), SharedArrays()
    first, arrays = shared.encode({"of": 1, "table": table}, changes=False)
    second, again = shared.encode({"of": 2, "table": table}, changes=False)
    assert len(first.data) < LARGE
    assert arrays
    assert first.numbers == frozenset(arrays) == second.numbers == frozenset(again)
    for number, each in arrays.items():
        assert again[number].handle is each.handle  # sent once
    sent = {number: pickle.loads(pickle.dumps(each.array)) for number, each in arrays.items()}
    for encoded, of in ((first, 1), (second, 2)):
        decoded = decode(encoded.data, sent)
        assert decoded["of"] == of
        assert as_list(decoded["table"]) == as_list(table)


def test_small_arrays_travel_with_the_members() -> None:
    small = np.arange(10.0)
    encoded, arrays = SharedArrays().encode(small, changes=False)
    assert arrays == {}
    np.testing.assert_array_equal(decode(encoded.data, {}), small)


def test_an_array_that_exists_only_while_it_is_encoded_is_kept() -> None:
    class Halves:
        def __getstate__(self) -> Any:
            return {"half": np.full(N, 0.5)}

    shared = SharedArrays()
    encoded, arrays = shared.encode(Halves(), changes=False)
    gc.collect()
    (one,) = arrays.values()
    assert encoded.numbers == {one.number}
    assert decode(encoded.data, {one.number: one.array}).half[0] == 0.5


def test_an_array_that_changes_is_shared_only_if_others_refer_to_it() -> None:
    table, weights, shared = np.zeros(N), np.ones(N), SharedArrays()
    _, arrays = shared.encode(table, changes=False)
    encoded, found = shared.encode((table, weights), changes=True)
    assert set(found) == set(arrays)
    decoded = decode(encoded.data, {number: each.array for number, each in found.items()})
    assert decoded[0] is table
    assert decoded[1] is not weights
    decoded[1][:] = 2.0
    assert weights[0] == 1.0


def test_an_array_is_forgotten_with_its_last_reference() -> None:
    table, shared = np.zeros(N), SharedArrays()
    _, arrays = shared.encode(table, changes=False)
    (number,) = arrays
    reference = weakref.ref(table)
    del table
    assert reference() is not None  # a parcel refers to it
    arrays.clear()
    gc.collect()
    assert reference() is None
    _, arrays = shared.encode(np.zeros(N), changes=False)
    assert number not in arrays


def test_the_array_of_a_subclass_is_not_replaced() -> None:
    masked = np.ma.masked_array(np.arange(float(N)), np.arange(N) % 2 == 0)
    encoded, arrays = SharedArrays().encode(masked, changes=False)
    decoded = decode(encoded.data, {number: each.array for number, each in arrays.items()})
    assert isinstance(decoded, np.ma.MaskedArray)
    assert decoded.sum() == masked.sum()


def test_a_worker_shares_only_arrays_that_it_has_received() -> None:
    received, own = np.zeros(N), np.ones(N)
    numbers = {id(received): 7}
    encoded = encode((received, own), lambda array: numbers.get(id(array)))
    assert encoded.numbers == {7}
    decoded = decode(encoded.data, arrays_by_number([7], [received]))
    assert decoded[0] is received
    np.testing.assert_array_equal(decoded[1], own)
