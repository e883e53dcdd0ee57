"""The dialect of a text file, found in its first lines: separator, quotes, and the line of the column names.

Candidates are scored by whether the first lines have as many fields as the line of names.  If no candidate fits every
line, the best one is used, so that the parser can report the row that does not fit.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from multilayer.exceptions import DataFileError, argument
from multilayer.tables._names import SEPARATORS, shortened
from multilayer.tables._words import NUMBER

WINDOW = 20
"""Number of lines below comments that are examined."""

_MOST_LISTED = 5
_MOST_CELLS = 100  # the number of cells of a row that are examined
_NUMBER = re.compile(NUMBER)
_AMOUNT = re.compile(r"[-+]?\d+(?:[.,]\d+)?$")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SEPARATOR_LINE = re.compile(r"sep=(.)\s*$")  # the first line of files that Excel writes


@dataclass(frozen=True)
class Dialect:
    """The dialect of a text file."""

    separator: str
    quote: str
    names: tuple[str, ...]  # stripped of blanks
    start: int  # number of bytes, in UTF-8, before the first data row
    notes: tuple[str, ...]  # for the user: sentences without a full stop


@dataclass(frozen=True)
class _Reading:
    """The first records by one separator and quotation mark."""

    separator: str
    quote: str
    records: tuple[tuple[str, ...], ...]
    ends: tuple[int, ...]  # number of lines up to the end of each record
    skipped: int = 0  # records of one field before the names

    @property
    def header(self) -> tuple[str, ...]:
        return self.records[self.skipped]

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        return self.records[self.skipped + 1 :]

    def score(self) -> tuple[bool, float, bool, float]:
        """Return a score, larger for several columns, rows that fit, nothing skipped and cells that are numbers."""
        width = len(self.header)
        if width == 1:
            return (False, 0.0, True, 0.0)
        fitting = sum(len(row) == width for row in self.rows) / len(self.rows) if self.rows else 1.0
        cells = [cell.strip() for row in self.rows for cell in row[:_MOST_CELLS] if cell.strip()]
        amounts = sum(_AMOUNT.match(cell) is not None for cell in cells) / len(cells) if cells else 0.0
        return (True, fitting, not self.skipped, amounts)


def find_dialect(name: str, head: str, separator: str | None, default: str, is_whole: bool) -> Dialect:
    """Find the dialect of a file by its beginning ``head``, which has no byte order mark.

    Without a ``separator``, one is chosen; ``default`` is preferred if several fit.  Unless ``head`` is the whole file,
    its last line may be incomplete.
    """
    lines = list(io.StringIO(head, newline=""))
    if not is_whole and len(lines) > 1:
        lines = lines[:-1]
    at = _first_filled(lines, 0)
    notes: list[str] = []
    if at < len(lines) and (match := _SEPARATOR_LINE.match(lines[at].replace('"', ""))):
        separator = separator or match.group(1)
        at = _first_filled(lines, at + 1)
    comments = []
    while at < len(lines) and lines[at].lstrip().startswith("#"):
        comments.append(lines[at])
        at = _first_filled(lines, at + 1)
    if at == len(lines):
        if not comments:
            raise DataFileError(f"{name}: is empty. Column names and rows are needed.")
        at, comments = lines.index(comments[-1]), comments[:-1]  # a header alone, perhaps
    reading = _best(name, lines[at:], separator, default)
    skipped = [line.strip() for line in comments]
    skipped += [record[0].strip() for record in reading.records[: reading.skipped]]
    header, n_lines = reading.header, at + reading.ends[reading.skipped]
    if comments and not reading.skipped and (names := _names_in_comment(comments[-1], reading)):
        header, n_lines = names, at
        skipped = skipped[:-1]
        if comments[-1].lstrip().startswith("# "):
            notes.append(f"column names taken from the comment {shortened(comments[-1].strip(), 60)}")
    notes += _skipped_words(skipped)
    header = tuple(cell.strip() for cell in header)
    rows = reading.records if n_lines == at else reading.rows
    if _looks_like_data(header, rows):
        notes.append(
            f"the line of column names looks like a row of data ({_listed(header)}): if it is one, put a line of "
            "names above it"
        )
    notes += _one_column_note(reading)
    start = len("".join(lines[:n_lines]).encode("utf-8", "surrogateescape"))
    return Dialect(reading.separator, reading.quote, header, start, tuple(notes))


def _one_column_note(reading: _Reading) -> list[str]:
    """Report a separator that would divide every line into the same number of fields, if there is one column only."""
    lines = [record[0] for record in (reading.header, *reading.rows) if len(record) == 1]
    if len(lines) <= max(1, len(reading.rows)):  # no rows, or rows of several fields
        return []
    for other in (*SEPARATORS, ":", " "):
        counts = {line.strip().count(other) for line in lines}
        if len(counts) == 1 and min(counts) > 0:
            option, shown = argument("separator", other), repr(other)
            found = f"every line holds {shown.replace(chr(39), chr(34))} {min(counts)} time{'s' * (min(counts) > 1)}"
            return [f"all of the file was read as one column, but {found}: if it separates columns, pass {option}"]
    return []


def _first_filled(lines: Sequence[str], start: int) -> int:
    return next((i for i in range(start, len(lines)) if lines[i].strip()), len(lines))


def _best(name: str, lines: Sequence[str], separator: str | None, default: str) -> _Reading:
    candidates = dict.fromkeys((default, *SEPARATORS)) if separator is None else (separator,)
    best: _Reading | None = None
    failure = None
    for candidate in candidates:
        quote = "'" if _is_single_quoted(lines[:WINDOW], candidate) else '"'
        try:
            reading = _without_title(_read(lines, candidate, quote))
        except csv.Error as error:
            failure = error
            continue
        if best is None or reading.score() > best.score():
            best = reading
    if best is None:
        raise DataFileError(f"{name}: the first line cannot be read: {failure}.") from None
    return best


def _read(lines: Sequence[str], separator: str, quote: str) -> _Reading:
    reader = csv.reader(iter(lines), delimiter=separator, quotechar=quote)
    records: list[tuple[str, ...]] = []
    ends: list[int] = []
    try:
        for record in reader:
            if any(cell.strip() for cell in record) or len(record) > 1:
                records.append(tuple(record))
                ends.append(reader.line_num)
            if len(records) == WINDOW or reader.line_num >= 50 * WINDOW:
                break
    except csv.Error:
        # A cell is too long for this module; pyarrow can read it.
        if not records:
            raise
    if len(ends) > 1 and "".join(lines[ends[-2] : ends[-1]]).count(quote) % 2:
        # The quotation mark may be closed beyond these lines; the parser checks that.
        records, ends = records[:-1], ends[:-1]
    return _Reading(separator, quote, tuple(records), tuple(ends))


def _without_title(reading: _Reading) -> _Reading:
    """Skip lines of one field above a table of several columns whose names are words."""
    widths = [len(record) for record in reading.records]
    skipped = next((i for i, width in enumerate(widths) if width > 1), 0)
    if not skipped or skipped > WINDOW // 2 or len(set(widths[skipped:])) > 1 or len(widths) - skipped < 2:
        return reading
    names = [cell.strip() for cell in reading.records[skipped]]
    if not all(names) or len(set(names)) < len(names) or any(map(_is_value, names)):
        return reading
    return replace(reading, skipped=skipped)


def _is_single_quoted(lines: Sequence[str], separator: str) -> bool:
    """Return whether apostrophes quote fields: all that begin with one end with one, and none has quotation marks."""
    before = rf"(?:^|{re.escape(separator)})[^\S\t]*"
    closed = re.compile(rf"{before}'(?:[^']|'')*'[^\S\t]*(?=$|[\r\n]|{re.escape(separator)})")
    n_closed = sum(len(closed.findall(line)) for line in lines)
    n_opened = sum(len(re.findall(rf"{before}'", closed.sub(f"{separator}'", line))) for line in lines)
    return n_closed > 1 and n_opened == n_closed and not any(re.search(rf'{before}"', line) for line in lines)


def _names_in_comment(comment: str, reading: _Reading) -> tuple[str, ...]:
    """Return the names in the last comment above a table whose first line is a row of data; () if there are none."""
    text = comment.strip().removeprefix("# ")
    names = tuple(next(csv.reader([text], delimiter=reading.separator, quotechar=reading.quote)))
    first, rows = reading.records[0], reading.records[1:]
    if len(names) != len(first):
        return ()
    if any(_is_value(cell.strip()) for cell in first):
        return names
    # A line of words only is a line of names, unless all columns hold words.
    return () if len(names) == 1 or any(_is_value(cell.strip()) for row in rows for cell in row) else names


def _looks_like_data(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the names are numbers above numbers, or words that occur again in the same column.

    Consecutive whole numbers, such as 0, 1, 2 or years, count as names.
    """
    rows = [row for row in rows if len(row) == len(header)]
    n_numbers = 0
    for i, cell in enumerate(header):
        column = [row[i].strip() for row in rows]
        if not _is_value(cell):
            if cell not in column:
                return False
        elif all(map(_is_value, filter(None, column))):
            n_numbers += 1
        else:
            return False
    counting = [int(cell) for cell in header if re.fullmatch("[0-9]{1,9}", cell)]
    steps = {after - before for before, after in itertools.pairwise(counting)}
    counts = len(counting) == n_numbers and (len(counting) > 2 or counting[:1] == [0]) and len(steps) <= 1
    return n_numbers > 0 and not counts


def _is_value(cell: str) -> bool:
    return bool(_NUMBER.match(cell) or _DATE.match(cell))


def _skipped_words(skipped: Sequence[str]) -> list[str]:
    if not skipped:
        return []
    n = f"{len(skipped)} line{'s' if len(skipped) > 1 else ''}"
    return [f"{n} above the column names skipped: {_listed(skipped)}"]


def _listed(words: Sequence[str]) -> str:
    more = f" and {len(words) - _MOST_LISTED} more" if len(words) > _MOST_LISTED else ""
    return ", ".join(shortened(word, 60) for word in words[:_MOST_LISTED]) + more
