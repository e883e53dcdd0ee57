"""The memory of a fit on a dataset: the limit, and its division among rows, windows and networks."""

from __future__ import annotations

import ctypes
import gc
import math
import numbers
import os
import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from multilayer.exceptions import ParameterError, argument

_UNITS = {
    "": 1,
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")
_MEGABYTE = 10**6
# What Python and the loaded libraries take is rounded up to one of these, so that equal programs have equal plans.
_BASES = tuple(n * _MEGABYTE for n in (300, 400, 550, 750, 1_000, 1_500, 2_000, 3_000, 4_500, 7_000, 10_000))
# Of each column: buffers and dictionaries of the reader, and the summary.
BYTES_OF_COLUMN = 9 * _MEGABYTE // 4
MOST_WINDOW_BYTES = 10**9
# Where the system does not tell: Python with the libraries of a fit.
_USUAL_BASE = 350 * _MEGABYTE
# The shares of the memory beyond the base and the columns; windows are there after the passes.
SHARE_OF_BLOCKS, SHARE_OF_SAMPLE, SHARE_OF_VALIDATION, SHARE_OF_CATEGORIES = 0.20, 0.20, 0.12, 0.16
SHARE_OF_WINDOWS = 0.33
# A cell takes this many bytes while its block is read, typed and encoded.
BYTES_OF_READING = 160
# A cell of a row that stays in memory: its value, its codes in the encodings, and what the models beside it need.
BYTES_OF_KEEPING = 240
# A block takes so many times its bytes while it is read, typed and encoded.
TIMES_OF_BLOCK = 8
# Categories with their means take so many times these bytes while encoders are fitted to them.
TIMES_OF_CATEGORY = 1.5
MOST_BLOCK_ROWS, MOST_SAMPLE_ROWS, MOST_VALIDATION_ROWS = 65_536, 100_000, 50_000
LEAST_BLOCK_ROWS, LEAST_SAMPLE_ROWS, LEAST_VALIDATION_ROWS = 1_024, 1_000, 200
# Buffers of pyarrow and of compiled code, and the networks.
_LEAST_FREE = 64 * _MEGABYTE


@dataclass(frozen=True)
class MemoryPlan:
    """How the memory of a fit on a dataset is divided.

    Attributes
    ----------
    total : int
        The limit, in bytes.
    base : int
        What Python and the loaded libraries take.
    block_rows : int
        The rows that are read at once.
    block_bytes : int
        The approximate bytes of a block in the library that reads it.
    sample_rows : int
        The most training rows that stay in memory.
    sample_bytes : int
        The bytes that the choice of the sample may take.
    validation_rows : int
        The most validation rows.
    validation_bytes : int
        The most bytes of these rows as columns.
    text_bytes : int
        The bytes of the categories of all columns of text, with their sums of the target.
    window_bytes : int
        The bytes of all windows of encoded rows.
    """

    total: int
    base: int
    block_rows: int
    block_bytes: int
    sample_rows: int
    sample_bytes: int
    validation_rows: int
    validation_bytes: int
    text_bytes: int
    window_bytes: int


def memory_plan(memory: int | None, n_columns: int, base: int) -> MemoryPlan:
    """Divide the memory among the rows of a table of so many columns.

    Parameters
    ----------
    memory : int or None
        The limit in bytes; None for half of the memory that is available, besides what the process has already.
    n_columns : int
        The number of columns, with the target.
    base : int
        What Python and the loaded libraries take.

    Returns
    -------
    MemoryPlan
        The plan.

    Raises
    ------
    ParameterError
        If the memory is too small, with the least possible number.
    """
    base = next((each for each in _BASES if base <= each), base)
    total = base + available_memory() // 2 if memory is None else memory
    least = least_memory(n_columns)
    free = total - base - BYTES_OF_COLUMN * n_columns
    if total - base < least:
        raise ParameterError(
            f"{argument('memory')} must be at least {in_words(base + least, up=True)} for a table of {n_columns} "
            f"columns, got {in_words(total)}: Python and the loaded libraries take {in_words(base)} of it. Raise it, "
            "or drop columns."
        )

    def rows(share: float, bytes_of_cell: int, least: int, most: int) -> int:
        return min(max(int(share * free / (n_columns * bytes_of_cell)), least), most)

    return MemoryPlan(
        total,
        base,
        rows(SHARE_OF_BLOCKS, BYTES_OF_READING, LEAST_BLOCK_ROWS, MOST_BLOCK_ROWS),
        int(SHARE_OF_BLOCKS * free / TIMES_OF_BLOCK),
        rows(SHARE_OF_SAMPLE, BYTES_OF_KEEPING, LEAST_SAMPLE_ROWS, MOST_SAMPLE_ROWS),
        int(SHARE_OF_SAMPLE * free),
        rows(SHARE_OF_VALIDATION, BYTES_OF_KEEPING, LEAST_VALIDATION_ROWS, MOST_VALIDATION_ROWS),
        int(SHARE_OF_VALIDATION * free / TIMES_OF_BLOCK),
        int(SHARE_OF_CATEGORIES * free / TIMES_OF_CATEGORY),
        min(int(SHARE_OF_WINDOWS * free), MOST_WINDOW_BYTES),
    )


def least_memory(n_columns: int) -> int:
    """Return the least memory beyond the base, in bytes, for a table of so many columns."""
    needed = (
        LEAST_BLOCK_ROWS * BYTES_OF_READING / SHARE_OF_BLOCKS,
        LEAST_SAMPLE_ROWS * BYTES_OF_KEEPING / SHARE_OF_SAMPLE,
        LEAST_VALIDATION_ROWS * BYTES_OF_KEEPING / SHARE_OF_VALIDATION,
    )
    return max(math.ceil(n_columns * max(needed)), _LEAST_FREE) + BYTES_OF_COLUMN * n_columns


def checked_memory(memory: Any) -> int | None:
    """Return an amount of memory in bytes.

    Parameters
    ----------
    memory : str, number or None
        Text such as "1GB", "500 MB" or "1.5GiB", a number of bytes, or None.

    Returns
    -------
    int or None
        The bytes; None for None.

    Raises
    ------
    ParameterError
        For anything but a positive whole number of bytes or text such as "1GB".

    Examples
    --------
    >>> checked_memory("1.5GB"), checked_memory("512 MiB"), checked_memory(10**9)
    (1500000000, 536870912, 1000000000)
    """
    if memory is None:
        return None
    found = 0
    if isinstance(memory, str) and (match := _AMOUNT.fullmatch(memory)) and match[2].upper() in _UNITS:
        found = round(float(match[1]) * _UNITS[match[2].upper()])
    elif isinstance(memory, numbers.Real) and memory is not True and float(memory).is_integer():  # 1e9 too
        found = round(float(memory))
    if found <= 0:
        raise ParameterError(
            f"{argument('memory')} must be an amount such as '1GB' or '500MB', or a positive number of bytes, got "
            f"{memory!r}."
        )
    return found


def checked_scratch(scratch: Any) -> Path | None:
    """Return the folder for encoded rows and checkpoints, None for None.

    Raises
    ------
    ParameterError
        For anything but a path, or the path of a file.
    """
    if scratch is None:
        return None
    if not isinstance(scratch, str | os.PathLike) or not str(scratch).strip():
        raise ParameterError(f"{argument('scratch')} must be the path of a folder or None, got {scratch!r}.")
    found = Path(scratch)
    if found.exists() and not found.is_dir():
        raise ParameterError(f"{argument('scratch')} must be a folder, and {found} is a file. Name another folder.")
    return found


def in_words(n_bytes: float, *, up: bool = False) -> str:
    """Return an amount of memory as text; ``up`` rounds it up.

    Examples
    --------
    >>> in_words(1_500_000_000), in_words(421_300_000), in_words(421_300_000, up=True), in_words(10)
    ('1.5GB', '421MB', '422MB', '10B')
    """
    if n_bytes < _MEGABYTE:
        return f"{math.ceil(n_bytes)}B"
    megabytes = math.ceil(n_bytes / _MEGABYTE) if up else round(n_bytes / _MEGABYTE)
    return f"{megabytes}MB" if megabytes < 1000 or up else f"{megabytes / 1000:.3g}GB"


def resident_memory() -> int:
    """Return the bytes of memory that this process has now; on macOS the most that it had so far."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        pass
    try:
        import resource
    except ImportError:  # Windows
        return _USUAL_BASE
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def release_memory() -> None:
    """Return memory that is not in use to the operating system, which allocators keep otherwise."""
    gc.collect()
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        arrow.default_memory_pool().release_unused()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # a C library without it
            ctypes.CDLL(None).malloc_trim(0)


def available_memory() -> int:
    """Return the memory that is available, within the limits of a container or a control group.

    Returns
    -------
    int
        The bytes; a guess if the system does not tell.

    Examples
    --------
    >>> available_memory() > 0
    True
    """
    found = _in_groups(Path("/sys/fs/cgroup"), Path("/proc/self/cgroup"))
    with suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                found.append(int(line.split()[1]) * 1024)
    if found:
        return min(found)
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError, OSError):
        return 4 * 10**9


def _in_groups(root: Path, membership: Path) -> list[int]:
    """Return what the limits of the control groups of this process leave, of version 1 or 2, and of their parents.

    Files that the system keeps in memory count as used, but those that were not read lately are removed if needed.
    """
    found = []
    with suppress(OSError, ValueError):
        for line in membership.read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                top, limit, usage, reclaimable = root, "memory.max", "memory.current", "inactive_file"
            elif "memory" in controllers.split(","):
                top, limit, usage = root / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
                reclaimable = "total_inactive_file"
            else:
                continue
            group = top / path.strip("/")  # within a container there may be no such folder, but its limits at the top
            for folder in (group, *(each for each in group.parents if each.is_relative_to(top))):
                with suppress(OSError, ValueError):
                    most = int((folder / limit).read_text("ascii"))  # "max" is no limit
                    stat = dict(row.split() for row in (folder / "memory.stat").read_text("ascii").splitlines())
                    used = int((folder / usage).read_text("ascii")) - int(stat.get(reclaimable, 0))
                    found.append(max(most - used, 0))
    return found
