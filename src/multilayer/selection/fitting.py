"""A table that many networks are trained on, each on rows of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import _safe_indexing, check_consistent_length, indexable

from multilayer.training.batching import Rows


@dataclass(frozen=True)
class Data:
    """Rows with their targets and weights, from which each member of a pack takes its own by their numbers."""

    X: Any
    y: Any
    weight: Any = None

    @classmethod
    def of(cls, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Data:
        """The arguments of a ``fit``, once it is clear that they have as many rows."""
        X, y = indexable(X, y)
        if sample_weight is not None:
            sample_weight = np.asarray(sample_weight)
            check_consistent_length(X, sample_weight)
        return cls(X, y, sample_weight)

    def __len__(self) -> int:
        return len(self.y)

    def part(self, rows: Rows) -> tuple[Any, Any, Any]:
        """X, y and weights of some rows, copied."""
        weight = None if self.weight is None else self.weight[rows]
        return _safe_indexing(self.X, rows), _safe_indexing(self.y, rows), weight

    def fit(self, model: Any, rows: Rows, validating: Rows | None = None) -> Any:
        """Fit a model on some of the rows, and return it; weights go to the last step of a pipeline.

        With ``validating`` the network validates on those rows after each epoch, as seen by the steps before it.
        """
        X, y, weight = self.part(rows)
        network = model[-1] if hasattr(model, "steps") else model
        before = model[:-1] if hasattr(model, "steps") and len(model.steps) > 1 else None
        if before is not None:
            X = before.fit_transform(X, y)
        arguments = {} if weight is None else {"sample_weight": weight}
        if validating is not None:
            X_val, y_val, weight_val = self.part(validating)
            arguments |= {"X_val": X_val if before is None else before.transform(X_val), "y_val": y_val}
            arguments |= {} if weight_val is None else {"sample_weight_val": weight_val}
        network.fit(X, y, **arguments)
        return model
