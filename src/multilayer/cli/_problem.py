"""What ``multilayer train`` was asked for, and the rows it works on, as records."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from multilayer.cli._split import Rows, Split
from multilayer.tables import TableEncoder, TargetInfo


@dataclass(frozen=True)
class Problem:
    """What is to be learned: a table parted into features and target."""

    file: Path
    target: str
    ignored: tuple[str, ...]
    features: Any  # a pyarrow table with all rows of the file; those with a target are info.rows
    info: TargetInfo

    @property
    def gaps(self) -> Rows:
        """Where the rows without a target stand, which are left out."""
        return np.setdiff1d(np.arange(self.features.num_rows), self.info.rows)


@dataclass(frozen=True)
class Settings:
    """The options that shape the network and its training."""

    hidden: tuple[int, ...]
    activation: str | tuple[str, ...]
    epochs: int
    alpha: float
    step_size: float
    batch_size: int | Literal["auto"]
    test_fraction: float
    seed: int


@dataclass(frozen=True)
class Encoded:
    """Both parts of the rows as numbers, and the encoder fitted on the first part.

    Attributes
    ----------
    split : which rows of ``TargetInfo.y`` are in which part
    X_train, X_test : arrays of shape (m, s_1)
    y_train, y_test : arrays of shape (m,), labels or amounts as in the file
    rows_test : array of int of shape (m_test,); where in the file the test rows stand, from 0
    """

    split: Split
    encoder: TableEncoder
    X_train: NDArray[Any]
    X_test: NDArray[Any]
    y_train: NDArray[Any]
    y_test: NDArray[Any]
    rows_test: Rows
