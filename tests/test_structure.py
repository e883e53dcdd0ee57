"""The path from ``fit`` to the engine stays short, and modules do not import each other in cycles."""

from __future__ import annotations

from pathlib import Path

import pytest

from .structure import Trace, circles, import_graph, measures

# Lower a limit when the code improves; ``make structure`` prints the values.
LIMITS = {
    "fit: calls": 90,
    "fit: files": 18,
    "fit: entries into one file": 3,
    "cross_validate: calls": 170,
    "cross_validate: files": 29,
    "circles of imports": 0,
    "lines": 90_000,
    "lines in cli": 9_700,
    "lines in plots": 4_250,
}


@pytest.fixture(scope="module")
def measured() -> dict[str, int]:
    return measures()


@pytest.mark.parametrize("name", LIMITS)
def test_structure_stays_within_the_limit(name: str, measured: dict[str, int]) -> None:
    assert measured[name] <= LIMITS[name]


def test_a_run_without_a_call_of_descend_raises_an_error() -> None:
    with pytest.raises(RuntimeError, match="No engine's descend was called"):
        Trace.of(lambda: circles({}))


def test_import_cycles_are_found_in_functions_and_for_type_checking(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    files = {
        "__init__": "from package.a import f",
        "a": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from package.b import B\n",
        "b": "def f():\n    from package import c\n",
        "c": "import package.a\nimport package.d",
        "d": "import numpy",
    }
    for name, text in files.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    graph = import_graph(package)
    assert graph["package.c"] == {"package.a", "package.d"}
    assert circles(graph) == [["package.a", "package.b", "package.c"]]
