"""The surroundings of a fit, widened by further training rows block by block."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from multilayer.tables._column_data import ColumnData
from multilayer.tables._fitted_columns import of_fitted_kind
from multilayer.tables._frames import Columns
from multilayer.tables.models.novelty import ColumnRange, Surroundings, range_values

# A column with more categories than this has no list of them: new ones are then usual.
MOST_CATEGORIES = 10_000


def widened(surroundings: Surroundings, table: Columns) -> Surroundings:
    """Return surroundings whose ranges, categories and gaps include those of further training rows.

    The covariances stay those of the first rows.
    """
    names = set(table.column_names)
    columns = [_widened(each, table.column(each.name)) if each.name in names else each for each in surroundings.columns]
    return replace(surroundings, columns=columns)


def _widened(of: ColumnRange, column: ColumnData) -> ColumnRange:
    column = of_fitted_kind(of.encoding, column)
    values = range_values(of.encoding, column)
    if values is None:
        never_gaps = of.never_gaps and not column.gaps.any()
        if of.categories is None or column.kind != "text":
            return replace(of, never_gaps=never_gaps)
        categories = tuple(dict.fromkeys([*of.categories, *column.counts()]))
        return replace(of, categories=categories if len(categories) <= MOST_CATEGORIES else None, never_gaps=never_gaps)
    finite = values[np.isfinite(values)]
    low, high = of.low, of.high
    if len(finite):
        low, high = float(np.fmin(low, finite.min())), float(np.fmax(high, finite.max()))
    return replace(of, low=low, high=high, never_gaps=of.never_gaps and not np.isnan(values).any())
