"""Writes the pages of the reference: one for each module of the public interface, and one for each command.

Both follow the code: modules list the names of their ``__all__``, and commands are those of the click group. Pages are
written to reference/api and reference/commands before Sphinx reads its sources, and only when their text has changed.
"""

from __future__ import annotations

import importlib
import inspect
import re
import tomllib
from pathlib import Path
from typing import Any

from multilayer.cli import main

HERE = Path(__file__).parent
SINCE = HERE.parent / "reference" / "since.toml"

COMMANDS = list(main.commands)
# Modules in the order of the reference, with the title of each.
MODULES = {
    "multilayer": "Estimators and files",
    "multilayer.tables": "Tables",
    "multilayer.tables.models": "Table models",
    "multilayer.selection": "Cross-validation, search and curves",
    "multilayer.ensembles": "Ensembles",
    "multilayer.plots": "Pictures",
    "multilayer.inspection": "Inspection",
    "multilayer.callbacks": "Callbacks",
    "multilayer.training": "Training: schedules, events, sessions",
    "multilayer.files": "Files",
    "multilayer.exports": "Exports",
    "multilayer.mlflow": "MLflow",
    "multilayer.equations": "Equations",
    "multilayer.equations.core": "The textbook on one page",
    "multilayer.learn": "Exercises and mistakes",
    "multilayer.learn.bugs": "Mistakes in backpropagation",
    "multilayer.playground": "The playground",
    "multilayer.estimators": "What estimators return",
    "multilayer.engines": "Engines",
    "multilayer.packs": "Packs",
    "multilayer.network": "Networks",
    "multilayer.results": "Results that print",
    "multilayer.exceptions": "Errors and warnings",
}


def names_of(module: str) -> list[str]:
    """The public names of a module: its ``__all__``, or the classes and functions that it defines."""
    loaded = importlib.import_module(module)
    own = [name for name, value in vars(loaded).items() if getattr(value, "__module__", "") == module]
    names = getattr(loaded, "__all__", [name for name in own if not name.startswith("_")])
    return [name for name in names if not name.startswith("_")]


def _write(path: Path, text: str) -> None:
    """Write a page unless it has this text; a page with an older date would be built again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _homes() -> dict[int, str]:
    """The module whose page describes each object: the package itself, else the one that defines it, else the first."""
    homes: dict[int, str] = {}
    for module in MODULES:
        for name in names_of(module):
            value = getattr(importlib.import_module(module), name)
            first = homes.setdefault(id(value), module)
            if first != "multilayer" and getattr(value, "__module__", "").startswith(f"{module}."):
                homes[id(value)] = module
    return homes


def _module_page(module: str, title: str, homes: dict[int, str]) -> str:
    """The page of a module, which describes the objects whose home it is."""
    groups: dict[str, list[str]] = {"Classes": [], "Functions": [], "Constants": []}
    elsewhere: list[str] = []
    loaded = importlib.import_module(module)
    for name in names_of(module):
        value = getattr(loaded, name)
        if callable(value) and homes[id(value)] != module:
            elsewhere.append(f":obj:`{name} <{homes[id(value)]}.{name}>`")
            continue
        is_exception = inspect.isclass(value) and issubclass(value, BaseException)
        kind = "Classes" if inspect.isclass(value) else "Functions" if callable(value) else "Constants"
        groups.setdefault("Errors and warnings" if is_exception else kind, []).append(name)
    lines = [title, "=" * len(title), "", f"Module ``{module}``.", ""]
    lines += [f".. automodule:: {module}", "   :no-members:", ""]
    lines += [f".. currentmodule:: {module}", ""]
    for group, names in groups.items():
        if names and group != "Constants":
            lines += [group, "-" * len(group), "", ".. autosummary::", "   :toctree: names", "   :nosignatures:", ""]
            lines += [f"   {name}" for name in names] + [""]
    if groups["Constants"]:
        lines += ["Constants", "---------", ""]
        for name in groups["Constants"]:
            lines += [f".. autodata:: {name}", "   :no-value:", ""]
    if elsewhere:
        lines += ["Also in this module: " + ", ".join(elsewhere) + ".", ""]
    return "\n".join(lines)


def _index_page(kind: str, entries: list[str], introduction: str) -> str:
    return "\n".join([kind, "=" * len(kind), "", introduction, "", ".. toctree::", "   :maxdepth: 1", "", *entries, ""])


def _command_page(name: str) -> str:
    """The page of a command, whose title the directive writes."""
    return f".. click:: multilayer.cli.group:{name}\n   :prog: multilayer {name}\n   :nested: full\n"


def write_pages(app: Any, config: Any) -> None:
    """Write all pages of the reference that are made from the code."""
    reference = Path(app.srcdir) / "reference"
    homes = _homes()
    for module, title in MODULES.items():
        _write(reference / "api" / f"{module}.rst", _module_page(module, title, homes))
    listed = [f"   {module}" for module in MODULES]
    _write(reference / "api" / "index.rst", _index_page("Python", listed, "Every public name, by module."))
    for name in COMMANDS:
        _write(reference / "commands" / f"{name}.rst", _command_page(name))
    introduction = "``multilayer COMMAND --help`` prints the same text as each of these pages."
    entries = [f"   {name}" for name in COMMANDS]
    _write(reference / "commands" / "index.rst", _index_page("Command line", entries, introduction))


def add_version(app: Any, what: str, name: str, given: Any, options: Any, lines: list[str]) -> None:
    """Add to the docstring of a public name the version that it was first in, and link the pages that it names."""
    link_pages(lines)
    version = since().get(name)
    if version and lines:
        lines += ["", f".. versionadded:: {version}", ""]


def link_pages(lines: list[str]) -> None:
    """Turn the paths of pages, such as docs/how-to/tables.md, which help in a terminal, into links."""
    for i, line in enumerate(lines):
        linked = re.sub(r"(?<![`\w/])docs/([\w/-]+)\.md", r":doc:`/\1`", line)
        lines[i] = re.sub(r"(?<![`\w/])src/multilayer/files/FORMAT\.md", ":doc:`/reference/file-format`", linked)


def since() -> dict[str, str]:
    """The version that each public name was first in, by its full name."""
    table = tomllib.loads(SINCE.read_text(encoding="utf-8"))
    return {name: version for version, names in table.items() for name in names}


def skip_foreign(app: Any, what: str, name: str, given: Any, skip: bool, options: Any) -> bool | None:
    """Leave out the methods that scikit-learn's classes bring along."""
    module = getattr(given, "__module__", None) or getattr(getattr(given, "fget", None), "__module__", None) or ""
    return True if module.split(".")[0] in ("sklearn", "numpy", "builtins") else None


def setup(app: Any) -> dict[str, bool]:
    """Connect the functions to the events of Sphinx."""
    app.connect("config-inited", write_pages)  # before Sphinx looks for its sources
    app.connect("autodoc-process-docstring", add_version, priority=900)  # after numpydoc
    app.connect("autodoc-skip-member", skip_foreign)
    app.connect("sphinx-click-process-description", lambda *given: link_pages(given[-1]))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
