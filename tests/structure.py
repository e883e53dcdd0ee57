"""Measures of the structure of the code: the path of one fit, import cycles, and sizes.

    make structure      or      python tests/structure.py

Counted are, from the call of ``fit`` or ``cross_validate`` to the first call of an engine's ``descend``:

- calls: of functions, methods and properties that the package defines, with ``sys.setprofile``; not of lambda
  functions, comprehensions and generator expressions, and not of methods that dataclasses generate. A generator
  counts each time it is resumed.
- functions, files: the distinct ones among these calls.
- entries into a file: calls whose caller, the innermost running function of the package, is in another file. A
  return is not counted.

The table is small, and everything is imported and compiled before. ``cross_validate`` uses three folds and one thread.
"""

from __future__ import annotations

import ast
import statistics
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np

import multilayer
from multilayer import MLPClassifier
from multilayer.selection import cross_validate

SOURCE = Path(str(multilayer.__file__)).parent
FOLDER = str(SOURCE / "_").removesuffix("_")  # with the separator at its end
NOT_COUNTED = {"<lambda>", "<genexpr>", "<listcomp>", "<dictcomp>", "<setcomp>", "<module>"}
TARGETS = {
    "fit: calls": 90,
    "fit: files": 18,
    "fit: entries into one file": 3,
    "cross_validate: calls": 160,
    "cross_validate: files": 24,
    "circles of imports": 0,
    "lines": 24_000,
    "lines in cli": 2_800,
    "lines in plots": 2_200,
}


@dataclass
class Trace:
    """The calls of one run, up to the first call of an engine's ``descend``."""

    calls: Counter[CodeType] = field(default_factory=Counter)
    entries: Counter[str] = field(default_factory=Counter)  # by file
    has_ended: bool = False

    @classmethod
    def of(cls, run: Callable[[], Any]) -> Trace:
        trace = cls()
        before = sys.getprofile()
        threading.setprofile(trace)
        sys.setprofile(trace)
        try:
            run()
        finally:
            sys.setprofile(before)
            threading.setprofile(None)  # type: ignore[arg-type]
        if not trace.has_ended:
            raise RuntimeError("No engine's descend was called. Is it still the name of the engines' method?")
        return trace

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if self.has_ended or event != "call" or not is_counted(code):
            return
        self.calls[code] += 1
        caller = frame.f_back
        while caller is not None and not is_counted(caller.f_code):
            caller = caller.f_back
        if caller is None or caller.f_code.co_filename != code.co_filename:
            self.entries[file_of(code)] += 1
        self.has_ended = code.co_name == "descend" and file_of(code).startswith("engines/")

    @property
    def files(self) -> set[str]:
        return {file_of(code) for code in self.calls}

    def measures(self) -> dict[str, int]:
        return {
            "calls": self.calls.total(),
            "functions": len(self.calls),
            "files": len(self.files),
            "entries into files entered before": self.entries.total() - len(self.entries),
            "entries into one file": max(self.entries.values()),
        }


def is_counted(code: CodeType) -> bool:
    return code.co_filename.startswith(FOLDER) and code.co_name not in NOT_COUNTED


def file_of(code: CodeType) -> str:
    return Path(code.co_filename).relative_to(SOURCE).as_posix()


def trace_fit() -> Trace:
    X, y = _small_table()

    def run() -> None:
        MLPClassifier(max_iter=2, n_iter_no_change=None, random_state=0).fit(X, y)

    run()  # imports and compiles
    return Trace.of(run)


def trace_cross_validate() -> Trace:
    X, y = _small_table()
    estimator = MLPClassifier(max_iter=2, n_iter_no_change=None, random_state=0)

    def run() -> None:
        cross_validate(estimator, X, y, cv=3, n_jobs=1)

    run()
    return Trace.of(run)


def _small_table() -> tuple[np.ndarray, np.ndarray]:
    X = np.random.RandomState(0).normal(size=(90, 4))
    return X, (X[:, 0] > 0).astype(int)


def import_graph(source: Path = SOURCE) -> dict[str, set[str]]:
    """Return the modules of the package that each module imports: at the top, in functions, and for type checking."""
    paths = {".".join(_module_parts(path, source)): path for path in source.rglob("*.py")}
    return {name: {each for each in _imports(path, paths) if each != name} for name, path in paths.items()}


def _module_parts(path: Path, source: Path) -> tuple[str, ...]:
    parts = (source.name, *path.relative_to(source).with_suffix("").parts)
    return parts[:-1] if parts[-1] == "__init__" else parts


def _imports(path: Path, known: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = [f"{node.module}.{name.name}" for name in node.names]
            names = [each if each in known else node.module for each in inside]
        yield from (name for name in names if name in known)


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return groups of modules that all import each other, directly or through others of the group."""
    reached = {name: _reachable(name, graph) for name in graph}
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in graph
        if name in reached[name]
    }
    return [list(group) for group in sorted(groups)]


def _reachable(name: str, graph: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(graph[name])
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += graph[each]
    return found


def sizes() -> dict[str, int]:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCE.rglob("*.py")}
    rooms: Counter[str] = Counter()
    for path, n in lines.items():
        rooms[path.relative_to(SOURCE).parts[0]] += n
    return {
        "lines": sum(lines.values()),
        "files": len(lines),
        "files under 100 lines": sum(n < 100 for n in lines.values()),
        "lines in the median file": round(statistics.median(lines.values())),
        "lines in cli": rooms["cli"],
        "lines in plots": rooms["plots"],
    }


def measures() -> dict[str, int]:
    """Return all measures by name."""
    found = {f"fit: {name}": value for name, value in trace_fit().measures().items()}
    found |= {f"cross_validate: {name}": value for name, value in trace_cross_validate().measures().items()}
    return found | {"circles of imports": len(circles(import_graph()))} | sizes()


def main() -> None:
    warnings.simplefilter("ignore")
    print(f"{'measure':<52} {'now':>7}  {'at most':>7}")
    for name, value in measures().items():
        target = f"{TARGETS[name]:>7,}" if name in TARGETS else ""
        print(f"{name:<52} {value:>7,}  {target}".rstrip())
    for title, trace in (("fit", trace_fit()), ("cross_validate", trace_cross_validate())):
        most = ", ".join(f"{file} {n}" for file, n in trace.entries.most_common(5))
        print(f"Files that {title} enters most often: {most}")
    for circle in circles(import_graph()):
        print(f"Circle of imports: {', '.join(circle)}")


if __name__ == "__main__":
    main()
