"""The size of a network, and whether it fits into the memory of this machine."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from typing import Any

import click

from multilayer.cli.text import count

_BYTES = 4  # of a float32
# The weights, their gradient, and the two means of Adam.
_PER_WEIGHT = 4
# Rows are trained on in blocks of this size where layers are wide, with four numbers for each row and unit.
_ROWS, _PER_UNIT_AND_ROW = 32, 4


def n_weights(sizes: Sequence[int]) -> int:
    """The number of weights and biases of a network with layers of these sizes.

    Examples
    --------
    >>> n_weights([3, 64, 64, 1])
    4481
    """
    return sum((before + 1) * after for before, after in itertools.pairwise(sizes))


def bytes_to_train(sizes: Sequence[int]) -> int:
    """The approximate memory for the training of such a network.

    Examples
    --------
    >>> bytes_to_train([1, 1])  # 2 weights and 1 unit
    544
    """
    return _BYTES * (_PER_WEIGHT * n_weights(sizes) + _PER_UNIT_AND_ROW * _ROWS * sum(sizes[1:]))


def check_hidden_layers(hidden: Sequence[int]) -> None:
    """Refuse hidden layers that are too large for this machine even with one column and one output."""
    check_network([1, *hidden, 1], "at least ")


def check_network(sizes: Sequence[int], how_many: str = "", n_networks: int = 1) -> None:
    """Refuse a network that this machine cannot hold.

    Raises
    ------
    click.BadParameter
        With the weights and the memory that it would need, and the memory that there is.
    """
    needed, present = n_networks * bytes_to_train(sizes), memory()
    if needed <= present:
        return
    each = f"{n_networks} networks at a time, each with " if n_networks > 1 else "a network with "
    fewer = "fewer units, or a smaller --jobs" if n_networks > 1 else "fewer units"
    raise click.BadParameter(
        f"{each}{how_many}{count(n_weights(sizes), 'weight')} would need {how_many}{in_gib(needed)} of memory to "
        f"train, and this machine has {in_gib(present)}. Use {fewer}",
        param_hint="'--hidden'",
    )


def memory() -> int:
    """The bytes of memory of this machine; where the system does not tell, more than any machine has."""
    try:
        if not hasattr(os, "sysconf"):
            return _memory_on_windows()
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 1 << 50


def _memory_on_windows() -> int:
    import ctypes

    class MemoryStatus(ctypes.Structure):  # MEMORYSTATUSEX
        _fields_ = (
            ("length", ctypes.c_uint32),
            ("load", ctypes.c_uint32),
            ("total", ctypes.c_uint64),
            ("others", ctypes.c_uint64 * 6),
        )

    status = MemoryStatus(length=ctypes.sizeof(MemoryStatus))
    kernel: Any = getattr(ctypes, "windll")  # noqa: B009 there is none on other systems
    if not kernel.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        raise OSError("the system does not tell its memory")
    return int(status.total)


def in_gib(n_bytes: int) -> str:
    """Bytes in words.

    Examples
    --------
    >>> in_gib(5 << 29), in_gib(3 << 60)
    ('2.5 GiB', '3,221,225,472.0 GiB')
    """
    return f"{n_bytes / (1 << 30):,.1f} GiB"
