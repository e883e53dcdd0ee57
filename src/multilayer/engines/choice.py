"""The choice of an engine by its name: the compiled engine, or the reference engine if that cannot be used.

The compiled engine is imported when it is first needed.
"""

from __future__ import annotations

import os
import platform
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.cpu.coverage import unsupported_by_cpu
from multilayer.engines.protocol import PLAIN, Batches, DescentState, Engine, Objective
from multilayer.engines.reference import ReferenceEngine
from multilayer.engines.threads import at_most, checked_jobs
from multilayer.equations.descent import UpdateRule
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.exceptions import EngineError, EngineWarning, ParameterError, in_python, unknown_name
from multilayer.network import Floats, Network

_lock = threading.Lock()
_has_warned = False


class FallbackEngine(Engine):
    """The compiled engine, and the reference engine for each call whose kernel cannot be compiled.

    A kernel is compiled when it is called, before it changes anything, so that the reference engine can run the same
    call.
    """

    def __init__(self, compiled: Engine) -> None:
        self.name = compiled.name
        self._compiled, self._reference = compiled, ReferenceEngine()

    def predict(self, network: Network, parameters: Floats, X: Floats) -> Floats:
        try:
            return self._compiled.predict(network, parameters, X)
        except EngineError as error:
            warn_of_fallback(str(error))
        return self._reference.predict(network, parameters, X)

    def cost_and_gradient(self, objective: Objective, parameters: Floats) -> tuple[float, Floats]:
        try:
            return self._compiled.cost_and_gradient(objective, parameters)
        except EngineError as error:
            warn_of_fallback(str(error))
        return self._reference.cost_and_gradient(objective, parameters)

    def descend(
        self,
        objective: Objective,
        rule: UpdateRule,
        state: DescentState,
        batches: Batches,
        options: StepOptions = PLAIN,
    ) -> NDArray[np.float64]:
        try:
            return self._compiled.descend(objective, rule, state, batches, options)
        except EngineError as error:
            warn_of_fallback(str(error))
        return self._reference.descend(objective, rule, state, batches, options)


class LimitedEngine(Engine):
    """An engine that uses a limited number of threads."""

    def __init__(self, engine: Engine, n_jobs: int) -> None:
        self.name = engine.name
        self._engine, self._n_jobs = engine, n_jobs

    def predict(self, network: Network, parameters: Floats, X: Floats) -> Floats:
        with at_most(self._n_jobs):
            return self._engine.predict(network, parameters, X)

    def cost_and_gradient(self, objective: Objective, parameters: Floats) -> tuple[float, Floats]:
        with at_most(self._n_jobs):
            return self._engine.cost_and_gradient(objective, parameters)

    def descend(
        self,
        objective: Objective,
        rule: UpdateRule,
        state: DescentState,
        batches: Batches,
        options: StepOptions = PLAIN,
    ) -> NDArray[np.float64]:
        with at_most(self._n_jobs):
            return self._engine.descend(objective, rule, state, batches, options)


def warn_of_fallback(reason: str) -> None:
    """Warn once per process that the reference engine replaces the compiled one."""
    global _has_warned
    with _lock:
        if _has_warned:
            return
        # Set after the warning: if a filter makes it an error, the next call raises it again.
        advice = in_python(" Set engine='reference' to use it without this warning.")
        warnings.warn(
            f"the compiled engine cannot be used. The reference engine replaces it: it is slower, and its results are "
            f"equal up to rounding. {reason}.{advice}",
            EngineWarning,
            stacklevel=_level_of_caller(),
        )
        _has_warned = True


def _level_of_caller() -> int:
    """Return the stack level, for ``warn_of_fallback``, of the line that called this library."""
    found, level, frame = 1, 1, sys._getframe(1)
    while frame.f_back is not None:
        if frame.f_globals.get("__name__", "").startswith("multilayer."):  # frames of SciPy may be between ours
            found = level + 1
        level, frame = level + 1, frame.f_back
    return found


ENGINES = ("auto", "cpu", "reference")


# From the engine of this process to the engine that drives workers; set by driven_by.
_driver: Callable[[Engine], Engine] | None = None


@contextmanager
def driven_by(driver: Callable[[Engine], Engine]) -> Iterator[None]:
    """Within this block, and in all threads, let :func:`get_engine` return ``driver`` of the engine of this process."""
    global _driver
    before, _driver = _driver, driver
    try:
        yield
    finally:
        _driver = before


def _after_fork() -> None:
    # The threads and connections of the workers do not exist in the child.
    global _driver
    _driver = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def get_engine(
    name: str = "auto", network: Network | None = None, n_jobs: int | None = None, *, is_local: bool = False
) -> Engine:
    """Return the engine with this name.

    "auto" is the CPU engine.  If Numba's compiler is switched off, or the network has a custom activation or cost, it
    is the reference engine.

    If Numba cannot be used or cannot compile a kernel, "auto" and "cpu" run the reference engine and warn once per
    process.  On systems without Numba (in a browser, on Intel Macs, for Python 3.11 on Windows for ARM), "auto" runs
    it without a warning.

    Within :func:`sharded_rows`, it is the engine that drives the workers, each of which runs the engine of this name.

    Parameters
    ----------
    name : {"auto", "cpu", "reference"}
        The engine.
    network : Network, optional
        The network to run.
    n_jobs : int or None, default=None
        The number of threads that the engine may use; None or -1 for as many as this process may use.
    is_local : bool, default=False
        Whether it runs in this process also within :func:`sharded_rows`.

    Returns
    -------
    Engine
        The engine.

    Raises
    ------
    ParameterError
        If the name is unknown, the CPU engine cannot run the network, or the number is not positive.

    Examples
    --------
    >>> get_engine("reference").name
    'reference'
    """
    if not isinstance(name, str) or name not in ENGINES:
        raise unknown_name("engine", name, ENGINES)
    unsupported = ""
    if name != "reference" and network is not None:
        is_plain = network.cost is None and all(isinstance(each, str) for each in network.hidden)
        unsupported = "" if is_plain else unsupported_by_cpu(network)
    if name == "cpu" and unsupported:
        raise ParameterError(
            f"engine='cpu' cannot run {unsupported}. Use engine='auto' or 'reference'; the reference engine is slower."
        )
    engine = ReferenceEngine() if name == "reference" or unsupported else _cpu_or_reference(name)
    engine = engine if n_jobs is None else LimitedEngine(engine, checked_jobs(n_jobs))
    return engine if _driver is None or is_local else _driver(engine)


def _cpu_or_reference(name: str) -> Engine:
    engine, reason = _compiled_engine()
    if engine is not None:
        return engine
    if reason and (name == "cpu" or _numba_exists_here()):
        warn_of_fallback(reason)
    if reason or name == "auto":
        return ReferenceEngine()
    from multilayer.engines.cpu.engine import CpuEngine

    return CpuEngine()  # NUMBA_DISABLE_JIT=1: its kernels run as Python, for tests and debuggers


def _numba_exists_here() -> bool:
    """Return whether Numba can be installed on this system; pyproject.toml has the same condition."""
    machine = platform.machine()
    if sys.platform == "win32" and machine == "ARM64":
        return sys.version_info >= (3, 12)
    return sys.platform != "emscripten" and (sys.platform != "darwin" or machine != "x86_64")


@cache
def _compiled_engine() -> tuple[Engine | None, str]:
    """Return the CPU engine, or None and the reason why it cannot run compiled; "" if the compiler is switched off."""
    # Importing LLVM and SciPy's BLAS takes a tenth of a second, so it waits until an engine is needed.
    try:
        from multilayer.engines.cpu.compiling import COMPILED, UNAVAILABLE
        from multilayer.engines.cpu.engine import CpuEngine
    except MemoryError:
        raise
    except Exception as error:  # a version of Numba, llvmlite or SciPy with other internals than this library expects
        return None, f"It cannot be loaded: {type(error).__name__}: {error}"
    return (FallbackEngine(CpuEngine()), "") if COMPILED else (None, UNAVAILABLE)


def shuffled(order: NDArray[np.intp], random_state: np.random.RandomState, n_epochs: int) -> NDArray[np.intp] | None:
    """Shuffle an order of rows once for each epoch, each time the previous order, as ``RandomState.shuffle`` does.

    Parameters
    ----------
    order : array of intp, of shape (n,)
        Row numbers.
    random_state : numpy.random.RandomState
        The generator, which advances.
    n_epochs : int
        The number of shuffles.

    Returns
    -------
    array of intp, of shape (n_epochs, n), or None
        The orders.  None if nothing can be compiled, or if the state of the generator cannot be used: it is not a
        Mersenne Twister, or it is NumPy's global one, which other threads may use at the same time.
    """
    generator = random_state._bit_generator
    if type(generator) is not np.random.MT19937 or random_state is np.random.mtrand._rand:
        return None
    if _compiled_engine()[0] is None:
        return None
    from multilayer.engines.cpu.shuffling import shuffle_into

    orders = np.empty((n_epochs, len(order)), dtype=np.intp)
    state = generator.state
    words = state["state"]
    try:
        memory = np.empty((2, len(words["key"])), dtype=np.int64)
        position = shuffle_into(orders, np.ascontiguousarray(order), words["key"], int(words["pos"]), memory)
    except EngineError:  # the generator has not advanced yet, and NumPy draws the same numbers
        return None
    words["pos"] = int(position)
    generator.state = state
    return orders
