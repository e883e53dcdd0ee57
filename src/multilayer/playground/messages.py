"""Messages between the page and the playground: JSON, followed by arrays or by bytes.  PROTOCOL.md describes them."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from multilayer.exceptions import InputError
from multilayer.storage import parse_json

Array32 = npt.NDArray[np.float32]

MOST_JSON = 1 << 24  # bytes of the JSON text of a message
_MOST_ARRAYS = 1_000
_MOST_AXES = 8
_MOST_ENTRIES = 1 << 40  # NumPy refuses an empty array whose other axes are longer
_ALIGNMENT = 8  # of the arrays within the message
_RESERVED = ("arrays", "bytes")


@dataclass(frozen=True, eq=False)
class Reply:
    """What the playground answers to a request.

    Attributes
    ----------
    fields : mapping of str to object
        The fields of the JSON text.
    arrays : mapping of str to array
        Arrays of float32, which follow the text.
    payload : bytes or None
        Bytes of another kind, which follow the text.  A message has arrays or bytes, not both.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Array32] = field(default_factory=dict)
    payload: bytes | None = None


def finite(value: Any) -> Any:
    """Return a value for JSON: null in place of numbers that are not finite, and lists in place of arrays.

    Examples
    --------
    >>> finite({"costs": np.array([0.5, np.nan]), "sizes": (2, np.int64(3))})
    {'costs': [0.5, None], 'sizes': [2, 3]}
    """
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return float(value) if math.isfinite(value) else None
        case Mapping():
            return {str(name): finite(each) for name, each in value.items()}
        case list() | tuple():
            # Curves are long lists of floats, which need no call each.
            return [each if type(each) is float and math.isfinite(each) else finite(each) for each in value]
        case np.ndarray() | np.generic():
            return finite(value.tolist())
    raise InputError(f"a message cannot hold {type(value).__name__}. Pass numbers, text, lists and dicts.")


def encode(reply: Reply) -> bytes:
    """Return the bytes of a message.

    Raises
    ------
    InputError
        If the reply has arrays and bytes, or a value that JSON cannot hold.

    Examples
    --------
    >>> encode(Reply({"id": 7}))
    b'\\x0c\\x00\\x00\\x00{"id":7}    '
    """
    fields = dict(reply.fields)
    if (reply.arrays and reply.payload is not None) or not fields.keys().isdisjoint(_RESERVED):
        raise InputError('a message has arrays or bytes, not both, and no fields "arrays" and "bytes".')
    arrays = {name: np.ascontiguousarray(each, dtype="<f4") for name, each in reply.arrays.items()}
    if arrays:
        # ascontiguousarray makes a number an array of one axis.
        fields["arrays"] = [{"name": name, "shape": np.shape(reply.arrays[name])} for name in arrays]
    if reply.payload is not None:
        fields["bytes"] = len(reply.payload)
    # With escapes, the text can hold half a surrogate pair, which UTF-8 cannot.
    text = json.dumps(finite(fields), allow_nan=False, separators=(",", ":")).encode("ascii")
    text += b" " * (-(4 + len(text)) % _ALIGNMENT)
    return b"".join([struct.pack("<I", len(text)), text, *map(_bytes_of, arrays.values()), reply.payload or b""])


def _bytes_of(array: npt.NDArray[Any]) -> bytes:
    return array.tobytes()


def decode(data: bytes, most_json: int = MOST_JSON) -> tuple[dict[str, Any], dict[str, Array32], bytes | None]:
    """Return the fields, the arrays and the bytes of a message.

    The sizes that the message declares are compared with its length before memory is taken.

    Raises
    ------
    InputError
        If the message is not as PROTOCOL.md describes it, or its text has more than ``most_json`` bytes.

    Examples
    --------
    >>> decode(encode(Reply({"id": 7}, payload=b"a,b")))
    ({'id': 7}, {}, b'a,b')
    """
    if len(data) < 4:
        raise InputError(f"the message has {len(data)} bytes, fewer than the 4 of the length of its text.")
    (length,) = struct.unpack_from("<I", data)
    start = 4 + length
    if length > most_json or start > len(data) or start % _ALIGNMENT:
        raise InputError(
            f"the message of {len(data):,} bytes declares a text of {length:,} bytes. The text is a part of the "
            f"message, is padded to a multiple of {_ALIGNMENT} bytes with its length, and has at most {most_json:,}."
        )
    try:
        fields = parse_json(data[4:start].decode("utf-8"))
    except ValueError as error:  # also for text that is not UTF-8
        raise InputError(f"the text of the message is not JSON: {error}.") from None
    if not isinstance(fields, dict):
        raise InputError(f"the text of the message must be an object of JSON, got {type(fields).__name__}.")
    declared, size = fields.pop("arrays", None), fields.pop("bytes", None)
    if declared is not None and size is not None:
        raise InputError("a message has arrays or bytes, not both.")
    if declared is not None:
        return fields, _arrays(data, start, declared), None
    _check_rest(data, start, 0 if size is None else _whole(size))
    return fields, {}, None if size is None else data[start:]


def _arrays(data: bytes, start: int, declared: Any) -> dict[str, Array32]:
    if not isinstance(declared, list) or len(declared) > _MOST_ARRAYS:
        raise InputError(f"arrays must be a list of at most {_MOST_ARRAYS:,} names and shapes.")
    shapes: dict[str, tuple[int, ...]] = {}
    for each in declared:
        if not isinstance(each, dict) or each.keys() != {"name", "shape"}:
            raise InputError('each of arrays must be {"name": ..., "shape": [...]}.')
        name, shape = each["name"], each["shape"]
        if not isinstance(name, str) or name in shapes:
            raise InputError("the names of arrays must be different texts.")
        if not isinstance(shape, list) or len(shape) > _MOST_AXES:
            raise InputError(f"the shape of an array must be a list of at most {_MOST_AXES} lengths.")
        shapes[name] = tuple(map(_whole, shape))
        if math.prod(max(length, 1) for length in shapes[name]) > _MOST_ENTRIES:
            raise InputError(f"the shape of an array is too large, got {str(shape)[:60]}.")
    _check_rest(data, start, 4 * sum(map(math.prod, shapes.values())))
    found = {}
    for name, shape in shapes.items():
        n = math.prod(shape)
        values = np.frombuffer(data, "<f4", n, start) if n else np.empty(0, np.float32)
        found[name] = values.reshape(shape).astype(np.float32, copy=False)
        start += 4 * n
    return found


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError(f"sizes in a message must be non-negative integers, got {str(value)[:60]!r}.")
    return value


def _check_rest(data: bytes, start: int, declared: int) -> None:
    if len(data) - start != declared:
        raise InputError(
            f"{len(data) - start:,} bytes follow the text of the message, and it declares {str(declared)[:24]}."
        )
