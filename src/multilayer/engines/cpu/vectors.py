"""Bundles of vectors, for the loops that the compiler does not vectorise well.

A tile of a matrix product keeps several sums in vector registers over a loop whose length is unknown at compile time.
From loops over scalars, LLVM compiles code that loads and stores all sums around every few multiplications, and checks
every pair of arrays for overlap at run time.  So these few loops define vectors explicitly, each as long as a register.

A bundle is a tuple of vectors, whose number is a literal.  A strip is ``STRIP`` contiguous numbers, one or a few
vectors; functions named after strips process all vectors of a strip at once.  In compiled code each vector is a value
of LLVM's vector type; uncompiled, it is a NumPy array.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from multilayer.engines.cpu.compiling import emitted_by, has_wide_registers
from multilayer.network import Floats

# AVX-512 has 32 registers of 64 bytes; other processors have 16 of 32 bytes, or 32 of 16.  The length of a strip is
# such that five strips of sums, the strip that they are multiplied by, and a factor fit into the registers.
#: Size of a vector, in bytes.
BYTES = 64 if has_wide_registers() else 32
#: Numbers of a strip.
STRIP = 32 if has_wide_registers() else 8

Bundle = Any  # tuple of vectors, each of BYTES / itemsize numbers


def _intrinsics() -> dict[str, Any]:
    """Return the functions below for compiled code."""
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
            super().__init__(dmm, fe_type, ir.VectorType(element, _lanes(fe_type)))

    _VectorType.model = _VectorModel  # the cache key starts from the type and so includes the model

    # A product and a sum become one instruction.
    _FUSED = ("contract",)

    def _lanes(array: Any) -> int:
        return 8 * BYTES // array.dtype.bitwidth

    def _vectors_of_a_strip(array: Any) -> int:
        return STRIP // _lanes(array)

    def _bundle_type(array: Any, n: int) -> Any:
        return types.UniTuple(_VectorType(array.dtype), n)

    def _pack(context, builder, bundle_type, vectors):
        return cgutils.pack_array(builder, vectors, context.get_value_type(bundle_type.dtype))

    def _grid(builder, start, row, k, column, n):
        """Return the offsets start + i row + j column."""

        def steps(first, stride, count):
            offsets = [first]
            for _ in range(count - 1):
                offsets.append(builder.add(offsets[-1], stride))
            return offsets

        return [offset for first in steps(start, row, k) for offset in steps(first, column, n)]

    def _strips(builder, array_type, start, row, k):
        """Return the offsets of all vectors of k strips."""
        lanes = cgutils.intp_t(_lanes(array_type))
        return _grid(builder, start, row, k, lanes, _vectors_of_a_strip(array_type))

    def _places(context, builder, array_type, array, offsets, element):
        """Return pointers to the elements of an array at these offsets."""
        data = context.make_array(array_type)(context, builder, array).data
        return [builder.bitcast(builder.gep(data, [offset]), element.as_pointer()) for offset in offsets]

    def _loaded(context, builder, array_type, array, offsets):
        vector = context.get_value_type(_VectorType(array_type.dtype))
        places = _places(context, builder, array_type, array, offsets, vector)
        # The default is the alignment of a whole vector, which arrays do not always have.
        return [builder.load(place, align=context.get_abi_sizeof(vector.element)) for place in places]

    def _stored(context, builder, array_type, array, offsets, bundle):
        vectors = cgutils.unpack_tuple(builder, bundle)
        places = _places(context, builder, array_type, array, offsets, vectors[0].type)
        for vector, place in zip(vectors, places, strict=True):
            builder.store(vector, place, align=context.get_abi_sizeof(vector.type.element))
        return context.get_dummy_value()

    def _spread(context, builder, array_type, array, offsets):
        """Return one vector per element, with the element in every lane."""
        vector = context.get_value_type(_VectorType(array_type.dtype))
        nothing = ir.Constant(vector, ir.Undefined)
        lanes = ir.Constant(ir.VectorType(cgutils.int32_t, vector.count), [0] * vector.count)
        vectors = []
        for place in _places(context, builder, array_type, array, offsets, vector.element):
            first = builder.insert_element(nothing, builder.load(place), cgutils.int32_t(0))
            vectors.append(builder.shuffle_vector(first, nothing, lanes))
        return vectors

    def _multiply_add(builder, a, b, c):
        return builder.fadd(builder.fmul(a, b, flags=_FUSED), c, flags=_FUSED)

    def _zero_vectors(context, builder, sig, args):
        vector = context.get_value_type(sig.return_type.dtype)
        return _pack(context, builder, sig.return_type, [ir.Constant(vector, None)] * sig.return_type.count)

    @intrinsic(prefer_literal=True)
    def zeros(typingctx, array, n):
        return _bundle_type(array, n.literal_value)(array, n), _zero_vectors

    @intrinsic(prefer_literal=True)
    def load(typingctx, array, start, row, k, column, n):
        rows, columns = k.literal_value, n.literal_value

        def generate(context, builder, sig, args):
            offsets = _grid(builder, args[1], args[2], rows, args[4], columns)
            return _pack(context, builder, sig.return_type, _loaded(context, builder, sig.args[0], args[0], offsets))

        return _bundle_type(array, rows * columns)(array, types.intp, types.intp, k, types.intp, n), generate

    @intrinsic(prefer_literal=True)
    def store(typingctx, array, start, row, column, n, bundle):
        columns = n.literal_value

        def generate(context, builder, sig, args):
            offsets = _grid(builder, args[1], args[2], bundle.count // columns, args[3], columns)
            return _stored(context, builder, sig.args[0], args[0], offsets, args[5])

        return types.void(array, types.intp, types.intp, types.intp, n, bundle), generate

    @intrinsic
    def add_outer(typingctx, sums, left, right):
        def generate(context, builder, sig, args):
            totals, first, second = (cgutils.unpack_tuple(builder, arg) for arg in args)
            pairs = [(v, r) for v in first for r in second]
            totals = [_multiply_add(builder, v, r, s) for (v, r), s in zip(pairs, totals, strict=True)]
            return _pack(context, builder, sig.return_type, totals)

        return sums(sums, left, right), generate

    @intrinsic
    def gate(typingctx, a, b):
        def generate(context, builder, sig, args):
            pairs = zip(*(cgutils.unpack_tuple(builder, arg) for arg in args), strict=True)
            one = ir.Constant(
                context.get_value_type(sig.return_type.dtype), [1.0] * (8 * BYTES // a.dtype.dtype.bitwidth)
            )
            gated = [builder.fmul(x, builder.fmul(y, builder.fsub(one, y))) for x, y in pairs]
            return _pack(context, builder, sig.return_type, gated)

        return a(a, b), generate

    @intrinsic(prefer_literal=True)
    def zero_strips(typingctx, array, k):
        return _bundle_type(array, k.literal_value * _vectors_of_a_strip(array))(array, k), _zero_vectors

    @intrinsic(prefer_literal=True)
    def spread_strips(typingctx, array, start, step, k):
        strips, copies = k.literal_value, _vectors_of_a_strip(array)

        def generate(context, builder, sig, args):
            offsets = _grid(builder, args[1], args[2], strips, args[2], 1)
            vectors = _spread(context, builder, sig.args[0], args[0], offsets)
            return _pack(context, builder, sig.return_type, [v for v in vectors for _ in range(copies)])

        return _bundle_type(array, strips * copies)(array, types.intp, types.intp, k), generate

    @intrinsic(prefer_literal=True)
    def spread(typingctx, array, start, step, k):
        def generate(context, builder, sig, args):
            offsets = _grid(builder, args[1], args[2], k.literal_value, args[2], 1)
            return _pack(context, builder, sig.return_type, _spread(context, builder, sig.args[0], args[0], offsets))

        return _bundle_type(array, k.literal_value)(array, types.intp, types.intp, k), generate

    @intrinsic(prefer_literal=True)
    def load_strips(typingctx, array, start, row, k):
        strips = k.literal_value

        def generate(context, builder, sig, args):
            offsets = _strips(builder, sig.args[0], args[1], args[2], strips)
            return _pack(context, builder, sig.return_type, _loaded(context, builder, sig.args[0], args[0], offsets))

        bundle = _bundle_type(array, strips * _vectors_of_a_strip(array))
        return bundle(array, types.intp, types.intp, k), generate

    @intrinsic
    def store_strips(typingctx, array, start, row, bundle):
        def generate(context, builder, sig, args):
            strips = bundle.count // _vectors_of_a_strip(array)
            offsets = _strips(builder, sig.args[0], args[1], args[2], strips)
            return _stored(context, builder, sig.args[0], args[0], offsets, args[3])

        return types.void(array, types.intp, types.intp, bundle), generate

    @intrinsic
    def add_scaled(typingctx, sums, array, start, numbers, first, step):
        def generate(context, builder, sig, args):
            totals, copies = cgutils.unpack_tuple(builder, args[0]), _vectors_of_a_strip(array)
            strip = _loaded(
                context, builder, sig.args[1], args[1], _strips(builder, array, args[2], cgutils.intp_t(0), 1)
            )
            offsets = _grid(builder, args[4], args[5], len(totals) // copies, args[5], 1)
            factors = _spread(context, builder, sig.args[3], args[3], offsets)
            pairs = [(v, w) for w in factors for v in strip]
            totals = [_multiply_add(builder, v, w, s) for (v, w), s in zip(pairs, totals, strict=True)]
            return _pack(context, builder, sig.return_type, totals)

        return sums(sums, array, types.intp, numbers, types.intp, types.intp), generate

    made = (
        zeros,
        load,
        store,
        add_outer,
        gate,
        zero_strips,
        spread_strips,
        spread,
        load_strips,
        store_strips,
        add_scaled,
    )
    return {each._defn.__name__: each for each in made}


@emitted_by(_intrinsics)
def load(array: Floats, start: int, row: int, k: int, column: int, n: int) -> Bundle:
    """Return the vectors at start + i row + j column, i < k and j < n, row after row."""
    flat, lanes = array.reshape(-1), BYTES // array.itemsize
    places = [start + i * row + j * column for i in range(k) for j in range(n)]
    return tuple(flat[place : place + lanes].copy() for place in places)


@emitted_by(_intrinsics)
def store(array: Floats, start: int, row: int, column: int, n: int, bundle: Bundle) -> None:
    """Store vectors at the positions from which ``load`` reads them."""
    flat = array.reshape(-1)
    for place, vector in enumerate(bundle):
        first = start + place // n * row + place % n * column
        flat[first : first + len(vector)] = vector


@emitted_by(_intrinsics)
def zeros(array: Floats, n: int) -> Bundle:
    """Return n vectors of zeros in the dtype of an array."""
    return (np.zeros(BYTES // array.itemsize, dtype=array.dtype),) * n


@emitted_by(_intrinsics)
def add_outer(sums: Bundle, left: Bundle, right: Bundle) -> Bundle:
    """Return ``sums[i n + j]`` + ``left[i] right[j]``, for n vectors on the right."""
    products = [v * r for v in left for r in right]
    return tuple(s + p for s, p in zip(sums, products, strict=True))


@emitted_by(_intrinsics)
def gate(a: Bundle, b: Bundle) -> Bundle:
    """Return a * b (1 - b) for each pair of vectors."""
    return tuple(x * (y * (y.dtype.type(1) - y)) for x, y in zip(a, b, strict=True))


def _per_strip(array: Floats) -> int:
    return STRIP * array.itemsize // BYTES


@emitted_by(_intrinsics)
def zero_strips(array: Floats, k: int) -> Bundle:
    """Return k strips of zeros in the dtype of an array."""
    return zeros(array, k * _per_strip(array))


@emitted_by(_intrinsics)
def spread_strips(array: Floats, start: int, step: int, k: int) -> Bundle:
    """Return k strips; strip i is filled with the element at start + i step."""
    flat, lanes = array.reshape(-1), BYTES // array.itemsize
    return tuple(np.full(lanes, flat[start + i * step]) for i in range(k) for _ in range(_per_strip(array)))


@emitted_by(_intrinsics)
def spread(array: Floats, start: int, step: int, k: int) -> Bundle:
    """Return k vectors; vector i is filled with the element at start + i step."""
    flat, lanes = array.reshape(-1), BYTES // array.itemsize
    return tuple(np.full(lanes, flat[start + i * step]) for i in range(k))


@emitted_by(_intrinsics)
def load_strips(array: Floats, start: int, row: int, k: int) -> Bundle:
    """Return the k strips at start + i row."""
    return load(array, start, row, k, BYTES // array.itemsize, _per_strip(array))


@emitted_by(_intrinsics)
def store_strips(array: Floats, start: int, row: int, bundle: Bundle) -> None:
    """Store strips at the positions from which ``load_strips`` reads them."""
    store(array, start, row, BYTES // array.itemsize, _per_strip(array), bundle)


@emitted_by(_intrinsics)
def add_scaled(sums: Bundle, array: Floats, start: int, numbers: Floats, first: int, step: int) -> Bundle:
    """Return strip i of sums + number i times the strip at start; the numbers are at first + i step."""
    strip = load_strips(array, start, 0, 1)
    factors = spread_strips(numbers, first, step, len(sums) // len(strip))
    return tuple(s + v * w for s, v, w in zip(sums, strip * (len(sums) // len(strip)), factors, strict=True))
