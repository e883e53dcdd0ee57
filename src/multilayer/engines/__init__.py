"""Engines run networks.  Each is one class that implements :mod:`multilayer.engines.protocol`."""

from multilayer.engines.blas_threads import one_blas_thread as concurrent_calls
from multilayer.engines.choice import ENGINES, get_engine, shuffled
from multilayer.engines.protocol import Batches, DescentRequest, DescentState, Engine, Objective, new_state
from multilayer.engines.sharded.context import sharded_rows
from multilayer.engines.threads import at_most, checked_jobs, in_threads, n_threads

__all__ = [
    "ENGINES",
    "Batches",
    "DescentRequest",
    "DescentState",
    "Engine",
    "Objective",
    "at_most",
    "checked_jobs",
    "concurrent_calls",
    "get_engine",
    "in_threads",
    "n_threads",
    "new_state",
    "sharded_rows",
    "shuffled",
]
