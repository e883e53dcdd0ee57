"""Messages: what is encoded is decoded again, and no bytes at all raise anything but an InputError."""

from __future__ import annotations

import json
import struct
import tracemalloc
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from multilayer.exceptions import InputError
from multilayer.playground.messages import Reply, decode, encode, finite

NAMES = st.text(max_size=8).filter(lambda name: name not in ("arrays", "bytes"))
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    SCALARS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.dictionaries(NAMES, VALUES, max_size=4)
ARRAYS = st.dictionaries(
    st.text(max_size=8), arrays(np.float32, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)), max_size=3
)


def message(fields: Any, rest: bytes = b"") -> bytes:
    """The bytes of a message whose text may be anything."""
    text = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    text += b" " * (-(4 + len(text)) % 8)
    return struct.pack("<I", len(text)) + text + rest


@given(FIELDS, ARRAYS)
def test_fields_and_arrays_are_decoded_again(fields, given_arrays):
    data = encode(Reply(fields, given_arrays))
    found, found_arrays, payload = decode(data)
    assert (found, payload) == (fields, None)
    assert list(found_arrays) == list(given_arrays)
    for name, array in given_arrays.items():
        assert found_arrays[name].dtype == np.float32
        np.testing.assert_array_equal(found_arrays[name], array)


@given(FIELDS, st.binary(max_size=40))
def test_bytes_are_decoded_again(fields, payload):
    assert decode(encode(Reply(fields, payload=payload))) == (fields, {}, payload)


def test_a_message_by_hand():
    data = encode(Reply({"id": 1}, {"a": np.array([[1.0, -2.0]])}))
    text = b'{"id":1,"arrays":[{"name":"a","shape":[1,2]}]}'
    assert data == struct.pack("<I", 52) + text + b" " * 6 + struct.pack("<ff", 1.0, -2.0)
    assert len(data) % 8 == 0


def test_numbers_that_are_not_finite_become_null():
    fields = {
        "a": [np.nan, np.inf, np.float32(0.5)],
        "b": np.array([[1.0, -np.inf]]),
        "c": (np.int32(1), np.bool_(True)),
    }
    assert finite(fields) == {"a": [None, None, 0.5], "b": [[1.0, None]], "c": [1, True]}
    assert decode(encode(Reply({"id": 1, **fields})))[0] == {"id": 1, **finite(fields)}


def test_values_that_no_message_can_hold():
    for fields in ({"a": {1, 2}}, {"arrays": []}, {"bytes": 3}):
        with pytest.raises(InputError):
            encode(Reply(fields))
    with pytest.raises(InputError, match="arrays or bytes, not both"):
        encode(Reply({}, {"a": np.zeros(1, np.float32)}, b"x"))


@given(st.binary(max_size=200))
def test_random_bytes_raise_nothing_else(data):
    with suppress(InputError):
        decode(data)


@given(VALUES, st.binary(max_size=40))
def test_random_texts_raise_nothing_else(value, rest):
    with suppress(InputError):
        decode(message(value, rest))


@given(VALUES, VALUES, st.binary(max_size=40))
def test_random_declarations_raise_nothing_else(declared, shape, rest):
    for fields in (
        {"arrays": declared},
        {"bytes": declared},
        {"arrays": [{"name": "a", "shape": shape}]},
        {"arrays": [{"name": declared, "shape": [1]}]},
    ):
        with suppress(InputError):
            decode(message(fields, rest))


@given(FIELDS, ARRAYS, st.data())
def test_changed_bytes_raise_nothing_else(fields, given_arrays, draw):
    data = bytearray(encode(Reply(fields, given_arrays)))
    data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    with suppress(InputError):
        decode(bytes(data[: draw.draw(st.integers(0, len(data)))]))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "0 bytes, fewer than the 4"),
        (struct.pack("<I", 2**32 - 1), "declares a text of 4,294,967,295 bytes"),
        (struct.pack("<I", 3) + b"{} ", "padded to a multiple of 8"),
        (message(b"{"), "is not JSON"),
        (message(b'{"a": NaN}'), "NaN is not JSON"),
        (message(b'{"a": 1e999}'), "outside the range of float64"),
        (message(b'{"a": ' + b"9" * 5000 + b"}"), "more than 64 bits"),
        (message(b'{"a": 1, "a": 2}'), "occurs twice"),
        (message(b"\xff\xfe"), "is not JSON"),
        (message(b"[" * 100_000), "nested too deeply"),
        (message([1]), "must be an object of JSON, got list"),
        (message({"id": 1}, b"more"), "4 bytes follow the text of the message, and it declares 0"),
        (message({"bytes": 5}, b"more"), "it declares 5"),
        (message({"bytes": -1}), "non-negative integers, got '-1'"),
        (message({"bytes": True}, b"a"), "non-negative integers, got 'True'"),
        (message({"bytes": 0, "arrays": []}), "arrays or bytes, not both"),
        (message({"arrays": 3}), "must be a list"),
        (message({"arrays": [{"name": "a"}]}), "each of arrays"),
        (message({"arrays": [{"name": "a", "shape": [0]}] * 2}), "must be different texts"),
        (message({"arrays": [{"name": "a", "shape": [1] * 9}]}, bytes(4)), "at most 8 lengths"),
        (message({"arrays": [{"name": "a", "shape": [0, 2**62]}]}), "is too large"),
        (message({"arrays": [{"name": "a", "shape": [2**39]}]}, bytes(4)), "it declares 2199023255552"),
    ],
)
def test_malformed_messages_are_described(data, text):
    with pytest.raises(InputError, match=text):
        decode(data)


def test_no_memory_is_taken_for_a_declared_size():
    tracemalloc.start()
    with suppress(InputError):
        decode(message({"arrays": [{"name": "a", "shape": [2**30]}]}, bytes(4)))
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


def test_a_text_that_is_longer_than_allowed():
    data = message({"a": "b" * 100})
    assert decode(data)[0] == {"a": "b" * 100}
    with pytest.raises(InputError, match="has at most 50"):
        decode(data, most_json=50)
