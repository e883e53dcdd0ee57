"""BLAS with one thread while any kernel runs.

For products of this size a second BLAS thread costs more than it gains: (256, 64, 64) takes 23 microseconds with one,
42 to 60 with two, and 295 when two Python threads both use two.  Two threads also sum a product in another order than
one, so the last bits of a result would depend on the number of cores.  The setting applies to the whole process, so
overlapping users are counted: the first one sets it, the last one restores the previous value.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_users = 0
_before: list[tuple[Any, int]] = []  # each BLAS library with its previous number of threads
_libraries: list[Any] | None = None  # found once: finding them takes 0.7 ms, setting them 10 microseconds


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within this block, run every BLAS library of the process with one thread.

    Yields
    ------
    None
        The previous number of threads is restored at the end of the last such block.
    """
    global _users, _before, _libraries
    with _lock:
        if _libraries is None:
            _libraries = ThreadpoolController().select(user_api="blas").lib_controllers
        if _users == 0:
            _before = [(library, library.get_num_threads()) for library in _libraries]
            for library in _libraries:
                _set(library, 1)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                for library, n_threads in _before:
                    _set(library, n_threads)


def _set(library: Any, n_threads: int) -> None:
    # From version 3.7 on, threadpoolctl lets only one Python thread of a process set the number and silently does
    # nothing in the others.  Here many threads train, and the counter above coordinates them.
    getattr(library, "_real_set_num_threads", library.set_num_threads)(n_threads)


def _after_fork() -> None:
    # Threads inside the context do not exist in the child, and one of them may have held the lock.
    global _lock, _users
    _lock = threading.Lock()
    if _users:
        for library, n_threads in _before:
            _set(library, n_threads)
    _users = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
