"""Bundles of vectors, for the loops that the compiler does not vectorise well by itself.

A tile of a matrix product keeps several sums, and the weights that they need, in vector registers over a loop whose
length is not known before.  From loops over scalars LLVM makes that only with everything loaded and stored around
every few multiplications, and with a run-time check of every pair of arrays for overlap.  So those few loops say
themselves what a vector is: 64 bytes of numbers, one register of AVX-512, two of AVX2, four of others.

A bundle is a tuple of vectors, as many as a literal number says, which lie a ``stride`` apart in an array.  Where Numba
compiles, each is a value of LLVM's vector type; uncompiled, it is a NumPy array of 8 or 16 numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from multilayer.engines.cpu.compiling import COMPILED
from multilayer.network import Floats

#: Size of a vector.
BYTES = 64

Bundle = Any  # tuple of vectors, each of 16 numbers in float32, 8 in float64


def _zeros_in_python(array: Floats, n: int) -> Bundle:
    """n vectors of zeros in the dtype of an array."""
    return (np.zeros(BYTES // array.itemsize, dtype=array.dtype),) * n


def _load_in_python(array: Floats, start: int, stride: int, n: int) -> Bundle:
    """The n vectors at ``start``, ``start + stride``, ... of a contiguous array, whatever its shape."""
    flat, lanes = array.reshape(-1), BYTES // array.itemsize
    return tuple(flat[s : s + lanes].copy() for s in range(start, start + n * stride, stride))


def _store_in_python(array: Floats, start: int, stride: int, bundle: Bundle) -> None:
    """Put vectors where ``load`` would find them."""
    flat = array.reshape(-1)
    for i, vector in enumerate(bundle):
        flat[start + i * stride : start + i * stride + len(vector)] = vector


def _spread_in_python(array: Floats, row: int, k: int, column: int, n: int) -> Bundle:
    """The elements at i row + j column, i < k and j < n, row after row, each in every lane of a vector."""
    flat, lanes = array.reshape(-1), BYTES // array.itemsize
    return tuple(np.full(lanes, flat[i * row + j * column]) for i in range(k) for j in range(n))


def _add_in_python(a: Bundle, b: Bundle) -> Bundle:
    """Each vector of a plus that of b."""
    return tuple(x + y for x, y in zip(a, b, strict=True))


def _gate_in_python(a: Bundle, b: Bundle) -> Bundle:
    """Each vector of a times b (1 - b) of that of b."""
    return tuple(x * (y * (y.dtype.type(1) - y)) for x, y in zip(a, b, strict=True))


def _add_weighted_in_python(sums: Bundle, weights: Bundle, array: Floats, start: int, stride: int) -> Bundle:
    """``sums[j]`` + Σ_i ``weights[i n + j]`` v_i for j < n, with v_i the vector at start + i stride."""
    n = len(sums)
    for i, v in enumerate(_load_in_python(array, start, stride, len(weights) // n)):
        sums = tuple(s + v * w for s, w in zip(sums, weights[i * n : i * n + n], strict=True))
    return sums


def _add_outer_in_python(sums: Bundle, array: Floats, start: int, stride: int, right: Bundle) -> Bundle:
    """``sums[i n + j]`` + v_i ``right[j]`` for j < n, with v_i the vector at start + i stride."""
    left = _load_in_python(array, start, stride, len(sums) // len(right))
    products = [v * r for v in left for r in right]
    return tuple(s + p for s, p in zip(sums, products, strict=True))


def _add_totals_into_in_python(array: Floats, row: int, n: int, bundle: Bundle) -> None:
    """Add the total of number i n + j to the element at i row + j.

    Halves of a vector are added to each other until one number is left: so the order is the same everywhere.
    """
    flat = array.reshape(-1)
    for place, vector in enumerate(bundle):
        while len(vector) > 1:
            half = len(vector) // 2
            vector = vector[:half] + vector[half:]
        flat[place // n * row + place % n] += vector[0]


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

    # A product that is added becomes one instruction.
    _FUSED = ("contract",)

    def _bundle_type(array: Any, n: Any) -> Any:
        return types.UniTuple(_VectorType(array.dtype), n)

    def _pack(context, builder, bundle_type, vectors):
        return cgutils.pack_array(builder, vectors, context.get_value_type(bundle_type.dtype))

    def _places(context, builder, array_type, array, offsets, element):
        """Pointers to the elements of an array at these offsets."""
        data = context.make_array(array_type)(context, builder, array).data
        return [builder.bitcast(builder.gep(data, [offset]), element.as_pointer()) for offset in offsets]

    def _steps(builder, start, stride, n):
        offsets = [start]
        for _ in range(n - 1):
            offsets.append(builder.add(offsets[-1], stride))
        return offsets

    def _loaded(context, builder, array_type, place, n):
        array, start, stride = place
        vector = context.get_value_type(_VectorType(array_type.dtype))
        places = _places(context, builder, array_type, array, _steps(builder, start, stride, n), vector)
        # The default would be the alignment of a whole vector, which no array is sure to have.
        return [builder.load(place, align=context.get_abi_sizeof(vector.element)) for place in places]

    def _part(builder, vector, start, n):
        mask = ir.Constant(ir.VectorType(cgutils.int32_t, n), list(range(start, start + n)))
        return builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), mask)

    def _grid(builder, row, k, column, n):
        """Offsets i row + j column."""
        zero = cgutils.intp_t(0)
        return [offset for first in _steps(builder, zero, row, k) for offset in _steps(builder, first, column, n)]

    @intrinsic(prefer_literal=True)
    def zeros(typingctx, array, n):
        def generate(context, builder, sig, args):
            vector = context.get_value_type(sig.return_type.dtype)
            return _pack(context, builder, sig.return_type, [ir.Constant(vector, None)] * sig.return_type.count)

        return _bundle_type(array, n.literal_value)(array, n), generate

    @intrinsic(prefer_literal=True)
    def load(typingctx, array, start, stride, n):
        def generate(context, builder, sig, args):
            vectors = _loaded(context, builder, sig.args[0], args[:3], sig.return_type.count)
            return _pack(context, builder, sig.return_type, vectors)

        return _bundle_type(array, n.literal_value)(array, types.intp, types.intp, n), generate

    @intrinsic
    def store(typingctx, array, start, stride, bundle):
        def generate(context, builder, sig, args):
            vectors = cgutils.unpack_tuple(builder, args[3])
            offsets = _steps(builder, args[1], args[2], len(vectors))
            places = _places(context, builder, sig.args[0], args[0], offsets, vectors[0].type)
            for vector, place in zip(vectors, places, strict=True):
                builder.store(vector, place, align=context.get_abi_sizeof(vector.type.element))
            return context.get_dummy_value()

        return types.void(array, types.intp, types.intp, bundle), generate

    @intrinsic(prefer_literal=True)
    def spread(typingctx, array, row, k, column, n):
        rows, columns = k.literal_value, n.literal_value

        def generate(context, builder, sig, args):
            vector = context.get_value_type(sig.return_type.dtype)
            nothing = ir.Constant(vector, ir.Undefined)
            lanes = ir.Constant(ir.VectorType(cgutils.int32_t, vector.count), [0] * vector.count)
            offsets = _grid(builder, args[1], rows, args[3], columns)
            vectors = []
            for place in _places(context, builder, sig.args[0], args[0], offsets, vector.element):
                first = builder.insert_element(nothing, builder.load(place), cgutils.int32_t(0))
                vectors.append(builder.shuffle_vector(first, nothing, lanes))
            return _pack(context, builder, sig.return_type, vectors)

        return _bundle_type(array, rows * columns)(array, types.intp, k, types.intp, n), generate

    def _vector_by_vector(operation):
        def typed(typingctx, a, b):
            def generate(context, builder, sig, args):
                both = zip(*(cgutils.unpack_tuple(builder, arg) for arg in args), strict=True)
                return _pack(context, builder, sig.return_type, [operation(builder, x, y) for x, y in both])

            return a(a, b), generate

        return intrinsic(typed)

    def _gated(builder, x, y):
        one = ir.Constant(y.type, [1.0] * y.type.count)
        return builder.fmul(x, builder.fmul(y, builder.fsub(one, y)))

    add = _vector_by_vector(lambda builder, x, y: builder.fadd(x, y))
    gate = _vector_by_vector(_gated)

    def _multiply_add(builder, a, b, c):
        return builder.fadd(builder.fmul(a, b, flags=_FUSED), c, flags=_FUSED)

    @intrinsic
    def add_weighted(typingctx, sums, weights, array, start, stride):
        def generate(context, builder, sig, args):
            totals, factors = (cgutils.unpack_tuple(builder, arg) for arg in args[:2])
            n = len(totals)
            for i, v in enumerate(_loaded(context, builder, sig.args[2], args[2:], len(factors) // n)):
                totals = [_multiply_add(builder, v, factors[i * n + j], totals[j]) for j in range(n)]
            return _pack(context, builder, sig.return_type, totals)

        return sums(sums, weights, array, types.intp, types.intp), generate

    @intrinsic
    def add_outer(typingctx, sums, array, start, stride, right):
        def generate(context, builder, sig, args):
            totals, factors = (cgutils.unpack_tuple(builder, arg) for arg in (args[0], args[4]))
            left = _loaded(context, builder, sig.args[1], args[1:4], len(totals) // len(factors))
            pairs = [(v, r) for v in left for r in factors]
            totals = [_multiply_add(builder, v, r, s) for (v, r), s in zip(pairs, totals, strict=True)]
            return _pack(context, builder, sig.return_type, totals)

        return sums(sums, array, types.intp, types.intp, right), generate

    @intrinsic(prefer_literal=True)
    def add_totals_into(typingctx, array, row, n, bundle):
        columns = n.literal_value

        def generate(context, builder, sig, args):
            vectors = cgutils.unpack_tuple(builder, args[3])
            offsets = _grid(builder, args[1], len(vectors) // columns, cgutils.intp_t(1), columns)
            places = _places(context, builder, sig.args[0], args[0], offsets, vectors[0].type.element)
            for value, place in zip(vectors, places, strict=True):
                half = value.type.count
                while half > 1:
                    half //= 2
                    value = builder.fadd(_part(builder, value, 0, half), _part(builder, value, half, half))
                total = builder.extract_element(value, cgutils.int32_t(0))
                builder.store(builder.fadd(builder.load(place), total), place)
            return context.get_dummy_value()

        return types.void(array, types.intp, n, bundle), generate

else:
    zeros: Any = _zeros_in_python  # type: ignore[no-redef]
    load: Any = _load_in_python  # type: ignore[no-redef]
    store: Any = _store_in_python  # type: ignore[no-redef]
    spread: Any = _spread_in_python  # type: ignore[no-redef]
    add: Any = _add_in_python  # type: ignore[no-redef]
    gate: Any = _gate_in_python  # type: ignore[no-redef]
    add_weighted: Any = _add_weighted_in_python  # type: ignore[no-redef]
    add_outer: Any = _add_outer_in_python  # type: ignore[no-redef]
    add_totals_into: Any = _add_totals_into_in_python  # type: ignore[no-redef]
