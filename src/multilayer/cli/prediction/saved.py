"""A saved model with the columns that it needs, and its predictions as columns of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from multilayer import TableClassifier, TableRegressor, load_model
from multilayer.cli.output.model_file import read_card
from multilayer.cli.source import Source
from multilayer.cli.text import count
from multilayer.exceptions import InputError, MissingExtraError
from multilayer.files import model_info
from multilayer.selection import CrossValidation
from multilayer.tables.models import (
    FarRows,
    columns_with_hours,
    has_column_names,
    input_categories,
    input_columns,
    input_encoder,
    input_kinds,
    prediction_columns,
    row_answers,
)


@dataclass(frozen=True)
class Wanted:
    """What to predict for each row."""

    probabilities: bool = False
    coverage: float | None = None  # of intervals and sets
    reasons: bool = False


@dataclass(frozen=True)
class SavedModel:
    """A model from a file.

    Attributes
    ----------
    model : estimator or pipeline
        The model.
    kinds : mapping of str to str
        The kinds of the columns that it needs, by name.
    categories : mapping of str to frozenset of str
        The categories of the columns in which a new one would be unusual.
    card : mapping
        What the command that wrote the file says of it; empty for files of ``save_model``.
    has_names : bool
        Whether the columns have names; otherwise they are called x0, x1, ...
    """

    model: Any
    kinds: Mapping[str, Any]
    categories: Mapping[str, frozenset[str]]
    card: Mapping[str, Any]
    has_names: bool = True

    @classmethod
    def load(cls, path: Path, *, needs_names: bool = True) -> SavedModel:
        """Load the model, if ``needs_names`` only one that was trained on columns with names.

        Raises
        ------
        ModelFileError
            If the file is not a model.
        InputError
            For a model that does not predict, or was trained on columns without names if these are needed.
        """
        model = load_model(path)
        if isinstance(model, CrossValidation):
            raise InputError(
                f"{path} holds a cross-validation, whose {count(len(model.folds), 'model')} did not see all rows. "
                "Predict with a model of all rows, as cv --out writes one, or save one of these: "
                'save_model(load_model(path)["estimator"][0], ...) in Python.'
            )
        if not hasattr(model, "predict"):
            raise InputError(f"{path} holds a {type(model).__name__}, which does not predict. Save a model.")
        has_names = has_column_names(model)
        try:
            kinds = input_kinds(model) if has_names or needs_names else _kinds_by_position(model)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        if getattr(getattr(_last(model), "_labels", None), "multilabel", False):
            raise InputError(
                f"{path}: the model predicts several labels of each row. Predict in Python with load_model."
            )
        return cls(model, kinds, input_categories(model), read_card(model_info(path).card), has_names)

    def source_of(self, file: Path, options: Mapping[str, Any]) -> Source:
        """A file with these options; how a file of text is read is otherwise that of the training table."""
        given = {name: value for name, value in options.items() if value is not None}
        return Source(file, **given, remembered=self.card.get("reading", {}))

    @property
    def is_table_model(self) -> bool:
        """Whether it is a TableClassifier or TableRegressor, with intervals, novelty and reasons."""
        return isinstance(self.model, TableClassifier | TableRegressor)

    @property
    def classifies(self) -> bool:
        return bool(is_classifier(self.model))

    @cached_property
    def columns_with_hours(self) -> list[str]:
        """The columns of moments whose hour the model uses."""
        return columns_with_hours(self.model)

    @cached_property
    def has_spelled_columns(self) -> bool:
        """Whether there is a column of text that spells numbers or dates."""
        return any(column.spelled is not None for column in input_columns(self.model))

    def check(self, wanted: Wanted) -> None:
        """Raise InputError for what this model cannot predict."""
        name = type(_last(self.model)).__name__
        if wanted.probabilities and not self.classifies:
            raise InputError(f"--proba needs a model of classes, got a {name}. Omit it, or pass --interval 0.9.")
        if (wanted.coverage is not None or wanted.reasons) and not self.is_table_model:
            option = "--explain" if wanted.reasons else "--interval"
            raise InputError(f"{option} needs a TableClassifier or TableRegressor, got a {name}. Omit it.")

    def predictions(self, rows: Any, wanted: Wanted) -> tuple[dict[str, NDArray[Any]], FarRows]:
        """The columns of predictions for a table of pyarrow, and which rows are far from those of the training."""
        X = self.inputs(rows)
        answers = row_answers(self.model, X, wanted.coverage)
        found = prediction_columns(self.model, answers, probabilities=wanted.probabilities)
        return found | (self._reasons(X) if wanted.reasons else {}), answers.far

    def inputs(self, rows: Any) -> Any:
        """A table of pyarrow in the form that the model takes: a table, a frame or an array."""
        return rows if input_encoder(self.model) is not None else self._as_frame(rows)

    def _as_frame(self, rows: Any) -> Any:
        """A frame or array for estimators of scikit-learn, with columns in the order of the fit."""
        if not self.has_names:
            columns = [rows.column(name).to_numpy() for name in self.kinds]
            return np.column_stack(columns) if "text" not in self.kinds.values() else _objects(columns)
        try:
            return rows.select(list(self.kinds)).to_pandas()
        except ImportError:
            raise MissingExtraError("predicting with steps of scikit-learn", "pandas", "frames") from None

    def _reasons(self, X: Any) -> dict[str, NDArray[Any]]:
        explanation = self.model.explain(X)
        columns = {"baseline": explanation.baseline}
        columns |= {f"due to {name}": explanation.contributions[:, j] for j, name in enumerate(explanation.names)}
        # The same columns for all batches, also where these are 0.
        columns |= {"due to gradient-boosted trees": explanation.trees} if self.model.with_trees else {}
        return columns | ({} if self.classifies else {"due to limits of the prediction": explanation.limits})


def _kinds_by_position(model: Any) -> dict[str, str]:
    """The kinds of all columns; those that the model does not need are gaps."""
    return {column.name: column.kind or "empty" for column in input_columns(model)}


def _objects(columns: list[NDArray[Any]]) -> NDArray[Any]:
    return np.column_stack([column.astype(object) for column in columns])


def _last(model: Any) -> Any:
    return model[-1] if isinstance(model, Pipeline) else model
