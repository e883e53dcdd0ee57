"""The choice of an engine: the compiled one, or the reference engine where that cannot be used.

Where the compiled engine was wanted, a warning says so, once per process.
"""

from __future__ import annotations

import platform
import sys
import threading
import warnings
from functools import cache

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import PLAIN, Batches, DescentState, Engine, Objective
from multilayer.engines.reference import ReferenceEngine
from multilayer.engines.support import cpu_lacks
from multilayer.equations.descent import UpdateRule
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.exceptions import EngineError, EngineWarning, ParameterError, unknown_name
from multilayer.network import Floats, Network

ENGINES = ("auto", "cpu", "reference")
_lock = threading.Lock()
_has_warned = False


class FallbackEngine(Engine):
    """The compiled engine, and the reference engine for each call whose kernel cannot be compiled.

    A kernel is compiled when it is called, before it does anything: parameters and state are then as they were, and the
    reference engine takes the same call.
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


def warn_of_fallback(reason: str) -> None:
    """Warn, if this process has not done so, that the reference engine takes the compiled one's place."""
    global _has_warned
    with _lock:
        if _has_warned:
            return
        # Set only after a warning that was not made an error: then the next call raises it, too.
        warnings.warn(
            f"the compiled engine cannot be used, and the reference engine takes its place, which is slower; the "
            f"results are equal up to rounding. {reason}. Set engine='reference' to choose it without this warning.",
            EngineWarning,
            stacklevel=_level_of_caller(),
        )
        _has_warned = True


def _level_of_caller() -> int:
    """The stack level, for ``warn_of_fallback``, of the line that called this library."""
    found, level, frame = 1, 1, sys._getframe(1)
    while frame.f_back is not None:
        if frame.f_globals.get("__name__", "").startswith("multilayer."):  # SciPy's may lie between ours
            found = level + 1
        level, frame = level + 1, frame.f_back
    return found


def get_engine(name: str = "auto", network: Network | None = None) -> Engine:
    """The engine of that name, for a network, if one is given.

    "auto" is the CPU engine.  Where Numba's compiler is switched off, and for a network that the CPU engine has no code
    for (:func:`multilayer.engines.support.cpu_lacks`), it is the reference engine.

    Where Numba cannot be used or cannot compile a kernel, "auto" and "cpu" run the reference engine and warn, once per
    process.  Where no Numba exists (in a browser, on Intel Macs, for Python 3.11 on Windows for ARM), "auto" does so
    without a warning.

    Raises
    ------
    ParameterError
        For an unknown name; for "cpu" and a network that it has no code for.

    Examples
    --------
    >>> get_engine("reference").name
    'reference'
    """
    if not isinstance(name, str) or name not in ENGINES:
        raise unknown_name("engine", name, ENGINES)
    lacks = "" if name == "reference" or network is None else cpu_lacks(network)
    if name == "cpu" and lacks:
        raise ParameterError(
            f"engine='cpu' cannot run {lacks}. Use engine='auto' or 'reference'; the reference engine runs it, slowly."
        )
    return ReferenceEngine() if name == "reference" or lacks else _cpu_or_reference(name)


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
    """Whether pyproject.toml asks for Numba on this system: elsewhere nobody could install it."""
    machine = platform.machine()
    if sys.platform == "win32" and machine == "ARM64":
        return sys.version_info >= (3, 12)
    return sys.platform != "emscripten" and (sys.platform != "darwin" or machine != "x86_64")


@cache
def _compiled_engine() -> tuple[Engine | None, str]:
    """The CPU engine, where its kernels are compiled; else None, and why, unless its compiler was switched off."""
    # Importing Numba takes half a second: not before an engine is needed.
    try:
        from multilayer.engines.cpu.compiling import COMPILED, UNAVAILABLE
        from multilayer.engines.cpu.engine import CpuEngine
    except MemoryError:
        raise
    except Exception as error:  # a Numba, llvmlite or SciPy whose inside is not the one that this library knows
        return None, f"It cannot be loaded: {type(error).__name__}: {error}"
    return (FallbackEngine(CpuEngine()), "") if COMPILED else (None, UNAVAILABLE)


def shuffled(order: NDArray[np.intp], random_state: np.random.RandomState, n_epochs: int) -> NDArray[np.intp] | None:
    """As many shuffles of the order, each of the one before, (n_epochs, n), as ``RandomState.shuffle`` would make them.

    None where nothing can be compiled, or the generator is not one whose state can be taken: another kind than the
    Mersenne Twister, or NumPy's global one, which other threads may draw from meanwhile.
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
        position = shuffle_into(orders, np.ascontiguousarray(order), words["key"], int(words["pos"]))
    except EngineError:  # before anything is drawn: NumPy draws the same
        return None
    words["pos"] = int(position)
    generator.state = state
    return orders
