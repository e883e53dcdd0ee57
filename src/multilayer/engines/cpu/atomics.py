"""Atomic operations on a number that several threads read and write, and a short wait.

Uncompiled, kernels run in one thread, and plain reads and writes do the same.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

from numpy.typing import NDArray

from multilayer.engines.cpu.compiling import COMPILED, inner

Words = NDArray[Any]  # int64

# A waiting thread reads its word this many times in a row before it lets other threads of its core run.
SPINS = 1000


def _fetch_add_in_python(words: Words, place: int, number: int) -> int:
    """Add a number to ``words[place]``; return the value before."""
    before = int(words[place])
    words[place] = before + number
    return before


def _load_in_python(words: Words, place: int) -> int:
    """Return ``words[place]``; what its writer wrote before it is visible from then on."""
    return int(words[place])


def _store_in_python(words: Words, place: int, number: int) -> None:
    """Set ``words[place]``, after all writes before."""
    words[place] = number


def _pause_in_python() -> None:
    """Wait for a few cycles."""


def _give_way_in_python() -> None:
    """Let another thread run on this core."""


if COMPILED:
    import llvmlite.binding
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    # Compiled code calls it by this name, as it calls BLAS: see blas.py.
    _YIELD = "multilayer_yield"
    _library = ctypes.WinDLL("kernel32") if os.name == "nt" else ctypes.CDLL(None)  # type: ignore[attr-defined,unused-ignore]
    _routine = _library.SwitchToThread if os.name == "nt" else _library.sched_yield
    llvmlite.binding.add_symbol(_YIELD, ctypes.cast(_routine, ctypes.c_void_p).value)

    # The instruction that lets the other thread of a core run, by the processor in LLVM's triple; 1 is "yield".
    _PAUSE: tuple[str, tuple[int, ...]] = ("llvm.x86.sse2.pause", ())
    _YIELD_HINT: tuple[str, tuple[int, ...]] = ("llvm.aarch64.hint", (1,))
    _PAUSES = {"x86_64": _PAUSE, "amd64": _PAUSE, "aarch64": _YIELD_HINT, "arm64": _YIELD_HINT}

    def _address(context, builder, sig, args):
        return builder.gep(context.make_array(sig.args[0])(context, builder, args[0]).data, [args[1]])

    @intrinsic
    def fetch_add(typingctx, words, place, number):
        def generate(context, builder, sig, args):
            return builder.atomic_rmw("add", _address(context, builder, sig, args), args[2], "acq_rel")

        return types.int64(words, types.intp, types.int64), generate

    @intrinsic
    def load_word(typingctx, words, place):
        def generate(context, builder, sig, args):
            return builder.load_atomic(_address(context, builder, sig, args), "acquire", 8)

        return types.int64(words, types.intp), generate

    @intrinsic
    def store_word(typingctx, words, place, number):
        def generate(context, builder, sig, args):
            builder.store_atomic(args[2], _address(context, builder, sig, args), "release", 8)
            return context.get_dummy_value()

        return types.void(words, types.intp, types.int64), generate

    @intrinsic
    def pause(typingctx):
        def generate(context, builder, sig, args):
            name, numbers = _PAUSES.get(builder.module.triple.split("-")[0].lower(), ("", ()))
            if name:
                given = [ir.IntType(32)(number) for number in numbers]
                function_type = ir.FunctionType(ir.VoidType(), [each.type for each in given])
                builder.call(cgutils.get_or_insert_function(builder.module, function_type, name), given)
            return context.get_dummy_value()

        return types.void(), generate

    @intrinsic
    def give_way(typingctx):
        def generate(context, builder, sig, args):
            function_type = ir.FunctionType(ir.IntType(32), [])
            builder.call(cgutils.get_or_insert_function(builder.module, function_type, _YIELD), [])
            return context.get_dummy_value()

        return types.void(), generate

else:
    fetch_add: Any = _fetch_add_in_python  # type: ignore[no-redef]
    load_word: Any = _load_in_python  # type: ignore[no-redef]
    store_word: Any = _store_in_python  # type: ignore[no-redef]
    pause: Any = _pause_in_python  # type: ignore[no-redef]
    give_way: Any = _give_way_in_python  # type: ignore[no-redef]


@inner
def wait_while_in(words: Words, place: int, bits: int, value: int) -> None:
    """Wait while ``words[place]``, without its lowest bits, has this value."""
    spins = 0
    while load_word(words, place) >> bits == value:
        spins += 1
        if spins % SPINS == 0:
            give_way()
        else:
            pause()
