"""Every argument reaches machine code as it is, and arguments of another type are never passed to it."""

from __future__ import annotations

import ctypes
import gc
import os
import struct
import sys
import threading
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy

from multilayer.engines.cpu import arguments, compiling
from multilayer.engines.cpu.arguments import HEAD, N_BEFORE, OFFSETS, Array, Record, caller, signature_of

compiled_only = pytest.mark.skipif(not compiling.COMPILED, reason="there is no compiler in this run")


FOREIGN = np.dtype(np.float64).newbyteorder()  # of other processors


class Pair(NamedTuple):
    first: Any
    second: Any


DTYPES = [np.float32, np.float64, np.int32, np.int64, np.uint32, np.uint8, np.bool_]
INT64 = {"min_value": -(2**63), "max_value": 2**63 - 1}
numbers = st.one_of(st.booleans(), st.integers(**INT64), st.floats(), st.floats(width=32).map(np.float32))
arrays = st.one_of(
    [of_numpy.arrays(dtype, of_numpy.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4)) for dtype in DTYPES]
)
values = st.recursive(
    st.one_of(numbers, arrays),
    lambda inside: st.one_of(st.builds(Pair, inside, inside), st.tuples(inside)),
    max_leaves=8,
)


def flat(value: Any) -> list[Any]:
    return [leaf for member in value for leaf in flat(member)] if isinstance(value, tuple) else [value]


def read(block: ctypes.Array[ctypes.c_int64], position: int, type_: Any) -> Any:
    """Return what an entry finds at a position of the block."""
    number = block[N_BEFORE + position]
    if not isinstance(type_, Array):
        return struct.unpack("=d", struct.pack("=q", number))[0] if type_ == "float" else number
    start = number + HEAD
    shape = (ctypes.c_int64 * type_.ndim).from_address(ctypes.c_int64.from_address(start + OFFSETS.shape).value)
    dtype = np.dtype(f"{type_.kind}{type_.itemsize}")
    size = dtype.itemsize * int(np.prod(shape))
    data = ctypes.string_at(ctypes.c_int64.from_address(start + OFFSETS.data).value, size)
    return np.frombuffer(data, dtype).reshape(tuple(shape))


@settings(max_examples=300)
@given(st.lists(values, min_size=1, max_size=4).map(tuple))
def test_every_argument_is_found_in_the_block(given_values: tuple[Any, ...]) -> None:
    signature = signature_of(given_values)
    types = list(arguments.leaves(signature))
    found: list[Any] = []

    def entry(address: int) -> int:
        block = (ctypes.c_int64 * (N_BEFORE + len(types))).from_address(address)
        assert (block[1], block[2]) == (HEAD, id(np.ndarray))
        found.extend(read(block, position, type_) for position, type_ in enumerate(types))
        block[0] = 77
        return 0

    function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(entry)
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    assert caller(signature, address, "int")(given_values) == 77
    expected = flat(given_values)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@given(st.lists(values, min_size=1, max_size=3).map(tuple), st.lists(values, min_size=1, max_size=3).map(tuple))
def test_descriptions_differ_where_types_differ(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    signatures = [signature_of(each) for each in (one, other)]
    described = [arguments.described(each) for each in signatures]
    assert (described[0] == described[1]) == (signatures[0] == signatures[1])


def test_types_of_arguments() -> None:
    signature = signature_of((Pair(np.zeros((2, 3)), 1), True, np.float32(1), np.int64(1), (np.zeros(2, np.uint32),)))
    assert signature == (
        Record(Pair, (Array("f", 8, 2), "int")),
        "bool",
        "float",
        "int",
        Record(tuple, (Array("u", 4, 1),)),
    )


@pytest.mark.parametrize(
    "value",
    ["text", None, [1.0], np.zeros((4, 4))[:, ::2], np.zeros((4, 4)).T, np.zeros(2, FOREIGN),
     np.zeros(2, object), np.zeros(2, "M8[s]"), np.zeros(2, complex)],
    ids=repr,
)  # fmt: skip
def test_other_arguments_raise_an_error(value: Any) -> None:
    with pytest.raises(TypeError, match="a kernel "):
        signature_of((value,))


def make_echo() -> Any:
    """Return a kernel that writes all numbers of its arguments to arrays."""

    def echo(pair: Pair, flag: bool, x: float, n: int, out: Any, integers: Any) -> float:
        out[0], out[1], out[2] = pair.first[0, 1], pair.second[0], x
        integers[0], integers[1], integers[2] = n, pair.first.shape[0], pair.first.shape[1]
        integers[3], integers[4] = pair.second.size, 1 if flag else 0
        return x

    return compiling.kernel(echo)


echo = make_echo()


@compiled_only
@settings(max_examples=200, deadline=None)
@given(
    of_numpy.arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(2, 5)), elements=st.floats(width=32)),
    of_numpy.arrays(np.uint32, st.tuples(st.integers(1, 5))),
    st.booleans(),
    st.floats(),
    st.integers(**INT64),
)
def test_machine_code_receives_every_argument(first: Any, second: Any, flag: bool, x: float, n: int) -> None:
    out, integers = np.zeros(3), np.zeros(5, dtype=np.int64)
    np.testing.assert_equal(echo(Pair(first, second), flag, x, n, out, integers), x)
    np.testing.assert_array_equal(out, [first[0, 1], second[0], x])
    assert integers.tolist() == [n, *first.shape, second.size, flag]


@compiled_only
def test_machine_code_refuses_arguments_of_other_types() -> None:
    good = (Pair(np.ones((1, 2), np.float32), np.ones(1, np.uint32)), True, 1.0, 1, np.zeros(3), np.zeros(5, np.int64))
    call = echo.caller(signature_of(good))
    assert call(good) == 1.0
    plane = np.ones((4, 4), np.float32)
    firsts: list[Any] = [
        np.ones((1, 2)), np.ones(2, np.float32), np.ones((1, 2, 1), np.float32), plane[:, ::2], plane.T[:2],
        np.ones((1, 2), np.dtype(np.float32).newbyteorder()), np.ones((1, 2), np.int32), 1.0, None, "text",
        [[1.0, 1.0]], (1.0, 1.0), object(), np.ones((1, 2), np.float32).view(np.memmap),
    ]  # fmt: skip
    others: list[tuple[Any, ...]] = [(Pair(first, good[0].second), *good[1:]) for first in firsts]
    others += [
        (tuple(good[0]), *good[1:]),
        (*good[:2], "1.0", *good[3:]),
        (*good[:3], 1.5, *good[4:]),
        (*good[:3], 2**63, *good[4:]),
        good[:5],
        (*good, 1),
        (),
    ]
    for other in others:
        assert call(other) is NotImplemented


@compiled_only
def test_a_kernel_takes_arrays_of_subclasses_and_read_only_arrays() -> None:
    first, second = np.ones((1, 2), np.float32), np.ones(1, np.uint32)
    second.flags.writeable = False
    out = np.zeros(3)
    assert echo(Pair(first.view(np.memmap), second), True, 2.0, 1, out, np.zeros(5, np.int64)) == 2.0
    assert out.tolist() == [1.0, 1.0, 2.0]


@compiled_only
def test_a_kernel_whose_code_raises_an_exception_raises_an_error() -> None:
    def fail(n: int) -> int:
        if n > 0:
            raise ValueError("positive")
        return n

    kernel = compiling.kernel(fail)
    assert kernel(-3) == -3
    with pytest.raises(RuntimeError, match="a kernel raised an exception"):
        kernel(3)


@compiled_only
def test_results_of_each_type_are_returned() -> None:
    def positive(x: float) -> bool:
        return x > 0.0

    def nothing(x: float) -> None:
        x += 1.0

    def rounded(x: float) -> int:
        return int(x)

    kernels = [compiling.kernel(each) for each in (positive, nothing, rounded)]
    assert [kernel(-2.5) for kernel in kernels] == [False, None, -2]
    assert kernels[0](1) is True


@compiled_only
def test_threads_call_one_kernel_at_once_and_compile_it_once() -> None:
    def add(a: Any, n: int) -> None:
        for _ in range(n):
            a[0] += 1.0

    kernel = compiling.kernel(add)
    arrays = [np.zeros(1, dtype) for dtype in (np.float32, np.float64) * 4]
    threads = [threading.Thread(target=lambda a=a: [kernel(a, 1000) for _ in range(200)]) for a in arrays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert [float(a[0]) for a in arrays] == [200_000.0] * 8
    assert len(kernel._in_turn) == 2


@compiled_only
@pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="there is no safe fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_is_forked_during_a_compilation_can_call_kernels() -> None:
    def double(a: Any) -> None:
        a[0] *= 2.0

    kernel = compiling.kernel(double)
    kernel(np.ones(1))
    held, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with compiling._lock:
            held.set()
            leave.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            a = np.ones(1)
            kernel(a)
            kernel.caller(signature_of((a,)))
            status = 0 if a[0] == 2.0 else 2
        finally:
            os._exit(status)
    leave.set()
    thread.join(30)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@compiled_only
def test_calls_leave_no_references() -> None:
    a = np.zeros(3)
    good = (Pair(np.ones((1, 2), np.float32), np.ones(1, np.uint32)), True, 1.0, 1, a, np.zeros(5, np.int64))
    before = sys.getrefcount(a)
    for _ in range(100):
        echo(*good)
    gc.collect()
    assert sys.getrefcount(a) == before


def test_another_layout_of_arrays_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arguments, "_has_checked", False)
    arguments._check_offsets()
    for name in OFFSETS._fields:
        monkeypatch.setattr(arguments, "_has_checked", False)
        wrong = OFFSETS._replace(**{name: getattr(OFFSETS, name) + 8})
        monkeypatch.setattr(arguments, "OFFSETS", wrong)
        with pytest.raises(RuntimeError, match="another layout"):
            arguments._check_offsets()
