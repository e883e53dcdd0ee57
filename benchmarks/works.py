"""The networks, data and goals that ``engine.py`` measures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from peers import Work

#: The minimum ratio of the time of each peer, on all cores, to that of multilayer on all cores.
GOALS = {"scikit-learn": 1.3, "PyTorch": 1.15}


@dataclass(frozen=True)
class Goals:
    """The goals for one work.

    Attributes
    ----------
    gain : float or None
        The minimum ratio of the time on one core to that on all cores.
    peers : dict
        The minimum ratio of each peer, both on all cores.
    one_thread : tuple of float or None
        The minimum ratio of scikit-learn, on all cores, to one thread of multilayer: with AVX2 and with AVX-512.
    """

    gain: float | None = None
    peers: dict[str, float] | None = None
    one_thread: tuple[float, float] | None = None


MOONS = Work(
    "moons 2-5-5-2, float64", (2, 5, 5, 2), 1000, 1000, np.float64, "sigmoid", "sigmoid", "sgd", 0.0, 0.5, shuffle=False
)
# All rows in one batch, and every other parameter at its default.
DEFAULTS = Work(
    "moons 2-5-5-1, defaults, float64",
    (2, 5, 5, 1),
    500,
    500,
    np.float64,
    "sigmoid",
    "sigmoid",
    "sgd",
    momentum=0.9,
)
SMALL = Work("20-32-32-3, batch 256, 5,120 rows", (20, 32, 32, 3), 5120, 256)
TABLES = [
    SMALL,
    replace(SMALL, name="20-32-32-3, batch 256, 50,000 rows", rows=50_000),
    replace(SMALL, name="20-32-32-3, batch 256, 1,000,000 rows", rows=1_000_000),
]
WIDE = Work("100-512-512-3, batch 256", (100, 512, 512, 3), 2560, 256)
WIDEST = Work("100-1024-1024-1024-3, batch 512", (100, 1024, 1024, 1024, 3), 2560, 512)
IMAGES = Work("784-256-128-10, batch 128", (784, 256, 128, 10), 2560, 128)
LARGER_BATCHES = [
    replace(IMAGES, name="784-256-128-10, batch 512", rows=5120, batch=512),
    replace(WIDE, name="100-512-512-3, batch 1024", rows=5120, batch=1024),
]
WORKS: dict[Work, Goals] = {
    MOONS: Goals(peers={}),
    replace(MOONS, name="moons 2-5-5-2, float32", dtype=np.float32): Goals(peers={}),
    DEFAULTS: Goals(peers={"scikit-learn": 20}),
    replace(DEFAULTS, name="moons 2-5-5-1, defaults, float32", dtype=np.float32): Goals(peers={"scikit-learn": 30}),
    Work("digits 64-100-10, batch 200", (64, 100, 10), 1800, 200): Goals(one_thread=(4.5, 6)),
    Work("50-64-64-3, batch 256", (50, 64, 64, 3), 5120, 256): Goals(one_thread=(4, 6)),
    SMALL: Goals(one_thread=(7, 10)),
    TABLES[1]: Goals(),
    TABLES[2]: Goals(),
    IMAGES: Goals(),
    LARGER_BATCHES[0]: Goals(gain=1.7),
    WIDE: Goals(),
    LARGER_BATCHES[1]: Goals(gain=1.7),
    WIDEST: Goals(gain=1.7),
}
