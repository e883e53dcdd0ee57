"""The key of the kernel cache: one digest of everything that the machine code of a kernel depends on.

Numba compiles the functions of this process, not the files on disk.  So the digest is computed from the objects in
memory: the bytecode and the constants of a kernel and of every function that it reaches, the values of the globals and
closures that these name (they are frozen into machine code), the options that they are compiled with, the record types
among the arguments, and versions, Numba's settings and the processor.  It is the same for a package in a folder, in a
zip and without sources, and changes if a constant is edited or replaced.

Objects of Python or of a package whose version is in the key are described by their names.  An object that this module
cannot describe raises :class:`IndescribableError`, and its kernel is then not stored, because an incomplete key could
load the wrong kernel.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

PACKAGE = __name__.partition(".")[0]
PACKAGES_IN_KEY = ("numba", "llvmlite", "numpy", "scipy")
# Numba's settings, besides name and features of the processor, that change machine code.
NUMBA_SETTINGS = (
    "BOUNDSCHECK", "DEBUGINFO_DEFAULT", "DEBUG_NRT", "DISABLE_INTEL_SVML", "ENABLE_AVX", "ENABLE_PROFILING",
    "LLVM_REFPRUNE_FLAGS", "LLVM_REFPRUNE_PASS", "LOOP_VECTORIZE", "OPT", "SLP_VECTORIZE",
)  # fmt: skip

_NAMED_ATTRIBUTES = ("__wrapped__",)  # set on a function by functools.wraps, and also in its closure

# Digests of code objects, which never change.  The objects are kept, because the id of a deleted one can be reused.
_CODES: dict[int, tuple[CodeType, str]] = {}


class IndescribableError(Exception):
    """An object that a kernel depends on has no description that is the same in each process."""


class _Description:
    """A digest of a sequence of objects.  An object is described when it first occurs, and later by its number."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._numbers: dict[int, int] = {}
        self._held: list[Any] = []  # kept, because the id of a deleted object can be reused

    def hexdigest(self) -> str:
        return hashlib.sha256("".join(self._words).encode("utf-8", "surrogatepass")).hexdigest()

    def text(self, *words: object) -> None:
        for word in map(str, words):
            self._words.append(f"{len(word)}:{word}")  # the length, so that ("ab", "c") is not ("a", "bc")

    def add(self, thing: Any, names: Iterable[str] = ()) -> None:
        """Describe an object; of a module, the attributes with these names."""
        if thing is None or isinstance(thing, bool | int | str | bytes | float | complex) or thing is ...:
            self.text(type(thing).__qualname__, repr(thing))  # repr distinguishes -0.0 from 0.0, and gives all digits
        elif isinstance(thing, ModuleType):
            self._add_module(thing, names)
        elif id(thing) in self._numbers:
            self.text("again", self._numbers[id(thing)])
        else:
            self._numbers[id(thing)] = len(self._numbers)
            self._held.append(thing)
            self._add_object(thing)

    def _add_object(self, thing: Any) -> None:
        kind = type(thing)
        self.text(kind.__module__, kind.__qualname__)
        if kind in (tuple, list) or (isinstance(thing, tuple) and hasattr(kind, "_fields")):
            self.text(len(thing), *getattr(kind, "_fields", ()))
            self._add_all(thing)
        elif kind is dict:
            self.text(len(thing))
            self._add_all(part for item in thing.items() for part in item)
        elif kind in (set, frozenset):
            self.text(*sorted(_digest_of(part) for part in thing))
        elif isinstance(thing, np.ndarray | np.generic):
            self._add_array(np.asarray(thing))
        elif isinstance(thing, np.dtype | np.ufunc):
            self.text(thing)
        elif isinstance(thing, CodeType):
            self._add_code(thing)
        elif isinstance(thing, type | FunctionType | BuiltinFunctionType) and _goes_by_version(thing):
            self.text(thing.__module__, thing.__qualname__)
        elif isinstance(thing, FunctionType):
            self._add_function(thing)
        elif isinstance(thing, type):
            self._add_class(thing)
        elif isinstance(thing, staticmethod | classmethod):
            self.add(thing.__func__)
        elif isinstance(thing, property):
            self._add_all((thing.fget, thing.fset, thing.fdel))
        else:
            self._add_of_numba(thing)

    def _add_all(self, things: Iterable[Any]) -> None:
        for thing in things:
            self.add(thing)

    def _add_array(self, array: np.ndarray[Any, Any]) -> None:
        if array.dtype.hasobject:
            raise IndescribableError(f"an array of {array.dtype}")
        self.text(array.dtype.str, array.shape)
        self.text(array.tobytes().hex())

    def _add_code(self, code: CodeType) -> None:
        known = _CODES.get(id(code))
        if known is None:
            inside = _Description()
            inside._add_parts_of_code(code)
            known = _CODES[id(code)] = (code, inside.hexdigest())
        self.text(known[1])

    def _add_parts_of_code(self, code: CodeType) -> None:
        # Line numbers and paths are excluded: machine code does not contain them.
        self.text(code.co_qualname, code.co_flags, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)
        self._add_all((code.co_code, code.co_exceptiontable, code.co_names, code.co_varnames))
        self._add_all((code.co_freevars, code.co_cellvars, code.co_consts))

    def _add_function(self, function: FunctionType) -> None:
        self.text(function.__module__, function.__qualname__)
        self._add_all((function.__code__, function.__defaults__, function.__kwdefaults__))
        for cell in function.__closure__ or ():
            self.add(_content(cell))
        own = {name: value for name, value in vars(function).items() if name not in _NAMED_ATTRIBUTES}
        self.add(own)
        names = _names_in(function.__code__)
        for name in names:
            if name in function.__globals__:
                self.text(name)
                self.add(function.__globals__[name], names)

    def _add_class(self, class_: type) -> None:
        self.text(class_.__module__, class_.__qualname__)
        if issubclass(class_, tuple) and hasattr(class_, "_fields"):  # a record, whose methods Python makes
            self.text(*class_._fields)
            return
        self._add_all(class_.__bases__)
        for name, value in vars(class_).items():
            if name not in ("__dict__", "__weakref__", "__doc__", "__module__", "__abstractmethods__", "_abc_impl"):
                self.text(name)
                self.add(value)

    def _add_module(self, module: ModuleType, names: Iterable[str]) -> None:
        self.text("module", module.__name__)
        if not _goes_by_version(module):
            for name in names:
                if name in vars(module):
                    self.text(name)
                    self.add(vars(module)[name], names)

    def _add_of_numba(self, thing: Any) -> None:
        """Describe a Numba dispatcher, intrinsic or type."""
        from numba.core import types
        from numba.core.dispatcher import Dispatcher
        from numba.core.extending import _Intrinsic

        inside: Any = thing  # Numba's type hints omit private attributes
        if isinstance(thing, Dispatcher):
            options = {name: thing.targetoptions[name] for name in sorted(thing.targetoptions)}
            self._add_all((thing.py_func, options, inside._compiler.pipeline_class))
        elif isinstance(thing, _Intrinsic):
            self._add_all((thing._defn, thing._prefer_literal, dict(thing._ctor_kwargs)))
        elif isinstance(thing, types.Type):
            self.add_type(thing)
        else:
            raise IndescribableError(f"{type(thing).__module__}.{type(thing).__qualname__}")

    def add_type(self, type_: Any) -> None:
        """Describe one of Numba's types; its name does not contain the names of a record's fields."""
        self.text(type_)
        record = getattr(type_, "instance_class", None)
        if record is not None:
            self.text(record.__module__, record.__qualname__, *getattr(record, "_fields", ()))
        for part in getattr(type_, "types", ()):
            self.add_type(part)


def kernel_key(function: Callable[..., Any], argument_types: Iterable[Any], options: Any, codegen: Any) -> str:
    """Return the digest of everything that a kernel's machine code depends on, for arguments of these types.

    Raises
    ------
    IndescribableError
        If one of them cannot be described.
    """
    description = _Description()
    description.add(machine_key(codegen))
    description.add(options)
    description.add(function)
    for type_ in argument_types:
        description.add_type(type_)
    return description.hexdigest()


def machine_key(codegen: Any) -> tuple[Any, ...]:
    """Return versions, settings and processor."""
    from llvmlite import binding
    from numba.core import config

    versions = [(name, import_module(name).__version__) for name in PACKAGES_IN_KEY]
    return (
        (PACKAGE, sys.modules[PACKAGE].__version__),
        (sys.implementation.name, *map(str, sys.version_info)),
        *versions,
        tuple(binding.llvm_version_info),
        tuple((name, repr(getattr(config, name, None))) for name in NUMBA_SETTINGS),
        tuple(map(str, codegen.magic_tuple())),
    )


def _digest_of(thing: Any) -> str:
    description = _Description()
    description.add(thing)
    return description.hexdigest()


def _goes_by_version(thing: Any) -> bool:
    """Return whether a module, class or function is from Python or from a package whose version is in the key."""
    name = thing.__name__ if isinstance(thing, ModuleType) else thing.__module__
    first = str(name).partition(".")[0]
    return first in PACKAGES_IN_KEY or first in sys.stdlib_module_names


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError as error:
        raise IndescribableError("a variable that has no value yet") from error


def _names_in(code: CodeType) -> list[str]:
    """Return the names of globals and attributes in a function and in its nested functions."""
    inside = [const for const in code.co_consts if isinstance(const, CodeType)]
    names = [*code.co_names, *(name for each in inside for name in _names_in(each))]
    return list(dict.fromkeys(names))
