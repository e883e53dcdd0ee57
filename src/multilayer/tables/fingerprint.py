"""A fingerprint of a table, by which a model's data are recognised."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from multilayer.tables._arrow import import_pyarrow, is_gap, kind_of, numbers, texts, to_arrow
from multilayer.tables._frames import columns_of


def data_fingerprint(X: Any, y: Any = None) -> str:
    """Return a digest of the rows of a table, by which data are recognised later without being stored.

    Equal tables of pandas, polars and pyarrow have the same fingerprint.  It depends on names, kinds and values of the
    columns and on the order of rows and columns, and not on types of numbers: 1 equals 1.0.

    Parameters
    ----------
    X : table or array of shape (m, n_features)
        The rows.
    y : series or array of length m, default=None
        The target.

    Returns
    -------
    str
        The BLAKE2b digest of 32 bytes, in hexadecimal digits.

    Raises
    ------
    InputError
        For a column that cannot be encoded.

    Examples
    --------
    >>> one, other = data_fingerprint([{"rooms": 1}, {"rooms": 2}]), data_fingerprint([{"rooms": 1}, {"rooms": 3}])
    >>> len(one), one == other
    (64, False)
    """
    digest = hashlib.blake2b(digest_size=32)
    table = columns_of(X)
    for name in table.names:
        _update(digest, name, table.arrow(name))
    targets = [] if y is None else list(np.asarray(y).T) if getattr(y, "ndim", 1) == 2 else [y]
    for target in targets:
        _update(digest, "", to_arrow(target, "y"))
    return digest.hexdigest()


def _update(digest: Any, name: str, column: Any) -> None:
    """Add one column: its name and kind, the gaps, and the values."""
    kind = kind_of(column, f"column {name!r}")
    digest.update(repr((name, kind, len(column))).encode())
    if kind == "text":
        words = texts(column)
        pa = import_pyarrow("encoding tables")
        lengths = pa.compute.binary_length(words).fill_null(-1).to_numpy()
        digest.update(np.ascontiguousarray(lengths, dtype="<i8"))
        for chunk in words.drop_null().iterchunks():
            _update_text(digest, chunk)
        return
    values = np.where(is_gap(column), np.nan, numbers(column, f"column {name!r}", allow_infinity=True))
    values = np.where(np.isnan(values), np.nan, values) + 0.0  # one NaN, and no negative zero
    digest.update(np.ascontiguousarray(values, dtype="<f8"))


def _update_text(digest: Any, chunk: Any) -> None:
    _, offsets, content = chunk.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
    if content is not None and len(ends):
        digest.update(memoryview(content)[int(ends[0]) : int(ends[-1])])
