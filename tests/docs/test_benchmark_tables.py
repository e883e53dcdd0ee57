"""The figures of benchmarks: the files have their documented form, and the pages name tables that exist."""

from __future__ import annotations

import copy
import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
FILES = sorted(RESULTS.glob("*.json"))
DIRECTIVE = re.compile(r'^```\{benchmark-table\} (\S+) "(.+)"$', re.MULTILINE)
NAMED = [
    (page.name, *found)
    for page in sorted((ROOT / "docs").rglob("*.md"))
    if "_build" not in page.parts
    for found in DIRECTIVE.findall(page.read_text(encoding="utf-8"))
]


def loaded(path: Path) -> ModuleType:
    """Return a module that is on no path of Python."""
    spec = importlib.util.spec_from_file_location(f"_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    return loaded(ROOT / "benchmarks" / "json_results.py")


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    pytest.importorskip("docutils", reason="the directive is for the site")
    return loaded(ROOT / "docs" / "_extensions" / "benchmark_tables.py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_have_the_documented_form(path: Path, writer: ModuleType) -> None:
    assert writer.faults(json.loads(path.read_text(encoding="utf-8"))) == []


def test_pages_show_tables() -> None:
    text = (ROOT / "docs" / "explanation" / "performance.md").read_text(encoding="utf-8")
    assert text.count("{benchmark-table}") == len([page for page, _, _ in NAMED if page == "performance.md"]) > 0


@pytest.mark.parametrize(("page", "name", "title"), NAMED)
def test_named_tables_exist(page: str, name: str, title: str) -> None:
    document = json.loads((RESULTS / name).read_text(encoding="utf-8"))
    assert title in [table["title"] for table in document["tables"]], page


def test_commands_name_programs() -> None:
    for path in FILES:
        command = json.loads(path.read_text(encoding="utf-8"))["command"]
        (program,) = re.findall(r"benchmarks/\w+\.py", command)
        assert (ROOT / program).exists(), path.name


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        (("date",), "27 November", "the date is '27 November'"),
        (("machine", "cores"), "two", "cores of the machine is not a int or null"),
        (("tables",), [], "there is no table"),
        (("tables", 0, "units"), [""], "small: there is not one unit for each column"),
        (("tables", 0, "rows", 0), ["a"], "small: rows and goals do not have one cell for each column"),
        (("tables", 0, "rows", 0, 1), "10.3 µs", "small: '10.3 µs' in the column 'time' is not a number"),
        (("versions", "numpy"), 2, "the version of numpy is not text"),
    ],
)
def test_faults_are_found(place: tuple[Any, ...], value: Any, fault: str, writer: ModuleType) -> None:
    document: dict[str, Any] = {
        "command": "python benchmarks/engine.py",
        "machine": {"processor": "a processor", "cores": 2, "avx512": None},
        "date": "2026-01-31",
        "versions": {},
        "tables": [{"title": "small", "columns": ["work", "time"], "units": ["", "µs"], "rows": [["a", 1.5]]}],
    }
    assert writer.faults(document) == []
    damaged = copy.deepcopy(document)
    inner: Any = damaged
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    assert writer.faults(damaged) == [fault]


def test_written_files_have_the_documented_form(
    writer: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "engine.json"
    monkeypatch.setattr(sys, "argv", ["/somewhere/benchmarks/engine.py", "--quick", "--json", str(path)])
    rows = [["moons", 10.34567, 3], ["digits", None, None]]
    writer.write(path, [writer.Results("small", ("work", "time", "rows"), ("", "µs", ""), rows)])
    document = json.loads(path.read_text(encoding="utf-8"))
    assert writer.faults(document) == []
    assert document["command"].endswith("python benchmarks/engine.py --quick")
    assert str(tmp_path) not in path.read_text(encoding="utf-8")
    assert document["tables"][0]["rows"] == [["moons", 10.35, 3], ["digits", None, None]]
    assert '   ["moons", 10.35, 3],\n' in path.read_text(encoding="utf-8")  # one row a line


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["benchmarks/pack.py"], "python benchmarks/pack.py"),
        (["pack.py", "--json=a.json", "--rounds", "9"], "python benchmarks/pack.py --rounds 9"),
        (["pack.py", "--only", "two words", "--json", "a"], "python benchmarks/pack.py --only 'two words'"),
    ],
)
def test_commands_leave_the_file_out(arguments: list[str], expected: str, writer: ModuleType) -> None:
    assert writer.command(arguments, {}) == expected
    assert writer.command(arguments, {"OMP_NUM_THREADS": "1"}) == f"OMP_NUM_THREADS=1 {expected}"


@pytest.mark.parametrize(
    ("cell", "unit", "goal", "expected"),
    [
        (9.66, "µs", None, "9.66 µs"),
        (1950, "µs", None, "1.95 ms"),
        (12302, "ms", None, "12,302 ms"),
        (12.3, "x", 14, "12.3x (14x)"),
        (84, "%", 80, "84 % (80 %)"),
        (None, "x", None, "–"),
        (None, "", None, ""),
        ("27 %", "", None, "27 %"),
    ],
)
def test_cells_as_text(cell: Any, unit: str, goal: Any, expected: str, tables: ModuleType) -> None:
    assert tables.text_of(cell, unit, goal).replace("\N{NO-BREAK SPACE}", " ") == expected


def test_captions_state_command_machine_and_date(tables: ModuleType) -> None:
    document, found = tables.read("cold_start.json", "first fit")
    table = tables.table_of(document, found)
    text = table.astext().replace("\N{NO-BREAK SPACE}", " ")
    assert document["command"] in text
    assert "AVX-512" in text
    assert "27 November 2026" in text
    assert "1.34 CPU s" in text


def test_unknown_titles_raise_an_error(tables: ModuleType) -> None:
    with pytest.raises(ValueError, match=r"pack\.json has no table 'pack'\. Its tables: 'packs'\."):
        tables.read("pack.json", "pack")
