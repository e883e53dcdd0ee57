"""Engines run networks.  Each is one class that implements :mod:`multilayer.engines.protocol`."""

from multilayer.engines.choice import ENGINES, get_engine, shuffled
from multilayer.engines.protocol import Batches, DescentState, Engine, Objective, new_state

__all__ = ["ENGINES", "Batches", "DescentState", "Engine", "Objective", "get_engine", "new_state", "shuffled"]
