"""Messages between the process that runs a pack and its workers.

Members travel as bytes, in which each large array is replaced by a number: the executor sends the array itself once.
The bytes are pickles, which only processes of one cluster exchange and no file holds.
"""

from __future__ import annotations

import io
import pickle
import sys
import weakref
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from typing import Any

import cloudpickle
import numpy as np

# Smaller arrays travel with the members.
LARGE = 1 << 16


@cache
def version() -> str:
    """Return the version of this library in this process."""
    return metadata.version("multilayer")


@dataclass(frozen=True)
class Message:
    """Work for a worker.

    Attributes
    ----------
    parcels : tuple of bytes
        Lists of members, each encoded by itself.
    n_threads : int
        The number of members that work at the same time.
    seconds : float
        The time after which members that have not ended are sent back.
    config : dict
        The configuration of scikit-learn in the process that runs the pack.
    version : str
        The version of this library in that process.
    """

    parcels: tuple[bytes, ...]
    n_threads: int
    seconds: float
    config: Mapping[str, Any]
    version: str = field(default_factory=version)


@dataclass(frozen=True)
class Encoded:
    """An object as bytes, and the numbers of the arrays that it refers to."""

    data: bytes
    numbers: frozenset[int]


@dataclass(eq=False)
class SharedArray:
    """A large array of a pack.

    Attributes
    ----------
    number : int
        Its number in messages.
    array : array, column or frame
        The array.
    handle : list of one entry
        What the executor finds it by; None before it was sent.
    """

    number: int
    array: Any
    handle: list[Any]


@dataclass(frozen=True)
class Reply:
    """The answer of a worker.

    Attributes
    ----------
    outcomes : tuple of (hashable, Encoded)
        The key of each member that has ended, and its outcome with the task if it has a method ``take_over``.
    left : tuple of (int, Encoded or None)
        The members of a parcel that have not ended, by the position of the parcel in the message; None if no work was
        done on any of them.
    seconds : float
        The working time of the worker, without decoding and encoding.
    """

    outcomes: tuple[tuple[Hashable, Encoded], ...]
    left: tuple[tuple[int, Encoded | None], ...]
    seconds: float


def encode(value: Any, number_of: Callable[[Any], int | None]) -> Encoded:
    """Return an object as bytes; ``number_of`` returns the number of a large array, or None to include it."""
    file = io.BytesIO()
    pickler = _Pickler(file, number_of)
    pickler.dump(value)
    return Encoded(file.getvalue(), frozenset(pickler.numbers))


def decode(data: bytes, arrays: Mapping[int, Any]) -> Any:
    """Return the object of some bytes, with the arrays by their numbers."""
    return _Unpickler(io.BytesIO(data), arrays).load()


def shared_types() -> tuple[Any, ...]:
    """Return the types of columns and frames that are shared as a whole, of the packages that are imported.

    Other frames of pandas hold arrays, which are shared.  The parts of these are made when they are encoded.
    """
    found = list[Any]()
    if (arrow := sys.modules.get("pyarrow")) is not None:
        found += [arrow.Table, arrow.RecordBatch, arrow.ChunkedArray, arrow.Array]
    if (polars := sys.modules.get("polars")) is not None:
        found += [polars.DataFrame, polars.Series]
    if (pandas := sys.modules.get("pandas")) is not None:
        found.append(pandas.arrays.ArrowExtensionArray)
    return tuple(found)


def is_large(value: Any, types: tuple[Any, ...]) -> bool:
    """Return whether this is an array, or a column or frame of one of these types, that should be sent once."""
    if type(value) is np.ndarray:
        return bool(value.nbytes >= LARGE)
    if not isinstance(value, types):
        return False
    return bool((value.nbytes if hasattr(value, "nbytes") else value.estimated_size()) >= LARGE)


class _Pickler(cloudpickle.Pickler):
    def __init__(self, file: io.BytesIO, number_of: Callable[[Any], int | None]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.number_of, self.types = number_of, shared_types()
        self.numbers: set[int] = set()

    def persistent_id(self, value: Any) -> int | None:
        number = self.number_of(value) if is_large(value, self.types) else None
        if number is not None:
            self.numbers.add(number)
        return number


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, arrays: Mapping[int, Any]) -> None:
        super().__init__(file)
        self.arrays = arrays

    def persistent_load(self, number: int) -> Any:
        return self.arrays[number]


@dataclass(eq=False)
class SharedArrays:
    """The large arrays of a pack, each with a number; an array that nobody refers to any more is forgotten."""

    _known: dict[int, tuple[weakref.ref[Any], int, list[Any]]] = field(default_factory=dict)  # by ``id``
    _n: int = 0

    def encode(self, value: Any, *, changes: bool) -> tuple[Encoded, dict[int, SharedArray]]:
        """Return an object as bytes, and the arrays that it refers to, which are kept as long as the result is.

        With ``changes``, the arrays of the object may be written to: only those that others refer to are shared.
        """
        found: dict[int, SharedArray] = {}

        def number_of(array: Any) -> int | None:
            if changes and id(array) not in self._known:
                return None
            shared = self._shared(array)
            # Also of an array that exists only while the object is encoded, such as a column of a table of pyarrow.
            found[shared.number] = shared
            return shared.number

        return encode(value, number_of), found

    def _shared(self, array: Any) -> SharedArray:
        """Return an array with its number, which it receives at the first call; nobody may change the array."""
        key = id(array)
        if key not in self._known:
            self._n += 1
            self._known[key] = weakref.ref(array, lambda _: self._known.pop(key, None)), self._n, [None]
        _, number, handle = self._known[key]
        return SharedArray(number, array, handle)

    def release(self) -> None:
        """Drop what the executor finds the arrays by."""
        for _, _, handle in self._known.values():
            handle[0] = None
        self._known.clear()


def arrays_by_number(numbers: Sequence[int], arrays: Sequence[Any]) -> dict[int, Any]:
    """Return the arrays that a worker has received by their numbers."""
    return dict(zip(numbers, arrays, strict=True))
