"""The allowed imports between subpackages, and the check that every file complies with them."""

from __future__ import annotations

import ast
import functools
import graphlib
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import multilayer

SOURCE = Path(str(multilayer.__file__)).parent
FILES = sorted(SOURCE.rglob("*.py"))

# The parts of the package that each part may import, besides itself. A part is a subpackage or a top-level module.
MAY_IMPORT = {
    "exceptions": set(),
    "_constant": set(),
    "_checks": {"exceptions"},
    "equations": {"exceptions", "results"},
    "results": {"exceptions"},
    "network": {"equations", "exceptions"},
    "engines": {"equations", "exceptions", "network"},
    "training": {"_checks", "engines", "equations", "exceptions", "network"},
    "storage": {"exceptions"},
    "callbacks": {"exceptions", "files", "storage", "training"},
    "packs": {"engines", "exceptions", "training"},
    "fits": {"_checks", "_constant", "engines", "equations", "exceptions", "network", "training"},
    "inspection": {"engines", "equations", "exceptions", "fits", "network", "results", "training"},
    "estimators": {"engines", "equations", "exceptions", "fits", "inspection", "network", "results", "training"},
    "files": {
        "_checks",
        "engines",
        "ensembles",
        "equations",
        "estimators",
        "exceptions",
        "fits",
        "network",
        "selection",
        "storage",
        "tables",
        "training",
    },
    "exports": {
        "_checks",
        "ensembles",
        "equations",
        "estimators",
        "exceptions",
        "files",
        "fits",
        "network",
        "storage",
        "tables",
    },
    "learn": {"_checks", "equations", "exceptions"},
    "mlflow": {"estimators", "exceptions", "files", "tables"},
    "playground": {
        "_checks",
        "engines",
        "equations",
        "estimators",
        "exceptions",
        "files",
        "fits",
        "inspection",
        "learn",
        "network",
        "packs",
        "results",
        "storage",
        "tables",
        "training",
        "web",
    },
    "web": {"exceptions", "storage"},
    "selection": {
        "_checks",
        "engines",
        "estimators",
        "exceptions",
        "fits",
        "inspection",
        "packs",
        "results",
        "storage",
        "training",
    },
    "ensembles": {
        "_checks",
        "equations",
        "estimators",
        "exceptions",
        "fits",
        "network",
        "packs",
        "selection",
        "training",
    },
    "tables": {
        "_checks",
        "_constant",
        "engines",
        "ensembles",
        "equations",
        "estimators",
        "exceptions",
        "fits",
        "network",
        "packs",
        "results",
        "selection",
        "storage",
        "training",
    },
}
ONLY_PUBLIC_NAMES = ("plots", "cli")
PUBLIC_MODULES = (
    "multilayer.exceptions",
    "multilayer.network",
    "multilayer.results",
    "multilayer.tables.models",
)  # modules whose names without an underscore are public


@functools.cache
def imports(path: Path) -> frozenset[tuple[str, str | None]]:
    """Return (module, name) for each import of a file, at its top or anywhere in it; the name is None for a plain
    import.
    """
    return frozenset(_imports(path))


def _imports(path: Path) -> Iterator[tuple[str, str | None]]:
    package = ".".join(("multilayer", *path.relative_to(SOURCE).parent.parts))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((name.name, None) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else None
            module = ".".join(filter(None, (above, node.module)))
            yield from ((module, name.name) for name in node.names)


def part_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def part_imported(module: str, name: str | None) -> str | None:
    """Return the part that an import refers to: "" for the package itself, None for other packages."""
    if module.split(".")[0] != "multilayer":
        return None
    parts = module.split(".")[1:] or ([name] if name and (SOURCE / name).is_dir() else [])
    return parts[0] if parts else ""


def parts_imported(path: Path) -> set[str]:
    rooms = {part_imported(module, name) for module, name in imports(path)}
    return {room for room in rooms if room is not None} - {part_of(path)}


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def files_of(*rooms: str) -> list[Path]:
    return [path for path in FILES if part_of(path) in rooms]


def test_parts_of_the_package_are_found() -> None:
    assert {part_of(path) for path in FILES} >= MAY_IMPORT.keys()
    assert ("multilayer.equations.costs", "output_unit") in imports(SOURCE / "network.py")
    assert parts_imported(SOURCE / "network.py") == {"equations", "exceptions"}


@pytest.mark.parametrize("path", files_of(*MAY_IMPORT), ids=name_of)
def test_parts_import_only_from_lower_parts(path: Path) -> None:
    assert parts_imported(path) <= MAY_IMPORT[part_of(path)]


@pytest.mark.parametrize("path", files_of("equations", "exceptions"), ids=name_of)
def test_equations_import_only_numpy(path: Path) -> None:
    foreign = {module.split(".")[0] for module, _ in imports(path)} - {"multilayer", *sys.stdlib_module_names}
    assert foreign <= {"numpy"}


@pytest.mark.parametrize("path", files_of(*ONLY_PUBLIC_NAMES), ids=name_of)
def test_plots_and_cli_import_only_public_names(path: Path) -> None:
    for module, name in imports(path):
        room = part_imported(module, name)
        if room is None or room == part_of(path):
            continue
        if module in PUBLIC_MODULES:
            assert name is not None
            assert not name.startswith("_")
        else:
            assert module.count(".") <= 1, f"{module} is inside a room"
            assert name in importlib.import_module(module).__all__


def test_imports_between_parts_have_no_cycles() -> None:
    graph: dict[str, set[str]] = {}
    for path in FILES:
        if path.parent == SOURCE and path.name == "__init__.py":
            continue  # it only lists names of other modules, and loads them on demand
        graph.setdefault(part_of(path), set()).update(parts_imported(path) - {""})
    assert not graph["exceptions"] | graph["_constant"]
    assert set(graphlib.TopologicalSorter(graph).static_order()) == set(graph)  # raises an error where there is a cycle


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_package_does_not_use_pickle(path: Path) -> None:
    modules = {module.split(".")[0] for module, _ in imports(path)}
    # Processes of one cluster exchange messages, which are never files.
    used = {"pickle", "cloudpickle"} if name_of(path) == "packs/clusters/messages.py" else set()
    assert modules & {"pickle", "cPickle", "cloudpickle", "dill", "shelve", "marshal"} == used
    # joblib passes members to other processes and counts cores; its files would be pickles.
    text = path.read_text(encoding="utf-8")
    assert "joblib.dump" not in text
    assert "joblib.load" not in text
    assert {("joblib", "dump"), ("joblib", "load")}.isdisjoint(imports(path))
