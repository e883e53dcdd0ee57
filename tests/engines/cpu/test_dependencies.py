"""The key of a kernel covers everything that its machine code depends on, and is the same in every process."""

from __future__ import annotations

import threading
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from multilayer.engines.cpu import (
    activations,
    compiling,
    costs,
    dependencies,
    dropout,
    functions,
    inference,
    kernels,
    shuffling,
    updates,
)

if not compiling.COMPILED:
    pytest.skip("there is no compiler in this run", allow_module_level=True)

import numba
from numba import types

from multilayer.engines.cpu import vectors
from multilayer.engines.cpu.arguments import signature_of
from multilayer.engines.cpu.functions import CALLABLE

from ...living import living_objects

HOST = ("znver4", "+avx2")


def key(function: Callable[..., Any], *arguments: Any, host: tuple[str, str] = HOST) -> str:
    return dependencies.kernel_key(function, signature_of(arguments), host)


def portable_key(function: Callable[..., Any], *arguments: Any, level: str = "x86-64-v3") -> str:
    return dependencies.portable_key(function, signature_of(arguments), level)


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


def test_compiled_functions_and_their_options_are_in_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions, "CALLABLE", [])

    def helper(x: float) -> float:
        return x

    made_of = [numba.njit(helper), numba.njit(fastmath=True)(helper), numba.njit(lambda x: x)]
    assert len({key(make_function(each)) for each in made_of}) == 3
    marked = [compiling.inner, compiling.inlined, compiling.inner_sum, compiling.emitted_by(dict)]
    assert len({key(make_function(mark(lambda x: x))) for mark in marked}) == 4


def test_objects_without_a_stable_description_give_no_key() -> None:
    for value in (threading.Lock(), object(), iter([1]), np.array([object()])):
        with pytest.raises(dependencies.IndescribableError):
            key(make_function(value))


def test_types_of_arguments_and_names_of_fields_are_in_the_key() -> None:
    records = [namedtuple("Plan", "rows columns")(1, 1), namedtuple("Plan", "columns rows")(1, 1), (1, 1)]
    arrays = [np.zeros(2), np.zeros((2, 1)), np.zeros(2, np.float32), np.zeros(2, np.int64), np.zeros(2, np.uint64)]
    for key_of in (key, lambda *arguments: portable_key(activations.identity, *arguments[1:])):
        keys = [key_of(make_function(1), each) for each in (1, 1.0, True, *arrays, *records)]
        assert len(set(keys)) == len(keys)
        assert key_of(make_function(1), 1, (1,)) != key_of(make_function(1), (1, 1))


def test_versions_settings_and_processor_are_in_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [key(make_function(1)), key(make_function(1), host=("znver4", "-avx2"))]
    import llvmlite
    import scipy

    import multilayer

    for module in (multilayer, llvmlite, np, scipy):
        with monkeypatch.context() as changed:
            changed.setattr(module, "__version__", "99.0")
            keys.append(key(make_function(1)))
    with monkeypatch.context() as changed:
        changed.setattr(dependencies.metadata, "version", lambda name: "99.0" if name == "numba" else "0")
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
        (kernels.DENSE_CHOSEN, costs, "FOCAL", 77),
        (shuffling.shuffle_into, shuffling, "MIDDLE", 398),
    ],
)
def test_constants_of_the_engine_are_in_the_key(
    kernel: Any, module: Any, name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, portable = key(kernel.py_func), portable_key(kernel.py_func)
    monkeypatch.setattr(module, name, value)
    assert key(kernel.py_func) != before
    assert portable_key(kernel.py_func) != portable


def test_constants_of_the_counter_based_generator_are_in_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key(kernels.DENSE.py_func)
    code = dropout._philox.__code__
    constants = [name for name in code.co_names if isinstance(vars(dropout).get(name), int | np.integer)]
    assert constants
    for name in constants:
        with monkeypatch.context() as changed:
            changed.setattr(dropout, name, vars(dropout)[name] + 1)
            assert key(kernels.DENSE.py_func) != before


def test_every_compiled_function_of_the_engine_is_reached_from_a_kernel() -> None:
    description = dependencies._Description()
    for thing in living_objects():
        if type(thing) is compiling.Kernel and thing.py_func.__module__.startswith("multilayer.engines.cpu"):
            description.add(thing.py_func)
    reached = {id(each) for each in description._held}
    missing = set()
    for function, how, implementation in CALLABLE:
        parts = how if isinstance(how, tuple) else (how,) if callable(how) else ()
        is_ours = function.__module__.startswith("multilayer.engines.cpu")
        if is_ours and not {id(each) for each in (function, implementation, *parts)} <= reached:
            missing.add(function.__qualname__)
    assert missing == {"normal_cdf", "identity", "identity_prime"}  # which no kernel calls


def test_modules_that_compile_are_in_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before, portable = key(make_function(1)), portable_key(activations.identity)
    code, digest = dependencies._code_of, dependencies._digest_of_source
    for name in dependencies.COMPILER_MODULES:
        with monkeypatch.context() as changed:
            changed.setattr(dependencies, "_code_of", lambda module, name=name: code(module.replace(name, "tiles")))
            changed.setattr(dependencies, "_digest_of_source", lambda module, name=name: digest(module) + name)
            assert key(make_function(1)) != before
            assert portable_key(activations.identity) != portable


def test_level_and_version_of_this_package_are_in_the_portable_key(monkeypatch: pytest.MonkeyPatch) -> None:
    import multilayer

    keys = [portable_key(activations.identity, level=level) for level in ("x86-64-v3", "x86-64-v4")]
    monkeypatch.setattr(multilayer, "__version__", "99.0")
    keys.append(portable_key(activations.identity))
    assert len(set(keys)) == 3


def test_functions_of_a_module_without_text_have_no_portable_key() -> None:
    with pytest.raises(dependencies.IndescribableError, match="the module somewhere"):
        portable_key(make_function(1))
