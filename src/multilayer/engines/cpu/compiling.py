"""Kernels are plain Python functions; this module runs them as machine code.

``inner`` marks a function that kernels call; it is compiled into its callers.  ``kernel`` marks a function that Python
calls.  Its machine code is that of the installed package (``shipped.py``) or of the cache on disk (``cache.py``), or
else Numba compiles it (``compiler.py``), which is not imported before that.  If neither the package nor Numba can
provide machine code, or NUMBA_DISABLE_JIT=1 is set, all functions remain what they are: everything works, slowly, and
can be stepped through in a debugger.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from multilayer.engines.cpu import cache, shipped
from multilayer.engines.cpu.arguments import Signature, caller, signature_of, without_subclasses
from multilayer.engines.cpu.functions import (
    COMPILED,
    UNAVAILABLE,
    Function,
    belongs_to,
    callable_as,
    emitted_by,
    has_wide_registers,
    inlined,
    inner,
    inner_sum,
)
from multilayer.exceptions import EngineError

__all__ = [
    "COMPILED",
    "UNAVAILABLE",
    "Kernel",
    "belongs_to",
    "callable_as",
    "emitted_by",
    "has_wide_registers",
    "inlined",
    "inner",
    "inner_sum",
    "kernel",
]

MOST_LETTERS = 200  # the reported length of an error of Numba


def kernel(function: Function) -> Function:
    """Run a function as machine code.

    Its arguments are C-contiguous arrays, numbers, and named tuples of these; it is compiled for each combination of
    their types.  It returns a number or nothing.  Without machine code, it ignores overflow and NaN as machine code
    does; they appear in the cost.

    A kernel that cannot be compiled raises :class:`multilayer.exceptions.EngineError` when it is called, before it does
    anything.
    """
    if not COMPILED:
        return np.errstate(all="ignore")(function)
    run: Any = Kernel(function)
    return run


# Held while machine code is loaded or compiled.
_lock = threading.RLock()


class Kernel:
    """A function that runs as machine code; it may be called from several threads at once."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.py_func = function
        self.name = function.__qualname__.rpartition(".")[2]
        self._callers: dict[Signature, Callable[[tuple[Any, ...]], Any]] = {}
        self._in_turn: tuple[Callable[[tuple[Any, ...]], Any], ...] = ()  # the same, the latest first
        self._failed: dict[Signature, str] = {}

    def __call__(self, *arguments: Any) -> Any:
        for call in self._in_turn:
            result = call(arguments)
            if result is not NotImplemented:  # the arguments have the types of this machine code
                return result
        arguments = without_subclasses(arguments)
        result = self.caller(signature_of(arguments))(arguments)
        if result is NotImplemented:
            raise TypeError(f"the kernel {self.name} does not take these arguments")
        return result

    def caller(self, signature: Signature) -> Callable[[tuple[Any, ...]], Any]:
        """Return a function that calls the machine code for arguments of these types; load or compile it first.

        Any exception means that this machine code cannot be had here.  The error is stored, because Numba would take
        seconds to fail again.
        """
        with _lock:
            if signature in self._failed:
                raise EngineError(self._failed[signature])
            if signature not in self._callers:
                try:
                    call = caller(signature, *self._found(signature))
                except MemoryError:
                    raise
                except Exception as error:
                    what = " ".join(str(error).split())  # Numba's errors have many lines
                    self._failed[signature] = (
                        f"the kernel {self.name} cannot be compiled: {type(error).__name__}: {what[:MOST_LETTERS]}"
                    )
                    raise EngineError(self._failed[signature]) from error
                self._callers[signature] = call
                self._in_turn = (call, *self._in_turn)
            return self._callers[signature]

    def _found(self, signature: Signature) -> tuple[int, str]:
        """Return the address of the entry for arguments of these types, and the type of the result."""
        found = shipped.find(self.name, self.py_func, signature)
        return found if found is not None else cache.find_or_compile(self.name, self.py_func, signature)


def _after_fork() -> None:
    # A thread that does not exist in the child may have held the lock.
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
