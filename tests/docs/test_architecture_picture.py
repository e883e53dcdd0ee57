"""The picture of the architecture shows every package, and the arrows are the imports of the code."""

from __future__ import annotations

import ast
import graphlib
import importlib
import importlib.util
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import multilayer

ROOT = Path(__file__).parents[2]
SOURCE = Path(str(multilayer.__file__)).parent
PROGRAM = ROOT / "docs" / "images" / "architecture.py"
DATA = tomllib.loads((ROOT / "docs" / "explanation" / "architecture.toml").read_text(encoding="utf-8"))
ROOMS: dict[str, dict[str, Any]] = {name: room for room in DATA["rooms"] for name in room["name"].split(", ")}
EVERYWHERE = {name for name, room in ROOMS.items() if room.get("everywhere")}

Graph = dict[str, set[str]]


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def room_of_module(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "multilayer" and len(parts) > 1 else None


def imported_rooms(path: Path) -> Iterator[str | None]:
    """The rooms of all imports of a file; a name of the package itself counts for the room that defines it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (room_of_module(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively in line {node.lineno}"
            assert node.module is not None
            if node.module != "multilayer":
                yield room_of_module(node.module)
                continue
            for alias in node.names:
                is_room = alias.name in ROOMS
                value = None if is_room else getattr(multilayer, alias.name)
                yield alias.name if is_room else room_of_module(getattr(value, "__module__", ""))


def imports() -> Graph:
    """The rooms that each room imports, without those that are everywhere."""
    graph: Graph = {}
    for path in sorted(SOURCE.rglob("*.py")):
        if path == SOURCE / "__init__.py":
            continue  # it lists names of the others and loads them on demand
        room = room_of(path)
        found = {other for other in imported_rooms(path) if other is not None}
        graph.setdefault(room, set()).update(found - EVERYWHERE - {room})
    return graph


def reachable(graph: Graph, room: str) -> set[str]:
    return set().union(*({other} | reachable(graph, other) for other in graph[room]))


def reduction(graph: Graph) -> Graph:
    """The arrows from which all others follow: those without a longer way between the same rooms."""
    return {
        room: {other for other in others if not any(other in reachable(graph, third) for third in others)}
        for room, others in graph.items()
    }


@pytest.fixture(scope="module")
def graph() -> Graph:
    return imports()


@pytest.fixture(scope="module")
def program() -> Any:
    spec = importlib.util.spec_from_file_location("architecture", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_reduction_omits_imports_that_follow_from_others() -> None:
    graph: Graph = {"a": {"b", "c", "d"}, "b": {"c"}, "c": set(), "d": set()}
    assert reduction(graph) == {"a": {"b", "d"}, "b": {"c"}, "c": set(), "d": set()}


def test_imports_are_found(graph: Graph) -> None:
    assert graph["network"] == {"equations"}
    assert {"estimators", "files", "plots"} <= graph["cli"]  # estimators as names of the package itself
    tuple(graphlib.TopologicalSorter(graph).static_order())  # raises an error where there is a cycle


def test_every_package_and_module_is_a_room(graph: Graph) -> None:
    assert set(ROOMS) == set(graph)


def test_arrows_are_the_imports_without_those_that_follow(graph: Graph) -> None:
    drawn = {name: set(room["imports"]) for name, room in ROOMS.items()}
    assert drawn == reduction(graph)


def test_rooms_without_arrows_import_only_each_other() -> None:
    for path in (path for path in SOURCE.rglob("*.py") if room_of(path) in EVERYWHERE):
        assert {room for room in imported_rooms(path) if room is not None} <= EVERYWHERE


def test_imports_lead_downwards_or_to_the_side() -> None:
    for name, room in ROOMS.items():
        for other in room["imports"]:
            assert ROOMS[other]["place"][0] >= room["place"][0], f"{name} imports {other}, which is above it"


def test_rooms_have_places_of_their_own_in_a_band() -> None:
    places = [tuple(room["place"]) for room in DATA["rooms"]]
    assert len(set(places)) == len(places)
    rows = [row for band in DATA["bands"] for row in range(band["rows"][0], band["rows"][1] + 1)]
    assert sorted({row for row, _ in places}) == rows


def test_picture_is_that_of_the_data(program: Any) -> None:
    assert program.PICTURE.read_text(encoding="utf-8") == program.draw(DATA), "run docs/images/architecture.py"


def test_text_that_does_not_fit_into_its_room_is_an_error(program: Any) -> None:
    rooms = [{"name": "a", "text": "long " * 30, "place": [0, 0], "imports": []}]
    with pytest.raises(ValueError, match="The text of a has 6 lines, of which 2 fit"):
        program.draw({"rooms": rooms, "bands": [{"title": "All", "rows": [0, 0]}]})
