"""What was done with each column of a table, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from multilayer.cli._reading import in_options
from multilayer.cli._tables import TextTable, count, shortened
from multilayer.tables import ColumnReport

_LONGEST_NAME = 24


def columns_table(reports: Sequence[ColumnReport], most: int = 30) -> TextTable:
    """One line a column; of more than ``most``, the first ones and those that were left out.

    Columns that were left out are what the reader has to judge, so they do not go under in a long table.
    """
    shown = list(reports)
    if len(reports) > most:
        head, tail = reports[: most - most // 3], reports[most - most // 3 :]
        shown = [*head, *[report for report in tail if not report.width][: most // 3]]
    rows: list[tuple[str, ...]] = [
        (
            shortened(report.name, _LONGEST_NAME),
            report.kind,
            f"{report.n_gaps:,}" if report.n_gaps else "",
            f"{report.width}" if report.width else "-",
            in_options(report.encoding),
        )
        for report in shown
    ]
    if len(shown) < len(reports):
        rows.append((f"... {count(len(reports) - len(shown), 'more column')}", "", "", "", ""))
    return TextTable("Columns", ("column", "holds", "gaps", "inputs", "what was done"), tuple(rows), "llrrl")
