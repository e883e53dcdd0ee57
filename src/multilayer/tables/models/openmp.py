"""Trees of scikit-learn with one thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from threadpoolctl import ThreadpoolController


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
    libraries = ThreadpoolController().select(user_api="openmp").lib_controllers
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
