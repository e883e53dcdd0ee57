"""The kernel cache: machine code on disk, so that the next process need not compile.

This cache replaces Numba's cache, which has these faults: it detects changes only in the file of a kernel, while our
kernels are spread over several files; two processes that compile at once can corrupt its index file; a truncated file
raises; if no folder is writable it raises at import; and it unpickles its files.  Here each entry is one file, named by
a digest of everything that it depends on (``dependencies.py``), read only if it is safe to run (``folders.py``),
checked by its digest, and replaced atomically.  After any failure, the kernel is compiled.

A file holds, in this order: ``MAGIC``; the SHA-256 digest of all that follows; the length of the header, 4 bytes; the
header, JSON; the machine code; LLVM's bitcode.  There is no pickle in it, and no name in it is imported.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import compiler, funcdesc, sigutils, types
from numba.core.environment import Environment, lookup_environment
from numba.core.typing import signature

from multilayer.engines.cpu import folders
from multilayer.engines.cpu.dependencies import kernel_key
from multilayer.engines.protocol import report_compilation

MAGIC = b"multilayer kernel 1\n"
# The return types of kernels.
RETURN_TYPES = {str(each): each for each in (types.none, types.boolean, types.int32, types.int64, types.float64)}


class _Unkept(Exception):
    """A compiled kernel cannot be stored, or a file cannot be used."""


class KernelCache:
    """The cache that a Numba dispatcher uses before and after a compilation, under a lock of Numba."""

    # Set when the first kernel is called, not when the module is imported; shared by all kernels.
    _folders: list[Path] | None = None
    _writable: Path | None = None
    # The kernels that were compiled in this process, with their keys: see _check_unchanged.
    _compiled: tuple[tuple[KernelCache, Any, str], ...] = ()
    _has_changed = False

    def __init__(self, name: str, function: Callable[..., Any], options: dict[str, Any]) -> None:
        self._name, self._function, self._options = name, function, options
        self._enabled = True
        self._keys: dict[Any, str] = {}  # keys by signature, for kernels being compiled

    @property
    def cache_path(self) -> str:
        """Return the folder of new kernels."""
        self._look()
        return str(self._writable or "")

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Load the kernel for arguments of these types; return None if it must be compiled."""
        target_context.refresh()
        self._keys[sig] = key = self._key(sig, target_context.codegen())
        for folder in self._look() if key and self._enabled else ():
            stored = folders.read_trusted(self._path(folder, key))
            try:
                if stored is not None:
                    return self._restored(stored, key, sig, target_context)
            except MemoryError:
                raise
            except Exception:
                pass  # a damaged file, or a version of Numba with other internals: compile again
        report_compilation(self._name)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Store a compiled kernel, if it can be stored."""
        try:
            key = self._keys.pop(sig)
            self._look()
            if self._enabled and self._writable is not None:
                self._check_unchanged(sig, data.codegen, key)
                folders.write_whole(self._path(self._writable, key), _container(data, key))
        except Exception:
            pass  # the disk is full, or the kernel cannot be stored: the next process compiles it again

    def enable(self) -> None:
        self._enabled = True

    def disable(self) -> None:
        self._enabled = False

    def flush(self) -> None:
        """Remove the files of this kernel."""
        self._look()
        for path in self._writable.glob(f"{self._name}-*.kernel") if self._writable else ():
            path.unlink(missing_ok=True)

    def _key(self, sig: Any, codegen: Any) -> str:
        """Return the key of a kernel, or "" if it has none."""
        argument_types, _ = sigutils.normalize_signature(sig)
        try:
            return kernel_key(self._function, argument_types, self._options, codegen)
        except MemoryError:
            raise
        except Exception:
            return ""

    def _path(self, folder: Path, key: str) -> Path:
        return folder / f"{self._name}-{key[:40]}.kernel"

    @classmethod
    def _look(cls) -> list[Path]:
        if cls._folders is None:
            cls._writable = folders.first_writable(looked_into := folders.candidates(numba.config.CACHE_DIR))
            cls._folders = looked_into
        return cls._folders

    def _check_unchanged(self, sig: Any, codegen: Any, key: str) -> None:
        """Raise an error if something that kernels depend on was replaced since this process compiled one of them.

        A function that several kernels call is compiled once.  With a constant replaced after the first of them was
        compiled, the next may hold the old value or the new one, and no key distinguishes them.
        """
        cls = KernelCache
        cls._compiled += ((self, sig, key),)
        cls._has_changed |= any(not then or cache._key(of, codegen) != then for cache, of, then in cls._compiled)
        if cls._has_changed:
            raise _Unkept("something that kernels depend on has changed")

    def _restored(self, stored: bytes, key: str, sig: Any, target_context: Any) -> Any:
        header, machine_code, bitcode = _opened(stored)
        if header["key"] != key:  # the file of another kernel with this name
            raise _Unkept("the file contains another kernel")
        argument_types, _ = sigutils.normalize_signature(sig)
        description = _described(self._function, header, argument_types)
        environment = _environment(header["environment"], self._function)
        library = target_context.codegen().unserialize_library((header["library"], "object", (machine_code, bitcode)))
        entry_point = target_context.get_executable(library, description, environment)
        others = [_environment(name, self._function) for name in header["environments"]]
        for each in others:
            library.codegen.set_env(each.env_name, each)
        return compiler.compile_result(
            target_context=target_context,
            typing_context=target_context.typing_context,
            library=library,
            environment=environment,
            entry_point=entry_point,
            fndesc=description,
            type_annotation="",
            signature=signature(description.restype, *argument_types),
            objectmode=False,
            lifted=(),
            typing_error=None,
            call_helper=None,
            metadata=None,
            reload_init=(),
            referenced_envs=tuple(others),
        )


def _container(result: Any, key: str) -> bytes:
    """Return the file content for a kernel that Numba has compiled."""
    description, environments = result.fndesc, result._find_referenced_environments()
    library, kind, (machine_code, bitcode) = result.library.serialize_using_object_code()
    if (
        kind != "object"
        or result.objectmode
        or result.lifted
        or result.reload_init
        or description.inline
        or description.noalias
        or result.library.has_dynamic_globals  # addresses in this process
        or any(each.consts for each in (result.environment, *environments))  # Python objects
        or str(description.restype) not in RETURN_TYPES
    ):
        raise _Unkept("this kind of kernel cannot be stored")
    header = {
        "key": key,
        "library": library,
        "name": description.mangled_name,
        "returns": str(description.restype),
        "environment": result.environment.env_name,
        "environments": [each.env_name for each in environments],
        "machine_code": len(machine_code),
    }
    encoded = json.dumps(header).encode()
    content = len(encoded).to_bytes(4, "little") + encoded + machine_code + bitcode
    return MAGIC + hashlib.sha256(content).digest() + content


def _opened(stored: bytes) -> tuple[dict[str, Any], bytes, bytes]:
    """Return header, machine code and bitcode of a file."""
    begin = len(MAGIC) + hashlib.sha256().digest_size
    content = stored[begin:]
    if stored[:begin] != MAGIC + hashlib.sha256(content).digest():
        raise _Unkept("damaged")
    begin = 4 + int.from_bytes(content[:4], "little")
    header = json.loads(content[4:begin])
    end = begin + header["machine_code"]
    return header, content[begin:end], content[end:]


def _described(function: Callable[..., Any], header: dict[str, Any], argument_types: tuple[Any, ...]) -> Any:
    """Return Numba's description of a compiled function, rebuilt from the function and the names in machine code."""
    code = function.__code__
    return funcdesc.PythonFunctionDescriptor(
        native=True,
        modname=function.__module__,
        qualname=function.__qualname__,
        unique_name=function.__qualname__,
        doc="",
        typemap=None,
        restype=RETURN_TYPES[header["returns"]],
        calltypes=None,
        args=code.co_varnames[: code.co_argcount],
        kws=(),
        mangler=lambda *_, **__: header["name"],
        argtypes=tuple(argument_types),
        env_name=header["environment"],
    )


def _environment(name: str, function: Callable[..., Any]) -> Any:
    """Return Numba's environment of that name; it has no constants, so its globals are never read."""
    environment = lookup_environment(name)
    if environment is None:
        environment = Environment(function.__globals__)
        environment.env_name = name
    return environment
