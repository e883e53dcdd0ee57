"""Messages between the process that runs a pack and its workers.

Members travel as bytes, in which each large array is replaced by a number: the executor sends the array itself once.
The bytes are pickles, which only processes of one cluster exchange and no file holds.
"""

from __future__ import annotations

import io
import pickle
import sys
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cloudpickle
import numpy as np

# Smaller arrays travel with the members.
LARGE = 1 << 16


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
    """

    parcels: tuple[bytes, ...]
    n_threads: int
    seconds: float
    config: Mapping[str, Any]


@dataclass(frozen=True)
class Encoded:
    """An object as bytes, and the numbers of the arrays that it refers to."""

    data: bytes
    numbers: frozenset[int]


@dataclass(frozen=True)
class Reply:
    """The answer of a worker.

    Attributes
    ----------
    outcomes : tuple of Encoded
        The outcome of each member that has ended, with the task if it has a method ``take_over``.
    left : tuple of (int, Encoded)
        The members of a parcel that have not ended, by the position of the parcel in the message.
    seconds : float
        The working time of the worker, without encoding.
    """

    outcomes: tuple[Encoded, ...]
    left: tuple[tuple[int, Encoded], ...]
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


def is_large(value: Any) -> bool:
    """Return whether this is an array or a column that should be sent once."""
    if type(value) is np.ndarray:
        return bool(value.nbytes >= LARGE) and not value.dtype.hasobject
    arrow = sys.modules.get("pyarrow")
    return arrow is not None and isinstance(value, arrow.ChunkedArray | arrow.Array) and value.nbytes >= LARGE


class _Pickler(cloudpickle.Pickler):
    def __init__(self, file: io.BytesIO, number_of: Callable[[Any], int | None]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.number_of = number_of
        self.numbers: set[int] = set()

    def persistent_id(self, value: Any) -> int | None:
        number = self.number_of(value) if is_large(value) else None
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
class SharedArray:
    """A large array of a pack.

    Attributes
    ----------
    number : int
        Its number in messages.
    array : array or column of pyarrow
        The array.
    handle : list of one entry
        What the executor finds it by; None before it was sent.
    """

    number: int
    array: Any
    handle: list[Any]


@dataclass(eq=False)
class SharedArrays:
    """The large arrays of a pack, each with a number; an array that nobody refers to any more is forgotten."""

    _known: dict[int, tuple[weakref.ref[Any], int, list[Any]]] = field(default_factory=dict)  # by ``id``
    _n: int = 0

    def known_number_of(self, array: Any) -> int | None:
        """Return the number of an array; None if it has none."""
        return self._known[id(array)][1] if id(array) in self._known else None

    def number_of(self, array: Any) -> int:
        """Return the number of an array, which it receives at the first call; nobody may change the array."""
        key = id(array)
        if key not in self._known:
            self._n += 1
            self._known[key] = weakref.ref(array, lambda _: self._known.pop(key, None)), self._n, [None]
        return self._known[key][1]

    def all_of(self, numbers: frozenset[int]) -> dict[int, SharedArray]:
        """Return the arrays with these numbers, which are kept as long as the result is."""
        found = {}
        for reference, number, handle in list(self._known.values()):
            array = reference()
            if number in numbers and array is not None:
                found[number] = SharedArray(number, array, handle)
        return found

    def release(self) -> None:
        """Drop what the executor finds the arrays by."""
        for _, _, handle in self._known.values():
            handle[0] = None
        self._known.clear()


def arrays_by_number(numbers: Sequence[int], arrays: Sequence[Any]) -> dict[int, Any]:
    """Return the arrays that a worker has received by their numbers."""
    return dict(zip(numbers, arrays, strict=True))
