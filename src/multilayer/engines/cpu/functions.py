"""The functions inside kernels: decorators that mark how they are compiled, without importing the compiler.

The decorators return the function itself, so that it can be called from Python, too.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, TypeVar

from multilayer.engines.cpu import processor, shipped

Function = TypeVar("Function", bound=Callable[..., Any])


def _why_unavailable() -> str:
    """Return why kernels cannot run as machine code here, or "" if they probably can."""
    if not processor.numba_exists() and not shipped.FOLDER.is_dir():
        return "Numba cannot be imported: No module named 'numba'"
    if struct.calcsize("P") != 8:
        return "this Python has no 64-bit addresses"
    try:
        from llvmlite import binding  # noqa: F401
    except MemoryError:
        raise
    except Exception as error:  # not installed, or without its LLVM library
        return f"llvmlite cannot be imported: {type(error).__name__}: {error}"
    if not processor.numba_exists() and not shipped.exists():
        return "Numba is not installed, and this package contains no machine code for this processor"
    return ""


#: Why kernels cannot run as machine code; "" if they can, or if only the compiler is switched off.
UNAVAILABLE = _why_unavailable()
#: Whether kernels run as machine code in this process.
COMPILED: bool = not UNAVAILABLE and not processor.setting("DISABLE_JIT")


def has_wide_registers() -> bool:
    """Return whether kernels are compiled for AVX-512."""
    return COMPILED and processor.has("avx512f")


# How a function is compiled into others; see ``compiler.OPTIONS``.
INNER, INLINED, SUM = "inner", "inlined", "sum"
# The functions that compiled code may call: each with how it is compiled, and the function that is compiled instead.
CALLABLE: list[tuple[Callable[..., Any], Any, Callable[..., Any]]] = []


def callable_as(how: Any, function: Function, implementation: Callable[..., Any] | None = None) -> Function:
    """Let compiled code call a function, and return it; ``implementation`` is compiled in place of it."""
    if COMPILED and not hasattr(function, "compiled_as"):
        function.compiled_as = how  # type: ignore[attr-defined]  # what cached machine code depends on
        CALLABLE.append((function, how, implementation or function))
    return function


def inner(function: Function) -> Function:
    """Compile a function that only kernels call."""
    return callable_as(INNER, function)


def inlined(function: Function) -> Function:
    """Compile a function that only kernels call, into each place where it is called."""
    return callable_as(INLINED, function)


def inner_sum(function: Function) -> Function:
    """Compile a function that sums an array, in several lanes at once.

    A plain sum prescribes one order of additions, so the compiler cannot use vector registers.  "reassoc" allows
    another order; it is the same in every run.
    """
    return callable_as(SUM, function)


def emitted_by(make: Callable[[], dict[str, Any]]) -> Callable[[Function], Function]:
    """Replace a function in compiled code by an intrinsic of Numba.

    ``make`` returns the intrinsics of a module by the names of their functions.  It is called when something is
    compiled, and imports Numba.
    """
    return lambda function: callable_as(make, function)


def belongs_to(owner: str) -> Callable[[Function], Function]:
    """Rename a function that is created once for each of several owners, so that each has a separate name."""

    def rename(function: Function) -> Function:
        function.__qualname__ += f"-{owner}"
        return function

    return rename
