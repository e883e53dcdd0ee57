"""Hashes of everything that scores depend on: a journal can be resumed if they are equal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
from scipy.sparse import issparse

from multilayer.selection.data import Data
from multilayer.selection.searching.trials import SearchProblem


def fingerprint(problem: SearchProblem, tables: Sequence[Data | None], scoring: Any) -> str:
    """A hash of the release, the estimator, the scoring, the folds and the data, the same in every process.

    It does not depend on the space and the epochs: a resumed search may have more candidates or longer training.
    """
    shown = [version("multilayer"), _plain(problem.estimator), _plain(scoring)]
    digest = hashlib.sha256(repr(shown).encode())
    for split in problem.splits:
        digest.update(repr([len(split.train), len(split.test)]).encode())
        digest.update(np.asarray(split.train, dtype=np.int64).tobytes())
        digest.update(np.asarray(split.test, dtype=np.int64).tobytes())
    for table in tables:
        for part in () if table is None else (table.X, table.y, table.weight):
            for piece in _bytes(part):
                digest.update(piece)
    return digest.hexdigest()


def candidate(model: Any) -> str:
    """A hash of the parameters of a candidate's model."""
    return hashlib.sha256(repr(_plain(model)).encode()).hexdigest()[:20]


def _plain(value: Any) -> Any:
    """A setting without parts that differ between processes, such as addresses in memory."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, set | frozenset):  # whose order differs between processes
        return sorted(repr(_plain(each)) for each in value)
    if isinstance(value, np.ndarray):
        return [str(value.dtype), value.tolist()]
    if isinstance(value, np.random.RandomState):
        return _plain(value.get_state())
    if hasattr(value, "rvs"):  # a distribution of scipy.stats
        is_frozen = hasattr(value, "dist")
        return [value.dist.name, _plain(value.args), _plain(value.kwds)] if is_frozen else type(value).__qualname__
    if hasattr(value, "get_params") and not isinstance(value, type):
        return [type(value).__qualname__, _plain(value.get_params())]
    if callable(value):
        code = getattr(value, "__code__", None)
        name = getattr(value, "__qualname__", type(value).__qualname__)
        if code is not None:
            held = [cell.cell_contents for cell in getattr(value, "__closure__", None) or ()]
            held += getattr(value, "__defaults__", None) or ()
            return [name, *_instructions(code), [_held(each) for each in held]]
        if isinstance(value, partial):
            return [name, _plain(value.func), _plain(value.args), _plain(value.keywords)]
        return [name, _plain(vars(value))] if hasattr(value, "__dict__") and not isinstance(value, type) else name
    return value


def _held(value: Any) -> Any:
    """A value in the closure of a function, without nested ones, which may refer to the function itself."""
    if value is None or isinstance(value, bool | int | float | complex | str | bytes | np.generic):
        return value
    code = getattr(value, "__code__", None)
    return type(value).__qualname__ if code is None else _instructions(code)


def _instructions(code: Any) -> list[Any]:
    """The bytecode of a custom function, without its location."""
    consts = [_instructions(each) if hasattr(each, "co_code") else _plain(each) for each in code.co_consts]
    return [code.co_code.hex(), consts, code.co_names]


def _bytes(table: Any) -> Iterator[bytes]:
    """The contents of a table of any kind as bytes."""
    yield repr(
        [type(table).__name__, getattr(table, "shape", None), [*map(str, getattr(table, "columns", ()))]]
    ).encode()
    if table is None:
        return
    pieces = (table.data, table.indices, table.indptr) if issparse(table) else (table,)
    for piece in pieces:
        try:
            array = np.asarray(piece)
        except np.exceptions.DTypePromotionError:  # a table of pyarrow with dates beside numbers
            yield repr(piece.to_pydict()).encode()
            continue
        yield str(array.dtype).encode()
        yield repr(array.tolist()).encode() if array.dtype.kind == "O" else np.ascontiguousarray(array).tobytes()
