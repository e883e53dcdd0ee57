"""Machine code that is part of the installed package, for the processors that most computers have.

It is made when a wheel is built (``shipping.py``), for the levels below.  A kernel of it is used if the processor has
all features of the level, and if nothing that the kernel depends on differs from the time of the build: the text of the
modules, the values of their constants, the types of the arguments (``dependencies.portable_key``).  The code does not
depend on the versions of Python, NumPy and Numba.
"""

from __future__ import annotations

import functools
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from multilayer.engines.cpu import processor
from multilayer.engines.cpu.arguments import Signature

#: The folder of the files, in this package; a source checkout has none.
FOLDER = Path(__file__).parent / "machine_code"


class Level(NamedTuple):
    """Processors that have certain features in common."""

    name: str
    cpu: str  # the name of the processor for LLVM
    machines: tuple[str, ...]  # as ``platform.machine()`` names them
    features: tuple[str, ...]  # those that a processor must have, in LLVM's names


_V3 = (
    "avx", "avx2", "bmi", "bmi2", "cx16", "f16c", "fma", "fxsr", "lzcnt", "mmx", "movbe", "popcnt", "sahf", "sse",
    "sse2", "sse3", "sse4.1", "sse4.2", "ssse3", "xsave",
)  # fmt: skip
_V4 = (*_V3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")
_X86, _ARM = ("x86_64", "AMD64"), ("aarch64", "arm64", "ARM64")
#: The levels, those with most features first.
LEVELS = (
    Level("x86-64-v4", "x86-64-v4", _X86, _V4),
    Level("x86-64-v3", "x86-64-v3", _X86, _V3),
    Level("arm64", "generic", _ARM, ()),  # its code needs nothing that a processor of this kind may lack
)


def exists() -> bool:
    """Return whether this package contains machine code for this processor."""
    return _level() is not None


def find(name: str, function: Callable[..., Any], signature: Signature) -> tuple[int, str] | None:
    """Load a kernel; return the address of its entry and the type of its result, or None if it must be compiled."""
    level = _level()
    if level is None or (processor.changed_settings() and processor.numba_exists()):
        return None
    from multilayer.engines.cpu import objects
    from multilayer.engines.cpu.dependencies import portable_key

    try:
        key = portable_key(function, signature, level.name)
        return objects.loaded(path(FOLDER, level.name, name, key).read_bytes(), key)
    except MemoryError:
        raise
    except Exception:  # damaged, or without the sources that it must match: the kernel is compiled
        return None


def path(folder: Path, level: str, name: str, key: str) -> Path:
    """Return the file of a kernel."""
    return folder / level / f"{name}-{key[:40]}.kernel"


@functools.cache
def _level() -> Level | None:
    return next((level for level in LEVELS if (FOLDER / level.name).is_dir() and fits(level)), None)


def fits(level: Level) -> bool:
    """Return whether the processor that kernels are compiled for has the features of a level."""
    return platform.machine() in level.machines and processor.has(*level.features) and sys.byteorder == "little"
