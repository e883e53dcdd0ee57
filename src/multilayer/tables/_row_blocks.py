"""Text in blocks that hold the end of a row, as the parser of pyarrow needs them."""

from __future__ import annotations

import io
from typing import Any


class RowBlocks(io.RawIOBase):
    """A stream that is read in blocks of ``size`` bytes, or more where a row is longer than a block.

    A block has at most ``longest`` bytes, and fewer than ``size`` only at the end.  A line end within quotation marks
    does not end a row.
    """

    def __init__(self, stream: Any, size: int, longest: int, quote: str) -> None:
        self._stream, self._size, self._longest = stream, size, longest
        self._quote = quote.encode()
        self._is_quoted = False  # whether the last block ended between quotation marks

    def readable(self) -> bool:
        return True

    def read(self, n: int = -1) -> bytes:
        """Return the next block; the last one is empty."""
        most = self._longest if n < 0 else min(n, self._longest)
        block: bytes = self._stream.read(min(self._size, most))
        while len(block) < most and not self._ends_a_row(block):
            more = self._stream.read(min(self._size, most - len(block)))
            if not more:
                break
            block += more
        # A single quotation mark in the text of a cell: no cell is as long as such a block.
        self._is_quoted = self._ends_quoted(block) and len(block) < self._longest
        return block

    def _ends_quoted(self, block: bytes) -> bool:
        return self._is_quoted != (block.count(self._quote) % 2 == 1)

    def _ends_a_row(self, block: bytes) -> bool:
        """Return whether a line ends outside of quotation marks."""
        if not self._ends_quoted(block) and _has_line_end(block[block.rfind(self._quote) + 1 :]):
            return True
        return any(map(_has_line_end, block.split(self._quote)[int(self._is_quoted) :: 2]))


def _has_line_end(text: bytes) -> bool:
    return b"\n" in text or b"\r" in text
