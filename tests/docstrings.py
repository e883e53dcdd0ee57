"""Check the docstrings of all public names with the rules of numpydoc; ``make lint`` runs this file.

The public names are those in ``__all__`` of the subpackages, those of three modules, and the public methods and
properties of all classes among them. Pass the names of subpackages to check only these.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from typing import Any

from numpydoc.docscrape import get_doc_object
from numpydoc.validate import ALLOWED_SECTIONS, Validator, validate

import multilayer

MODULES = ("exceptions", "network", "results")  # without __all__: all names that they define without an underscore

# The order of numpydoc, but References come last: examples are more useful to most readers.
ORDER = [*(section for section in ALLOWED_SECTIONS if section != "References"), "References"]
# Rules that are not applied: the order of numpydoc; extended summaries, See Also and examples, which are not always
# needed; and the first word of a summary, because "Class" and "Loss" end in s.
SKIPPED = {"GL07", "ES01", "SA01", "EX01", "SS05"}


class Checker(Validator):
    """A validator that finds the fields of a record among its Attributes, and accepts inherited docstrings."""

    def __init__(self, given: Any) -> None:
        super().__init__(get_doc_object(given, config={"show_class_members": False}))

    @property
    def signature_parameters(self) -> tuple[str, ...]:
        if inspect.isclass(self.obj) and (issubclass(self.obj, BaseException) or _is_protocol(self.obj)):
            return ()
        names: tuple[str, ...] = super().signature_parameters
        if not self._is_record():
            return names
        # Fields may be among the Attributes if users receive the record but do not create it.
        return tuple(name for name in names if name not in self._doc_parameters(["Attributes"]))

    def _is_record(self) -> bool:
        return inspect.isclass(self.obj) and (dataclasses.is_dataclass(self.obj) or issubclass(self.obj, tuple))


def _is_protocol(given: Any) -> bool:
    return bool(getattr(given, "_is_protocol", False))


def packages() -> list[str]:
    """Return the subpackages and the public modules; these define everything that the package exports."""
    return sorted([*(room.name for room in pkgutil.iter_modules(multilayer.__path__) if room.ispkg), *MODULES])


def public_names(package: str) -> Iterator[tuple[str, Any]]:
    """Yield every public name of a package with its object, and the public methods and properties of its classes."""
    module = importlib.import_module(f"multilayer.{package}")
    own = [name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
    for name in getattr(module, "__all__", [name for name in own if not name.startswith("_")]):
        given = getattr(module, name)
        if not (inspect.isclass(given) or inspect.isfunction(given)):
            continue  # a constant, which is described by a comment
        yield f"{module.__name__}.{name}", given
        for method, value in vars(given).items() if inspect.isclass(given) else ():
            value = getattr(value, "__func__", value)
            if not method.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
                yield f"{module.__name__}.{name}.{method}", value


def inherits_docstring(name: str, given: Any) -> bool:
    """Return whether a method without a docstring overrides one that has a docstring."""
    owner = importlib.import_module(name.rsplit(".", 2)[0])
    kind = getattr(owner, name.split(".")[-2], None)
    return given.__doc__ is None and kind is not None and bool(inspect.getdoc(getattr(kind, given.__name__)))


def faults(name: str, given: Any) -> Iterator[str]:
    """Yield the faults of one docstring."""
    skipped = SKIPPED
    if isinstance(given, property):  # documented like an attribute: the summary states what it returns
        given, skipped = given.fget, SKIPPED | {"RT01"}
    if inherits_docstring(name, given):
        return
    checker = Checker(given)
    for code, text in validate(name, validator_cls=lambda **_: checker)["errors"]:
        if code not in skipped:
            yield f"{name}: {code} {text}"
    titles = [title for title in checker.section_titles if title in ORDER]
    if titles != sorted(titles, key=ORDER.index):
        yield f"{name}: sections are in the wrong order: {', '.join(titles)}"


def main() -> int:
    wanted = sys.argv[1:] or packages()
    found = [fault for package in wanted for name, given in public_names(package) for fault in faults(name, given)]
    print(*found, sep="\n")
    print(f"{len(found)} faults in the docstrings of {', '.join(wanted)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
