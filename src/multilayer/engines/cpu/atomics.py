"""Atomic operations on a number that several threads read and write, and a short wait.

Uncompiled, kernels run in one thread, and plain reads and writes do the same.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from multilayer.engines.cpu.compiling import emitted_by, inner
from multilayer.engines.cpu.symbols import YIELD

Words = NDArray[Any]  # int64

# A waiting thread reads its word this many times in a row before it lets other threads of its core run.
SPINS = 1000

# The instruction that lets the other thread of a core run, by the processor in LLVM's triple; 1 is "yield".
_PAUSE: tuple[str, tuple[int, ...]] = ("llvm.x86.sse2.pause", ())
_HINT: tuple[str, tuple[int, ...]] = ("llvm.aarch64.hint", (1,))
_PAUSES = {"x86_64": _PAUSE, "amd64": _PAUSE, "aarch64": _HINT, "arm64": _HINT}


def _intrinsics() -> dict[str, Any]:
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    def address(context, builder, sig, args):
        return builder.gep(context.make_array(sig.args[0])(context, builder, args[0]).data, [args[1]])

    @intrinsic
    def fetch_add(typingctx, words, place, number):
        def generate(context, builder, sig, args):
            return builder.atomic_rmw("add", address(context, builder, sig, args), args[2], "acq_rel")

        return types.int64(words, types.intp, types.int64), generate

    @intrinsic
    def load_word(typingctx, words, place):
        def generate(context, builder, sig, args):
            return builder.load_atomic(address(context, builder, sig, args), "acquire", 8)

        return types.int64(words, types.intp), generate

    @intrinsic
    def store_word(typingctx, words, place, number):
        def generate(context, builder, sig, args):
            builder.store_atomic(args[2], address(context, builder, sig, args), "release", 8)
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
            builder.call(cgutils.get_or_insert_function(builder.module, function_type, YIELD), [])
            return context.get_dummy_value()

        return types.void(), generate

    made = (fetch_add, load_word, store_word, pause, give_way)
    return {each._defn.__name__: each for each in made}


@emitted_by(_intrinsics)
def fetch_add(words: Words, place: int, number: int) -> int:
    """Add a number to ``words[place]``; return the value before."""
    before = int(words[place])
    words[place] = before + number
    return before


@emitted_by(_intrinsics)
def load_word(words: Words, place: int) -> int:
    """Return ``words[place]``; what its writer wrote before it is visible from then on."""
    return int(words[place])


@emitted_by(_intrinsics)
def store_word(words: Words, place: int, number: int) -> None:
    """Set ``words[place]``, after all writes before."""
    words[place] = number


@emitted_by(_intrinsics)
def pause() -> None:
    """Wait for a few cycles."""


@emitted_by(_intrinsics)
def give_way() -> None:
    """Let another thread run on this core."""


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
