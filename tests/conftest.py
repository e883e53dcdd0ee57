"""Settings and fixtures of all tests."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

# The workers share the cores: with more BLAS threads than cores, L-BFGS is ten times as slow. Tests of several threads
# set their own number. NumPy is not imported yet.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Nothing becomes garbage while tests are collected: looking for it took a third of the time.
gc.disable()

# Tests are deterministic, also on slow or busy machines. "ci" tries fewer examples, and so does a run without the
# compiler, in which kernels are a hundred times as slow. "thorough" is for a search of several hours.
settings.register_profile("default", deadline=None, derandomize=True, max_examples=40)
settings.register_profile("ci", settings.get_profile("default"), max_examples=20)
settings.register_profile("uncompiled", settings.get_profile("default"), max_examples=5)
settings.register_profile("thorough", deadline=None, max_examples=2000)
IS_UNCOMPILED = os.environ.get("NUMBA_DISABLE_JIT") == "1"
settings.load_profile("uncompiled" if IS_UNCOMPILED else os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(autouse=True, scope="session")
def _interrupts_reach_python() -> Iterator[None]:
    """Restore the SIGINT handler of Python: a background job of a shell ignores SIGINT, and tests of Ctrl-C need it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Leave the tests and the modules out of garbage collections.

    Models collect when they are fitted, which takes a second with millions of objects.  ``living.py`` finds them
    nevertheless.
    """
    gc.enable()
    gc.collect()
    gc.freeze()
