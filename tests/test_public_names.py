"""The public names are listed, and importing them is cheap."""

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
    """Sort CONSTANTS, then Classes, then functions, each in alphabetical order."""
    return sorted(names, key=lambda name: (0 if name.isupper() else 1 if name[0].isupper() else 2, name))


@pytest.mark.parametrize("package", ["multilayer", *ROOMS])
def test_list_is_sorted_and_every_name_exists(package: str) -> None:
    module = importlib.import_module(package)
    names = module.__all__
    assert names == in_ruff_s_order(names)
    assert len(set(names)) == len(names)
    for name in names:
        assert getattr(module, name) is not None
        assert name == "__version__" or not name.startswith("_")


def test_list_of_the_package_is_complete() -> None:
    assert set(multilayer.__all__) == {*multilayer._HOMES, "__version__"}
    assert dir(multilayer) == sorted(multilayer.__all__)


def test_imports_for_type_checkers_equal_the_lazy_imports() -> None:
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


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'multilayer' has no attribute 'MLPClasifier'"):
        _ = multilayer.MLPClasifier


@pytest.mark.parametrize(
    "module",
    ["multilayer", "multilayer.callbacks", "multilayer.equations", "multilayer.network", "multilayer.training"],
)
def test_importing_loads_no_heavy_module(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "multilayer" in loaded
    assert ("numpy" in loaded) == (module != "multilayer")
    assert loaded.isdisjoint(HEAVY)
