"""Comparison of two estimators that were trained equally."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from multilayer.tables.models.single_rows import SingleRows


def assert_same(received: Any, expected: Any) -> None:
    """Assert that all attributes and parameters are equal to the bit, except the training time."""
    assert type(received) is type(expected)
    ours, theirs = dict(vars(received)), dict(vars(expected))
    for each in (ours, theirs):
        each.pop("callbacks")
    assert_equal(ours, theirs, type(expected).__name__)
    np.testing.assert_array_equal(received.parameters_, expected.parameters_)


def assert_equal(received: Any, expected: Any, path: str) -> None:
    if is_dataclass(expected):
        assert type(received) is type(expected), path
        for each in fields(expected):
            if each.name != "seconds":
                assert_equal(getattr(received, each.name), getattr(expected, each.name), f"{path}.{each.name}")
    elif isinstance(expected, np.ndarray):
        assert isinstance(received, np.ndarray), path
        assert received.dtype == expected.dtype, path
        np.testing.assert_array_equal(received, expected, err_msg=path)
        assert received.flags.writeable, path
    elif isinstance(expected, np.random.RandomState):
        assert str(received.get_state(legacy=False)) == str(expected.get_state(legacy=False)), path
        assert received.randint(2**30, size=700).tolist() == _peek(expected), path
    elif isinstance(expected, dict):
        assert received.keys() == expected.keys(), path
        for key, value in expected.items():
            assert_equal(received[key], value, f"{path}.{key}")
    elif isinstance(expected, list | tuple):
        assert isinstance(received, list | tuple), path
        assert len(received) == len(expected), path
        for index, value in enumerate(expected):
            assert_equal(received[index], value, f"{path}.{index}")
    elif isinstance(expected, SingleRows):
        assert isinstance(received, SingleRows), path
    else:
        assert received == expected or (received != received and expected != expected), path


def _peek(random_state: np.random.RandomState) -> list[int]:
    return random_state.randint(2**30, size=700).tolist()
