"""Column names and words in messages: the near miss, listings and quotations of sensible length, unique names."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence

from multilayer.exceptions import DataFileError, InputError

_MOST_LISTED = 20
_DATA = " These look like a row of data: the first line has to name the columns."


def shortened(word: str, most: int = 40) -> str:
    """A word, quoted; the end of a long one is left out.

    Examples
    --------
    >>> shortened("n/a!"), shortened("not available", most=10)
    ("'n/a!'", "'not ava...'")
    """
    return repr(word if len(word) <= most else word[: most - 3] + "...")


def listing(names: Sequence[str]) -> str:
    """The names, quoted; of a long list the first twenty.

    Examples
    --------
    >>> listing(["age", "sex"])
    "'age', 'sex'"
    """
    text = ", ".join(repr(name) for name in names[:_MOST_LISTED])
    rest = len(names) - _MOST_LISTED
    return f"{text} and {rest} more" if rest > 0 else text


def missing_column(what: str, missing: str, names: Sequence[str]) -> InputError:
    """The error for a column that a table does not have, with the near misses it may have meant.

    Examples
    --------
    >>> print(missing_column("target column", "Price", ["price", "rooms"]))
    the table has no target column 'Price'. Did you mean 'price'? Its columns: 'price', 'rooms'.
    """
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
    """The names that occur more than once, in the order in which they first occur."""
    return [name for name, times in Counter(names).items() if times > 1]


def unique(names: Iterable[str]) -> list[str]:
    """The same names with ``(2)``, ``(3)``, ... behind those that came before.

    A column ``"a=b"`` and the category ``b`` of a column ``"a"`` would otherwise share one name, which data
    frames refuse.

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
    """Refuse names that are empty or occur twice: columns are told apart by name everywhere."""
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
