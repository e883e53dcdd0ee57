"""The parameter vector of a fitted network, and its layers as lists that can be written to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sklearn.utils.validation import check_is_fitted

from multilayer.exceptions import ShapeError
from multilayer.fits.errors import NotFittedError
from multilayer.network import Floats, Network, coefs, intercepts, norms, thetas


class Views(list[Floats]):
    """Views of the parameter vector, one a layer; to assign to an entry is to write into the vector.

    Of a plain list an assignment, ``model.coefs_[0] = W``, would replace the view and leave the network as it was.
    """

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            for view, new in zip(self[index], value, strict=True):
                view[...] = new
        else:
            self[index][...] = value


def write(name: str, views: list[Floats], values: Iterable[Any]) -> None:
    """Copy new arrays into the views, if all of them fit."""
    new = list(values)
    shapes = [getattr(value, "shape", None) for value in new]
    if shapes != [view.shape for view in views]:
        raise ShapeError(f"{name} must be arrays of shapes {[view.shape for view in views]}, got {shapes}.")
    for view, value in zip(views, new, strict=True):
        view[...] = value


class Weights:
    """The attributes of an estimator that show its weights; there are none before it is fitted."""

    network_: Network
    parameters_: Floats

    @property
    def thetas_(self) -> list[Floats]:
        self._check_is_fitted()
        return Views(thetas(self.network_, self.parameters_))

    @property
    def coefs_(self) -> list[Floats]:
        self._check_is_fitted()
        return Views(coefs(self.network_, self.parameters_))

    @coefs_.setter
    def coefs_(self, values: Sequence[Floats]) -> None:
        write("coefs_", self.coefs_, values)

    @property
    def intercepts_(self) -> list[Floats]:
        self._check_is_fitted()
        return Views(intercepts(self.network_, self.parameters_))

    @intercepts_.setter
    def intercepts_(self, values: Sequence[Floats]) -> None:
        write("intercepts_", self.intercepts_, values)

    @property
    def norms_(self) -> list[Floats]:
        self._check_is_fitted()
        return Views(norms(self.network_, self.parameters_))

    def _check_is_fitted(self) -> None:
        try:
            check_is_fitted(self, "parameters_")
        except ValueError:
            raise NotFittedError(f"this {type(self).__name__} is not fitted yet. Call fit(X, y) first.") from None
