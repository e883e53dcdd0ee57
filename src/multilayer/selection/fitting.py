"""A clone of an estimator, fitted on some rows of a shared table."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone
from sklearn.utils import _safe_indexing

from multilayer.training.batching import Rows


def fitted(estimator: Any, X: Any, y: Any, weight: Any, rows: Rows) -> Any:
    """A clone, fitted on these rows; weights go to the last step of a pipeline."""
    model = clone(estimator)
    arguments = {}
    if weight is not None:
        name = f"{model.steps[-1][0]}__sample_weight" if hasattr(model, "steps") else "sample_weight"
        arguments[name] = weight[rows]
    return model.fit(_safe_indexing(X, rows), _safe_indexing(y, rows), **arguments)
