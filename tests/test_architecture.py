"""Which room may import from which: data flow one way, and every file keeps to it."""

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

# What each room may import of ours, besides itself.  Modules beside the rooms count as rooms.
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
        "training",
    },
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
    "tables": {"_constant", "estimators", "exceptions", "fits"},
}
ONLY_PUBLIC_NAMES = ("plots", "cli")
PUBLIC_MODULES = (
    "multilayer.exceptions",
    "multilayer.network",
    "multilayer.results",
)  # modules, whose names are public where they have no _


@functools.cache
def imports(path: Path) -> frozenset[tuple[str, str | None]]:
    """(module, name) for each name that a file imports, at its top or anywhere in it; name None for plain import."""
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


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def room_imported(module: str, name: str | None) -> str | None:
    """The room of ours that an import reaches into; "" for the package itself, None for what is not ours."""
    if module.split(".")[0] != "multilayer":
        return None
    parts = module.split(".")[1:] or ([name] if name and (SOURCE / name).is_dir() else [])
    return parts[0] if parts else ""


def rooms_imported(path: Path) -> set[str]:
    rooms = {room_imported(module, name) for module, name in imports(path)}
    return {room for room in rooms if room is not None} - {room_of(path)}


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def files_of(*rooms: str) -> list[Path]:
    return [path for path in FILES if room_of(path) in rooms]


def test_the_rooms_are_found() -> None:
    assert {room_of(path) for path in FILES} >= MAY_IMPORT.keys()
    assert ("multilayer.equations.costs", "output_unit") in imports(SOURCE / "network.py")
    assert rooms_imported(SOURCE / "network.py") == {"equations", "exceptions"}


@pytest.mark.parametrize("path", files_of(*MAY_IMPORT), ids=name_of)
def test_a_room_imports_only_from_those_below_it(path: Path) -> None:
    assert rooms_imported(path) <= MAY_IMPORT[room_of(path)]


@pytest.mark.parametrize("path", files_of("equations", "exceptions"), ids=name_of)
def test_the_book_imports_numpy_alone(path: Path) -> None:
    foreign = {module.split(".")[0] for module, _ in imports(path)} - {"multilayer", *sys.stdlib_module_names}
    assert foreign <= {"numpy"}


@pytest.mark.parametrize("path", files_of(*ONLY_PUBLIC_NAMES), ids=name_of)
def test_what_looks_on_imports_public_names_only(path: Path) -> None:
    for module, name in imports(path):
        room = room_imported(module, name)
        if room is None or room == room_of(path):
            continue
        if module in PUBLIC_MODULES:
            assert name is not None
            assert not name.startswith("_")
        else:
            assert module.count(".") <= 1, f"{module} is inside a room"
            assert name in importlib.import_module(module).__all__


def test_there_are_no_cycles_between_rooms() -> None:
    graph: dict[str, set[str]] = {}
    for path in FILES:
        if path.parent == SOURCE and path.name == "__init__.py":
            continue  # it names what others hold, and loads them when they are asked for
        graph.setdefault(room_of(path), set()).update(rooms_imported(path) - {""})
    assert not graph["exceptions"] | graph["_constant"]
    assert set(graphlib.TopologicalSorter(graph).static_order()) == set(graph)  # an error where there is a cycle


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_is_pickled(path: Path) -> None:
    modules = {module.split(".")[0] for module, _ in imports(path)}
    assert modules.isdisjoint({"pickle", "cPickle", "cloudpickle", "dill", "shelve", "marshal"})
    # joblib hands members to other processes and counts cores; its files would be pickles.
    text = path.read_text(encoding="utf-8")
    assert "joblib.dump" not in text
    assert "joblib.load" not in text
    assert {("joblib", "dump"), ("joblib", "load")}.isdisjoint(imports(path))
