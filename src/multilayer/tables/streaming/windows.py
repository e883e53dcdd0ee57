"""Windows of shuffled blocks: which rows of a file are in memory at the same time, and their reading ahead.

In each pass over the file the blocks, of consecutive rows, are put into a new random order.  Each window holds the next
rows of that order.  The rows within a window are shuffled by the training session, as those of any table in memory.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from multilayer.exceptions import ParameterError
from multilayer.tables.streaming.rows_file import EncodedRows
from multilayer.tables.streaming.rows_format import Rows, RowsFormat

BLOCK_ROWS = 1024
# benchmarks/block_shuffle.py: windows of about 200 blocks of a sorted table are as good as a shuffle of all rows.
BLOCKS_OF_WINDOW = 256
LEAST_BLOCK_ROWS = 64  # a block is read by one call of the system
BUFFERS = 2  # one is trained on, the other is read
BYTES_OF_ORDER = 48  # of a row: its number in the orders of the session, and copies while targets are converted


@dataclass(frozen=True)
class WindowPlan:
    """The rows of each window of the passes over a file.

    All windows have the same number of rows, at most ``most_rows``.  The rows of a pass that are too few for a window,
    fewer than one for each window, are left out of that pass; they differ from pass to pass.

    Parameters
    ----------
    n_rows : int
        The number of rows of the file.
    most_rows : int
        The most rows of a window.  If all rows fit, the only window holds them in their order.
    block_rows : int or None
        The number of rows of a block.  None: so many that a window has at least about ``BLOCKS_OF_WINDOW`` blocks, from
        ``LEAST_BLOCK_ROWS`` to ``BLOCK_ROWS``.  The fewer blocks, the less a window resembles the table, if rows that
        are near each other in the file resemble each other.
    seed : int
        The seed of the orders of the blocks.

    Examples
    --------
    >>> plan = WindowPlan(n_rows=10, most_rows=6, block_rows=3, seed=0)
    >>> plan.windows_per_pass, plan.window_rows
    (2, 5)
    >>> plan.extents(0), plan.extents(1)
    ([(0, 3), (9, 10), (6, 7)], [(7, 9), (3, 6)])
    """

    n_rows: int
    most_rows: int
    block_rows: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("n_rows", "most_rows", "block_rows"):
            given = getattr(self, name)
            if given is not None and given < 1:
                raise ParameterError(f"{name} must be a positive integer, got {given}.")

    @property
    def windows_per_pass(self) -> int:
        """The number of windows of a pass."""
        return -(-self.n_rows // self.most_rows)

    @property
    def window_rows(self) -> int:
        """The number of rows of a window."""
        return self.n_rows // self.windows_per_pass

    @property
    def rows_of_block(self) -> int:
        """The number of rows of a block."""
        if self.block_rows is not None:
            return self.block_rows
        return min(max(self.window_rows // BLOCKS_OF_WINDOW, LEAST_BLOCK_ROWS), BLOCK_ROWS)

    def extents(self, number: int) -> list[tuple[int, int]]:
        """Return the places of the rows of a window, numbered from 0 over all passes.

        Parameters
        ----------
        number : int
            The number of the window.

        Returns
        -------
        list of (int, int)
            The first row and the end of each place.
        """
        if self.windows_per_pass == 1:
            return [(0, self.n_rows)]
        of_pass, place = divmod(number, self.windows_per_pass)
        starts = self._starts(of_pass)
        stops = np.minimum(starts + self.rows_of_block, self.n_rows)
        ends = np.cumsum(stops - starts)  # of each block, in the rows of the pass
        first, last = place * self.window_rows, (place + 1) * self.window_rows
        some = slice(int(np.searchsorted(ends, first, "right")), int(np.searchsorted(ends, last, "left")) + 1)
        begins = ends[some] - (stops[some] - starts[some])
        lows = starts[some] + np.maximum(first - begins, 0)
        highs = stops[some] - np.maximum(ends[some] - last, 0)
        return list(zip(lows.tolist(), highs.tolist(), strict=True))

    def _starts(self, of_pass: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Return the first rows of the blocks in the order of a pass, which needs no earlier pass."""
        starts = np.arange(0, self.n_rows, self.rows_of_block, dtype=np.int64)
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence((self.seed, of_pass))))
        return generator.permutation(starts)


def most_window_rows(form: RowsFormat, n_bytes: int, n_outputs: int = 1) -> int:
    """Return the most rows of a window whose buffers, targets and orders take so many bytes.

    Parameters
    ----------
    form : RowsFormat
        The columns of the rows.
    n_bytes : int
        The memory for windows, without that of the network.
    n_outputs : int, default=1
        The output units of the network, for each of which a row has a target.

    Returns
    -------
    int
        The number of rows.

    Raises
    ------
    ParameterError
        If there is not enough memory for one block.

    Examples
    --------
    >>> most_window_rows(RowsFormat(100, "classes"), 100_000_000)
    114155
    """
    # Targets are converted to float64 at first and then to float32.
    of_row = BUFFERS * form.n_bytes(1) + 12 * n_outputs + BYTES_OF_ORDER
    n_rows = n_bytes // of_row
    if n_rows < BLOCK_ROWS:
        raise ParameterError(
            f"the windows of rows have {n_bytes:,} bytes of memory, and {BLOCK_ROWS:,} rows of {form.width} columns "
            f"need {BLOCK_ROWS * of_row:,}. Give more memory, or use fewer columns."
        )
    return n_rows


@dataclass(frozen=True, eq=False)
class Window:
    """The rows of a window, in buffers that are overwritten when the next but one is read."""

    number: int
    rows: Rows
    seconds: float  # of its reading


class Windows:
    """The windows of a file of rows, each read while the one before is trained on.

    Parameters
    ----------
    rows : EncodedRows
        The file.
    plan : WindowPlan
        The rows of each window.
    """

    def __init__(self, rows: EncodedRows, plan: WindowPlan) -> None:
        if plan.n_rows != rows.n_rows:
            raise ParameterError(f"the plan is of {plan.n_rows} rows, and the file has {rows.n_rows}.")
        self.rows, self.plan = rows, plan
        self._buffers: list[Rows] = []

    def read(self, number: int) -> Window:
        """Return a window, numbered from 0 over all passes."""
        began = time.perf_counter()
        at = number % BUFFERS
        while len(self._buffers) <= at:
            self._buffers.append(self.rows.form.empty(self.plan.window_rows))
        self.rows.read_into(self.plan.extents(number), self._buffers[at])
        return Window(number, self._buffers[at], time.perf_counter() - began)

    def ahead(self, first: Window, stop: int) -> Generator[Window, None, None]:
        """Yield a window and those after it up to ``stop``; a thread reads the next one meanwhile.

        Close the iterator if it is left early; it waits for the thread.  An error of the thread is raised for the
        window that could not be read.

        Parameters
        ----------
        first : Window
            The first window, which has been read.
        stop : int
            The end of the numbers of the windows.

        Yields
        ------
        Window
            The next window.
        """
        if self.plan.windows_per_pass == 1:
            for number in range(first.number, stop):
                yield Window(number, first.rows, 0.0)
            return
        if first.number >= stop:
            return
        with ThreadPoolExecutor(1, thread_name_prefix="multilayer-rows") as thread:
            window = first
            for number in range(first.number + 1, stop):
                coming = thread.submit(self.read, number)
                yield window
                window = coming.result()
            yield window
