"""The kinds of values in a file: each is a function that returns a valid value, or raises an error that names it.

Records are built after their fields are checked, so that a constructor never receives a value of an unexpected kind.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from multilayer.exceptions import ModelFileError, MultilayerError

COUNT = 2**53  # the largest count; float64 cannot represent all larger integers
LABELS = "biufUO"  # the kinds of arrays of class labels


@dataclass(frozen=True)
class Stored:
    """A record in a file: its name, and the values of its fields."""

    name: str
    fields: Mapping[str, Any]


class Place:
    """The path of a value in the file, and the lengths of the axes of arrays.

    The path is put together for an error only: a model may have tens of thousands of values.
    """

    __slots__ = ("last", "parent", "sizes")

    def __init__(self, last: str = "", sizes: Mapping[str, int] | None = None, parent: Place | None = None) -> None:
        self.last, self.parent = last, parent
        self.sizes: Mapping[str, int] = {} if sizes is None else sizes  # by letter, as in the schema

    @property
    def name(self) -> str:
        """The path, with dots between its parts."""
        parts, place = [], self
        while True:
            parts.append(place.last)
            if place.parent is None:
                return ".".join(part for part in reversed(parts) if part)
            place = place.parent

    def inside(self, name: str) -> Place:
        return Place(name, self.sizes, self)

    def with_sizes(self, sizes: Mapping[str, int]) -> Place:
        """Return the same place with the lengths of more axes."""
        return Place(self.last, {**self.sizes, **sizes}, self.parent)

    def wrong(self, wanted: str, value: Any) -> ModelFileError:
        return WrongValueError(self, wanted, value)


class WrongValueError(ModelFileError):
    """A value of another kind than wanted; the text is made when it is read, because ``either`` drops most of them."""

    def __init__(self, place: Place, wanted: str, value: Any) -> None:
        super().__init__(place, wanted, value)

    def __str__(self) -> str:
        place, wanted, value = self.args
        if isinstance(value, np.ndarray):
            shown = f"an array of {value.dtype} of shape {value.shape}"
        else:
            shown = repr(f"{value.name}(...)" if isinstance(value, Stored) else str(value)[:80])
        return f"{place.name[:200]} must be {wanted}, got {shown[:100]}"


Kind = Callable[[Any, Place], Any]
_ARE_NUMBERS = frozenset({int, float})
_ARE_TEXTS = frozenset({str})


def singly(are_valid: Callable[[Any], bool]) -> Callable[[Kind], Kind]:
    """Give a kind a function that tells whether values, at least one, are all valid, faster than one by one."""

    def with_it(kind: Kind) -> Kind:
        kind.are_valid = are_valid  # type: ignore[attr-defined]
        return kind

    return with_it


@dataclass(frozen=True)
class Record:
    """A record of the schema: its name in files, its constructor, and the kinds of its fields.

    Fields that are not required have a default, which applies to files written before the field was added.
    ``attributes`` maps the names of fields in files to those of the constructor, where they differ.  ``lengths`` maps
    letters of axes to the field that holds their length.  ``check`` raises an error for fields that are inconsistent.
    """

    name: str
    make: Callable[..., Any]
    fields: Mapping[str, Kind]
    required: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    lengths: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[Any], None] | None = None

    def attribute(self, name: str) -> str:
        """Return the name that a field has outside of files."""
        return self.attributes.get(name, name)

    def parts(self, value: Any) -> dict[str, Any]:
        """Return the values of the fields of a record that is written."""
        return {name: getattr(value, self.attribute(name)) for name in self.fields}

    def built(self, parts: Mapping[str, Any]) -> Any:
        """Make the record from the values of its fields, which are checked singly."""
        if not self.attributes:
            return self.make(**parts)
        return self.make(**{self.attribute(name): value for name, value in parts.items()})


def integer(low: int = 0, high: int = COUNT) -> Kind:
    def read(value: Any, place: Place) -> Any:
        if type(value) is not int or not low <= value <= high:
            raise place.wrong(f"an integer from {low} to {high}", value)
        return value

    return read


def number(low: float = -math.inf, *, infinite: bool = False, nan: bool = False) -> Kind:
    @singly(
        lambda values: (
            _ARE_NUMBERS.issuperset(map(type, values)) and all(map(math.isfinite, values)) and min(values) >= low
        )
    )
    def read(value: Any, place: Place) -> Any:
        is_number = type(value) in (int, float) and (nan or not math.isnan(value))
        if not is_number or value < low or (math.isinf(value) and not infinite):
            raise place.wrong("a number" if low == -math.inf else f"a number of at least {low:g}", value)
        return value

    return read


def positive(value: Any, place: Place) -> Any:
    if type(value) not in (int, float) or not 0.0 < value < math.inf:
        raise place.wrong("a positive number", value)
    return value


def nothing(value: Any, place: Place) -> Any:
    if value is not None:
        raise place.wrong("null, because the format does not hold this option", value)
    return value


def flag(value: Any, place: Place) -> Any:
    if type(value) is not bool:
        raise place.wrong("true or false", value)
    return value


def text(*choices: str) -> Kind:
    known = frozenset(choices)

    @singly(lambda values: _ARE_TEXTS.issuperset(map(type, values)) and (not known or known.issuperset(values)))
    def read(value: Any, place: Place) -> Any:
        if not isinstance(value, str) or (choices and value not in choices):
            raise place.wrong(f"one of {', '.join(map(repr, choices))}" if choices else "text", value)
        return value

    return read


def size(letter: str) -> Kind:
    """Accept the integer that follows from the network."""

    def read(value: Any, place: Place) -> Any:
        if type(value) is not int or value != place.sizes[letter]:
            raise place.wrong(f"{place.sizes[letter]}, as in the network", value)
        return value

    return read


def empty(value: Any, place: Place) -> Any:
    if not isinstance(value, list | tuple) or value:
        raise place.wrong("empty", value)
    return value


def optional(kind: Kind) -> Kind:
    def read(value: Any, place: Place) -> Any:
        return None if value is None else kind(value, place)

    return read


def either(*kinds: Kind) -> Kind:
    """Try the kinds in order; the error is that of the last one."""

    def read(value: Any, place: Place) -> Any:
        for kind in kinds[:-1]:
            try:
                return kind(value, place)
            except MultilayerError:
                continue
        return kinds[-1](value, place)

    return read


def sequence(kind: Kind, *types: type) -> Kind:
    """Accept a list or a tuple of values of one kind."""
    are_valid = getattr(kind, "are_valid", lambda _: False)

    def read(value: Any, place: Place) -> Any:
        allowed: Any = types or (list, tuple)
        if not isinstance(value, allowed):
            raise place.wrong("a list", value)
        if value and are_valid(value):
            return value
        make: Any = type(value)
        return make(kind(each, place.inside(str(i))) for i, each in enumerate(value))

    return read


def pair(*kinds: Kind) -> Kind:
    """Accept a tuple with one value of each kind."""

    def read(value: Any, place: Place) -> Any:
        if not isinstance(value, tuple) or len(value) != len(kinds):
            raise place.wrong(f"a tuple of {len(kinds)} values", value)
        return tuple(kind(each, place.inside(str(i))) for i, (kind, each) in enumerate(zip(kinds, value, strict=True)))

    return read


def curve(value: Any, place: Place) -> Any:
    """Accept a list of numbers, including NaN and infinities."""
    if not isinstance(value, list) or not set(map(type, value)) <= {float, int}:
        raise place.wrong("a list of numbers", value)
    return value


def mapping(key: Kind, kind: Kind) -> Kind:
    def read(value: Any, place: Place) -> Any:
        if not isinstance(value, dict):
            raise place.wrong("a dict", value)
        return {
            key(name, place.inside("key")): kind(each, place.inside(str(name)[:80])) for name, each in value.items()
        }

    return read


def array(kinds: str, *shape: str | None) -> Kind:
    """Accept an array of one of these kinds of numbers, with an axis for each letter; None is an axis of any length.

    Floats, "f", are float32 or float64, and with "h" also float16.
    """

    def read(value: Any, place: Place) -> Any:
        wanted = tuple(place.sizes[letter] if letter is not None else None for letter in shape)
        is_right = (
            isinstance(value, np.ndarray)
            and value.dtype.kind in kinds
            and (value.dtype != np.float16 or "h" in kinds)
            and value.ndim == len(wanted)
            and all(n in (None, has) for n, has in zip(wanted, value.shape, strict=True))
        )
        if not is_right:
            shown = "".join("any, " if n is None else f"{n}, " for n in wanted).rstrip(" ")
            shown = shown if len(wanted) == 1 else shown.rstrip(",")
            raise place.wrong(
                f"an array of {' or '.join(_NAMES[kind] for kind in kinds if kind in _NAMES)} of shape ({shown})", value
            )
        return value

    return read


_NAMES = {
    "b": "Booleans",
    "i": "integers",
    "u": "unsigned integers",
    "f": "floats",
    "U": "text",
    "O": "objects",
}


def length(value: Any) -> int:
    """Return the length of an axis from a value that is checked later; -1 matches no array."""
    if isinstance(value, list | tuple):
        return len(value)
    if isinstance(value, np.ndarray):
        return len(value) if value.ndim else -1
    return value if type(value) is int else -1


def rows(value: Any, place: Place) -> Any:
    """Accept row numbers, and convert them to this machine's integer type."""
    found = array("i", None)(value, place)
    if len(found) and not 0 <= found.min() <= found.max() < COUNT:
        raise place.wrong(f"numbers of rows from 0 to {COUNT}", value)
    return found.astype(np.intp, copy=False)


def generator(value: Any, place: Place) -> Any:
    if not isinstance(value, np.random.RandomState):
        raise place.wrong("the state of a random generator", value)
    return value


def record(*records: Record) -> Kind:
    """Accept a record with one of these names, and build it."""
    known = {each.name: each for each in records}

    def read(value: Any, place: Place) -> Any:
        if not isinstance(value, Stored):
            raise place.wrong(f"one of {', '.join(known)}" if len(known) > 1 else f"a {records[0].name}", value)
        if value.name not in known:
            raise ModelFileError(f"it holds a {value.name[:80]!r}, which is unknown to this version. Update multilayer")
        return _built(known[value.name], value.fields, place)

    return read


def _built(spec: Record, given: Mapping[str, Any], place: Place) -> Any:
    for name in given:
        if name not in spec.fields:
            raise ModelFileError(
                f"{spec.name} has a {name[:80]!r}, which is unknown to this version. Update multilayer"
            )
    for name in spec.required:
        if name not in given:
            raise ModelFileError(f"{spec.name} has no {name!r}")
    if spec.lengths:
        place = place.with_sizes({letter: length(given.get(name)) for letter, name in spec.lengths.items()})
    sizes = place.sizes
    try:
        made = spec.built(
            {name: kind(given[name], Place(name, sizes, place)) for name, kind in spec.fields.items() if name in given}
        )
        if spec.check is not None:
            spec.check(made)
        return made
    except MultilayerError as error:
        raise error if isinstance(error, ModelFileError) else ModelFileError(f"{spec.name}: {error}") from None
