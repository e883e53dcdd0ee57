"""The directive ``benchmark-table``: a table of figures from a file of benchmarks/results.

    ```{benchmark-table} engine.json "the title of a table in this file"
    ```

The caption states the command, the machine, the versions and the date.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
# Names of libraries as their projects write them.
LIBRARIES = {"numpy": "NumPy", "scipy": "SciPy", "torch": "PyTorch", "jax": "JAX"}
NO_BREAK = "\N{NO-BREAK SPACE}"


def read(name: str, title: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a document, and its table with this title."""
    document = json.loads((RESULTS / name).read_text(encoding="utf-8"))
    tables = {table["title"]: table for table in document["tables"]}
    if title not in tables:
        raise ValueError(f"{name} has no table {title!r}. Its tables: {', '.join(map(repr, tables))}.")
    return document, tables[title]


def text_of(cell: str | float | None, unit: str, goal: float | None = None) -> str:
    """Return a cell as text: 12.5 in "x" is 12.5x, 1,950 in "µs" is 1.95 ms, and nothing is a dash."""
    if cell is None:
        return "–" if unit else ""
    if isinstance(cell, str):
        return cell
    shown = _with_unit(cell, unit)
    return f"{shown} ({_with_unit(goal, unit)})" if goal is not None else shown


def _with_unit(value: float, unit: str) -> str:
    if unit == "µs" and value >= 1000:
        value, unit = value / 1000, "ms"
    number = f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"
    return number + unit if unit in ("x", "") else f"{number}{NO_BREAK}{unit}"


def caption(document: dict[str, Any]) -> list[nodes.Node]:
    """Return the command, the machine, the versions and the date."""
    machine = document["machine"]
    parts = [machine["processor"], f"{machine['cores']} cores" if machine["cores"] else None]
    if machine["avx512"] is not None:
        parts.append("AVX-512" if machine["avx512"] else "no AVX-512")
    parts += [f"{LIBRARIES.get(name, name)} {version}" for name, version in document["versions"].items()]
    date = datetime.date.fromisoformat(document["date"])
    parts.append(f"{date.day} {date:%B %Y}")
    known = ", ".join(part for part in parts if part)
    return [nodes.literal(text=document["command"]), nodes.Text(f": {known}")]


def table_of(document: dict[str, Any], found: dict[str, Any]) -> nodes.table:
    """Return the nodes of a table; columns of numbers are aligned to the right."""
    columns, units = found["columns"], found["units"]
    table = nodes.table(classes=["benchmark"])
    table += nodes.title("", "", *caption(document))
    group = nodes.tgroup(cols=len(columns))
    table += group
    group += [nodes.colspec(colwidth=1) for _ in columns]
    head, body = nodes.thead(), nodes.tbody()
    group += [head, body]
    head += _row(columns, units)
    goals = found.get("goals", [[None] * len(columns)] * len(found["rows"]))
    for row, row_goals in zip(found["rows"], goals, strict=True):
        body += _row([text_of(*each) for each in zip(row, units, row_goals, strict=True)], units)
    return table


def _row(texts: list[str], units: list[str]) -> nodes.row:
    row = nodes.row()
    for text, unit in zip(texts, units, strict=True):
        row += nodes.entry("", nodes.paragraph(text=text), classes=["text-right"] if unit else [])
    return row


class BenchmarkTable(Directive):
    """A table of figures: the name of the file, and the title of the table in it."""

    required_arguments = 2
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        name, title = self.arguments[0], self.arguments[1].strip().strip('"')
        try:
            document, found = read(name, title)
        except (OSError, ValueError) as error:
            raise self.error(str(error)) from error
        self.state.document.settings.env.note_dependency(str(RESULTS / name))
        return [table_of(document, found)]


def setup(app: Any) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("benchmark-table", BenchmarkTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
