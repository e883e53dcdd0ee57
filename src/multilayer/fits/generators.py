"""The generator of a fit, from its seed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from sklearn.utils import check_random_state


def random_state_of(given: int | np.random.RandomState | None) -> np.random.RandomState:
    """Return ``sklearn.utils.check_random_state(given)``, faster for an integer.

    ``RandomState(seed)`` first starts a Mersenne Twister from 624 words of the system's entropy, which takes most of
    the time (150 microseconds), and then starts it again from the seed.
    """
    if type(given) is not int:
        return check_random_state(given)
    # NumPy's documentation allows any ISeedSequence, its hints do not.
    random_state = np.random.RandomState(np.random.MT19937(_ZEROS))  # type: ignore[arg-type]
    random_state.seed(given)
    return random_state


class _Zeros(ISeedSequence):
    """Words that are replaced before any number is drawn."""

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> Any:  # noqa: ARG002 the interface of NumPy
        return [0] * n_words


_ZEROS = _Zeros()
