"""Matrix products by BLAS from compiled code, through ``scipy.linalg.cython_blas``.

The three products of a layer, on row-major matrices in flat arrays.  BLAS uses column-major order, so it sees the
transpose of each matrix, and C = A B is computed as Cᵀ = Bᵀ Aᵀ.

Numba has no BLAS call with accumulation, so the call is emitted as LLVM code here.  The address of a function changes
from process to process and must not become part of cached machine code; a *name* may.  So this module registers the
addresses under names when it is imported, and compiled code calls the names.  A kernel that is loaded from disk before
that would crash the process, so every module with kernels imports this one first.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from scipy.linalg import cython_blas

from multilayer.engines.cpu.compiling import COMPILED, inner
from multilayer.engines.cpu.views import line
from multilayer.network import Floats


def _symbol(routine: str) -> tuple[str, int]:
    """Register a routine of cython_blas; return its name for compiled code and the width in bits of its integers.

    SciPy can be built with 64-bit integers; called with 32-bit integers, such a BLAS silently returns wrong results.
    The capsule's name is the C signature, which contains the type.  The width is part of the symbol's name, so that
    machine code cached for one width is never run with the other.
    """
    import llvmlite.binding

    capsule = cython_blas.__pyx_capi__[routine]
    get_name = ctypes.pythonapi.PyCapsule_GetName
    get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    signature = get_name(capsule)
    width = 64 if b"int64" in signature or b"long" in signature else 32
    name = f"multilayer_blas_{routine}_{width}"
    llvmlite.binding.add_symbol(name, get_pointer(capsule, signature))
    return name, width


def _gemm_in_python(
    transa: bool, transb: bool, m: int, n: int, k: int,
    A: Floats, lda: int, B: Floats, ldb: int, beta: float, C: Floats, ldc: int,
) -> None:  # fmt: skip
    """Compute the same as BLAS, with the same column-major arguments, for runs without a compiler."""

    def matrix(array: Floats, shape: tuple[int, int], ld: int) -> Floats:  # row-major: the transpose that BLAS sees
        steps = (ld * array.itemsize, array.itemsize)
        return np.lib.stride_tricks.as_strided(array.reshape(-1), shape, steps)

    left, right = matrix(A, (m, k) if transa else (k, m), lda), matrix(B, (k, n) if transb else (n, k), ldb)
    product = (right.T if transb else right) @ (left.T if transa else left)
    C[...] = product if beta == 0 else C.dtype.type(beta) * C + product


if COMPILED:
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.core.imputils import impl_ret_untracked
    from numba.extending import intrinsic

    _SYMBOLS = {types.float32: _symbol("sgemm"), types.float64: _symbol("dgemm")}

    @intrinsic
    def _gemm(typingctx, transa, transb, m, n, k, A, lda, B, ldb, beta, C, ldc):
        """Compute C ← op(A) op(B) + beta C, column-major, in the dtype of C."""
        dtype = C.dtype
        symbol, width = _SYMBOLS[dtype]
        size = types.intp
        signature = types.void(types.boolean, types.boolean, size, size, size, A, size, B, size, dtype, C, size)

        def generate(context, builder, sig, args):
            transa, transb, m, n, k, A, lda, B, ldb, beta, C, ldc = args
            integer, number, byte = ir.IntType(width), context.get_value_type(dtype), ir.IntType(8)

            def by_reference(value, type_):
                # Allocated in the function's entry block: allocations inside a loop would accumulate on the stack.
                slot = cgutils.alloca_once(builder, type_)
                builder.store(value, slot)
                return slot

            def flag(value):
                return by_reference(builder.select(value, byte(ord("T")), byte(ord("N"))), byte)

            def count(value):
                return by_reference(builder.trunc(value, integer) if width < value.type.width else value, integer)

            def address(array, array_type):
                return context.make_array(array_type)(context, builder, array).data

            arguments = [
                flag(transa), flag(transb), count(m), count(n), count(k),
                by_reference(context.get_constant(dtype, 1.0), number),
                address(A, sig.args[5]), count(lda),
                address(B, sig.args[7]), count(ldb),
                by_reference(beta, number),
                address(C, sig.args[10]), count(ldc),
            ]  # fmt: skip
            function_type = ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments])
            function = cgutils.get_or_insert_function(builder.module, function_type, symbol)
            builder.call(function, arguments)
            return impl_ret_untracked(context, builder, sig.return_type, context.get_dummy_value())

        return signature, generate

else:
    _gemm: Any = _gemm_in_python  # type: ignore[no-redef]


@inner
def multiply_into(C: Floats, A: Floats, B: Floats, keep: float) -> None:
    """Compute C ← keep C + A B for C (m, n), A (m, k), B (k, n)."""
    m, n, k = C.shape[0], C.shape[1], A.shape[1]
    _gemm(False, False, n, m, k, B, n, A, k, keep, C, n)


@inner
def multiply_transposed_into(C: Floats, A: Floats, i: int, B: Floats, keep: float) -> None:
    """Compute C ← keep C + A'ᵀ B for C (m, n) and B (k, n); A' are the m columns from i on of A, which has k rows."""
    m, n, k, width = C.shape[0], C.shape[1], A.shape[0], A.shape[1]
    _gemm(False, True, n, m, k, B, n, line(A, i, A.size - i), width, keep, C, n)


@inner
def multiply_by_transposed_into(C: Floats, A: Floats, B: Floats, keep: float) -> None:
    """Compute C ← keep C + A Bᵀ for C (m, n), A (m, k), B (n, k)."""
    m, n, k = C.shape[0], C.shape[1], A.shape[1]
    _gemm(True, False, n, m, k, B, k, A, k, keep, C, n)
