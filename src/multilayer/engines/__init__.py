"""Engines run networks.  Each is one class behind :mod:`multilayer.engines.protocol`."""

from __future__ import annotations

from functools import cache

from multilayer.engines.protocol import Batches, DescentState, Engine, Objective, new_state
from multilayer.engines.reference import ReferenceEngine
from multilayer.exceptions import unknown_name

__all__ = ["ENGINES", "Batches", "DescentState", "Engine", "Objective", "get_engine", "new_state"]

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
    from multilayer.engines.cpu.compiling import COMPILED

    return CpuEngine() if COMPILED else ReferenceEngine()
