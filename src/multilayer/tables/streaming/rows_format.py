"""The columns of encoded rows, in files and in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import ParameterError

FORMAT, VERSION = "multilayer encoded rows", 1
ROWS, TARGETS, WEIGHTS = "multilayer-rows.f32", "multilayer-rows.targets", "multilayer-rows.weights"
HEADER = "multilayer-rows.json"
NAMES = (HEADER, ROWS, TARGETS, WEIGHTS)  # the header is removed first: the others are incomplete without it

TargetType = Literal["classes", "numbers"]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class RowsFormat:
    """The columns of the files.

    Attributes
    ----------
    width : int
        The features of a row.
    targets : {"classes", "numbers"}
        Whether the targets are class numbers (int64) or numbers (float64).
    n_targets : int or None
        The columns of the targets, (n, K); None for one number per row, (n,).
    has_weights : bool
        Whether each row has a weight.
    """

    width: int
    targets: TargetType
    n_targets: int | None = None
    has_weights: bool = False

    def __post_init__(self) -> None:
        if self.width < 1 or (self.n_targets is not None and self.n_targets < 1):
            raise ParameterError(
                f"the encoded rows need at least one feature and one target, got width={self.width} and "
                f"n_targets={self.n_targets}."
            )

    @property
    def target_dtype(self) -> np.dtype[Any]:
        """The dtype of the targets."""
        return np.dtype(np.int64 if self.targets == "classes" else np.float64)

    def row_bytes(self) -> dict[str, int]:
        """Return the bytes of a row in each file."""
        found = {ROWS: 4 * self.width, TARGETS: 8 * (self.n_targets or 1)}
        return {**found, WEIGHTS: 8} if self.has_weights else found

    def n_bytes(self, n_rows: int) -> int:
        """Return the disk space of so many rows."""
        return n_rows * sum(self.row_bytes().values())

    def empty(self, n_rows: int) -> Rows:
        """Return rows to read into."""
        shape = (n_rows,) if self.n_targets is None else (n_rows, self.n_targets)
        weight = aligned_empty((n_rows,), np.dtype(np.float64)) if self.has_weights else None
        X = aligned_empty((n_rows, self.width), np.dtype(np.float32))
        return Rows(X, aligned_empty(shape, self.target_dtype), weight)


@dataclass(frozen=True, eq=False)
class Rows:
    """Some encoded rows in memory."""

    X: Floats  # (m, width)
    y: NDArray[Any]  # (m,) or (m, K)
    weight: NDArray[np.float64] | None = None  # (m,)

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the array of each file."""
        found = {ROWS: self.X, TARGETS: self.y}
        return found if self.weight is None else {**found, WEIGHTS: self.weight}

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, rows: slice) -> Rows:
        return Rows(self.X[rows], self.y[rows], None if self.weight is None else self.weight[rows])


def aligned_empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return an uninitialised array at an address divisible by 64.

    The last bit of a matrix product may depend on the address of its rows, and a resumed training has equal bits.
    """
    n_bytes = int(np.prod(shape)) * dtype.itemsize
    raw = np.empty(n_bytes + 64, dtype=np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + n_bytes].view(dtype).reshape(shape)
