"""The arguments of a kernel: their types, and how Python passes them to machine code.

A kernel is called through its *entry*, a C function ``int entry(int64 *block)`` with one pointer to a block of memory,
which holds one number of eight bytes for each argument (``entries.py`` emits the entry).  Records and tuples are
flattened.  An array is passed as the address of its Python object, from which the entry reads memory and shape: this
takes a tenth of the time of asking the object for both.  The entry also checks the type of each array, and refuses the
call if one differs from its signature.

Arrays are C-contiguous.  Whether they are writeable does not matter, and neither does their alignment, because
processors load numbers from any address.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

#: Numbers of a block before the arguments: the result, the size of an object's head, and the address of np.ndarray.
N_BEFORE = 3
#: What an entry returns.
DONE, MISMATCH, FAILED = range(3)


class Array(NamedTuple):
    """The type of an array: kind and item size of the dtype, and the number of dimensions."""

    kind: str
    itemsize: int
    ndim: int


class Record(NamedTuple):
    """The type of a tuple or a named tuple."""

    class_: type
    members: tuple[Any, ...]


#: The types of the arguments: of each, "bool", "int", "float", an Array or a Record.
Signature = tuple[Any, ...]


class Offsets(NamedTuple):
    """Where the fields of NumPy's objects are, counted from the end of the head that all objects of Python have."""

    type_: int = -8  # the last member of the head
    data: int = 0
    ndim: int = 8
    shape: int = 16
    dtype: int = 40
    flags: int = 48  # bit 0: C-contiguous
    kind: int = 8  # of a dtype, like the next two
    byteorder: int = 10
    itemsize: int = 24


OFFSETS = Offsets()
HEAD = object.__basicsize__


def signature_of(arguments: tuple[Any, ...]) -> Signature:
    """Return the types of arguments.

    Raises
    ------
    TypeError
        If an argument has another type, or is an array that is not contiguous.
    """
    return tuple(_type_of(argument) for argument in arguments)


def _type_of(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        if not (value.flags.c_contiguous and value.dtype.isnative and value.dtype.kind in "biuf"):
            raise TypeError(f"a kernel needs C-contiguous arrays of native numbers, got {value.dtype}, {value.strides}")
        return Array(value.dtype.kind, value.dtype.itemsize, value.ndim)
    if isinstance(value, tuple):
        return Record(type(value), signature_of(value))
    for name, types in {"bool": (bool, np.bool_), "int": (int, np.integer), "float": (float, np.floating)}.items():
        if isinstance(value, types):
            return name
    raise TypeError(f"a kernel takes arrays, numbers and tuples of them, got {type(value).__qualname__}")


def without_subclasses(value: Any) -> Any:
    """Return the value with each array as a plain one, of the same memory."""
    if isinstance(value, np.ndarray):
        return value if type(value) is np.ndarray else value.view(np.ndarray)
    if isinstance(value, tuple):
        members = map(without_subclasses, value)
        return type(value)(*members) if hasattr(value, "_fields") else tuple(members)
    return value


def leaves(signature: Signature) -> Iterator[Any]:
    """Yield the types of all arrays and numbers, in the order of the block."""
    for type_ in signature:
        if isinstance(type_, Record):
            yield from leaves(type_.members)
        else:
            yield type_


def described(signature: Signature) -> str:
    """Return a text that differs between different types; the key of a kernel includes it."""
    return f"({' '.join(map(_described, signature))})"


def _described(type_: Any) -> str:
    if isinstance(type_, Array):
        return f"{type_.kind}{type_.itemsize}[{type_.ndim}]"
    if isinstance(type_, Record):
        class_ = type_.class_
        fields = ",".join(getattr(class_, "_fields", ()))
        return f"{class_.__module__}.{class_.__qualname__}<{fields}>{described(type_.members)}"
    return str(type_)


def caller(signature: Signature, address: int, returns: str) -> Callable[[tuple[Any, ...]], Any]:
    """Return a function that calls an entry with the arguments of a kernel, and returns the kernel's result.

    It returns :data:`NotImplemented` and does nothing if the arguments have other types.

    Parameters
    ----------
    signature : Signature
        The types of the arguments.
    address : int
        The address of the entry.
    returns : {"none", "bool", "int", "float"}
        The type of the result.

    Returns
    -------
    callable
        From the tuple of arguments to the result.
    """
    _check_offsets()
    n_numbers = N_BEFORE + len(list(leaves(signature)))
    formats = "".join("d" if type_ == "float" else "q" for type_ in leaves(signature))
    names: dict[str, Any] = {
        "entry": ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(address),  # releases the interpreter's lock
        "Block": ctypes.c_int64 * n_numbers,
        "pack": struct.Struct(f"={N_BEFORE}q{formats}").pack_into,
        "unpack": struct.Struct("=d" if returns == "float" else "=q").unpack_from,
        "failed": _failed,
        "Unequal": (struct.error, TypeError, OverflowError, AttributeError),
    }
    tests, values = ["len(a) == " + str(len(signature))], ["0", str(HEAD), str(id(np.ndarray))]
    _add_expressions("a", signature, tests, values, names)
    result = {"none": "None", "bool": "unpack(block)[0] != 0"}.get(returns, "unpack(block)[0]")
    source = f"""
def call(a):
    if not ({" and ".join(tests)}):
        return NotImplemented
    block = Block()
    try:
        pack(block, 0, {", ".join(values)})
    except Unequal:
        return NotImplemented
    status = entry(block)
    if status:
        return NotImplemented if status == {MISMATCH} else failed()
    return {result}
"""
    exec(source, names)
    call: Callable[[tuple[Any, ...]], Any] = names["call"]
    return call


def _add_expressions(place: str, types: Signature, tests: list[str], values: list[str], names: dict[str, Any]) -> None:
    """Add the tests of records, and one expression for each array and number of the tuple at a place."""
    for index, type_ in enumerate(types):
        here = f"{place}[{index}]"
        if isinstance(type_, Record):
            class_ = f"Class{len(names)}"
            names[class_] = type_.class_
            tests.append(f"type({here}) is {class_} and len({here}) == {len(type_.members)}")
            _add_expressions(here, type_.members, tests, values, names)
        else:
            values.append(f"id({here})" if isinstance(type_, Array) else here)


def _failed() -> None:
    raise RuntimeError("a kernel raised an exception")


_has_checked = False


def _check_offsets() -> None:
    """Raise an error if this Python or NumPy lays out its objects in another way than the entries assume."""
    global _has_checked
    if _has_checked:
        return
    probes = (np.zeros((2, 3, 5), dtype=np.float32), np.zeros((7, 4), dtype=np.int64)[:, ::2])
    for array in probes:
        start = id(array) + HEAD
        address = ctypes.c_int64.from_address(start + OFFSETS.dtype).value
        found = (
            ctypes.c_int64.from_address(start + OFFSETS.type_).value,
            ctypes.c_int64.from_address(start + OFFSETS.data).value,
            ctypes.c_int32.from_address(start + OFFSETS.ndim).value,
            ctypes.c_int32.from_address(start + OFFSETS.flags).value & 1,
        )
        if found != (id(np.ndarray), array.ctypes.data, array.ndim, int(array.flags.c_contiguous)):
            raise RuntimeError("arrays have another layout in this Python or NumPy")
        shape = ctypes.c_int64.from_address(start + OFFSETS.shape).value
        if tuple((ctypes.c_int64 * array.ndim).from_address(shape)) != array.shape or address != id(array.dtype):
            raise RuntimeError("arrays have another layout in this Python or NumPy")
    for dtype in (np.dtype(np.float32), np.dtype(np.complex128), np.dtype(np.float64).newbyteorder()):
        start = id(dtype) + HEAD
        kind, order = (ctypes.c_char.from_address(start + at).value for at in (OFFSETS.kind, OFFSETS.byteorder))
        itemsize = ctypes.c_int64.from_address(start + OFFSETS.itemsize).value
        if (kind, order, itemsize) != (dtype.kind.encode(), dtype.byteorder.encode(), dtype.itemsize):
            raise RuntimeError("dtypes have another layout in this Python or NumPy")
    _has_checked = True
