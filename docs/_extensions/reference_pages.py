"""Writes the pages of the reference: one for each module of the public interface, and one for each command.

Both follow the code: modules list the names of their ``__all__``, and commands are those of the click group. Pages are
written to reference/api and reference/commands before Sphinx reads its sources, and only when their text has changed.
"""

from __future__ import annotations

import importlib
import inspect
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
    "multilayer.estimators": "What estimators return",
    "multilayer.engines": "Engines",
    "multilayer.packs": "Packs",
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


def _module_page(module: str, title: str) -> str:
    groups: dict[str, list[str]] = {"Classes": [], "Functions": [], "Constants": []}
    loaded = importlib.import_module(module)
    for name in names_of(module):
        value = getattr(loaded, name)
        is_exception = inspect.isclass(value) and issubclass(value, BaseException)
        kind = "Classes" if inspect.isclass(value) else "Functions" if callable(value) else "Constants"
        groups.setdefault("Errors and warnings" if is_exception else kind, []).append(name)
    heading = f"``{module}``: {title}"
    lines = [heading, "=" * len(heading), "", f".. automodule:: {module}", "   :no-members:", ""]
    lines += [f".. currentmodule:: {module}", ""]
    for group, names in groups.items():
        if names and group != "Constants":
            lines += [group, "-" * len(group), "", ".. autosummary::", "   :toctree: names", "   :nosignatures:", ""]
            lines += [f"   {name}" for name in names] + [""]
    if groups["Constants"]:
        lines += ["Constants", "---------", ""]
        for name in groups["Constants"]:
            lines += [f".. autodata:: {name}", "   :no-value:", ""]
    return "\n".join(lines)


def _index_page(kind: str, entries: list[str], introduction: str) -> str:
    return "\n".join([kind, "=" * len(kind), "", introduction, "", ".. toctree::", "   :maxdepth: 1", "", *entries, ""])


def _command_page(name: str) -> str:
    title = f"multilayer {name}"
    directive = [f".. click:: multilayer.cli.group:{name}", f"   :prog: {title}", "   :nested: full"]
    return "\n".join([title, "=" * len(title), "", *directive, ""])


def write_pages(app: Any) -> None:
    """Write all pages of the reference that are made from the code."""
    reference = Path(app.srcdir) / "reference"
    for module, title in MODULES.items():
        _write(reference / "api" / f"{module}.rst", _module_page(module, title))
    listed = [f"   {module}" for module in MODULES]
    _write(reference / "api" / "index.rst", _index_page("Python", listed, "Every public name, by module."))
    for name in COMMANDS:
        _write(reference / "commands" / f"{name}.rst", _command_page(name))
    introduction = "``multilayer COMMAND --help`` prints the same text as each of these pages."
    entries = [f"   {name}" for name in COMMANDS]
    _write(reference / "commands" / "index.rst", _index_page("Command line", entries, introduction))


def add_version(app: Any, what: str, name: str, given: Any, options: Any, lines: list[str]) -> None:
    """Add to the docstring of a public name the version that it was first in."""
    version = since().get(name)
    if version and lines:
        lines += ["", f".. versionadded:: {version}", ""]


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
    app.connect("builder-inited", write_pages, priority=100)  # before autosummary reads the pages
    app.connect("autodoc-process-docstring", add_version, priority=900)  # after numpydoc
    app.connect("autodoc-skip-member", skip_foreign)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
