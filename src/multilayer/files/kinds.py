"""Whether what a file holds is of the type that a record's field is declared with."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from multilayer.exceptions import ModelFileError, MultilayerError


def check_fields(record: type, values: Mapping[str, Any]) -> Any:
    """The record of these values.

    A field that the file does not have takes its default: the file is older than the field.

    Raises
    ------
    ModelFileError
        For a value of another type than the field's, a field that there is not, or one that is missing.
    """
    hints = get_type_hints(record)
    known = {each.name: each for each in fields(record)}
    for name, value in values.items():
        if name not in known:
            raise ModelFileError(
                f"{record.__name__} has a {name!r}, which this version does not know. Update multilayer"
            )
        if not fits(value, hints[name]):
            raise ModelFileError(f"{record.__name__}.{name} cannot be {_short(value)}")
    for name, each in known.items():
        if name not in values and each.default is MISSING and each.default_factory is MISSING:
            raise ModelFileError(f"{record.__name__} has no {name!r}")
    try:
        return record(**values)
    except MultilayerError as error:
        raise ModelFileError(f"{record.__name__}: {error}") from None


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of the type that a hint declares.

    Examples
    --------
    >>> fits((2, 5), tuple[int, ...]), fits((2, 0.5), tuple[int, ...]), fits(None, float | None)
    (True, False, True)
    """
    origin, of = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, types.UnionType):
        return any(fits(value, each) for each in of)
    if hint in (int, float):
        kinds = int if hint is int else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool)
    if origin is np.ndarray:
        return isinstance(value, np.ndarray) and _is_of(value.dtype.type, get_args(of[1])[0])
    if origin is tuple:
        inside = of[:1] * len(value) if isinstance(value, tuple) and of[1:] == (...,) else of
        return isinstance(value, tuple) and len(inside) == len(value) and all(map(fits, value, inside))
    if origin in (list, Sequence):
        return isinstance(value, list | tuple) and all(fits(each, of[0]) for each in value)
    if hint is None or hint is type(None):
        return value is None
    if getattr(hint, "_is_protocol", False):
        # A part of the network: of what a file can hold, records alone have behaviour.
        return is_dataclass(value) and all(hasattr(value, name) for name in vars(hint) if name[0] != "_")
    return isinstance(hint, type) and isinstance(value, hint)


def _is_of(scalar: type, wanted: Any) -> bool:
    kind = get_origin(wanted) or wanted
    return kind is Any or issubclass(scalar, kind)


def _short(value: Any) -> str:
    return f"an array of {value.dtype}" if isinstance(value, np.ndarray) else f"{str(value)[:80]!r}"
