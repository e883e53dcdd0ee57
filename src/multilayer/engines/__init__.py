"""Engines run networks.  Each is one class behind :mod:`multilayer.engines.protocol`."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import Batches, DescentState, Engine, Objective, new_state
from multilayer.engines.reference import ReferenceEngine
from multilayer.exceptions import unknown_name

__all__ = ["ENGINES", "Batches", "DescentState", "Engine", "Objective", "get_engine", "new_state", "shuffled"]

ENGINES = ("auto", "cpu", "reference")


def get_engine(name: str = "auto") -> Engine:
    """The engine of that name.

    "auto" is the CPU engine; where Numba is missing or its compiler switched off, the reference engine, which is then
    the faster of the two.

    Examples
    --------
    >>> get_engine("reference").name
    'reference'
    """
    if not isinstance(name, str) or name not in ENGINES:
        raise unknown_name("engine", name, ENGINES)
    return ReferenceEngine() if name == "reference" else _cpu_or_reference(name)


@cache
def _cpu_or_reference(name: str) -> Engine:
    # Importing Numba takes half a second: not before an engine is needed.
    from multilayer.engines.cpu.engine import CpuEngine

    if name == "cpu":
        return CpuEngine()
    return CpuEngine() if _compiles() else ReferenceEngine()


def shuffled(order: NDArray[np.intp], random_state: np.random.RandomState, n_epochs: int) -> NDArray[np.intp] | None:
    """As many shuffles of the order, each of the one before, (n_epochs, n), as ``RandomState.shuffle`` would make them.

    None where nothing is compiled, or the generator is not one whose state can be taken: another kind than the
    Mersenne Twister, or NumPy's global one, which other threads may draw from meanwhile.
    """
    generator = random_state._bit_generator
    if type(generator) is not np.random.MT19937 or random_state is np.random.mtrand._rand or not _compiles():
        return None
    from multilayer.engines.cpu.shuffling import shuffle_into

    orders = np.empty((n_epochs, len(order)), dtype=np.intp)
    state = generator.state
    words = state["state"]
    words["pos"] = int(shuffle_into(orders, np.ascontiguousarray(order), words["key"], int(words["pos"])))
    generator.state = state
    return orders


@cache
def _compiles() -> bool:
    from multilayer.engines.cpu.compiling import COMPILED

    return COMPILED
