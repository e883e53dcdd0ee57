"""The rows of each fold as numbers: each fold is encoded once for each encoding, and dropped after its last use."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.selection.data import Data
from multilayer.tables.encoder import TableEncoder
from multilayer.tables.models.budget import Budget
from multilayer.tables.models.folds import RowIndices
from multilayer.tables.models.problem import Problem
from multilayer.tables.models.recipes import ENCODINGS, TYPED

# Networks and linear models need scaled numbers.
SCALED = "scaled"
# Trees need no scaling and few columns.
FOR_TREES = "for trees"
ALL_ENCODINGS: Mapping[str, Mapping[str, Any]] = {
    **ENCODINGS,
    FOR_TREES: {"numbers": "standard", "many_categories": "target", "max_categories": 32, **TYPED},
}


@dataclass(eq=False)
class EncodedFold:
    """A fold in one encoding, encoded at its first use and dropped after the last.

    Parameters
    ----------
    problem : Problem
        The data.
    train, validating : arrays of int
        The numbers of the rows.
    encoding : str
        A key of ``ALL_ENCODINGS``.
    n_uses : int
        The number of models that are fitted to it; each calls ``release`` at its end.
    budget : Budget or None, default=None
        Receives the time of the encoding.
    """

    problem: Problem
    train: RowIndices
    validating: RowIndices
    encoding: str
    n_uses: int
    budget: Budget | None = None
    encoder: TableEncoder = field(init=False)
    mean_row: NDArray[np.float64] = field(init=False)
    _data: Data | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state | {"_lock": threading.Lock()})

    @property
    def is_encoded(self) -> bool:
        """Whether the encoded rows are there."""
        return self._data is not None

    def with_rows_of(self, other: EncodedFold | None) -> EncodedFold:
        """Return the same fold that is encoded already, with the number of uses of this one, or this one for None."""
        if other is None:
            return self
        other.n_uses = self.n_uses
        return other

    def data(self) -> Data:
        """Return the encoded rows of the fold at their places; rows of neither part are 0."""
        with self._lock:
            if self._data is None:
                with nullcontext() if self.budget is None else self.budget.task(self.encoding):
                    self._data = self._encoded()
            return self._data

    def release(self) -> None:
        """Drop the encoded rows after the last use."""
        with self._lock:
            self.n_uses -= 1
            if not self.n_uses:
                self._data = None

    def _encoded(self) -> Data:
        problem, rows = self.problem, self.problem.rows
        self.encoder = TableEncoder(
            dtype=np.float32, task=problem.task, identifiers=problem.identifiers, **ALL_ENCODINGS[self.encoding]
        )
        groups = None if problem.groups is None else problem.groups[self.train]
        encoded = self.encoder.fit_transform(rows.take(self.train), problem.y[self.train], groups=groups)
        self.mean_row = encoded.mean(axis=0, dtype=np.float64)
        X = np.zeros((len(rows), encoded.shape[1]), dtype=np.float32)
        X[self.train] = encoded
        if len(self.validating):
            X[self.validating] = self.encoder.transform(rows.take(self.validating))
        y = problem.y if problem.loss is None else problem.loss.scaled(problem.y)
        return Data.of(X, y, problem.weight)


def encoded_folds(problem: Problem, number: int, uses: Iterable[str], budget: Budget | None) -> dict[str, EncodedFold]:
    """Return one fold in each encoding that is used, by name.

    Parameters
    ----------
    problem : Problem
        The data.
    number : int
        The number of the fold.
    uses : iterable of str
        The encoding of each model that will be fitted.
    budget : Budget or None
        The time.

    Returns
    -------
    dict of str to EncodedFold
        Not encoded yet.
    """
    train, validating = problem.folds[number]
    used = list(uses)
    return {
        name: EncodedFold(problem, train, validating, name, used.count(name), budget) for name in dict.fromkeys(used)
    }
