"""Tests of items that a thread reads ahead."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from multilayer.tables.streaming.ahead import read_ahead


def test_the_items_are_those_of_the_iterator_in_their_order() -> None:
    assert list(read_ahead(iter(range(100)))) == list(range(100))
    assert list(read_ahead(iter(()))) == []
    assert list(read_ahead(iter([None, 0, ""]))) == [None, 0, ""]


def test_the_next_item_is_read_while_one_is_used() -> None:
    is_second_read = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        is_second_read.set()
        yield 2

    found = read_ahead(items())
    assert next(found) == 1
    assert is_second_read.wait(10)
    assert list(found) == [2]


def test_no_more_than_one_item_is_read_ahead() -> None:
    n_read = 0

    def items() -> Iterator[int]:
        nonlocal n_read
        for number in range(10):
            n_read += 1
            yield number

    found = read_ahead(items())
    for used in (1, 2, 3):
        next(found)
        assert n_read <= used + 1
    found.close()
    assert n_read <= 4


def test_an_error_is_raised_in_its_place_and_the_thread_ends() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("the second item")

    found = read_ahead(items())
    assert next(found) == 1
    with pytest.raises(ValueError, match="the second item"):
        next(found)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("multilayer-blocks")]


def test_a_generator_that_is_left_early_waits_for_its_thread() -> None:
    found = read_ahead(iter(range(10)))
    next(found)
    found.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("multilayer-blocks")]
