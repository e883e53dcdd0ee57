"""Matrix products by BLAS from compiled code, through ``scipy.linalg.cython_blas``.

The three products of a layer, on row-major matrices in flat arrays.  BLAS uses column-major order, so it sees the
transpose of each matrix, and C = A B is computed as Cᵀ = Bᵀ Aᵀ.

Numba has no BLAS call with accumulation, so the call is emitted as LLVM code here, with the names of
``symbols.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from multilayer.engines.cpu.compiling import emitted_by, inner
from multilayer.engines.cpu.symbols import GEMM
from multilayer.engines.cpu.views import line
from multilayer.network import Floats


def _intrinsics() -> dict[str, Any]:
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.core.imputils import impl_ret_untracked
    from numba.extending import intrinsic

    @intrinsic
    def _gemm(typingctx, transa, transb, m, n, k, A, lda, B, ldb, beta, C, ldc):
        """Compute C ← op(A) op(B) + beta C, column-major, in the dtype of C."""
        dtype = C.dtype
        symbol, width = GEMM[str(dtype)]
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

    return {"_gemm": _gemm}


@emitted_by(_intrinsics)
def _gemm(
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
