"""Figures in JSON: tables with the command that measured them, the machine, the date and the versions.

benchmarks/results/ has one file for each run that the documentation shows. A document is

    {"command": ..., "machine": {"processor": ..., "cores": ..., "avx512": ...}, "date": "2026-01-31",
     "versions": {"multilayer": ...}, "note": ...,
     "tables": [{"title": ..., "columns": [...], "units": [...], "rows": [[...], ...], "goals": [[...], ...]}]}

``units`` has one entry for each column, "" for text and for plain numbers. Percentages are numbers up to 100. ``null``
is what was not measured or not recorded. ``goals``, in the form of ``rows``, and ``note`` are optional.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

LIBRARIES = ("multilayer", "numpy", "scipy", "scikit-learn", "torch", "jax")
# What selects the instructions and the threads of kernels and of BLAS.
VARIABLES = ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "OPENBLAS_CORETYPE", "OMP_NUM_THREADS")
GIVEN = {name: os.environ[name] for name in VARIABLES if name in os.environ}
CPUINFO = Path("/proc/cpuinfo")
REQUIRED = {"command": str, "machine": dict, "date": str, "versions": dict, "tables": list}

Cell = str | int | float | None


class Results(NamedTuple):
    """A table of figures: numbers in the columns that have a unit, and text in the others."""

    title: str
    columns: Sequence[str]
    units: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    goals: Sequence[Sequence[Cell]] | None = None


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--json`` to the options of a benchmark."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")


def write(path: Path, tables: Sequence[Results], versions: Mapping[str, str] | None = None, **more: Any) -> None:
    """Write the tables; ``versions`` are those of the libraries of this process by default."""
    document = {
        "command": command(sys.argv),
        "machine": machine(),
        "date": datetime.date.today().isoformat(),
        "versions": dict(installed_versions() if versions is None else versions),
        **more,
        "tables": [_as_json(table) for table in tables],
    }
    path.write_text(as_text(document) + "\n", encoding="utf-8")


def show(tables: Sequence[Results]) -> None:
    """Print the tables."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=160)
    for each in tables:
        shown = Table(title=each.title)
        for name, unit in zip(each.columns, each.units, strict=True):
            shown.add_column(f"{name} ({unit})" if unit else name)
        for row in each.rows:
            cells = (f"{cell:,.3g}" if isinstance(cell, float) else "" if cell is None else str(cell) for cell in row)
            shown.add_row(*cells)
        console.print(shown)


def as_text(value: Any, indent: str = "") -> str:
    """Return JSON with each row of a table on one line."""
    inner = indent + " "
    if isinstance(value, dict):
        pairs = [f"{inner}{json.dumps(key)}: {as_text(each, inner)}" for key, each in value.items()]
        return "{\n" + ",\n".join(pairs) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(each, list | dict) for each in value):
        return "[\n" + ",\n".join(inner + as_text(each, inner) for each in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False)


def _as_json(table: Results) -> dict[str, Any]:
    found = {"title": table.title, "columns": list(table.columns), "units": list(table.units)}
    found["rows"] = [[_rounded(cell) for cell in row] for row in table.rows]
    if table.goals is not None:
        found["goals"] = [list(row) for row in table.goals]
    return found


def _rounded(cell: Cell) -> Cell:
    """Return a number with four digits: figures of two runs differ in the second or third."""
    return float(f"{cell:.4g}") if isinstance(cell, float) else cell


def command(arguments: Sequence[str], variables: Mapping[str, str] = GIVEN) -> str:
    """Return the command of this process without ``--json``, with the variables that select kernels and threads."""
    kept, is_path = [], False
    for argument in arguments[1:]:
        if not is_path and argument != "--json" and not argument.startswith("--json="):
            kept.append(argument)
        is_path = argument == "--json"
    words = [f"{name}={value}" for name, value in variables.items()]
    return shlex.join([*words, "python", f"benchmarks/{Path(arguments[0]).name}", *kept])


def system_name() -> str:
    """Return the name of the processor as the system gives it, "" where it has none."""
    return _cpuinfo("model name") or platform.processor()


def machine() -> dict[str, Any]:
    """Return the processor, the cores that this process may use, and whether the processor has AVX-512."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    avx512 = "avx512f" in _cpuinfo("flags").split()
    return {"processor": system_name(), "cores": cores, "avx512": avx512, "system": platform.system()}


def _cpuinfo(key: str) -> str:
    if not CPUINFO.exists():
        return ""
    lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), "")


def installed_versions() -> dict[str, str]:
    """Return the versions of the libraries that are installed; that of multilayer is the imported one's."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    if "multilayer" in sys.modules:
        found["multilayer"] = sys.modules["multilayer"].__version__
    return found


def faults(document: Any) -> list[str]:
    """Return one line for each thing in a document that differs from the form above."""
    if not isinstance(document, dict):
        return ["the document is not an object"]
    found = [
        f"{key} is not a {kind.__name__}" for key, kind in REQUIRED.items() if not isinstance(document.get(key), kind)
    ]
    if found:
        return found
    try:
        datetime.date.fromisoformat(document["date"])
    except ValueError:
        found.append(f"the date is {document['date']!r}")
    parts = {"processor": str, "cores": int, "avx512": bool}
    computer, versions = document["machine"], document["versions"]
    found += [
        f"{key} of the machine is not a {kind.__name__} or null"
        for key, kind in parts.items()
        if key not in computer or not isinstance(computer[key], kind | None)
    ]
    found += [
        f"the version of {name} is not text" for name, version in versions.items() if not isinstance(version, str)
    ]
    if not document["tables"]:
        found.append("there is no table")
    titles = [table.get("title") for table in document["tables"]]
    found += [f"{title!r} is the title of two tables" for title in set(titles) if titles.count(title) > 1]
    for table in document["tables"]:
        found += [f"{table.get('title')}: {fault}" for fault in _faults_of_table(table)]
    return found


def _faults_of_table(table: dict[str, Any]) -> list[str]:
    if not isinstance(table.get("title"), str) or not table["title"]:
        return ["a table has no title"]
    columns, units, rows = table.get("columns"), table.get("units"), table.get("rows")
    if not columns or not all(isinstance(name, str) for name in columns):
        return ["the columns have no names"]
    if not isinstance(units, list) or len(units) != len(columns):
        return ["there is not one unit for each column"]
    if not rows:
        return ["there are no rows"]
    found = []
    for grid in (rows, table["goals"]) if "goals" in table else (rows,):
        if len(grid) != len(rows) or any(len(row) != len(columns) for row in grid):
            return ["rows and goals do not have one cell for each column"]
        for row in grid:
            for name, unit, cell in zip(columns, units, row, strict=True):
                is_number = isinstance(cell, int | float) and not isinstance(cell, bool)
                if cell is not None and not is_number and (unit or not isinstance(cell, str)):
                    found.append(f"{cell!r} in the column {name!r} is not a number")
    return found
