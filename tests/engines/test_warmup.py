"""``warmup`` loads every kernel that training and predicting call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import multilayer
from multilayer.cli.commands import warmup as command
from multilayer.engines import warmup
from multilayer.engines.cpu import compiling, shipping
from multilayer.exceptions import ParameterError

from ..living import living_objects

compiled_only = pytest.mark.skipif(not compiling.COMPILED, reason="there is no compiler in this run")


def test_kernels_are_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    first = multilayer.warmup(["narrow"], ["float64"], report=seen.append)
    assert seen == first
    assert [(each.kind, each.dtype) for each in first] == [("narrow", "float64")]
    (again,) = multilayer.warmup(["narrow"], ["float64"])
    assert again.compiled == ()
    monkeypatch.setattr(warmup, "run_small", lambda _, network, dtype: seen.append((network, dtype)))
    seen.clear()
    found = multilayer.warmup()
    assert [(each.kind, each.dtype) for each in found] == [
        ("dense", "float32"),
        ("dense", "float64"),
        ("narrow", "float32"),
        ("narrow", "float64"),
    ]
    assert seen == [(warmup.KINDS[each.kind], each.dtype) for each in found]


def test_unknown_kinds_and_dtypes_are_errors() -> None:
    with pytest.raises(ParameterError, match="'narow'"):
        multilayer.warmup(["narow"])
    with pytest.raises(ParameterError, match="'int8'"):
        multilayer.warmup(["narrow"], ["int8"])


def test_the_command_knows_all_kinds() -> None:
    assert set(command.KINDS) == set(warmup.KINDS)
    assert command.DTYPES == warmup.DTYPES
    assert command._COMMON == warmup.COMMON


@compiled_only
def test_a_wheel_contains_every_kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made: set[str] = set()

    def compile_into(folder: Path, level: str, kernel: Any, arguments: tuple[Any, ...]) -> None:
        floats = {leaf.dtype for leaf in flat(arguments) if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f"}
        assert floats <= {np.dtype(np.float32), np.dtype(np.float64)}
        assert (folder, level) == (tmp_path, "here")
        made.add(kernel.name)

    monkeypatch.setattr(shipping, "compile_into", compile_into)
    shipping.make(tmp_path, "here", "float32")
    kernels = [thing for thing in living_objects() if type(thing) is compiling.Kernel]
    assert made == {each.name for each in kernels if each.py_func.__module__.startswith("multilayer.engines.cpu")}
    assert compiling.Kernel.__call__.__name__ == "__call__"


def flat(value: Any) -> list[Any]:
    return [leaf for member in value for leaf in flat(member)] if isinstance(value, tuple) else [value]
