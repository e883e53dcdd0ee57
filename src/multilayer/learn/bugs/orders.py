"""The order of the rows in an epoch: the right one, and the mistake."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Order = Callable[[int, np.random.Generator], NDArray[np.int64]]


def shuffled(m: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the rows of an epoch in a new random order."""
    return rng.permutation(m)


def unshuffled(m: int, rng: np.random.Generator) -> NDArray[np.int64]:  # noqa: ARG001 the same arguments for both
    """Return the rows of an epoch in the order of the file."""
    return np.arange(m)  # WRONG
