"""Kernels are plain Python functions; this module compiles them, where Numba is there to do it.

``inner`` marks a function that kernels call; it is compiled into its callers.  ``kernel`` marks one that Python calls:
its machine code is kept on disk, so that the next process does not compile again.  Where Numba is
not installed, or NUMBA_DISABLE_JIT=1 is set, both leave the function as it is: everything works, slowly, and can be
stepped through in a debugger.

Why a disk cache of our own, over Numba's: Numba's notices changes in a kernel's own file alone, and a kernel here is
spread over several; its index file can mix up two processes that compile at once; a truncated file raises; and where
nothing is writable it raises at import.  Here each entry is one file, named by everything that it depends on, checked
by its digest, and replaced atomically; whatever goes wrong, the kernel is compiled.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from multilayer.engines.announcing import tell_of_compilation

try:
    import numba
    from numba.core import caching, compiler
except ImportError:
    numba = None

Function = TypeVar("Function", bound=Callable[..., Any])

#: Whether kernels run compiled in this process.
COMPILED: bool = numba is not None and not numba.config.DISABLE_JIT

if COMPILED:
    from multilayer.engines.cpu.pipelines import InnerCompiler, KernelCompiler

# "contract" lets a*b + c become one instruction; it rounds once instead of twice and breaks nothing.  Full fastmath
# would also assume that there are no NaN, and a diverging run is recognised by its NaN.  The NumPy error model drops
# the check for division by zero, which keeps loops from being vectorised.  And nothing counts references: kernels only
# borrow arrays, but Numba would count each view of one, which took half of a small update.
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}, "_nrt": False}

#: Options of a function that only compiled code calls, that of an overload too.
INSIDE: dict[str, Any] = (
    {**_OPTIONS, "pipeline_class": InnerCompiler, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    if COMPILED
    else {}
)


def has_wide_registers() -> bool:
    """Whether kernels are compiled for AVX-512."""
    if not COMPILED:
        return False
    from numba.core import codegen

    named = numba.config.CPU_FEATURES  # of a user who wants others than the machine's
    # Numba's function, which obeys NUMBA_ENABLE_AVX and answers "" where LLVM cannot tell the features.
    features = named if named is not None else codegen.get_host_cpu_features()
    return "+avx512f" in features.split(",")


def inner(function: Function) -> Function:
    """Compile a function that only kernels call."""
    return numba.njit(**INSIDE)(function) if COMPILED else function


def inlined(function: Function) -> Function:
    """Compile a function that only kernels call, into each place where it is called."""
    return numba.njit(**INSIDE, forceinline=True)(function) if COMPILED else function


def inner_sum(function: Function) -> Function:
    """Compile a function that adds up an array, in several lanes at once.

    A plain sum has one order of additions, and a compiler that keeps to it cannot use vector registers.  "reassoc"
    frees the order; it is still one and the same order in every run.
    """
    return numba.njit(**{**INSIDE, "fastmath": {"contract", "reassoc"}})(function) if COMPILED else function


def kernel(function: Function) -> Function:
    """Compile a function that Python calls, and keep its machine code on disk.

    Uncompiled, it is as silent about overflow and NaN as machine code: the cost that they lead to is what is looked at.
    """
    if not COMPILED:
        return np.errstate(all="ignore")(function)
    dispatcher = numba.njit(**_OPTIONS, pipeline_class=KernelCompiler, no_cfunc_wrapper=True)(function)
    dispatcher._cache = _DiskCache(function.__qualname__.rpartition(".")[2])
    return dispatcher


def belongs_to(owner: str) -> Callable[[Function], Function]:
    """Give a function that is made once for each of several owners a name of its own for each.

    Machine code that this process compiled and machine code that it loaded from disk may lie side by side, and the
    linker takes functions of one name and one signature for the same function.  Two that differ and share their name
    would then be called in each other's place.
    """

    def rename(function: Function) -> Function:
        function.__qualname__ += f"-{owner}"
        return function

    return rename


def cache_directory() -> Path | None:
    """The first directory of those named in the README of this folder that can be written to, or None."""
    candidates = []
    if numba is not None and numba.config.CACHE_DIR:
        candidates.append(Path(numba.config.CACHE_DIR))
    if os.environ.get("XDG_CACHE_HOME"):
        candidates.append(Path(os.environ["XDG_CACHE_HOME"]))
    if os.name == "nt" and os.environ.get("LOCALAPPDATA"):
        candidates.append(Path(os.environ["LOCALAPPDATA"]))
    try:
        home = Path.home()
        candidates.append(home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache")
    except RuntimeError:
        pass  # no home directory: a service account
    for candidate in candidates:
        directory = candidate / "multilayer" / "kernels"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=directory).close()
        except OSError:
            continue
        return directory
    return None


def source_digest() -> str:
    """A digest of every source file of the CPU engine: a kernel is spread over several of them."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


# Of the sources as this process imports them, which is just after this line.
_SOURCES = source_digest()


if numba is not None:

    class _DiskCache(caching._Cache):
        """One file for each kernel, signature, processor, Numba version and state of our sources."""

        # Found out when the first kernel is called, not when the module is imported; shared by all kernels.
        _directory: Path | None = None
        _looked = False

        def __init__(self, name: str) -> None:
            self._name = name
            self._enabled = True

        @property
        def cache_path(self) -> str:
            return str(self._home() or "")

        def load_overload(self, sig: Any, target_context: Any) -> Any:
            target_context.refresh()
            try:
                stored = self._path(sig, target_context.codegen()).read_bytes()
                digest, payload = stored[:32], stored[32:]
                if hashlib.sha256(payload).digest() != digest:
                    raise ValueError("damaged")
                # Numba's own serialisation of machine code; the file is one that this user's process wrote.
                return compiler.CompileResult._rebuild(target_context, *pickle.loads(payload))
            except Exception:
                tell_of_compilation(self._name)
                return None

        def save_overload(self, sig: Any, data: Any) -> None:
            # Sources that were edited while this process ran are not those that it has compiled.
            if not self._enabled or source_digest() != _SOURCES:
                return
            payload = caching.dumps(data._reduce())
            temporary = None
            try:
                path = self._path(sig, data.codegen)
                with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
                    temporary = Path(file.name)
                    file.write(hashlib.sha256(payload).digest() + payload)
                temporary.replace(path)
            except OSError:  # disk full, or nothing writable: the next process compiles again
                if temporary is not None:
                    temporary.unlink(missing_ok=True)

        def enable(self) -> None:
            self._enabled = True

        def disable(self) -> None:
            self._enabled = False

        def flush(self) -> None:
            home = self._home()
            for path in home.glob(f"{self._name}-*.kernel") if home else ():
                path.unlink(missing_ok=True)

        def _home(self) -> Path | None:
            if not _DiskCache._looked:
                _DiskCache._directory = cache_directory()
                _DiskCache._looked = True
            return _DiskCache._directory

        def _path(self, sig: Any, codegen: Any) -> Path:
            home = self._home()
            if home is None or not self._enabled:
                raise FileNotFoundError("no cache")
            depends_on = (_SOURCES, str(sig), codegen.magic_tuple(), numba.__version__, sys.version_info[:2])
            return home / f"{self._name}-{hashlib.sha256(repr(depends_on).encode()).hexdigest()[:40]}.kernel"
