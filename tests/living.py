"""The objects of this process, with those that garbage collections leave out: see ``conftest.py``."""

from __future__ import annotations

import gc
from typing import Any


def living_objects() -> list[Any]:
    """Return all objects that the garbage collector knows."""
    gc.unfreeze()
    found = gc.get_objects()
    gc.freeze()
    return found
