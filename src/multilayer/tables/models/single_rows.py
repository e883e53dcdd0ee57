"""Predictions of single rows, with the same bits as those of tables, in a fraction of their time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputError
from multilayer.tables._cells_of_row import RowReader
from multilayer.tables._column_data import ColumnData
from multilayer.tables._row_encoder import ByWord, Row, RowEncoder
from multilayer.tables.models.novelty import FAR, NEW_SHARE, ColumnRange
from multilayer.tables.models.parts import answers, encoders_of, parts_of


class SingleRows:
    """What predicts single rows by a model: made by its first prediction, and not part of copies and pickles."""

    def __init__(self) -> None:
        self._path: _Path | None = None

    def __reduce__(self) -> tuple[type[SingleRows], tuple[()]]:
        return SingleRows, ()

    def answer(self, model: Any, X: Any) -> NDArray[np.float64] | None:
        """Return the answer of a fitted model for a table of one row, (1, K).

        None if there are more rows, if the row is far from those of the fit, or if it is not as expected: predictions
        of tables give the warning or the error.
        """
        path = self._path
        if path is None or path.members is not model.members_:
            path = self._path = _Path(model)
        return path.answer(model, X)


class _Path:
    """The way from a row to the answer of a fitted model."""

    def __init__(self, model: Any) -> None:
        self.members = model.members_
        self._parts = parts_of(model)
        encoders = encoders_of(self._parts)
        used = {each.name for each in model._surroundings.columns}
        used |= {encoding.name for encoder in encoders.values() for encoding in encoder.encodings_}
        names = [name for name in model._names if name in used]
        self._reader = RowReader(model._names, model._has_names, names)
        self._encoder = RowEncoder(list(encoders.values()), names)
        self._ids = list(encoders)
        networks = [part.network for part in self._parts]
        is_of_networks = all(network is not None for network in networks)
        self._from_outputs = model._from_outputs(networks) if is_of_networks else None
        self._forwards = [
            (model._forward(part.network), id(part.encoder)) for part in self._parts if self._from_outputs
        ]
        self._weights = np.array([[part.weight] for part in self._parts])
        self._ranges = _Ranges(model._surroundings.columns, names, self._encoder.number_columns)

    def answer(self, model: Any, X: Any) -> NDArray[np.float64] | None:
        """Return the answer, or None; see :meth:`SingleRows.answer`."""
        cells = self._reader.cells(X)
        if cells is None:
            return None
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                row = self._encoder.read(cells)
                if self._ranges.are_exceeded(row):
                    return None
                encoded = dict(zip(self._ids, self._encoder.encode(row), strict=True))
        except (InputError, OverflowError):
            return None
        if self._from_outputs is None:
            return answers(model, self._parts, encoded)
        outputs = np.concatenate([forward(encoded[encoder]) for forward, encoder in self._forwards])
        if not math.isfinite(outputs.sum()):
            return None
        # A cumulative sum adds in the order of the parts, as the mean of tables does; a sum may not.
        mean: NDArray[np.float64] = np.cumsum(self._weights * self._from_outputs(outputs), axis=0)[-1:]
        found: NDArray[np.float64] = model._answer(mean)
        return found


class _Ranges:
    """The ranges of the columns, compared as in :meth:`Surroundings.by_column`.

    Parameters
    ----------
    ranges : sequence of ColumnRange
        The ranges of the fit.
    names : list of str
        The columns of a row.
    number_columns : list of int
        Those that are read as numbers.
    """

    def __init__(self, ranges: Sequence[ColumnRange], names: list[str], number_columns: list[int]) -> None:
        by_name = {each.name: each for each in ranges}
        self._number_columns = number_columns
        self._of = [by_name.get(name) for name in names]
        # A column without a range has no limits.
        of_numbers = [by_name.get(names[i], _unlimited(names[i])) for i in number_columns]
        is_range = np.array([each.low < each.high for each in of_numbers], dtype=np.bool_)
        low, high = (np.array([getattr(each, end) for each in of_numbers]) for end in ("low", "high"))
        self._low, self._high = np.where(is_range, low, -np.inf), np.where(is_range, high, np.inf)
        self._half = np.where(is_range, 0.5 * high - 0.5 * low, 1.0) * FAR
        self._never_gaps = np.array([each.never_gaps for each in of_numbers], dtype=np.bool_)
        self._most_new = FAR * max(1.0, NEW_SHARE * len(by_name))
        self._kept = ByWord(names, self._compared)

    def are_exceeded(self, row: Row) -> bool:
        """Return whether the row may be far by its columns; False is certain."""
        n_new = 0
        for word in row.words:
            is_far, is_new = self._kept[word]
            if is_far:
                return True
            n_new += is_new
        for i, column in row.others.items():
            is_far, is_new = self._compared(i, column)
            if is_far:
                return True
            n_new += is_new
            if i in self._number_columns:  # of which row.numbers has a gap instead
                n_new -= int(self._never_gaps[self._number_columns.index(i)])
        x = row.numbers
        if row.has_gaps:
            n_new += int((np.isnan(x) & self._never_gaps).sum())
        # For numbers of this format, a / b is 1 or more if and only if a >= b.
        is_outside = (np.maximum(self._low - x, x - self._high) >= self._half).any()
        return bool(is_outside) or n_new >= self._most_new

    def _compared(self, i: int, column: ColumnData) -> tuple[bool, bool]:
        """Return whether a value is far outside the range of its column, and whether it is new."""
        of = self._of[i]
        if of is None:
            return False, False
        outside, new = of.distance(column)
        return bool(outside[0] >= FAR), bool(new[0])


def _unlimited(name: str) -> ColumnRange:
    return ColumnRange(name, None, np.nan, np.nan, None, never_gaps=False)
