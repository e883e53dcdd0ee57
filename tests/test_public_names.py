"""The public names are a list, and to import them costs next to nothing."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import multilayer

ROOMS = sorted(
    f"multilayer.{room.name}"
    for room in pkgutil.iter_modules(multilayer.__path__)
    if room.ispkg and room.name[0] != "_"
)
HEAVY = ("numba", "llvmlite", "matplotlib", "pyarrow", "narwhals", "sklearn", "scipy", "pandas", "polars", "rich")


def in_ruff_s_order(names: list[str]) -> list[str]:
    """CONSTANTS, then Classes, then functions, each by the alphabet."""
    return sorted(names, key=lambda name: (0 if name.isupper() else 1 if name[0].isupper() else 2, name))


@pytest.mark.parametrize("package", ["multilayer", *ROOMS])
def test_the_list_is_sorted_and_every_name_is_there(package: str) -> None:
    module = importlib.import_module(package)
    names = module.__all__
    assert names == in_ruff_s_order(names)
    assert len(set(names)) == len(names)
    for name in names:
        assert getattr(module, name) is not None
        assert name == "__version__" or not name.startswith("_")


def test_the_list_is_complete() -> None:
    assert set(multilayer.__all__) == {*multilayer._HOMES, "__version__"}
    assert dir(multilayer) == sorted(multilayer.__all__)


def test_what_type_checkers_see_is_what_there_is() -> None:
    tree = ast.parse(Path(str(multilayer.__file__)).read_text(encoding="utf-8"))
    guarded = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        name.asname or name.name: node.module
        for block in guarded
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    assert seen == multilayer._HOMES


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'multilayer' has no attribute 'MLPClasifier'"):
        _ = multilayer.MLPClasifier


@pytest.mark.parametrize(
    "module",
    ["multilayer", "multilayer.callbacks", "multilayer.equations", "multilayer.network", "multilayer.training"],
)
def test_importing_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "multilayer" in loaded
    assert ("numpy" in loaded) == (module != "multilayer")
    assert loaded.isdisjoint(HEAVY)
