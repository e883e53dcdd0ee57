"""How a TableEncoder encodes each column: a record for each, and all of them as a table, a frame and a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multilayer.results import Column, Result, Table, frame
from multilayer.tables._column_data import Kind

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class ColumnReport:
    """How a :class:`TableEncoder` encodes one column of the table it was fitted on.

    Attributes
    ----------
    name : str
        The column's name.
    kind : {"number", "Boolean", "text", "date", "time", "duration", "empty"}
        The kind of its values.
    encoding : str
        The encoding in words.
    n_gaps : int
        Number of fitting rows without a value.
    width : int
        Number of output columns; 0 for a dropped column.
    is_identifier : bool
        Whether the column only identifies rows: text, which is dropped, or whole numbers, which are kept.
    bounds : tuple of two floats or None
        The smallest and the largest number that is not clipped, in the units of the column (seconds for dates and
        times); None for other kinds, and for robust scaling, whose clip has no bounds.
    """

    name: str
    kind: Kind
    encoding: str
    n_gaps: int
    width: int
    is_identifier: bool = False
    bounds: tuple[float, float] | None = None


def notes_in_words(notes: Sequence[str]) -> list[str]:
    """Return the notes on a file as sentences.

    Examples
    --------
    >>> notes_in_words(["1 line above the column names skipped: '# of 2024'"])
    ["From the file: 1 line above the column names skipped: '# of 2024'."]
    """
    return [f"From the file: {note}." for note in notes]


class ColumnReports(list[ColumnReport], Result):
    """The reports of all columns of a table, in its order: a list that prints as a table.

    Parameters
    ----------
    iterable : iterable of ColumnReport
        The reports.
    notes : sequence of str, default=()
        The notes of :func:`read_table` on the file, such as skipped lines; they are printed below the table.

    Examples
    --------
    >>> from multilayer.tables import TableEncoder
    >>> print(TableEncoder().fit([{"rooms": 1, "town": "Ulm"}, {"rooms": 3, "town": None}]).columns_)
    column  kind    gaps  width  encoding
    rooms   number            1  standardised: mean 2, deviation 1
    town    text       1      1  a column for gaps only: every value is 'Ulm'
    """

    def __init__(self, iterable: Iterable[ColumnReport] = (), notes: Sequence[str] = ()) -> None:
        super().__init__(iterable)
        self.notes = tuple(notes)

    @property
    def table(self) -> Table:
        """One row for each column, with empty cells for zeros."""
        columns = (
            Column("column", align="left"),
            Column("kind", align="left"),
            Column("gaps", ","),
            Column("width", ","),
            Column("encoding", align="left"),
        )
        rows = [(r.name, r.kind, r.n_gaps or None, r.width or None, r.encoding) for r in self]
        return Table(columns, rows, notes=notes_in_words(self.notes))

    def to_frame(self) -> DataFrame:
        """Convert the reports to a pandas frame, with one row for each column of the table.

        Returns
        -------
        pandas.DataFrame
            The columns ``column``, ``kind``, ``encoding``, ``gaps``, ``width``, ``identifier``, ``low`` and ``high``;
            the last two are the bounds, NaN if there are none.

        Raises
        ------
        MissingExtraError
            If pandas is not installed.
        """
        bounds = [report.bounds or (math.nan, math.nan) for report in self]
        return frame(
            {
                "column": [report.name for report in self],
                "kind": [report.kind for report in self],
                "encoding": [report.encoding for report in self],
                "gaps": [report.n_gaps for report in self],
                "width": [report.width for report in self],
                "identifier": [report.is_identifier for report in self],
                "low": [low for low, _ in bounds],
                "high": [high for _, high in bounds],
            }
        )

    def summary(self) -> str:
        """Return the first reports as a sentence.

        Returns
        -------
        str
            The sentence.
        """
        if not self:
            return "It has no columns."
        most = 5
        rest = f"; and {len(self) - most} more" if len(self) > most else ""
        return "; ".join(f"{report.name!r}: {report.encoding}" for report in self[:most]) + rest + "."
