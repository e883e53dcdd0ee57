"""64 bytes of numbers as one value, for the loops that the compiler does not vectorise well by itself.

A tile of a matrix product keeps several sums in vector registers over a loop whose length is not known before.  From
loops over scalars LLVM makes that only with the sums loaded and stored around every few multiplications, and with a
run-time check of every pair of arrays for overlap.  So those few loops say themselves what a vector is.  Where Numba
compiles, a vector is a value of LLVM's vector type: one register of AVX-512, two of AVX2, four of others.
Uncompiled, it is a NumPy array of 8 or 16 numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from multilayer.engines.cpu.compiling import COMPILED
from multilayer.network import Floats

#: Size of a vector.
BYTES = 64

Vector = Any  # 16 numbers in float32, 8 in float64


def _load_in_python(array: Floats, start: int) -> Vector:
    """The elements from ``start`` on of a contiguous array, whatever its shape."""
    return array.reshape(-1)[start : start + BYTES // array.itemsize].copy()


def _store_in_python(array: Floats, start: int, vector: Vector) -> None:
    """Put a vector where ``load`` would find it."""
    array.reshape(-1)[start : start + len(vector)] = vector


def _spread_in_python(array: Floats, place: int) -> Vector:
    """The element at ``place`` in every lane."""
    return np.full(BYTES // array.itemsize, array.reshape(-1)[place])


def _zeros_in_python(array: Floats) -> Vector:
    """Zeros in the dtype of an array."""
    return np.zeros(BYTES // array.itemsize, dtype=array.dtype)


def _multiply_add_in_python(a: Vector, b: Vector, c: Vector) -> Vector:
    """a b + c, rounded once where the machine can do that."""
    return a * b + c


def _add_in_python(a: Vector, b: Vector) -> Vector:
    """a + b."""
    return a + b


def _multiply_in_python(a: Vector, b: Vector) -> Vector:
    """a b."""
    return a * b


def _complement_in_python(a: Vector) -> Vector:
    """1 - a."""
    return a.dtype.type(1) - a


def _total_in_python(vector: Vector) -> Any:
    """The sum of the numbers: halves are added to each other, so that the order is the same everywhere."""
    while len(vector) > 1:
        half = len(vector) // 2
        vector = vector[:half] + vector[half:]
    return vector[0]


if COMPILED:
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.core.datamodel import models
    from numba.extending import intrinsic, register_model

    class _VectorType(types.Type):
        def __init__(self, dtype: Any) -> None:
            self.dtype = dtype
            super().__init__(name=f"Vector({dtype})")

    @register_model(_VectorType)
    class _VectorModel(models.PrimitiveModel):
        def __init__(self, dmm: Any, fe_type: Any) -> None:
            element = ir.FloatType() if fe_type.dtype == types.float32 else ir.DoubleType()
            super().__init__(dmm, fe_type, ir.VectorType(element, 8 * BYTES // fe_type.dtype.bitwidth))

    def _place(context, builder, array_type, array, start, element):
        data = context.make_array(array_type)(context, builder, array).data
        return builder.bitcast(builder.gep(data, [start]), element.as_pointer())

    def _part(builder, vector, start, n):
        mask = ir.Constant(ir.VectorType(cgutils.int32_t, n), list(range(start, start + n)))
        return builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), mask)

    @intrinsic
    def load(typingctx, array, start):
        def generate(context, builder, sig, args):
            vector = context.get_value_type(sig.return_type)
            # The default would be the alignment of a whole vector, which no array is sure to have.
            return builder.load(
                _place(context, builder, sig.args[0], args[0], args[1], vector),
                align=context.get_abi_sizeof(vector.element),
            )

        return _VectorType(array.dtype)(array, types.intp), generate

    @intrinsic
    def store(typingctx, array, start, vector):
        def generate(context, builder, sig, args):
            place = _place(context, builder, sig.args[0], args[0], args[1], args[2].type)
            builder.store(args[2], place, align=context.get_abi_sizeof(args[2].type.element))
            return context.get_dummy_value()

        return types.void(array, types.intp, vector), generate

    @intrinsic
    def spread(typingctx, array, place):
        def generate(context, builder, sig, args):
            vector = context.get_value_type(sig.return_type)
            scalar = builder.load(_place(context, builder, sig.args[0], args[0], args[1], vector.element))
            nothing = ir.Constant(vector, ir.Undefined)
            first = builder.insert_element(nothing, scalar, cgutils.int32_t(0))
            lanes = ir.Constant(ir.VectorType(cgutils.int32_t, vector.count), [0] * vector.count)
            return builder.shuffle_vector(first, nothing, lanes)

        return _VectorType(array.dtype)(array, types.intp), generate

    @intrinsic
    def zeros(typingctx, array):
        def generate(context, builder, sig, args):
            vector = context.get_value_type(sig.return_type)
            return ir.Constant(vector, [0.0] * vector.count)

        return _VectorType(array.dtype)(array), generate

    @intrinsic
    def multiply_add(typingctx, a, b, c):
        def generate(context, builder, sig, args):
            product = builder.fmul(args[0], args[1], flags=("contract",))
            return builder.fadd(product, args[2], flags=("contract",))

        return a(a, b, c), generate

    @intrinsic
    def add(typingctx, a, b):
        return a(a, b), lambda context, builder, sig, args: builder.fadd(*args)

    @intrinsic
    def multiply(typingctx, a, b):
        return a(a, b), lambda context, builder, sig, args: builder.fmul(*args)

    @intrinsic
    def complement(typingctx, a):
        def generate(context, builder, sig, args):
            return builder.fsub(ir.Constant(args[0].type, [1.0] * args[0].type.count), args[0])

        return a(a), generate

    @intrinsic
    def total(typingctx, vector):
        def generate(context, builder, sig, args):
            value, n = args[0], args[0].type.count
            while n > 1:
                n //= 2
                value = builder.fadd(_part(builder, value, 0, n), _part(builder, value, n, n))
            return builder.extract_element(value, cgutils.int32_t(0))

        return vector.dtype(vector), generate

else:
    load: Any = _load_in_python  # type: ignore[no-redef]
    store: Any = _store_in_python  # type: ignore[no-redef]
    spread: Any = _spread_in_python  # type: ignore[no-redef]
    zeros: Any = _zeros_in_python  # type: ignore[no-redef]
    multiply_add: Any = _multiply_add_in_python  # type: ignore[no-redef]
    add: Any = _add_in_python  # type: ignore[no-redef]
    multiply: Any = _multiply_in_python  # type: ignore[no-redef]
    complement: Any = _complement_in_python  # type: ignore[no-redef]
    total: Any = _total_in_python  # type: ignore[no-redef]
