"""The file itself: safetensors, with everything that is no array as JSON in its header, and a digest of the whole."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import ModelFileError

VERSION = 1  # of the format; a reader knows its own and those before
KEY = "multilayer"  # of the header
# By safetensors' names; others have no dtype in NumPy, or none that a model holds.
DTYPES = {"BOOL", "I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64", "F16", "F32", "F64"}

Tensors = dict[str, NDArray[Any]]


def write(path: Path, model: dict[str, Any], tensors: Tensors, keep: int = 1) -> None:
    """Write beside, then rename: whatever happens, the file under the name is a whole one, the old or the new.

    ``keep`` above 1 leaves the files before under the names with .1, .2 and so on added, .1 the youngest.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    head = _canonical({"version": VERSION, "digest": _digest(model, tensors), "model": model})
    beside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, beside, metadata={KEY: head})
        _flush(beside)
        if keep > 1:
            _move_on(path, keep)
        os.replace(beside, path)
        if os.name == "posix":
            _flush(path.parent)  # the name too
    except (OSError, SafetensorError) as error:
        raise ModelFileError(f"{path}: cannot be written: {error}. Choose another path, or make room there.") from None
    finally:
        with suppress(OSError):  # where it was renamed, or never made
            beside.unlink()


def read(path: Path) -> tuple[dict[str, Any], Tensors]:
    """What :func:`write` was given.  No array is larger than what the file holds of it.

    Raises
    ------
    ModelFileError
        For a file that is not there, is none of ours, is damaged, or is of a newer version.
    """
    from safetensors import SafetensorError, safe_open

    _check_is_file(path)
    try:
        with safe_open(path, framework="numpy") as file:
            head = _head(path, (file.metadata() or {}).get(KEY))
            names = list(file.keys())
            for name in names:
                dtype = file.get_slice(name).get_dtype()
                if dtype not in DTYPES:
                    raise ModelFileError(f"{path}: the array {name!r} is of {dtype}, which no model has. {ADVICE}")
            # Copies, which are aligned and can be written to.
            tensors = {name: np.array(file.get_tensor(name)) for name in names}
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"{path}: is no model file, or is damaged ({error!s:.200}). {ADVICE}") from None
    model = head["model"]
    try:
        is_whole = head["digest"] == _digest(model, tensors)
    except RecursionError:
        is_whole = False
    if not is_whole:
        raise ModelFileError(f"{path}: is damaged: its content is not what its digest says. {ADVICE}")
    return model, tensors


ADVICE = "Use a file that save_model or Checkpoint has written, or a copy of it from before."


def _head(path: Path, text: str | None) -> dict[str, Any]:
    if text is None:
        raise ModelFileError(f"{path}: is a file of safetensors, but not of multilayer: {KEY!r} is missing. {ADVICE}")
    try:
        head = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: is damaged: its header is no JSON ({error!s:.200}). {ADVICE}") from None
    version: Any = head.get("version") if isinstance(head, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise ModelFileError(
            f"{path}: was written by a newer multilayer, in version {version} of the format; this one reads up to "
            f"{VERSION}. Update: python -m pip install --upgrade multilayer"
        )
    is_ours = isinstance(head, dict) and set(head) == {"version", "digest", "model"} and type(version) is int
    if not (is_ours and version >= 1 and isinstance(head["model"], dict)):
        raise ModelFileError(f"{path}: is damaged: its header is not that of a model. {ADVICE}")
    return dict(head)


def _digest(model: dict[str, Any], tensors: Tensors) -> str:
    """BLAKE2b, 32 bytes, over the JSON and each array's name, dtype, shape and bytes, in the order of the names."""
    digest = hashlib.blake2b(_canonical(model).encode(), digest_size=32)
    for name in sorted(tensors):
        array = tensors[name]
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(_canonical([name, array.dtype.str, list(array.shape)]).encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _check_is_file(path: Path) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise ModelFileError(f"{path}: no such file. Look at the path.") from None
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{str(path)!r}: cannot be read: {error}. Look at the path.") from None
    if not stat.S_ISREG(status.st_mode):
        raise ModelFileError(f"{path}: is not a regular file. {ADVICE}")


def _move_on(path: Path, keep: int) -> None:
    """The files before, each one number further; the newest of them keeps its name too, which is never empty."""
    for number in range(keep - 1, 1, -1):
        older, younger = (path.with_name(f"{path.name}.{n}") for n in (number, number - 1))
        if younger.exists():
            os.replace(younger, older)
    if path.exists():
        first = path.with_name(f"{path.name}.1")
        first.unlink(missing_ok=True)
        try:
            os.link(path, first)
        except OSError:  # a file system without links
            shutil.copyfile(path, first)


def _flush(path: Path) -> None:
    """To the disk, so that a machine that loses its power has it."""
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
