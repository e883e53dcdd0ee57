"""Kernels are plain Python functions; this module compiles them, if Numba is installed.

``inner`` marks a function that kernels call; it is compiled into its callers.  ``kernel`` marks one that Python calls:
its machine code is kept on disk (``cache.py``), so that the next process does not compile again.  Where Numba is
not installed, or NUMBA_DISABLE_JIT=1 is set, both leave the function as it is: everything works, slowly, and can be
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

# "contract" lets a*b + c become one instruction; it rounds once instead of twice and breaks nothing.  Full fastmath
# would also assume that there are no NaN, and a diverging run is recognised by its NaN.  The NumPy error model drops
# the check for division by zero, which keeps loops from being vectorised.  And nothing counts references: kernels only
# borrow arrays, but Numba would count each view of one, which took half of a small update.
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}, "_nrt": False}

MOST_LETTERS = 200  # of an error of Numba that are reported

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

    Uncompiled, it ignores overflow and NaN like machine code; the cost shows them.

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
    """Wrap a dispatcher's method that finds or makes the code for some types, and convert any exception to our error.

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
    """Give a function that is created once for each of several owners a separate name for each.

    Machine code that this process compiled and machine code that it loaded from disk may lie side by side, and the
    linker takes functions of one name and one signature for the same function.  Two different ones with the same name
    would then be confused.
    """

    def rename(function: Function) -> Function:
        function.__qualname__ += f"-{owner}"
        return function

    return rename
