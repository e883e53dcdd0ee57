"""The names by which machine code calls functions outside it, and their addresses in this process.

The address of a function changes from process to process and must not become part of stored machine code; a *name* may.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

from scipy.linalg import cython_blas

#: Addresses by the names in machine code.
ADDRESSES: dict[str, int] = {}


def _symbol(routine: str) -> tuple[str, int]:
    """Return the name of a routine of cython_blas in machine code, and the width in bits of its integers.

    SciPy can be built with 64-bit integers; called with 32-bit integers, such a BLAS silently returns wrong results.
    The capsule's name is the C signature, which contains the type.  The width is part of the symbol's name, so that
    machine code for one width is never run with the other.
    """
    capsule = cython_blas.__pyx_capi__[routine]
    get_name = ctypes.pythonapi.PyCapsule_GetName
    get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    signature = get_name(capsule)
    width = 64 if b"int64" in signature or b"long" in signature else 32
    name = f"multilayer_blas_{routine}_{width}"
    ADDRESSES[name] = int(get_pointer(capsule, signature))
    return name, width


#: For each dtype, the name of the matrix product and the width of its integers.
GEMM = {"float32": _symbol("sgemm"), "float64": _symbol("dgemm")}


def _symbol_of_yield() -> str:
    """Return the name of the system's function by which a thread lets others of its core run."""
    library: Any = ctypes.windll.kernel32 if os.name == "nt" else ctypes.CDLL(None)  # type: ignore[attr-defined,unused-ignore]
    routine = library.SwitchToThread if os.name == "nt" else library.sched_yield
    ADDRESSES["multilayer_yield"] = int(ctypes.cast(routine, ctypes.c_void_p).value or 0)
    return "multilayer_yield"


YIELD = _symbol_of_yield()
