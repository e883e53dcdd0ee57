"""Blocks that a thread reads while those before them are used."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def read_ahead(items: Iterator[T]) -> Generator[T, None, None]:
    """Yield the items of an iterator; a thread reads the next one meanwhile.

    Close the generator if it is left early; it waits for the thread.  An error of the iterator is raised in its place.

    Parameters
    ----------
    items : iterator
        The items, of which one more than without the thread is in memory.

    Yields
    ------
    object
        The next item.

    Examples
    --------
    >>> list(read_ahead(iter("abc")))
    ['a', 'b', 'c']
    """
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="multilayer-blocks") as thread:
        coming = thread.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = thread.submit(next, items, end)
            yield item  # type: ignore[misc]
            del item
