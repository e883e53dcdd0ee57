"""Numbers too small to be normal count as 0 while a kernel runs.

Below 1.2e-38 in float32 (2.2e-308 in float64) the numbers are subnormal, with ever fewer digits, and processors may
take a hundred times as long over them.  Training makes them: where a pixel is never set or a unit never active, the
gradient is 0, and from update to update Adam multiplies its mean by 0.9 and weight decay shrinks the weight.  Adam's
mean does not even pass through: 0.9 times the smallest number is rounded to the smallest number.

So a kernel sets two bits in the register that governs the arithmetic of its thread, and puts back what was there at
its end: subnormal results become 0, and subnormal operands are read as 0.  The register is the thread's own, and BLAS
runs in the thread of its caller.  Processors other than x86 are left as they are.
"""

from __future__ import annotations

import platform
from typing import Any

from multilayer.engines.cpu.compiling import COMPILED

# Of MXCSR: flush to zero, and denormals are zero.
FLUSH = 1 << 15 | 1 << 6


def _flush_in_python() -> int:
    """Flush subnormal numbers from here on; the state before, for ``restore``."""
    return 0


def _restore_in_python(state: int) -> None:
    """Put back what ``flush`` found."""


if COMPILED and platform.machine().lower() in ("x86_64", "amd64"):
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    def _call(builder, name, slot):
        byte_pointer = ir.IntType(8).as_pointer()
        function_type = ir.FunctionType(ir.VoidType(), [byte_pointer])
        function = cgutils.get_or_insert_function(builder.module, function_type, name)
        builder.call(function, [builder.bitcast(slot, byte_pointer)])

    @intrinsic
    def flush(typingctx):
        def generate(context, builder, sig, args):
            slot = cgutils.alloca_once(builder, cgutils.int32_t)
            _call(builder, "llvm.x86.sse.stmxcsr", slot)
            state = builder.load(slot)
            builder.store(builder.or_(state, cgutils.int32_t(FLUSH)), slot)
            _call(builder, "llvm.x86.sse.ldmxcsr", slot)
            return state

        return types.int32(), generate

    @intrinsic
    def restore(typingctx, state):
        def generate(context, builder, sig, args):
            slot = cgutils.alloca_once_value(builder, args[0])
            _call(builder, "llvm.x86.sse.ldmxcsr", slot)
            return context.get_dummy_value()

        return types.void(types.int32), generate

else:
    flush: Any = _flush_in_python  # type: ignore[no-redef]
    restore: Any = _restore_in_python  # type: ignore[no-redef]
