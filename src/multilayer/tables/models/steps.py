"""The columns of text, and those that are dropped, of steps of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline


def text_categories(step: Any, names: list[str]) -> dict[str, tuple[str, ...]]:
    """Return the columns of text of a step of scikit-learn, those of which an encoder has categories of text."""
    found: dict[str, tuple[str, ...]] = {}
    if isinstance(step, Pipeline):
        for _, each in reversed(step.steps):
            found |= text_categories(each, names)
        return found
    if isinstance(step, ColumnTransformer):
        for _, part, columns in step.transformers_:
            found |= text_categories(part, _names_of(columns, names))
        return found
    categories = getattr(step, "categories_", ())
    if len(categories) != len(names):  # behind a step that has changed the columns
        return {}
    return {
        name: tuple(str(word) for word in words if isinstance(word, str))
        for name, words in zip(names, categories, strict=True)
        if np.asarray(words).dtype.kind in "OUST"
    }


def dropped_columns(step: Any, names: list[str]) -> set[str]:
    """Return the columns that a ColumnTransformer drops."""
    if isinstance(step, Pipeline):
        return dropped_columns(step[0], names)
    parts = step.transformers_ if isinstance(step, ColumnTransformer) else []
    dropped = {name for _, part, columns in parts if part == "drop" for name in _names_of(columns, names)}
    return dropped - {name for _, part, columns in parts if part != "drop" for name in _names_of(columns, names)}


def _names_of(columns: Any, names: list[str]) -> list[str]:
    """Return the names of the columns of a part of a ColumnTransformer: names, positions, a slice or a mask."""
    if isinstance(columns, slice):
        return names[columns]
    listed = [columns] if isinstance(columns, str | int) else np.asarray(columns).tolist()
    if listed and isinstance(listed[0], bool):
        return [name for name, is_used in zip(names, listed, strict=True) if is_used]
    return [names[column] if isinstance(column, int) else str(column) for column in listed]
