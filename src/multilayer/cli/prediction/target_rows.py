"""The rows of a file whose target a saved model knows, with its predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.cli.console import Output
from multilayer.cli.evaluation.tasks import Classification, Regression, Task
from multilayer.cli.prediction.predicting import Oddities, notes_on_cells, predicted_batches
from multilayer.cli.prediction.saved import SavedModel, Wanted
from multilayer.cli.progress import waiting
from multilayer.cli.source import Source
from multilayer.cli.text import count, quoted, shortened
from multilayer.exceptions import InputError


@dataclass(frozen=True)
class TargetRows:
    """The rows of a file with a target that the model knows.

    Attributes
    ----------
    target : str
        The column to predict.
    table : pyarrow.Table
        The m rows.
    places : array of shape (m,)
        Their numbers in the file, from 1.
    names : list of str
        What to call them.
    y : array of shape (m,)
        Their targets.
    predictions : array of shape (m, K) or (m,)
        The probabilities or amounts.
    """

    target: str
    table: Any
    places: NDArray[np.intp]
    names: list[str]
    y: NDArray[Any]
    predictions: NDArray[Any]


def read_target_rows(saved: SavedModel, source: Source, output: Output) -> TargetRows:
    """Read and predict a file, with notes on what is unusual in it and on rows that have no such target."""
    import pyarrow as pa

    target = target_of(saved, source.target)
    batches = source.read_batches({**saved.kinds, target: _kind_of_target(saved)}, list(filter(None, [source.id])))
    for note in batches.notes:
        output.note(f"{source.name}: {note}")
    oddities, tables, kept, parts = Oddities(), [], [], []
    with waiting(output, "predicting"):
        wanted = Wanted(probabilities=saved.classifies)
        for rows, more, found in predicted_batches(saved, source, batches, wanted, oddities):
            tables.append(rows)
            kept.append(more)
            parts.append(_values(saved, found))
    for note in (*notes_on_cells(batches, saved.kinds), *oddities.notes()):
        output.note(note)
    table, more = (pa.concat_tables(each, promote_options="permissive") for each in (tables, kept))
    known = _known_rows(saved, table.column(target), target, output)
    y = _targets(saved, table.column(target), known)
    named = more.column(source.id).take(known).to_pylist() if source.id is not None else None
    names = [f"row {place + 1}" for place in known] if named is None else ["" if v is None else str(v) for v in named]
    return TargetRows(target, table.take(known), known + 1, names, y, np.concatenate(parts)[known])


def target_of(saved: SavedModel, given: str | None) -> str:
    """The column to predict: the one that the user names, or that of the training."""
    target = given or saved.card.get("target")
    if not isinstance(target, str):
        raise InputError("the model does not say which column it predicts. Name it with --target.")
    return target


def _kind_of_target(saved: SavedModel) -> str:
    kind = np.asarray(saved.model.classes_).dtype.kind if saved.classifies else "f"
    return {"b": "Boolean", "i": "number", "u": "number", "f": "number"}.get(kind, "text")


def _values(saved: SavedModel, found: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """The probabilities (m, K) or amounts (m,) among the columns of predictions."""
    if saved.classifies:
        return np.column_stack([values for name, values in found.items() if name.startswith("p(")])
    if len(found) > 1:
        raise InputError(f"the model predicts {len(found)} amounts of each row. Evaluate it in Python.")
    return next(iter(found.values()))


def _known_rows(saved: SavedModel, column: Any, target: str, output: Output) -> NDArray[np.intp]:
    """The rows whose target the model can be right about; notes say which are left out."""
    values = np.array(column.to_pylist(), dtype=object)
    has_value = np.array([value is not None and value == value for value in values], dtype=np.bool_)
    is_known = has_value.copy()
    if saved.classifies:
        classes = set(np.asarray(saved.model.classes_).tolist())
        is_known[has_value] = [value in classes for value in values[has_value]]
    n_gaps, n_other = int((~has_value).sum()), int((has_value & ~is_known).sum())
    if n_gaps:
        output.note(f"{count(n_gaps, 'row')} without a target, the first is data row {int(np.argmin(has_value)) + 1}")
    if n_other:
        example = shortened(str(values[has_value & ~is_known][0]), 40)
        output.note(
            f"{count(n_other, 'row')} whose {quoted(target)} is no class of the model, such as {quoted(example)}, "
            f"{'is' if n_other == 1 else 'are'} in no score"
        )
    if not is_known.any():
        raise InputError(f"no row has a {quoted(target)} that the model knows. Name another --target.")
    return np.flatnonzero(is_known)


def _targets(saved: SavedModel, column: Any, known: NDArray[np.intp]) -> NDArray[Any]:
    values = column.take(known).to_pylist()
    if saved.classifies:
        return np.array(values, dtype=np.asarray(saved.model.classes_).dtype)
    if not all(isinstance(value, int | float) for value in values):
        raise InputError(f"the target holds values such as {quoted(values[0])}, and the model predicts numbers.")
    return np.array(values, dtype=np.float64)


def task_of(saved: SavedModel, y: NDArray[Any]) -> Task:
    if saved.classifies:
        return Classification(np.asarray(saved.model.classes_))
    unit = float(np.abs(y).max()) or 1.0
    return Regression(unit, float((y / unit).mean()), float((y / unit).std()) or 1.0)
