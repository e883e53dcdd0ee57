"""The steps of a pipeline as operations: scalers, encoders and imputers of scikit-learn, and TableEncoder."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from multilayer.exceptions import InputTypeError, ParameterError
from multilayer.exports import encoders
from multilayer.exports.columns import Cell, cells_of, matrix
from multilayer.exports.operations import (
    INVALID,
    NOTHING,
    Arithmetic,
    Fill,
    Function,
    Indicators,
    Lookup,
    Node,
    NumberCodes,
    cast,
    joined,
)
from multilayer.files.columns import parts_of
from multilayer.tables import TableEncoder

Cells = list[Cell]


def is_word(step: Any) -> bool:
    """Return whether a step of a pipeline passes its input."""
    return step is None or (isinstance(step, str) and step == "passthrough")


def transformed(name: str, step: Any, cells: Cells) -> Cells:
    """Return the columns after a step, or raise an error that names it."""
    if is_word(step):
        return cells
    write = STEPS.get(type(step))
    if write is None:
        known = ", ".join(sorted(each.__name__ for each in STEPS))
        raise InputTypeError(
            f"the step {name!r} is a {type(step).__name__}, which cannot be exported. Steps may be: {known}. Use "
            "TableEncoder instead, or export the last step alone, pipeline[-1], and compute its inputs separately."
        )
    return write(step, cells)


def _pipeline(step: Pipeline, cells: Cells) -> Cells:
    for name, each in step.steps:
        cells = transformed(name, each, cells)
    return cells


def _column_transformer(step: ColumnTransformer, cells: Cells) -> Cells:
    parts, rest = parts_of(step)
    factors = step.transformer_weights or {}
    found: Cells = []
    for part in [*parts, rest]:
        if isinstance(part.step, str) or not part.indices:
            continue
        columns = transformed(part.name, part.step, [cells[i] for i in part.indices])
        if part.name in factors:
            node = matrix(columns)
            columns = cells_of(Arithmetic(node, "*", np.full(node.width, float(factors[part.name]))))
        found += columns
    return found


def _function_transformer(step: FunctionTransformer, cells: Cells) -> Cells:
    if step.func is not None:
        raise ParameterError(
            "a FunctionTransformer with a function cannot be exported, because the function is code. Remove the step, "
            "and compute its output before the pipeline."
        )
    return cells


def _table_encoder(step: TableEncoder, cells: Cells) -> Cells:
    return cells_of(encoders.encoded(step, cells))


def _standard_scaler(step: StandardScaler, cells: Cells) -> Cells:
    X = matrix(cells)
    if step.with_mean:
        X = Arithmetic(X, "-", np.asarray(step.mean_, dtype=np.float64))
    if step.with_std:
        X = Arithmetic(X, "/", np.asarray(step.scale_, dtype=np.float64))
    return cells_of(X)


def _min_max_scaler(step: MinMaxScaler, cells: Cells) -> Cells:
    X: Node = Arithmetic(Arithmetic(matrix(cells), "*", step.scale_), "+", step.min_)
    if step.clip:
        low, high = (np.full(X.width, float(end)) for end in step.feature_range)
        X = Arithmetic(Arithmetic(X, "max", low), "min", high)
    return cells_of(X)


def _simple_imputer(step: SimpleImputer, cells: Cells) -> Cells:
    missing = step.missing_values
    is_text = [isinstance(each, str) for each in step.statistics_.tolist()]
    found: Cells = []
    is_kept = step.keep_empty_features or step.strategy == "constant"
    for cell, text, value in zip(cells, is_text, step.statistics_.tolist(), strict=True):
        if text:
            old = missing if isinstance(missing, str) else None
            found.append(Cell(cell.table, cell.name, cell.node, cell.column, {**cell.replaced, old: value}))
        elif is_kept or value == value:
            found += cells_of(Fill(cell.number(), np.array([float(value)]), _missing_number(missing)))
    if step.indicator_ is not None:
        found += [_marked(cells[i], is_text[i], missing) for i in step.indicator_.features_.tolist()]
    return _merged(found)


def _missing_number(missing: Any) -> float:
    return float("nan") if missing is None or not isinstance(missing, int | float | np.number) else float(missing)


def _marked(cell: Cell, is_text: bool, missing: Any) -> Cell:
    """Return the column that marks gaps by 1."""
    if not is_text:
        value = _missing_number(missing)
        if value != value:
            return Cell(node=Function(cell.number(), "gap"))
        codes = NumberCodes(cell.number(), np.array([value]), np.zeros(1, dtype=np.int64), NOTHING, NOTHING)
        return Cell(node=Indicators(codes, 1))
    known = {missing: 0} if isinstance(missing, str) else {}
    return Cell(node=Indicators(encoders.text_codes(cell, known, gap=NOTHING if known else 0, other=NOTHING), 1))


def _merged(cells: Cells) -> Cells:
    """Return columns of numbers as one node, if none is text."""
    if any(cell.node is None for cell in cells):
        return cells
    return cells_of(matrix(cells))


def _one_hot_encoder(step: OneHotEncoder, cells: Cells) -> Cells:
    parts = []
    stops = np.cumsum(step._n_features_outs).tolist()
    for column, (cell, n, stop) in enumerate(zip(cells, step._n_features_outs, stops, strict=True)):
        outputs = _probed(step, column)[:, stop - n : stop]
        places = np.where(
            np.asarray(outputs.sum(axis=1)).ravel() > 0, np.asarray(outputs.argmax(axis=1)).ravel(), NOTHING
        )
        other = INVALID if step.handle_unknown == "error" else int(places[-1])
        if not n:
            continue
        codes = _codes(cell, step.categories_[column], places[:-1].astype(np.int64), other)
        parts.append(cast(Indicators(codes, int(n)), "float32" if step.dtype == np.float32 else "float64"))
    return cells_of(joined(parts))


def _ordinal_encoder(step: OrdinalEncoder, cells: Cells) -> Cells:
    parts = []
    for column, cell in enumerate(cells):
        outputs = np.asarray(_probed(step, column), dtype=np.float64)[:, column]
        n = len(outputs) - 1
        if step.handle_unknown == "error":
            outputs[-1] = np.nan
        codes = _codes(cell, step.categories_[column], np.arange(n), n)
        parts.append(Lookup(codes, outputs.reshape(-1, 1)))
    return cells_of(joined(parts))


def _probed(step: Any, column: int) -> Any:
    """Return the output for each category of a column, and for an unknown one if the encoder allows any."""
    known = step.categories_[column]
    knows_all = step.handle_unknown == "error"
    rows = np.empty((len(known) + (not knows_all), len(step.categories_)), dtype=object)
    for i, categories in enumerate(step.categories_):
        rows[:, i] = categories[0]
    rows[: len(known), column] = known
    if not knows_all:
        numbers = [each for each in known.tolist() if isinstance(each, int | float) and each == each]
        rows[-1, column] = max(numbers, default=0) + 1 if _are_numbers(known) else "".join(map(str, known)) + "?"
    if all(each.dtype.kind in "biuf" for each in step.categories_):
        rows = rows.astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that rows do not have, and of unknown categories
        found = type(step).transform.__wrapped__(step, rows)  # without the names and frames of set_output
    if knows_all:  # one more row, which the caller replaces
        empty = np.zeros((1, found.shape[1]))
        found = np.vstack([found.toarray() if hasattr(found, "toarray") else found, empty])
    return found.tocsr() if hasattr(found, "tocsr") else found


def _are_numbers(known: Any) -> bool:
    return known.dtype.kind in "biuf" or all(
        isinstance(each, int | float) for each in known.tolist() if each is not None
    )


def _codes(cell: Cell, known: Any, codes: Any, other: int) -> Node:
    """Return the codes of the categories of a column of text or of numbers."""
    categories = known.tolist()
    is_gap = [each is None or each != each for each in categories]
    gap = next((int(code) for code, each in zip(codes, is_gap, strict=True) if each), other)
    if _are_numbers(known) and not all(is_gap):
        kept = ~np.array(is_gap)
        numbers = np.array([float(each) for each, left in zip(categories, kept, strict=True) if left])
        return NumberCodes(cell.number(), numbers, codes[kept], gap, other)
    texts = {each: int(code) for each, code, none in zip(categories, codes, is_gap, strict=True) if not none}
    if not all(isinstance(each, str) for each in texts):
        raise InputTypeError(
            f"the column {cell.name!r} has categories of several types, such as {next(iter(texts))!r}, and an input "
            "has one. Convert the column to text before the fit."
        )
    return encoders.text_codes(cell, texts, gap=gap, other=other)


STEPS: dict[type, Callable[[Any, Cells], Cells]] = {
    Pipeline: _pipeline,
    ColumnTransformer: _column_transformer,
    FunctionTransformer: _function_transformer,
    TableEncoder: _table_encoder,
    StandardScaler: _standard_scaler,
    MinMaxScaler: _min_max_scaler,
    SimpleImputer: _simple_imputer,
    OneHotEncoder: _one_hot_encoder,
    OrdinalEncoder: _ordinal_encoder,
}


def names_in(step: Any) -> Sequence[str] | None:
    """Return the names of the columns that a fitted step or model received; None without names."""
    found = getattr(step, "feature_names_in_", None)
    return None if found is None else [str(name) for name in found]
