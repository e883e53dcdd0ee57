"""The parts of a ColumnTransformer: its steps, and the columns that each receives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.compose import ColumnTransformer

from multilayer.exceptions import ModelFileError, ParameterError

REST = "remainder"
PASSED = "passthrough"
Shape = Callable[[Any], tuple[int, int]]  # from a fitted step to the numbers of columns that it receives and returns


@dataclass(frozen=True)
class ColumnPart:
    """A fitted step of a ColumnTransformer.

    Attributes
    ----------
    name : str
        Its name.
    step : estimator or "drop"
        The fitted step; for "passthrough", a FunctionTransformer without a function.
    columns : list of str, int or bool
        The columns as specified; those of a slice or a callable by their names, or else by their numbers.
    indices : list of int
        The numbers of the columns.
    passes : bool
        Whether the step was specified as "passthrough".
    """

    name: str
    step: Any
    columns: list[Any]
    indices: list[int]
    passes: bool


def parts_of(transformer: ColumnTransformer) -> tuple[list[ColumnPart], ColumnPart]:
    """Return the steps of a fitted ColumnTransformer, and the one for the columns that no other step receives."""
    fitted = {name: step for name, step, _ in transformer.transformers_}
    places = transformer._transformer_to_input_indices
    parts = []
    for (name, given, _), columns in zip(transformer.transformers, transformer._columns, strict=True):
        parts.append(_part(transformer, name, given, fitted.get(name), columns, places[name]))
    rest = transformer._remainder
    return parts, _part(transformer, REST, rest[1], fitted.get(REST, "drop"), rest[2], places[REST])


def _part(transformer: ColumnTransformer, name: str, given: Any, step: Any, columns: Any, indices: Any) -> ColumnPart:
    indices = [int(each) for each in indices]
    if isinstance(columns, np.ndarray | tuple):
        columns = list(columns)
    elif not isinstance(columns, list):  # a slice or an index of pandas
        names = getattr(transformer, "feature_names_in_", None)
        columns = list(indices) if names is None else names[indices].tolist()
    if not indices and name != REST and step != "drop":
        raise ParameterError(
            f"the step {name!r} of ColumnTransformer has no columns, and cannot be stored in a file. Remove the step, "
            "and fit again."
        )
    is_used = bool(indices) and not isinstance(step, str)
    return ColumnPart(name, step if is_used else "drop", columns, indices, _is_word(given, PASSED) and is_used)


def _is_word(given: Any, word: str) -> bool:
    return isinstance(given, str) and given == word


def built(
    attributes: dict[str, Any], parts: Sequence[ColumnPart], rest: ColumnPart, shape_of: Shape
) -> ColumnTransformer:
    """Make a fitted ColumnTransformer from its parameters and attributes, and its parts."""
    names = set(ColumnTransformer._get_param_names()) & set(attributes)
    transformer = ColumnTransformer(
        [(part.name, _given(part), part.columns) for part in parts],
        remainder=_given(rest),
        **{name: attributes[name] for name in names},
    )
    for name in set(attributes) - names:
        setattr(transformer, name, attributes[name])
    every = [*parts, rest]
    _check(transformer, every, shape_of)
    transformer._columns = [part.columns for part in parts]
    transformer._transformer_to_input_indices = {part.name: part.indices for part in every}
    transformer._remainder = (REST, transformer.remainder, rest.columns)
    kept = [*parts, *([rest] if rest.columns else [])]
    transformer.transformers_ = [(part.name, part.step, part.columns) for part in kept]
    transformer.output_indices_ = _places(every, shape_of)
    return transformer


def _given(part: ColumnPart) -> Any:
    return PASSED if part.passes else part.step if isinstance(part.step, str) else clone(part.step)


def _places(parts: Sequence[ColumnPart], shape_of: Shape) -> dict[str, slice]:
    places, start = {}, 0
    for part in parts:
        stop = start + (0 if isinstance(part.step, str) else shape_of(part.step)[1])
        places[part.name] = slice(start, stop) if stop > start else slice(0, 0)
        start = stop
    return places


def _check(transformer: ColumnTransformer, parts: Sequence[ColumnPart], shape_of: Shape) -> None:
    names = [part.name for part in parts]
    if len(set(names)) < len(names) or names[-1] != REST or any("__" in name for name in names):
        raise ModelFileError("the steps of ColumnTransformer have names that are not distinct, or contain '__'")
    n = transformer.n_features_in_
    known = getattr(transformer, "feature_names_in_", None)
    for part in parts:
        if _numbers(part.columns, n, known) != part.indices:
            raise ModelFileError(f"the columns of the step {part.name[:80]!r} are not those of their numbers")
        if isinstance(part.step, str):
            continue
        n_received, n_returned = shape_of(part.step)
        if not part.indices or n_received != len(part.indices) or not n_returned:
            raise ModelFileError(f"the step {part.name[:80]!r} has another number of columns")
    free = sorted(set(range(n)) - {each for part in parts[:-1] for each in part.indices})
    if parts[-1].indices != free or all(isinstance(part.step, str) for part in parts):
        raise ModelFileError("the remainder of ColumnTransformer is not the columns that no step receives")


def _numbers(columns: list[Any], n: int, names: Any) -> list[int] | None:
    """Return the numbers of n columns that are specified by names, numbers or flags; None if they are invalid."""
    if all(isinstance(each, bool) for each in columns) and columns:
        return [number for number, is_used in enumerate(columns) if is_used] if len(columns) == n else None
    if all(isinstance(each, str) for each in columns):
        place = {} if names is None else {name: number for number, name in enumerate(names.tolist())}
        return [place[each] for each in columns] if all(each in place for each in columns) else None
    if not all(-n <= each < n for each in columns):
        return None
    return [each % n for each in columns]


def width(transformer: ColumnTransformer) -> int:
    """Return the number of columns of the output."""
    return max(place.stop for place in transformer.output_indices_.values())
