"""The entry of a kernel: a C function that unpacks a block of memory and calls the kernel's compiled code.

``arguments.py`` describes the block.  This module is only imported when a kernel is compiled.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.np.arrayobj import make_array, populate_array

from multilayer.engines.cpu.arguments import DONE, FAILED, MISMATCH, N_BEFORE, OFFSETS, Array, Record, Signature, leaves
from multilayer.engines.cpu.loading import ENTRY

_BYTE, _INT32, _INT64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)


def add_entry(context: Any, library: Any, description: Any, signature: Signature) -> None:
    """Add the entry of a compiled function to its library.

    Parameters
    ----------
    context : numba.core.base.BaseContext
        Numba's target context.
    library : numba.core.codegen.CodeLibrary
        The library of the function.
    description : numba.core.funcdesc.FunctionDescriptor
        The function.
    signature : Signature
        The types of its arguments.
    """
    convention = context.call_conv
    module = context.create_module("entry")
    function = ir.Function(module, ir.FunctionType(_INT32, [_INT64.as_pointer()]), ENTRY)
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    values = _Values(builder, function.args[0])
    _refuse_unless(builder, [values.is_array(i) for i, type_ in enumerate(leaves(signature)) if _is_array(type_)])
    for i, type_ in enumerate(leaves(signature)):
        if _is_array(type_):
            _refuse_unless(builder, values.have_type(i, type_))
    unpacked = values.tuple_of(context, signature, description.argtypes)
    native = convention.get_function_type(description.restype, description.argtypes)
    callee = ir.Function(module, native, description.llvm_func_name)
    status, result = convention.call_function(builder, callee, description.restype, description.argtypes, unpacked)
    with builder.if_then(status.is_error, likely=False):
        builder.ret(_INT32(FAILED))
    _store_result(builder, function.args[0], description.restype, result)
    builder.ret(_INT32(DONE))
    library.add_ir_module(module)


def _is_array(type_: Any) -> bool:
    return isinstance(type_, Array)


def _refuse_unless(builder: Any, conditions: list[Any]) -> None:
    """Return ``MISMATCH`` from the entry unless all conditions are true."""
    if not conditions:
        return
    all_true = conditions[0]
    for condition in conditions[1:]:
        all_true = builder.and_(all_true, condition)
    with builder.if_then(builder.not_(all_true), likely=False):
        builder.ret(_INT32(MISMATCH))


def _store_result(builder: Any, block: Any, type_: Any, result: Any) -> None:
    if type_ == types.none:
        return
    if isinstance(type_, types.Float):
        number = builder.fpext(result, ir.DoubleType()) if type_.bitwidth < 64 else result
        builder.store(number, builder.bitcast(block, ir.DoubleType().as_pointer()))
        return
    if result.type.width < 64:
        extend = builder.zext if isinstance(type_, types.Boolean) else builder.sext
        result = extend(result, _INT64)
    builder.store(result, block)


class _Values:
    """The numbers of a block, and the fields of the arrays whose addresses are among them."""

    def __init__(self, builder: Any, block: Any) -> None:
        self._builder, self._block = builder, block
        self._head, self._array_type = self._at(1), self._at(2)

    def _at(self, position: int) -> Any:
        return self._builder.load(self._builder.gep(self._block, [_INT64(position)]))

    def _field(self, start: Any, offset: int, type_: Any) -> Any:
        """Return a field of an object that starts at an address, at an offset from the end of its head."""
        address = self._builder.add(self._builder.add(start, self._head), _INT64(offset))
        return self._builder.load(self._builder.inttoptr(address, type_.as_pointer()))

    def is_array(self, i: int) -> Any:
        type_ = self._field(self._at(N_BEFORE + i), OFFSETS.type_, _INT64)
        return self._builder.icmp_unsigned("==", type_, self._array_type)

    def have_type(self, i: int, type_: Array) -> list[Any]:
        """Return the conditions that an array has a type and is C-contiguous."""
        builder, array = self._builder, self._at(N_BEFORE + i)
        flags = builder.and_(self._field(array, OFFSETS.flags, _INT32), _INT32(1))
        dtype = self._field(array, OFFSETS.dtype, _INT64)
        # The byte order is "=" for the native one, and "|" where there is none.
        order = self._field(dtype, OFFSETS.byteorder, _BYTE)
        native = [builder.icmp_unsigned("==", order, _BYTE(ord(each))) for each in "=|"]
        pairs = [
            (self._field(array, OFFSETS.ndim, _INT32), _INT32(type_.ndim)),
            (flags, _INT32(1)),
            (self._field(dtype, OFFSETS.kind, _BYTE), _BYTE(ord(type_.kind))),
            (self._field(dtype, OFFSETS.itemsize, _INT64), _INT64(type_.itemsize)),
        ]
        return [builder.or_(*native), *(builder.icmp_unsigned("==", one, other) for one, other in pairs)]

    def tuple_of(self, context: Any, signature: Signature, numba_types: Any) -> list[Any]:
        """Return the arguments as values of Numba's types."""
        numbers = iter(range(N_BEFORE, N_BEFORE + len(list(leaves(signature)))))
        return self._members(context, signature, numba_types, numbers)

    def _members(self, context: Any, signature: Signature, numba_types: Any, numbers: Any) -> list[Any]:
        values = []
        for type_, numba_type in zip(signature, numba_types, strict=True):
            if isinstance(type_, Record):
                members = self._members(context, type_.members, tuple(numba_type), numbers)
                values.append(context.make_tuple(self._builder, numba_type, members))
            elif _is_array(type_):
                values.append(self._array(context, numba_type, self._at(next(numbers))))
            else:
                values.append(self._number(type_, next(numbers)))
        return values

    def _number(self, type_: str, position: int) -> Any:
        builder = self._builder
        if type_ == "float":
            place = builder.gep(self._block, [_INT64(position)])
            return builder.load(builder.bitcast(place, ir.DoubleType().as_pointer()))
        number = self._at(position)
        return builder.icmp_unsigned("!=", number, _INT64(0)) if type_ == "bool" else number

    def _array(self, context: Any, type_: Any, start: Any) -> Any:
        builder, array = self._builder, make_array(type_)(context, self._builder)
        itemsize = _INT64(context.get_abi_sizeof(context.get_data_type(type_.dtype)))
        place = self._field(start, OFFSETS.shape, _INT64.as_pointer())
        shape = [builder.load(builder.gep(place, [_INT64(axis)])) for axis in range(type_.ndim)]
        strides = [itemsize]
        for extent in reversed(shape[1:]):
            strides.insert(0, builder.mul(strides[0], extent))
        data = self._field(start, OFFSETS.data, context.get_data_type(type_.dtype).as_pointer())
        populate_array(
            array, data, cgutils.pack_array(builder, shape), cgutils.pack_array(builder, strides), itemsize, None
        )
        return array._getvalue()
