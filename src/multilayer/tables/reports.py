"""What a TableEncoder did with each column: records, a frame and a summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multilayer.results import frame
from multilayer.tables._arrow import Kind

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


def reports_frame(reports: Sequence[ColumnReport]) -> DataFrame:
    """Return reports as a pandas frame, a row for each column."""
    nan = float("nan")
    bounds = [report.bounds or (nan, nan) for report in reports]
    return frame(
        {
            "column": [report.name for report in reports],
            "kind": [report.kind for report in reports],
            "encoding": [report.encoding for report in reports],
            "gaps": [report.n_gaps for report in reports],
            "width": [report.width for report in reports],
            "identifier": [report.is_identifier for report in reports],
            "low": [low for low, _ in bounds],
            "high": [high for _, high in bounds],
        }
    )


def reports_summary(reports: Sequence[ColumnReport]) -> str:
    """Return the first reports as a sentence."""
    if not reports:
        return "It has no columns."
    most = 5
    rest = f"; and {len(reports) - most} more" if len(reports) > most else ""
    return "; ".join(f"{report.name!r}: {report.encoding}" for report in reports[:most]) + rest + "."
