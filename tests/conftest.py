"""What all tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

# A test gives the same answer every time, on a slow or busy machine too.
# Kernels that run as Python take a hundred times as long, and the compiled run tries the other examples.
UNCOMPILED = os.environ.get("NUMBA_DISABLE_JIT") == "1"
settings.register_profile("multilayer", deadline=None, derandomize=True, max_examples=10 if UNCOMPILED else 40)
settings.load_profile("multilayer")


@pytest.fixture(autouse=True, scope="session")
def _interrupts_reach_python() -> Iterator[None]:
    """A background job of a shell ignores SIGINT; tests of Ctrl-C need Python's own handler."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
