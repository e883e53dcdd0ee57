"""Views of parts of arrays, without the cost of slicing.

A slice in compiled code counts references to its array, and the code for a slice or a reshape takes long to compile.
These views only borrow the memory: the caller of a kernel must keep the arrays alive while it runs.
"""

from __future__ import annotations

from typing import Any

from multilayer.engines.cpu.compiling import emitted_by
from multilayer.network import Floats


def _intrinsics() -> dict[str, Any]:
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.core.imputils import impl_ret_borrowed
    from numba.extending import intrinsic
    from numba.np.arrayobj import make_array, populate_array

    def _view(context, builder, sig, args):
        array, start, *shape = args
        data = context.make_array(sig.args[0])(context, builder, array).data
        itemsize = context.get_abi_sizeof(context.get_data_type(sig.return_type.dtype))
        strides = [cgutils.intp_t(itemsize)]
        for extent in reversed(shape[1:]):
            strides.insert(0, builder.mul(strides[0], extent))
        view = make_array(sig.return_type)(context, builder)
        populate_array(view, builder.gep(data, [start]), shape, strides, cgutils.intp_t(itemsize), meminfo=None)
        return impl_ret_borrowed(context, builder, sig.return_type, view._getvalue())

    @intrinsic
    def line(typingctx, array, start, n):
        return types.Array(array.dtype, 1, "C")(array, types.intp, types.intp), _view

    @intrinsic
    def block(typingctx, array, start, rows, columns):
        return types.Array(array.dtype, 2, "C")(array, types.intp, types.intp, types.intp), _view

    @intrinsic
    def prefetch(typingctx, array, place):
        def generate(context, builder, sig, args):
            data = make_array(sig.args[0])(context, builder, args[0]).data
            byte = ir.IntType(8).as_pointer()
            integer = ir.IntType(32)
            function_type = ir.FunctionType(ir.VoidType(), [byte, integer, integer, integer])
            function = cgutils.get_or_insert_function(builder.module, function_type, "llvm.prefetch.p0i8")
            address = builder.bitcast(builder.gep(data, [args[1]]), byte)
            # To be read, kept in all levels of the cache, and data.
            builder.call(function, [address, integer(0), integer(3), integer(1)])
            return context.get_dummy_value()

        return types.void(array, types.intp), generate

    return {"line": line, "block": block, "prefetch": prefetch}


@emitted_by(_intrinsics)
def line(array: Floats, start: int, n: int) -> Floats:
    """Return the elements ``start`` .. ``start + n - 1`` of a contiguous array of any shape, as (n,)."""
    return array.reshape(-1)[start : start + n]


@emitted_by(_intrinsics)
def block(array: Floats, start: int, rows: int, columns: int) -> Floats:
    """Return the ``rows * columns`` elements from ``start`` on, as (rows, columns)."""
    return array.reshape(-1)[start : start + rows * columns].reshape(rows, columns)


@emitted_by(_intrinsics)
def prefetch(array: Floats, place: int) -> None:
    """Bring the element at a place into the cache, without waiting for it; the place may be behind the end."""
