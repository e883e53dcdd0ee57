"""Types of the arguments that this library shares with scikit-learn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from numpy.typing import ArrayLike


class Estimator(Protocol):
    """A model that can be cloned and fitted: one of this library, of scikit-learn, or a pipeline."""

    def fit(self, X: Any, y: Any, /) -> Any:
        """Train on rows and their targets."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name."""

    def set_params(self, **params: Any) -> Any:
        """Set parameters by name."""


class Splitter(Protocol):
    """A way to divide rows into folds, as in ``sklearn.model_selection``."""

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Any, Any]]:
        """The numbers of the training and of the test rows of each fold."""

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """The number of folds."""


class Scorer(Protocol):
    """A function that scores a fitted model; higher is better."""

    def __call__(self, estimator: Any, X: Any, y: Any, /) -> float: ...


Scoring = str | Scorer | None  # the name of a metric, or a scorer; None for the estimator's own score
CV = int | Splitter | Iterable[tuple[ArrayLike, ArrayLike]]
