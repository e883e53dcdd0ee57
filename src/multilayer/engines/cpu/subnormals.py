"""Flushing of subnormal numbers to 0 while a kernel runs.

Below 1.2e-38 in float32 (2.2e-308 in float64) numbers are subnormal: they have fewer digits, and processors may take a
hundred times as long to compute with them.  Training creates them: if a pixel is never set or a unit is never active,
the gradient is 0, so in each update Adam multiplies its mean by 0.9 and weight decay shrinks the weight.  Adam's mean
never reaches 0, because 0.9 times the smallest number is rounded to the smallest number.

So a kernel sets bits in the register that controls the arithmetic of its thread, and restores the register at its end:
subnormal results become 0, and subnormal operands are read as 0.  Each thread has its own register, and BLAS runs in
the thread of its caller.  On processors whose register is unknown here, both functions do nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from multilayer.engines.cpu.compiling import emitted_by


class ControlRegister(NamedTuple):
    """The control register of one kind of processor: its flush bits, and code to read and write it as an int64."""

    flush: int
    read: Callable[..., Any]  # (builder): the value
    write: Callable[..., None]  # (builder, value)


def control_register(triple: str) -> ControlRegister | None:
    """Return the register of the processor that LLVM compiles for, or None.

    LLVM's triple identifies the processor; ``platform.machine()`` does not: on Windows for ARM it names the computer's
    processor even in a Python for x86-64, which the computer emulates.
    """
    return _REGISTERS.get(triple.split("-")[0].lower())


def _call(builder, name, result, arguments):
    from llvmlite import ir
    from numba.core import cgutils

    function_type = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, function_type, name), arguments)


def _call_with_slot(builder, name, slot):
    from llvmlite import ir

    _call(builder, name, ir.VoidType(), [builder.bitcast(slot, ir.IntType(8).as_pointer())])


def _read_mxcsr(builder):
    from llvmlite import ir
    from numba.core import cgutils

    slot = cgutils.alloca_once(builder, cgutils.int32_t)
    _call_with_slot(builder, "llvm.x86.sse.stmxcsr", slot)
    return builder.zext(builder.load(slot), ir.IntType(64))


def _write_mxcsr(builder, value):
    from numba.core import cgutils

    slot = cgutils.alloca_once_value(builder, builder.trunc(value, cgutils.int32_t))
    _call_with_slot(builder, "llvm.x86.sse.ldmxcsr", slot)


def _read_fpcr(builder):
    from llvmlite import ir

    return _call(builder, "llvm.aarch64.get.fpcr", ir.IntType(64), [])


def _write_fpcr(builder, value):
    from llvmlite import ir

    _call(builder, "llvm.aarch64.set.fpcr", ir.VoidType(), [value])


_MXCSR = ControlRegister(1 << 15 | 1 << 6, _read_mxcsr, _write_mxcsr)  # flush to zero, and denormals are zero
_FPCR = ControlRegister(1 << 24, _read_fpcr, _write_fpcr)  # one bit for results and operands
_REGISTERS = {"x86_64": _MXCSR, "amd64": _MXCSR, "aarch64": _FPCR, "arm64": _FPCR}


def _intrinsics() -> dict[str, Any]:
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    @intrinsic
    def flush(typingctx):
        def generate(context, builder, sig, args):
            register = control_register(builder.module.triple)
            if register is None:
                return ir.Constant(ir.IntType(64), 0)
            state = register.read(builder)
            register.write(builder, builder.or_(state, ir.Constant(ir.IntType(64), register.flush)))
            return state

        return types.int64(), generate

    @intrinsic
    def restore(typingctx, state):
        def generate(context, builder, sig, args):
            register = control_register(builder.module.triple)
            if register is not None:
                register.write(builder, args[0])
            return context.get_dummy_value()

        return types.void(types.int64), generate

    return {"flush": flush, "restore": restore}


@emitted_by(_intrinsics)
def flush() -> int:
    """Flush subnormal numbers from now on; return the previous state, for ``restore``."""
    return 0


@emitted_by(_intrinsics)
def restore(state: int) -> None:
    """Restore the state that ``flush`` returned."""
