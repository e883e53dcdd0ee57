"""Compilation of kernels by Numba, to object files.  Numba is imported with this module, when
a kernel must be compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numba.core import types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target
from numba.core.types.containers import BaseTuple
from numba.extending import overload
from numba.np import numpy_support

from multilayer.engines.cpu import functions
from multilayer.engines.cpu.arguments import Array, Record, Signature
from multilayer.engines.cpu.entries import add_entry
from multilayer.engines.cpu.pipelines import InnerCompiler, KernelCompiler

# "contract" allows a*b + c to become one instruction, which rounds once instead of twice.  Full fastmath would also
# assume that there are no NaN, but a diverging run is detected by its NaN.  The NumPy error model omits the check for
# division by zero, which prevents vectorisation.  Reference counting is disabled: kernels only borrow arrays, but Numba
# would count each view of an array, which took half the time of a small update.
_COMMON: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract"},
    "_nrt": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
_KERNEL: dict[str, Any] = {**_COMMON, "pipeline_class": KernelCompiler}
_INNER: dict[str, Any] = {**_COMMON, "pipeline_class": InnerCompiler}
#: The options of functions inside kernels.
OPTIONS: dict[str, dict[str, Any]] = {
    functions.INNER: _INNER,
    functions.INLINED: {**_INNER, "forceinline": True},
    functions.SUM: {**_INNER, "fastmath": {"contract", "reassoc"}},
}


class Compiled(NamedTuple):
    """The machine code of a kernel."""

    machine_code: bytes  # an object file
    returns: str  # the type of the result: none, bool, int or float
    calls: list[str]  # the functions that it calls, besides those of the C library
    is_portable: bool  # whether other processes can use it, because it contains no addresses of this one


_RETURN_TYPES = {types.none: "none", types.boolean: "bool", types.int64: "int", types.float64: "float"}

_registered: list[Any] = []  # what Numba references weakly
_n_registered = 0
_made: dict[int, dict[str, Any]] = {}  # the intrinsics of each module


def compile_kernel(function: Callable[..., Any], signature: Signature) -> Compiled:
    """Compile a kernel for arguments of these types.

    Parameters
    ----------
    function : callable
        The kernel.
    signature : Signature
        The types of its arguments.

    Returns
    -------
    Compiled
        The machine code.
    """
    with global_compiler_lock:
        teach_numba()
        dispatcher: Any = njit(**_KERNEL)(function)
        result = dispatcher._compiler.compile(tuple(map(_numba_type, signature)), None)
        returns = _RETURN_TYPES[result.fndesc.restype]
        add_entry(result.target_context, result.library, result.fndesc, signature)
        machine_code = result.library.machine_code()
        called = set(result.library.calls())
        calls = sorted(name for name in called if name.startswith("multilayer_"))
        is_portable = not result.library.has_dynamic_globals and not any(map(_is_of_a_library, called))
        return Compiled(machine_code, returns, calls, is_portable)


def _is_of_a_library(name: str) -> bool:
    """Return whether a function belongs to Numba, or to Intel's library of vector functions, which may be missing."""
    return name.startswith(("__svml", "numba_", "NRT_", "Py", "_Py"))


def teach_numba() -> None:
    """Let Numba compile calls of the functions that are marked for it, also in kernels of others."""
    global _n_registered
    context = cpu_target.typing_context
    context.refresh()
    while _n_registered < len(functions.CALLABLE):
        function, how, implementation = functions.CALLABLE[_n_registered]
        _n_registered += 1
        if how in OPTIONS:
            dispatcher = njit(**OPTIONS[how])(implementation)
            _registered.append(dispatcher)
            context.insert_global(function, types.Dispatcher(dispatcher))
        elif isinstance(how, tuple):
            _overload_by_dtype(function, *how)
        else:
            intrinsic = _intrinsic(how, function.__name__)
            context.refresh()
            context.insert_global(function, context.resolve_value_type(intrinsic))


def _overload_by_dtype(function: Callable[..., Any], for_float32: Any, for_float64: Any) -> None:
    both = {types.float32: for_float32, types.float64: for_float64}
    options = OPTIONS[functions.INLINED]
    overload(function, jit_options=options, strict=False)(lambda *scalars: both.get(scalars[0]))
    cpu_target.typing_context.refresh()


def _intrinsic(make: Callable[[], dict[str, Any]], name: str) -> Any:
    if id(make) not in _made:
        _made[id(make)] = make()
    return _made[id(make)][name]


def _numba_type(type_: Any) -> Any:
    if isinstance(type_, Record):
        class_ = type_.class_ if hasattr(type_.class_, "_fields") else None
        return BaseTuple.from_types(tuple(map(_numba_type, type_.members)), class_)
    if isinstance(type_, Array):
        dtype = numpy_support.from_dtype(np.dtype(f"{type_.kind}{type_.itemsize}"))
        return types.Array(dtype, type_.ndim, "C")
    return {"bool": types.boolean, "int": types.int64, "float": types.float64}[type_]
