"""Column names: checks, unique names, and their form in messages."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence

from multilayer.exceptions import DataFileError, InputError, argument

_MOST_LISTED = 20
_MOST_FIELDS = 10_000
SEPARATORS = (",", ";", "\t", "|")
_DATA = " These look like a row of data: the first line must hold the column names."


def shortened(word: str, most: int = 40) -> str:
    """Quote a word, and truncate a long one.

    Examples
    --------
    >>> shortened("n/a!"), shortened("not available", most=10)
    ("'n/a!'", "'not ava...'")
    """
    return repr(word if len(word) <= most else word[: most - 3] + "...")


def listing(names: Sequence[str]) -> str:
    """Quote the names, at most the first twenty.

    Examples
    --------
    >>> listing(["age", "sex"])
    "'age', 'sex'"
    """
    text = ", ".join(repr(name) for name in names[:_MOST_LISTED])
    rest = len(names) - _MOST_LISTED
    return f"{text} and {rest} more" if rest > 0 else text


def missing_column(what: str, missing: str, names: Sequence[str]) -> InputError:
    """Return the error for a missing column, with the closest names, or with the separator if all columns are in one.

    Examples
    --------
    >>> print(missing_column("target column", "Price", ["price", "rooms"]))
    the table has no target column 'Price'. Did you mean 'price'? Its columns: 'price', 'rooms'.
    """
    for separator in SEPARATORS:
        if len(names) == 1 and missing in (field.strip(" \"'") for field in names[0].split(separator)[:_MOST_FIELDS]):
            return InputError(
                f"the table has no {what} {missing!r}. Its only column, {shortened(names[0], 60)}, contains this name: "
                f"the separator is probably wrong. Read the file with {argument('separator', separator)}."
            )
    folded: dict[str, str] = {}
    for name in names:
        folded.setdefault(name.casefold().strip(), name)
    near = difflib.get_close_matches(missing.casefold().strip(), list(folded), n=3)
    hint = f" Did you mean {' or '.join(repr(folded[name]) for name in near)}?" if near else ""
    data = _DATA if names and all(map(_is_number, names)) else ""
    return InputError(f"the table has no {what} {missing!r}.{hint} Its columns: {listing(names)}.{data}")


def _is_number(name: str) -> bool:
    return name.replace(".", "", 1).removeprefix("-").isdigit()


def repeated(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once, in the order of their first occurrence."""
    return [name for name, times in Counter(names).items() if times > 1]


def unique(names: Iterable[str]) -> list[str]:
    """Make names unique by appending ``(2)``, ``(3)``, ... to repeated ones.

    A column ``"a=b"`` and the category ``b`` of a column ``"a"`` would otherwise have the same name, which data
    frames reject.

    Examples
    --------
    >>> unique(["a", "b", "a"])
    ['a', 'b', 'a (2)']
    """
    taken: set[str] = set()
    result = []
    for name in names:
        candidate, number = name, 1
        while candidate in taken:
            number += 1
            candidate = f"{name} ({number})"
        taken.add(candidate)
        result.append(candidate)
    return result


def check_names(file: str, names: Sequence[str]) -> None:
    """Raise an error for empty or repeated names, because columns are identified by name."""
    for number, name in enumerate(names, start=1):
        if not name:
            raise DataFileError(
                f"{file}: column {number} of {len(names)} has no name. Name it in the first line; "
                "a table written by pandas gets such a column from its index unless written with index=False."
            )
    if repeats := repeated(names):
        listed = ", ".join(
            f"{name!r} (columns {' and '.join(str(i) for i, other in enumerate(names, 1) if other == name)})"
            for name in repeats
        )
        data = _DATA if all(map(_is_number, repeats)) else ""
        raise DataFileError(f"{file}: column names occur more than once: {listed}. Rename all but one.{data}")
