"""The equations import only NumPy, and each of their functions has its equation in docs/learn."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import multilayer.equations as book
from multilayer.equations import ACTIVATIONS, OUTPUTS, SCHEMES

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "src" / "multilayer" / "equations"
PAGES = [ROOT / "docs" / "learn" / name for name in ("mathematics.md", "extensions.md")]
TAG = re.compile(r"\((?:[A-Z]\d+|J)\)")
RULES = [book.GradientDescent, book.Momentum, book.Nesterov, book.Adam]

TAGGED = [
    *[getattr(book, name) for name in book.__all__ if inspect.isfunction(getattr(book, name))],
    *[type(pair) for pair in (*ACTIVATIONS.values(), *OUTPUTS.values())],
    *SCHEMES.values(),
    *RULES,
]


def tags_defined(path: Path) -> list[str]:
    """The tags of the displayed equations of a page and of the rows of its tables, in their order."""
    found = re.findall(
        r"\\text\{(\([A-Z]\d*\))\}|^\| (\([A-Z]\d+\)) \|", path.read_text(encoding="utf-8"), re.MULTILINE
    )
    return [displayed or row for displayed, row in found]


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively in line {node.lineno}"
            names.add(node.module)
    return names


@pytest.mark.parametrize("path", sorted(BOOK.rglob("*.py")), ids=lambda path: path.name)
def test_equations_import_only_numpy_and_themselves(path):
    for name in imported(path):
        first = name.split(".")[0]
        own = name in ("multilayer.exceptions", "multilayer.results") or name.startswith("multilayer.equations")
        assert own or first == "numpy" or first in sys.stdlib_module_names, f"{path.name} imports {name}"


def test_importing_the_equations_loads_no_heavy_module():
    code = "import sys, multilayer.equations; print(*{name.split('.')[0] for name in sys.modules})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert "numpy" in loaded
    assert not loaded & {"scipy", "sklearn", "numba", "llvmlite", "matplotlib", "pyarrow", "pandas", "polars"}


def test_public_names_of_the_equations_are_complete():
    assert len(set(book.__all__)) == len(book.__all__)
    assert all(hasattr(book, name) for name in book.__all__)
    public = {name for name, value in vars(book).items() if not name.startswith("_") and not inspect.ismodule(value)}
    assert public == set(book.__all__)


@pytest.mark.parametrize("equation", TAGGED, ids=lambda equation: equation.__name__)
def test_every_equation_has_a_tag_that_the_mathematics_contains(equation):
    tags = TAG.findall(inspect.getdoc(equation) or "")
    assert tags, f"{equation.__name__} has no tag such as (B2) in its docstring"
    defined = {tag for path in PAGES for tag in tags_defined(path)}
    assert [tag for tag in tags if tag not in defined] == []


def test_code_and_mathematics_contain_the_same_tags():
    in_code = {tag for path in BOOK.rglob("*.py") for tag in TAG.findall(path.read_text(encoding="utf-8"))}
    assert in_code == {tag for path in PAGES for tag in tags_defined(path)}


def test_pages_refer_only_to_tags_that_one_of_them_defines():
    used = {tag for path in PAGES for tag in TAG.findall(path.read_text(encoding="utf-8"))}
    assert used == {tag for path in PAGES for tag in tags_defined(path)}


def test_no_tag_is_defined_twice():
    tags = [tag for path in PAGES for tag in tags_defined(path)]
    assert sorted(tags) == sorted(set(tags))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_tags_of_a_family_are_in_ascending_order(path):
    families: dict[str, list[int]] = {}
    for tag in tags_defined(path):
        families.setdefault(tag[1], []).append(int(tag[2:-1] or 0))
    assert len(families) >= 8
    assert families == {family: sorted(numbers) for family, numbers in families.items()}
