"""Kernels are plain Python functions; this module compiles them, if Numba is installed.

``inner`` marks a function that kernels call; it is compiled into its callers.  ``kernel`` marks a function that Python
calls: its machine code is stored on disk (``cache.py``), so that the next process need not compile it.  If Numba is
not installed, or NUMBA_DISABLE_JIT=1 is set, both return the function unchanged: everything works, slowly, and can be
stepped through in a debugger.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from multilayer.exceptions import EngineError

#: Why Numba cannot be used; "" if it can, or if only its compiler is switched off.
UNAVAILABLE = ""
try:
    import numba
except ModuleNotFoundError as error:
    numba = None
    UNAVAILABLE = f"Numba cannot be imported: {error}"
except MemoryError:
    raise
except Exception as error:  # built for another NumPy, or without its LLVM library
    numba = None
    UNAVAILABLE = f"Numba cannot be imported: {type(error).__name__}: {error}"

Function = TypeVar("Function", bound=Callable[..., Any])

#: Whether kernels run compiled in this process.
COMPILED: bool = numba is not None and not numba.config.DISABLE_JIT

if COMPILED:
    from multilayer.engines.cpu.cache import KernelCache
    from multilayer.engines.cpu.pipelines import InnerCompiler, KernelCompiler

# "contract" allows a*b + c to become one instruction, which rounds once instead of twice.  Full fastmath would also
# assume that there are no NaN, but a diverging run is detected by its NaN.  The NumPy error model omits the check for
# division by zero, which prevents vectorisation.  Reference counting is disabled: kernels only borrow arrays, but Numba
# would count each view of an array, which took half the time of a small update.
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}, "_nrt": False}

MOST_LETTERS = 200  # the reported length of an error of Numba

#: Options of a function that only compiled code calls, and of an overload.
INSIDE: dict[str, Any] = (
    {**_OPTIONS, "pipeline_class": InnerCompiler, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    if COMPILED
    else {}
)


def has_wide_registers() -> bool:
    """Return whether kernels are compiled for AVX-512."""
    if not COMPILED:
        return False
    from numba.core import codegen

    named = numba.config.CPU_FEATURES  # set by a user to override the features of the processor
    # Numba's function obeys NUMBA_ENABLE_AVX and returns "" if LLVM cannot determine the features.
    features = named if named is not None else codegen.get_host_cpu_features()
    return "+avx512f" in features.split(",")


def inner(function: Function) -> Function:
    """Compile a function that only kernels call."""
    return numba.njit(**INSIDE)(function) if COMPILED else function


def inlined(function: Function) -> Function:
    """Compile a function that only kernels call, into each place where it is called."""
    return numba.njit(**INSIDE, forceinline=True)(function) if COMPILED else function


def inner_sum(function: Function) -> Function:
    """Compile a function that sums an array, in several lanes at once.

    A plain sum prescribes one order of additions, so the compiler cannot use vector registers.  "reassoc" allows
    another order; it is the same in every run.
    """
    return numba.njit(**{**INSIDE, "fastmath": {"contract", "reassoc"}})(function) if COMPILED else function


def kernel(function: Function) -> Function:
    """Compile a function that Python calls, and store its machine code on disk.

    Uncompiled, it ignores overflow and NaN as machine code does; they appear in the cost.

    A kernel that cannot be compiled raises :class:`multilayer.exceptions.EngineError` when it is called, before it does
    anything.
    """
    if not COMPILED:
        return np.errstate(all="ignore")(function)
    options = {**_OPTIONS, "pipeline_class": KernelCompiler, "no_cfunc_wrapper": True}
    dispatcher = numba.njit(**options)(function)
    name = function.__qualname__.rpartition(".")[2]
    dispatcher._cache = KernelCache(name, function, options)
    dispatcher.compile = _or_engine_error(dispatcher.compile, name)
    return dispatcher


def _or_engine_error(compile_: Callable[[Any], Any], name: str) -> Callable[[Any], Any]:
    """Wrap the dispatcher's method that finds or compiles code for given types; convert any exception to EngineError.

    Any exception means that this Numba cannot compile the kernel on this machine.  The error is stored, because
    Numba would take seconds to fail again.
    """
    failed: dict[Any, str] = {}

    def compile_or_raise(sig: Any) -> Any:
        if sig in failed:
            raise EngineError(failed[sig])
        try:
            return compile_(sig)
        except MemoryError:
            raise
        except Exception as error:
            what = " ".join(str(error).split())  # Numba's errors have many lines
            failed[sig] = f"the kernel {name} cannot be compiled: {type(error).__name__}: {what[:MOST_LETTERS]}"
            raise EngineError(failed[sig]) from error

    return compile_or_raise


def belongs_to(owner: str) -> Callable[[Function], Function]:
    """Rename a function that is created once for each of several owners, so that each has a separate name.

    A process may contain both machine code that it compiled and machine code that it loaded from disk, and the linker
    treats functions with the same name and signature as the same function.  Two different functions with the same name
    would then be confused.
    """

    def rename(function: Function) -> Function:
        function.__qualname__ += f"-{owner}"
        return function

    return rename
