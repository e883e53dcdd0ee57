"""Columns of text that a dataset is read with as numbers or dates: their encoders accept the text in predictions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from multilayer.tables._fitted_columns import with_text
from multilayer.tables.encodings import Encoding


def accept_text(model: Any, names: Collection[str]) -> None:
    """Let a fitted table model predict from text that spells numbers or dates, as after a fit in memory.

    Parameters
    ----------
    model : TableClassifier or TableRegressor
        The model.
    names : collection of str
        The columns that are stored as text.
    """
    if not names:
        return

    def accepting(encoding: Encoding) -> Encoding:
        return with_text(encoding) if encoding.name in names else encoding

    around = model._surroundings
    parts = [*model.members_, *model._trees, around]
    for encoder in {id(part.encoder): part.encoder for part in parts}.values():
        encoder.encodings_ = type(encoder.encodings_)(map(accepting, encoder.encodings_))
    columns = [replace(each, encoding=accepting(each.encoding)) for each in around.columns]
    model._surroundings = replace(around, columns=columns)
