"""The keys of stored kernels: one digest of everything that the machine code of a kernel depends on.

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

import functools
import hashlib
import sys
from collections.abc import Callable, Iterable
from importlib import import_module, metadata
from importlib.util import find_spec
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from multilayer.engines.cpu import processor
from multilayer.engines.cpu.arguments import Signature, described

PACKAGE = __name__.partition(".")[0]
PACKAGES_IN_KEY = ("numba", "llvmlite", "numpy", "scipy")
# The modules that turn functions into machine code.
COMPILER_MODULES = ("compiler", "entries", "pipelines", "arguments", "loading")

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
        names = self._names_of(function)
        for name in names:
            if name in function.__globals__:
                self.text(name)
                self.add(function.__globals__[name], names)

    def _names_of(self, function: FunctionType) -> list[str]:
        return _names_in(function.__code__)

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
        """Describe a type of Numba, or a function that Numba has compiled elsewhere."""
        numba = sys.modules.get("numba")
        if numba is not None and isinstance(thing, numba.core.dispatcher.Dispatcher):
            self._add_all((thing.py_func, {name: thing.targetoptions[name] for name in sorted(thing.targetoptions)}))
        elif numba is not None and isinstance(thing, numba.core.types.Type):
            self.text(thing)
        else:
            raise IndescribableError(f"{type(thing).__module__}.{type(thing).__qualname__}")


class _PortableDescription(_Description):
    """A digest that is the same in every version of Python: functions are described by the text of their modules."""

    def __init__(self) -> None:
        super().__init__()
        self.modules = {f"{__package__}.{name}" for name in COMPILER_MODULES}

    def _add_code(self, code: CodeType) -> None:
        self.text(code.co_qualname, code.co_firstlineno)

    def _add_function(self, function: FunctionType) -> None:
        self.modules.add(function.__module__)
        super()._add_function(function)

    def _add_class(self, class_: type) -> None:
        self.modules.add(class_.__module__)
        self.text(class_.__module__, class_.__qualname__, *getattr(class_, "_fields", ()))

    def _names_of(self, function: FunctionType) -> list[str]:
        return sorted(super()._names_of(function))


def kernel_key(function: Callable[..., Any], signature: Signature, host: tuple[str, str]) -> str:
    """Return the digest of everything that a kernel's machine code depends on, for the cache of this computer.

    Parameters
    ----------
    function : callable
        The kernel.
    signature : Signature
        The types of its arguments.
    host : tuple of two str
        Name and features of the processor.

    Returns
    -------
    str
        The digest.

    Raises
    ------
    IndescribableError
        If something that the kernel depends on cannot be described.
    """
    description = _Description()
    description.add((*machine_key(), host))
    for name in COMPILER_MODULES:
        description.add(_code_of(f"{__package__}.{name}"))
    description.add(function)
    description.text(described(signature))
    return description.hexdigest()


def portable_key(function: Callable[..., Any], signature: Signature, level: str) -> str:
    """Return the digest of everything that a kernel's machine code depends on, for the installed package.

    It depends on the text of the modules with the functions that the kernel reaches, on the values of their globals
    and closures in this process, on the types of the arguments and on the processor, and on no version of another
    package.

    Parameters
    ----------
    function : callable
        The kernel.
    signature : Signature
        The types of its arguments.
    level : str
        The name of a level of ``shipped.py``.

    Returns
    -------
    str
        The digest.

    Raises
    ------
    IndescribableError
        If something that the kernel depends on cannot be described, or a module has no text.
    """
    description = _PortableDescription()
    description.text(sys.modules[PACKAGE].__version__, sys.platform, level)
    description.add(function)
    description.text(described(signature))
    for name in sorted(description.modules):
        description.text(name, _digest_of_source(name))
    return description.hexdigest()


def machine_key() -> tuple[Any, ...]:
    """Return versions and settings."""
    from llvmlite import binding

    versions = [(name, sys.modules[name].__version__) for name in PACKAGES_IN_KEY if name != "numba"]
    return (
        (PACKAGE, sys.modules[PACKAGE].__version__),
        (sys.implementation.name, *map(str, sys.version_info)),
        ("numba", _version_of_numba()),
        *versions,
        tuple(binding.llvm_version_info),
        processor.changed_settings(),
        binding.get_process_triple(),
    )


def _version_of_numba() -> str:
    try:
        return metadata.version("numba")  # importing Numba takes long
    except metadata.PackageNotFoundError:
        return str(import_module("numba").__version__)


@functools.cache
def _code_of(module: str) -> CodeType:
    code: CodeType | None = getattr(_loader_of(module), "get_code", _nothing)(module)
    if code is None:
        raise IndescribableError(f"the module {module}, which has no code")
    return code


@functools.cache
def _digest_of_source(module: str) -> str:
    source: str | None = getattr(_loader_of(module), "get_source", _nothing)(module)
    if source is None:
        raise IndescribableError(f"the module {module}, which has no source")
    return hashlib.sha256(source.encode()).hexdigest()


def _loader_of(module: str) -> Any:
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):  # a script
        return None
    return None if spec is None else spec.loader


def _nothing(module: str) -> None: ...


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
