"""What a copy of an estimator holds, and what a pickle of it leaves out."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any, Self

from sklearn.base import BaseEstimator

from multilayer.fits.resume import without_memory
from multilayer.training import Run


class Copied(BaseEstimator):
    """The methods that copying and pickling call, for an estimator that may have been trained."""

    warm_start: bool
    _run: Run
    _last_was_part: bool  # whether the last call was partial_fit

    @classmethod
    @cache
    def _get_param_names(cls) -> list[str]:
        """The parameters of the constructor; to read its signature takes longer than the rest of a clone."""
        names: list[str] = super()._get_param_names()
        return names

    def __getstate__(self) -> dict[str, Any]:
        """For a pickle, what answering needs; what going on needs only of an estimator that is about to go on."""
        state: dict[str, Any] = super().__getstate__()
        if "_run" in state and not (self.warm_start or self._last_was_part):
            return state | {"_run": without_memory(self._run)}
        return state

    # A copy, unlike a pickle, holds everything.

    def __copy__(self) -> Self:
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        other = memo[id(self)] = type(self).__new__(type(self))
        other.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return other
