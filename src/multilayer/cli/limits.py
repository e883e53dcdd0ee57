"""The limits of a command: its time, with the shares of its parts, and the memory of the machine."""

from __future__ import annotations

import errno
import itertools
import math
import os
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from multilayer.cli.text import count

NO_ROOM = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))

# Scoring, pictures and the report come after the training, and need some of the time that is left before it.
SHARE_OF_TRAINING = 0.8
_SHARE_OF_OTHER_MODEL = 0.25
_PROBED = 3  # iterations that are timed

_GIB = 1 << 30
_PER_WEIGHT = 4  # float32 numbers: the weight, its gradient, and the two means of Adam
_PER_UNIT = 4 * 32  # where layers are wide, rows are trained on in blocks of 32, with four numbers for each


class UnfinishedError(click.ClickException):
    """The machine had too little time or room: exit code 1, where wrong usage has 2."""


@dataclass(frozen=True)
class Deadline:
    """The end of a command that may take so many minutes from now; None for no limit."""

    minutes: float | None = None
    clock: Callable[[], float] = time.monotonic
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        end = math.inf if self.minutes is None else self.clock() + 60.0 * self.minutes
        object.__setattr__(self, "_end", end)

    @property
    def seconds_left(self) -> float:
        return max(0.0, self._end - self.clock())

    @property
    def is_over(self) -> bool:
        return self.seconds_left <= 0.0

    def seconds_for(self, share: float, before: str) -> float | None:
        """A share of the seconds that are left; None without a limit, and an UnfinishedError if none are left."""
        if self.minutes is None:
            return None
        if self.is_over:
            raise UnfinishedError(
                f"the time was over before {before}, with --minutes {self.minutes:g}. Increase --minutes."
            )
        return share * self.seconds_left


def limited_model(model: Any, name: str, fit: Callable[[Any], object], deadline: Deadline, n_fits: float = 1.0) -> Any:
    """A model that is no network, with as many iterations as ``n_fits`` fits, one after another, have time for.

    Without a limit, and for a model without ``max_iter``, it stays as it is.  ``fit`` fits a model once.
    """
    from sklearn.base import clone

    most = getattr(model, "max_iter", None)
    seconds = deadline.seconds_for(_SHARE_OF_OTHER_MODEL, f"{name} was trained")
    if seconds is None or most is None:
        return model
    began = deadline.clock()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few iterations do not converge
        fit(clone(model).set_params(max_iter=_PROBED))
    per_iteration = max(deadline.clock() - began, 1e-9) / _PROBED
    return model.set_params(max_iter=int(min(most, max(1.0, seconds / (per_iteration * n_fits)))))


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
    return 4 * (_PER_WEIGHT * n_weights(sizes) + _PER_UNIT * sum(sizes[1:]))


def check_hidden_layers(hidden: Sequence[int]) -> None:
    """Refuse hidden layers that are too large for this machine even with one column and one output."""
    check_network([1, *hidden, 1], "at least ")


def check_network(sizes: Sequence[int], how_many: str = "", n_networks: int = 1) -> None:
    """Raise click.BadParameter for networks that this machine cannot hold."""
    needed, present = n_networks * bytes_to_train(sizes), memory()
    if needed <= present:
        return
    each = f"{n_networks} networks at a time, each with " if n_networks > 1 else "a network with "
    fewer = "fewer units, or a smaller --jobs" if n_networks > 1 else "fewer units"
    raise click.BadParameter(
        f"{each}{how_many}{count(n_weights(sizes), 'weight')} would need {how_many}{needed / _GIB:,.1f} GiB of memory "
        f"to train, and this machine has {present / _GIB:,.1f} GiB. Use {fewer}.",
        param_hint="--hidden",
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
