"""The container: a safetensors file with the arrays, and with everything else as JSON in its header, and a digest."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import ModelFileError
from multilayer.storage import open_regular, parse_json, read_exactly, reason_of, replace_file

VERSION = 2  # version of the format; a reader accepts this version and earlier ones
KEY = "multilayer"  # the entry of the header that contains the model
METADATA = "__metadata__"
# By safetensors' names; the others have no dtype in NumPy, or do not occur in models.
DTYPES = {
    "BOOL": "?",
    "I8": "<i1",
    "I16": "<i2",
    "I32": "<i4",
    "I64": "<i8",
    "U8": "<u1",
    "U16": "<u2",
    "U32": "<u4",
    "U64": "<u8",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
}
NAMES = {np.dtype(dtype).str: name for name, dtype in DTYPES.items()}
# Python's objects take up to thirty times the memory of their JSON: half a gigabyte for a header of this size.
MAX_HEADER = 1 << 24
MAX_DIMENSIONS = 8

Tensors = dict[str, NDArray[Any]]
ADVICE = "Use a file written by save_model or Checkpoint, or a backup of it."


@dataclass(frozen=True)
class Extent:
    """The position of an array after the header, and its type."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    stop: int


def write(path: Path, model: dict[str, Any], tensors: Tensors, keep: int = 1) -> None:
    """Create or replace a file atomically; ``keep`` is the number of files to keep, as for ``replace_file``."""
    arrays = {name: _little_endian(tensors[name]) for name in sorted(tensors, key=lambda name: _order(name, tensors))}
    head = _canonical({"version": VERSION, "digest": _digest(model, tensors), "model": model})
    header = _header(head, arrays)
    if len(header) > MAX_HEADER:
        raise ModelFileError(
            f"{_shown(path)}: cannot be written: text and numbers outside of arrays take {len(header):,} bytes, and "
            f"the maximum is {MAX_HEADER:,}. Shorten class labels and feature names, or save the members separately."
        )
    try:
        replace_file(path, [len(header).to_bytes(8, "little"), header, *map(_bytes_of, arrays.values())], keep)
    except (OSError, ValueError) as error:
        raise ModelFileError(
            f"{_shown(path)}: cannot be written: {reason_of(error)}. Choose another path, and check the free space."
        ) from None


def _header(head: str, arrays: Tensors) -> bytes:
    """Return the header of safetensors: the type and the place of each array, and our JSON; arrays are aligned."""
    described: dict[str, Any] = {METADATA: {KEY: head}}
    end = 0
    for name, array in arrays.items():
        start, end = end, end + array.nbytes
        described[name] = {"dtype": NAMES[array.dtype.str], "shape": list(array.shape), "data_offsets": [start, end]}
    text = json.dumps(described, separators=(",", ":")).encode()
    return text + b" " * (-len(text) % 8)


def _order(name: str, tensors: Tensors) -> tuple[int, str]:
    """Sort arrays by the width of their numbers, widest first, so that all are aligned."""
    return -tensors[name].dtype.itemsize, name


def _little_endian(array: NDArray[Any]) -> NDArray[Any]:
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return np.ascontiguousarray(array).reshape(array.shape)


def _bytes_of(array: NDArray[Any]) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def read(path: Path) -> tuple[dict[str, Any], Tensors]:
    """Read a file of :func:`write`.  It is not memory-mapped, so that later changes of the file have no effect.

    The memory is bounded by the size of the file, and the JSON of its header by ``MAX_HEADER``.
    """
    head, tensors = _read_whole(path)
    return head["model"], tensors


def read_header(path: Path) -> tuple[dict[str, Any], int]:
    """Read the model of a file without its arrays, and the version of its format."""
    head, _ = _read_whole(path)
    return head["model"], head["version"]


def _read_whole(path: Path) -> tuple[dict[str, Any], Tensors]:
    try:
        with open_regular(path) as file:
            head, text, tensors = _read(file)
    except FileNotFoundError:
        raise ModelFileError(f"{_shown(path)}: no such file. Check the path.") from None
    except ModelFileError as error:
        raise ModelFileError(f"{_shown(path)}: {error}") from None
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{_shown(path)}: cannot be read: {reason_of(error)}. {ADVICE}") from None
    except MemoryError:
        raise ModelFileError(f"{_shown(path)}: does not fit into memory. Use a machine with more memory.") from None
    try:
        written = _written_model(text, head)
        is_whole = written is not None and head["digest"] == _digest_of_text(written, tensors)
        is_whole = is_whole or head["digest"] == _digest(head["model"], tensors)
    except RecursionError:
        is_whole = False
    if not is_whole:
        raise ModelFileError(f"{_shown(path)}: is damaged: its content does not match its digest. {ADVICE}")
    return head, tensors


def _shown(path: Path) -> str:
    """Return the path in printable form, with escapes for zero bytes and invalid Unicode."""
    return str(path) if str(path).isprintable() else repr(str(path))


def _written_model(text: str, head: dict[str, Any]) -> str | None:
    """Return the JSON of the model as ``write`` has written it, which is faster than to write it again."""
    before, after = f'{{"digest":"{head["digest"]}","model":', f',"version":{head["version"]}}}'
    is_ours = text.isascii() and text.startswith(before) and text.endswith(after)
    return text[len(before) : len(text) - len(after)] if is_ours else None


def _read(file: FileIO) -> tuple[dict[str, Any], str, Tensors]:
    """Return the head, its text, and the arrays."""
    size = file.seek(0, 2)
    file.seek(0)
    length = int.from_bytes(_bytes(file, 8), "little") if size >= 8 else 0
    if not 2 <= length <= size - 8:
        raise _damaged("it does not begin with the header of a safetensors file")
    if length > MAX_HEADER:
        raise ModelFileError(f"has a header of {length:,} bytes; that of a model has up to {MAX_HEADER:,}. {ADVICE}")
    try:
        header = parse_json(_bytes(file, length).decode())
    except ValueError as error:
        raise _damaged(f"{error!s:.200}") from None
    metadata = header.pop(METADATA, None) if isinstance(header, dict) else None
    if not isinstance(header, dict) or not isinstance(metadata or {}, dict):
        raise _damaged("its header is not that of a safetensors file")
    text = (metadata or {}).get(KEY)
    head = _head(text)
    extents = _extents(header, size - 8 - length)
    tensors: Tensors = {}
    for name in sorted(extents, key=lambda name: extents[name].start):
        extent = extents[name]
        tensors[name] = np.empty(extent.shape, dtype=extent.dtype)
        content = tensors[name].reshape(-1).view(np.uint8)
        if len(content) and not read_exactly(file, content.data):
            raise _damaged("it is shorter than specified in its header")
        if extent.dtype.kind == "b" and len(content) and content.max() > 1:
            raise _damaged(f"the array {name[:80]!r} holds Booleans that are neither 0 nor 1")
    native = {name: tensors[name].astype(extents[name].dtype.newbyteorder("="), copy=False) for name in tensors}
    return head, str(text), native


def _bytes(file: FileIO, n: int) -> bytearray:
    buffer = bytearray(n)
    if not read_exactly(file, memoryview(buffer)):
        raise _damaged("it is shorter than specified in its header")
    return buffer


def _extents(header: dict[str, Any], size: int) -> dict[str, Extent]:
    """Return the extents of the arrays, which must be contiguous and end at the end of the file."""
    extents = {name: _extent(name, described) for name, described in header.items()}
    end = 0
    for name, extent in sorted(extents.items(), key=lambda pair: (pair[1].start, pair[1].stop)):
        if extent.start != end:
            raise _damaged(f"the array {name[:80]!r} does not begin where the one before ends")
        end = extent.stop
    if end != size:
        raise _damaged(f"its arrays have {end} bytes, and it has {size} for them")
    return extents


def _extent(name: str, described: Any) -> Extent:
    if not isinstance(described, dict) or set(described) != {"dtype", "shape", "data_offsets"}:
        raise _damaged(f"the array {name[:80]!r} is not described by dtype, shape and data_offsets")
    dtype, shape, offsets = (described[key] for key in ("dtype", "shape", "data_offsets"))
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ModelFileError(f"the array {name[:80]!r} is of {str(dtype)[:80]!r}, which models do not use. {ADVICE}")
    if not (_are_counts(shape) and len(shape) <= MAX_DIMENSIONS and _are_counts(offsets) and len(offsets) == 2):
        raise _damaged(f"shape and offsets of the array {name[:80]!r} are not counts")
    found = Extent(np.dtype(DTYPES[dtype]), tuple(shape), *offsets)
    if found.stop - found.start != math.prod(found.shape) * found.dtype.itemsize:
        raise _damaged(f"the array {name[:80]!r} of shape {found.shape} does not have {found.stop - found.start} bytes")
    return found


def _are_counts(values: Any) -> bool:
    # No array has more than 2**47 bytes; NumPy counts with signed numbers of 64 bits.
    return isinstance(values, list) and all(type(each) is int and 0 <= each < 1 << 48 for each in values)


def _damaged(why: str) -> ModelFileError:
    return ModelFileError(f"is not a model file, or is damaged ({why}). {ADVICE}")


def _head(text: Any) -> dict[str, Any]:
    if not isinstance(text, str):
        raise ModelFileError(f"is a file of safetensors, but not of multilayer: {KEY!r} is missing. {ADVICE}")
    try:
        head = parse_json(text)
    except ValueError as error:
        raise ModelFileError(f"is damaged: its header is not JSON ({error!s:.200}). {ADVICE}") from None
    version: Any = head.get("version") if isinstance(head, dict) else None
    if type(version) is int and version > VERSION:
        raise ModelFileError(
            f"was written by a newer multilayer, in version {version} of the format; this one reads up to "
            f"{VERSION}. Update: python -m pip install --upgrade multilayer"
        )
    is_ours = isinstance(head, dict) and set(head) == {"version", "digest", "model"} and type(version) is int
    if not (is_ours and version >= 1 and isinstance(head["model"], dict)):
        raise ModelFileError(f"is damaged: its header is not that of a model. {ADVICE}")
    return dict(head)


def _digest(model: dict[str, Any], tensors: Tensors) -> str:
    """Return the BLAKE2b digest (32 bytes) of the JSON and of each array's name, dtype, shape and bytes, by name."""
    return _digest_of_text(_canonical(model), tensors)


def _digest_of_text(model: str, tensors: Tensors) -> str:
    digest = hashlib.blake2b(model.encode(), digest_size=32)
    for name in sorted(tensors):
        array = _little_endian(tensors[name])
        digest.update(_canonical([name, array.dtype.str, list(array.shape)]).encode())
        digest.update(_bytes_of(array))
    return digest.hexdigest()


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode
