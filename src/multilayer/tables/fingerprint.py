"""A fingerprint of a table, by which a model's data are recognised."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from multilayer.tables._column_data import ColumnData
from multilayer.tables._frames import columns_of
from multilayer.tables._series import column_data

SIZE = 16  # bytes of the digest of a text


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
    for name in table.column_names:
        _update(digest, name, table.column(name))
    targets = [] if y is None else list(np.asarray(y).T) if getattr(y, "ndim", 1) == 2 else [y]
    for target in targets:
        _update(digest, "", column_data(target, "y"))
    return digest.hexdigest()


def _update(digest: Any, name: str, column: ColumnData) -> None:
    """Add one column: its name and kind, then a fixed number of bytes for each cell."""
    digest.update(repr((name, column.kind, len(column))).encode())
    if column.kind == "text":
        words = [
            hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=SIZE).digest() for word in column.words
        ]
        cells = np.frombuffer(b"".join([*words, bytes(SIZE)]), dtype=np.uint8).reshape(-1, SIZE)
        digest.update(cells[column.values])  # the last row, of zeros, is a gap
        return
    values = np.where(column.gaps, np.nan, column.numbers()) + 0.0  # one NaN, and no negative zero
    digest.update(np.ascontiguousarray(values, dtype="<f8"))
