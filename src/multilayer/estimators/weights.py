"""Layers of the parameter vector as lists that can be written to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from multilayer.exceptions import ShapeError
from multilayer.network import Floats


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
