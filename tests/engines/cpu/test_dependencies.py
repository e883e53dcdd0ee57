"""The key of a kernel covers everything that its machine code depends on, and is the same in every process."""

from __future__ import annotations

import gc
import threading
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from multilayer.engines.cpu import activations, compiling, dependencies, dropout, inference, kernels, shuffling, updates

if not compiling.COMPILED:
    pytest.skip("there is no compiler in this run", allow_module_level=True)

import numba
from numba import types

from multilayer.engines.cpu import vectors


class Codegen:
    """The part of the interface of Numba that is used: the processor."""

    def __init__(self, *processor: str) -> None:
        self.processor = processor or ("x86_64", "znver4", "+avx2")

    def magic_tuple(self) -> tuple[str, ...]:
        return self.processor


def key(function: Callable[..., Any], *argument_types: Any, options: Any = None, codegen: Any = None) -> str:
    return dependencies.kernel_key(function, argument_types, options or {}, codegen or Codegen())


def make_function(
    value: Any, source: str = "def kernel(x): return helper(x)", helper: str = "def helper(x): return VALUE"
) -> Any:
    """Return a function that calls another, which uses a global."""
    scope: dict[str, Any] = {"VALUE": value, "__name__": "somewhere"}
    exec(f"{helper}\n{source}", scope)
    return scope["kernel"]


VALUES: list[Any] = [
    0.0, -0.0, 1.0, 1, True, "1", b"1", None, float("nan"), 1j, (1, 2), (1, (2,)), (12,), ["1", "2"], ["12", ""],
    {1: 2}, {2: 1}, {1, 2}, frozenset({1, 2}), np.float32(1), np.float64(1), np.int64(1),
    np.array([1.0, 2.0]), np.array([2.0, 1.0]), np.array([[1.0, 2.0]]), np.array([1, 2], dtype=np.float32),
    np.dtype("f4"), np.dtype("f8"), np.float32, np.sqrt, np.exp, len, types.float32, types.float64,
    namedtuple("Record", "a b")(1, 2), namedtuple("Record", "b a")(1, 2),
]  # fmt: skip


def test_values_used_by_called_functions_are_in_the_key() -> None:
    keys = [key(make_function(value)) for value in VALUES]
    assert len(set(keys)) == len(keys)
    assert keys == [key(make_function(value)) for value in VALUES]


@pytest.mark.parametrize(
    "changes",
    [
        {"helper": "def helper(x): return VALUE + x"},
        {"helper": "def helper(x): return x"},
        {"helper": "def helper(x, y=2): return VALUE"},
        {"helper": "def helper(x, *, y=2): return VALUE"},
        {"helper": "def helper(x): return [VALUE for _ in (1, 2)]"},
        {"source": "def kernel(x): return helper(x) + 1"},
        {"source": "def outer(y):\n def kernel(x): return helper(x) + y\n return kernel\nkernel = outer(1)"},
        {"source": "def outer(y):\n def kernel(x): return helper(x) + y\n return kernel\nkernel = outer(2)"},
    ],
)
def test_code_defaults_and_closures_are_in_the_key(changes: dict[str, str]) -> None:
    others = [
        make_function(1),
        make_function(
            1, source="def outer(y):\n def kernel(x): return helper(x) + y\n return kernel\nkernel = outer(3)"
        ),
    ]
    assert key(make_function(1, **changes)) not in [key(other) for other in others]
    assert key(make_function(1, **changes)) == key(make_function(1, **changes))


def test_line_numbers_and_comments_are_not_in_the_key() -> None:
    assert key(make_function(1, helper="\n\n# a comment\ndef helper(x): return VALUE")) == key(make_function(1))


def test_mutually_recursive_functions_have_a_key() -> None:
    first = make_function(1, helper="def helper(x): return kernel(x - 1) + VALUE")
    assert key(first) != key(make_function(2, helper="def helper(x): return kernel(x - 1) + VALUE"))


def test_compiled_functions_and_their_options_are_in_the_key() -> None:
    def helper(x: float) -> float:
        return x

    made_of = [numba.njit(helper), numba.njit(fastmath=True)(helper), numba.njit(lambda x: x)]
    assert len({key(make_function(each)) for each in made_of}) == 3
    assert key(make_function(1), options={"nogil": True}) != key(make_function(1), options={"nogil": False})


def test_objects_without_a_stable_description_give_no_key() -> None:
    for value in (threading.Lock(), object(), iter([1]), np.array([object()])):
        with pytest.raises(dependencies.IndescribableError):
            key(make_function(value))


def test_types_of_arguments_and_names_of_fields_are_in_the_key() -> None:
    number, array = types.int64, types.Array(types.float64, 1, "C")
    records = [
        types.NamedTuple((number, number), namedtuple("Plan", "rows columns")),
        types.NamedTuple((number, number), namedtuple("Plan", "columns rows")),  # a type of the same name for Numba
    ]
    assert str(records[0]) == str(records[1])
    keys = [key(make_function(1), each) for each in (number, array, types.Array(types.float64, 1, "A"), *records)]
    assert len(set(keys)) == len(keys)


def test_versions_settings_and_processor_are_in_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [key(make_function(1)), key(make_function(1), codegen=Codegen("x86_64", "znver4", "-avx2"))]
    import llvmlite
    import scipy

    import multilayer

    for module in (multilayer, numba, llvmlite, np, scipy):
        with monkeypatch.context() as changed:
            changed.setattr(module, "__version__", "99.0")
            keys.append(key(make_function(1)))
    for setting in ("BOUNDSCHECK", "OPT", "SLP_VECTORIZE"):
        with monkeypatch.context() as changed:
            changed.setattr(numba.config, setting, 77)
            keys.append(key(make_function(1)))
    with monkeypatch.context() as changed:
        changed.setattr(dependencies.sys, "version_info", (3, 99, 0))
        keys.append(key(make_function(1)))
    assert len(set(keys)) == len(keys)
    assert key(make_function(1)) == keys[0]


@pytest.mark.parametrize(
    ("kernel", "module", "name", "value"),
    [
        (kernels.DENSE, activations, "LEAKY_RELU_SLOPE", 0.25),
        (inference._DENSE, activations, "LEAKY_RELU_SLOPE", 0.25),
        (kernels.NARROW, activations, "SELU_SCALE", 1.0),
        (kernels.NARROW, activations, "SELU_SLOPE_AT_0", 1.0),
        (kernels.DENSE, updates, "PART", 8192),
        (inference._NARROW, vectors, "BYTES", 16),
        (kernels.DENSE_CHOSEN, kernels.chosen_into.py_func.__globals__, "FOCAL", 77),
        (shuffling.shuffle_into, shuffling, "MIDDLE", 398),
    ],
)
def test_constants_of_the_engine_are_in_the_key(
    kernel: Any, module: Any, name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = key(kernel.py_func)
    (monkeypatch.setitem if isinstance(module, dict) else monkeypatch.setattr)(module, name, value)
    assert key(kernel.py_func) != before


def test_constants_of_the_counter_based_generator_are_in_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key(kernels.DENSE.py_func)
    code = dropout._philox.py_func.__code__
    constants = [name for name in code.co_names if isinstance(vars(dropout).get(name), int | np.integer)]
    assert constants
    for name in constants:
        with monkeypatch.context() as changed:
            changed.setattr(dropout, name, vars(dropout)[name] + 1)
            assert key(kernels.DENSE.py_func) != before


def test_every_compiled_function_of_the_engine_is_reached_from_a_kernel() -> None:
    description = dependencies._Description()
    every = [each for name, each in vars(kernels).items() if name.isupper() and type(each).__name__ == "CPUDispatcher"]
    assert len(every) == 10
    predictions = [inference._DENSE, inference._NORMALIZED, inference._NARROW]
    predictions += [inference._EMBEDDED, inference._EMBEDDED_NORMALIZED]
    for dispatcher in [shuffling.shuffle_into, *predictions, *every]:
        description.add(dispatcher.py_func)
    reached = {id(each) for each in description._held}
    compiled = [thing for thing in gc.get_objects() if type(thing).__name__ in ("CPUDispatcher", "_Intrinsic")]
    for thing in compiled:
        function = thing.py_func if hasattr(thing, "py_func") else thing._defn
        if function.__module__.startswith("multilayer.engines.cpu"):
            assert id(function) in reached, function.__qualname__
    assert {id(vectors._VectorModel), id(compiling.InnerCompiler)} <= reached
