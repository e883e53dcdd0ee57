"""Trees of scikit-learn with one thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


@cache
def openmp_libraries() -> tuple[Any, ...]:
    """Return the loaded OpenMP libraries.

    The first call is made before threads start: the search calls back into Python while it holds the lock of the
    dynamic loader, and waits forever for a thread that imports an extension module at that moment.
    """
    return tuple(ThreadpoolController().select(user_api="openmp").lib_controllers)


@contextmanager
def one_openmp_thread() -> Iterator[None]:
    """Within this block, let this Python thread run OpenMP with one thread.

    OpenMP threads wait for each other actively.  If other threads use the cores, 60 small trees take 20 times as long
    with two OpenMP threads as with one.

    Yields
    ------
    None
        The previous number of threads is restored at the end.
    """
    libraries = openmp_libraries()
    before = [library.get_num_threads() for library in libraries]
    for library in libraries:
        _set(library, 1)
    try:
        yield
    finally:
        for library, n_threads in zip(libraries, before, strict=True):
            _set(library, n_threads)


def _set(library: Any, n_threads: int) -> None:
    # From version 3.7 on, threadpoolctl does nothing in all Python threads but one; this setting is of the thread only.
    getattr(library, "_real_set_num_threads", library.set_num_threads)(n_threads)
