"""A request to predict: its JSON text is read and checked, and errors name the row and the column."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NoReturn

from multilayer.cli.prediction.saved import SavedModel, Wanted
from multilayer.cli.serving.answer import Problem, RequestError
from multilayer.cli.serving.cells import CELLS, offset_of
from multilayer.cli.text import shortened
from multilayer.storage import repeated_name

MOST_EXPLAINED = 20  # rows of a request: an explanation takes as long as hundreds of predictions
_MOST_PROBLEMS = 20
_LONGEST_VALUE = 60  # characters of a value that an error quotes
_MISSING = object()
_MEMBERS = ("rows", "interval", "explain")


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a request.

    Attributes
    ----------
    columns : mapping of str to list
        The values of the columns that the model needs, None at gaps.
    zones : mapping of str to str
        The zone of each column of dates; "" for none.
    """

    columns: Mapping[str, list[Any]]
    zones: Mapping[str, str]
    n_rows: int
    wanted: Wanted


class RequestReader:
    """Reads the requests for a model of at most so many rows."""

    def __init__(self, saved: SavedModel, most_rows: int) -> None:
        self._saved, self._most_rows = saved, most_rows
        self._cells = {name: CELLS[kind] for name, kind in saved.kinds.items()}

    def read(self, body: bytes) -> Rows:
        """Read the text of a request.

        Raises
        ------
        RequestError
            400 for text that is no JSON, 413 for too many rows, 422 for other content than expected.
        """
        found = parsed(body)
        if not isinstance(found, dict):
            raise RequestError(422, f'a request must be an object such as {{"rows": [...]}}, got {_kind_of(found)}.')
        for name in found:
            if name not in _MEMBERS:
                near = get_close_matches(name, _MEMBERS, 1)
                hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(_MEMBERS)}."
                raise RequestError(422, f"unknown member {shortened(name, _LONGEST_VALUE)!r} of the request. {hint}")
        rows = found.get("rows")
        if not isinstance(rows, list) or not rows:
            got = "none" if "rows" not in found else "an empty list" if rows == [] else _kind_of(rows)
            raise RequestError(422, f'"rows" must be a list of at least one row, got {got}.')
        wanted = self._wanted(found)
        most = min(self._most_rows, MOST_EXPLAINED) if wanted.reasons else self._most_rows
        if len(rows) > most:
            what = "a request with explanations" if wanted.reasons else "a request"
            raise RequestError(413, f"{what} may have at most {most:,} rows, got {len(rows):,}. Send several requests.")
        columns = self._columns(rows)
        return Rows(columns, self._zones(columns), len(rows), wanted)

    def _wanted(self, found: Mapping[str, Any]) -> Wanted:
        coverage, reasons = found.get("interval"), found.get("explain", False)
        is_number = isinstance(coverage, int | float) and not isinstance(coverage, bool)
        if coverage is not None and not (is_number and 0 < coverage < 1):
            raise RequestError(422, f'"interval" must be a number between 0 and 1, got {_quoted(coverage)}.')
        if type(reasons) is not bool:
            raise RequestError(422, f'"explain" must be true or false, got {_quoted(reasons)}.')
        if not self._saved.is_table_model and (coverage is not None or reasons):
            name = "explain" if reasons else "interval"
            raise RequestError(422, f'"{name}" needs a TableClassifier or TableRegressor. Omit it.')
        return Wanted(self._saved.classifies, coverage, reasons)

    def _columns(self, rows: list[Any]) -> dict[str, list[Any]]:
        columns: dict[str, list[Any]] = {name: [] for name in self._cells}
        plan = [(name, cell.read, columns[name].append) for name, cell in self._cells.items()]
        problems: list[Problem] = []
        for number, row in enumerate(rows):
            named = self._named(number, row)
            for name, read, append in plan:
                value = named.get(name, _MISSING)
                try:
                    append(None if value is None else read(value))
                except ValueError:
                    if value is _MISSING:
                        self._raise_missing(number, named)
                    problems.append(Problem(number, name, _quoted(value), self._cells[name].expected))
            if len(problems) >= _MOST_PROBLEMS:
                break
        if problems:
            _raise(problems)
        return columns

    def _named(self, number: int, row: Any) -> Mapping[str, Any]:
        """A row by the names of its columns."""
        if self._saved.has_names:
            if type(row) is not dict:
                raise RequestError(
                    422, f"rows[{number}] must be an object with the columns by name, got {_kind_of(row)}."
                )
            return row
        if type(row) is not list or len(row) != len(self._cells):
            got = f"{len(row)}" if type(row) is list else _kind_of(row)
            raise RequestError(
                422,
                f"rows[{number}] must be a list of {len(self._cells)} values, because the model was trained on columns "
                f"without names, got {got}.",
            )
        return dict(zip(self._cells, row, strict=True))

    def _raise_missing(self, number: int, row: Mapping[str, Any]) -> NoReturn:
        missing = [name for name in self._cells if name not in row]
        folded = {name.casefold().strip(): name for name in row}
        near = get_close_matches(missing[0].casefold().strip(), list(folded), 3)
        hint = f" Did you mean {' or '.join(repr(shortened(folded[name], 60)) for name in near)}?" if near else ""
        also = f" Also missing: {', '.join(map(repr, missing[1:]))}." if missing[1:] else ""
        problems = tuple(Problem(number, name, "nothing", self._cells[name].expected) for name in missing)
        message = f"rows[{number}] has no column {missing[0]!r}.{hint}{also} Write null for a gap."
        raise RequestError(422, message, problems[:_MOST_PROBLEMS])

    def _zones(self, columns: Mapping[str, list[Any]]) -> dict[str, str]:
        zones = {}
        for name, kind in self._saved.kinds.items():
            if kind == "date":
                try:
                    zones[name] = offset_of(columns[name])
                except ValueError:
                    raise RequestError(
                        422,
                        f"column {name!r}: some moments have an offset from UTC, and others do not. Write all with an "
                        "offset, such as 2026-11-27T08:30:00+01:00, or none.",
                    ) from None
        return zones


def parsed(body: bytes) -> Any:
    """The value of a JSON text.

    Raises
    ------
    RequestError
        400 for text that is not JSON, or in which an object has a name twice, and for NaN and infinity.
    """
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant)
    except RequestError:
        raise
    except UnicodeDecodeError as error:
        raise RequestError(400, f"the body is not UTF-8: byte {error.start} is wrong.") from None
    except json.JSONDecodeError as error:
        raise RequestError(
            400, f"the body is not JSON: {error.msg.lower()} in line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise RequestError(400, "the body is nested too deeply.") from None
    except ValueError:  # Python's limit on the digits of a whole number
        raise RequestError(400, "the body holds a number of too many digits.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = shortened(repeated_name(pairs), _LONGEST_VALUE)
        raise RequestError(400, f"an object has the name {twice!r} twice. Write it once.")
    return found


def _constant(word: str) -> NoReturn:
    raise RequestError(400, f"the body is not JSON: {word} is no number of JSON. Write null for a gap.")


def _raise(problems: list[Problem]) -> NoReturn:
    first = problems[:_MOST_PROBLEMS]
    more = f" There are {len(problems)} such values or more." if len(problems) > 1 else ""
    raise RequestError(422, first[0].sentence + more, tuple(first))


def _quoted(value: Any) -> str:
    """A JSON value as it is written, shortened."""
    if isinstance(value, dict | list):
        return _kind_of(value)
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "a number that is too large"
    try:
        return shortened(json.dumps(value), _LONGEST_VALUE)
    except ValueError:  # more digits than Python writes
        return "a number of too many digits"


def _kind_of(value: Any) -> str:
    kinds: Mapping[type, str] = {dict: "an object", list: "a list", str: "text", bool: "a Boolean", type(None): "null"}
    return kinds.get(type(value), "a number")
