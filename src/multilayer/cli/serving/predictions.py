"""The answers to requests that are predicted together, as JSON."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from multilayer.cli.prediction.saved import SavedModel
from multilayer.cli.serving.answer import as_json
from multilayer.cli.serving.cells import arrow_column
from multilayer.cli.serving.requests import Rows
from multilayer.cli.text import shortened
from multilayer.exceptions import MultilayerWarning
from multilayer.tables.models import RowAnswers, far_columns, row_answers, with_spelled_cells

_LONGEST_VALUE = 60  # characters of a value that a warning quotes
_MOST_NAMED = 5  # columns in a warning


def answers(saved: SavedModel, requests: Sequence[Rows]) -> list[bytes]:
    """Predict the rows of requests that want the same, and have the same zones, together; the answer to each.

    Raises
    ------
    MultilayerError
        If the model cannot predict one of the rows.
    """
    first = requests[0]
    columns = {name: [value for each in requests for value in each.columns[name]] for name in first.columns}
    n_rows = sum(each.n_rows for each in requests)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MultilayerWarning)  # the answer has those of each row
        texts = [_new_categories(saved, columns, row) for row in range(n_rows)]
        X = _inputs(saved, columns, first, texts)
        of_model = row_answers(saved.model, X, first.wanted.coverage)
        rows = _classes(saved, of_model) if saved.classifies else _amounts(of_model)
        if first.wanted.reasons:
            _add_reasons(rows, saved, X)
    if of_model.far.n_far:
        for of_row, names in zip(texts, far_columns(saved.model, X), strict=True):
            if names:
                of_row.append(f"far outside the training rows, by values in {_listed(names)}")
    for row, of_row in zip(rows, texts, strict=True):
        row["warnings"] = of_row
    found, start = [], 0
    for each in requests:
        found.append(as_json({"predictions": rows[start : start + each.n_rows]}))
        start += each.n_rows
    return found


def _inputs(saved: SavedModel, columns: dict[str, list[Any]], first: Rows, texts: list[list[str]]) -> Any:
    """The rows in the form that the model takes; ``texts`` gets warnings of cells that count as gaps."""
    if len(texts) == 1 and saved.is_table_model and not saved.has_spelled_columns:
        # A table model predicts a row as it is in a tenth of the time.
        cells = {name: values[0] for name, values in columns.items()}
        return [cells] if saved.has_names else [list(cells.values())]
    import pyarrow as pa

    arrays = {
        name: arrow_column(saved.kinds[name], values, first.zones.get(name, "")) for name, values in columns.items()
    }
    table = pa.table(arrays)
    if saved.has_spelled_columns:
        table, lost = with_spelled_cells(saved.model, table)
        for name, where in lost.items():
            for row in np.flatnonzero(where).tolist():
                word = shortened(columns[name][row], _LONGEST_VALUE)
                texts[row].append(f"column {name!r}: {word!r} is no number or date, and counts as a gap")
    return saved.inputs(table)


def _new_categories(saved: SavedModel, columns: dict[str, list[Any]], row: int) -> list[str]:
    """Warnings of the categories of a row that the training rows did not have."""
    new = {
        name: columns[name][row]
        for name, categories in saved.categories.items()
        if columns[name][row] not in categories
    }
    return [
        f"column {name!r}: {shortened(word, _LONGEST_VALUE)!r} is a category that the training rows did not have"
        for name, word in new.items()
        if word is not None
    ]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(map(repr, names[:_MOST_NAMED])) + more


def _classes(saved: SavedModel, of_model: RowAnswers) -> list[dict[str, Any]]:
    """The predictions of each row by their names in the answer."""
    labels = [_plain(label) for label in np.asarray(saved.model.classes_).tolist()]
    names = [str(label) for label in np.asarray(saved.model.classes_)]
    rows = [
        {"prediction": labels[best], "probabilities": dict(zip(names, map(_finite, shares), strict=True))}
        for best, shares in zip(of_model.predicted.argmax(axis=1).tolist(), of_model.predicted.tolist(), strict=True)
    ]
    if of_model.region is not None:
        for row, inside in zip(rows, of_model.region[0].tolist(), strict=True):
            row["set"] = [label for label, is_inside in zip(labels, inside, strict=True) if is_inside]
    return rows


def _amounts(of_model: RowAnswers) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [{"prediction": _finite(value)} for value in of_model.predicted.tolist()]
    if of_model.region is not None:
        low, high = of_model.region
        for row, lower, upper in zip(rows, low.tolist(), high.tolist(), strict=True):
            row["interval"] = {"lower": _finite(lower), "upper": _finite(upper)}
    return rows


def _add_reasons(rows: list[dict[str, Any]], saved: SavedModel, X: Any) -> None:
    found = saved.model.explain(X)
    for i, row in enumerate(rows):
        reasons: dict[str, Any] = {"baseline": _finite(found.baseline[i])}
        reasons["contributions"] = dict(zip(found.names, map(_finite, found.contributions[i].tolist()), strict=True))
        if saved.model.with_trees:
            reasons["trees"] = _finite(found.trees[i])
        if not saved.classifies:
            reasons["limits"] = _finite(found.limits[i])
        row["explanation"] = reasons


def _finite(value: Any) -> Any:
    """A number, or a list of numbers, as JSON has them: null for one that is not finite, such as an open interval."""
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return float(value) if math.isfinite(value) else None


def _plain(label: Any) -> Any:
    """A label as JSON has it: text, a number or a Boolean; others as text."""
    return label if isinstance(label, str | int | float | bool) else str(label)
