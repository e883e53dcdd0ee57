"""What a command was asked for, and the rows it works on, as records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from multilayer.cli._source import Source
from multilayer.cli._split import Rows, Split
from multilayer.exceptions import ParameterError
from multilayer.tables import TableEncoder, TargetInfo


@dataclass(frozen=True)
class Problem:
    """What is to be learned: a table parted into features and target."""

    source: Source
    target: str
    ignored: tuple[str, ...]
    features: Any  # a pyarrow table with all rows of the file; those with a target are info.rows
    info: TargetInfo
    group: str | None = None  # the column whose rows of one value stay together, and what it holds
    groups: Any = None
    identifiers: tuple[str, ...] = ()  # columns of text that only tell rows apart

    def encoder(self) -> TableEncoder:
        """An encoder for some of the rows; what tells rows apart is known of all of them."""
        # Half the memory and time of float64, and far finer than any table is measured.
        return TableEncoder(dtype=np.float32, identifiers=self.identifiers)

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
    seed: int

    def parameters(self) -> dict[str, Any]:
        """As the estimators call them."""
        return {
            "hidden_layer_sizes": self.hidden,
            "activation": self.activation,
            "alpha": self.alpha,
            "learning_rate_init": self.step_size,
            "batch_size": self.batch_size,
            "max_iter": self.epochs,
            "random_state": self.seed,
        }

    def check_batch_size(self, n_train: int) -> None:
        """Raise ParameterError for batches larger than the fewest rows that a network is trained on."""
        if self.batch_size != "auto" and self.batch_size > n_train:
            raise ParameterError(
                f"--batch-size {self.batch_size} is larger than the {n_train} rows to train on. "
                f"Pass at most {n_train}, or leave it out."
            )


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
