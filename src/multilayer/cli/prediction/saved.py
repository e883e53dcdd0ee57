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
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from multilayer import TableClassifier, TableRegressor, load_model
from multilayer.cli.output.model_file import read_card
from multilayer.exceptions import InputError
from multilayer.files import model_info
from multilayer.tables import TableEncoder
from multilayer.tables._column_data import Kind
from multilayer.tables._sources import TYPED
from multilayer.tables.encodings import SignEncoding, TextEncoding

PREDICTED = "predicted"
_BETWEEN_CLASSES = "|"  # of a set


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
    card : mapping
        What the command that wrote the file says of it; empty for files of ``save_model``.
    """

    model: Any
    kinds: Mapping[str, Kind]
    card: Mapping[str, Any]

    @classmethod
    def load(cls, path: Path) -> SavedModel:
        """Load the model.

        Raises
        ------
        ModelFileError
            If the file is not a model.
        InputError
            For a model that does not predict, or was trained on columns without names.
        """
        model = load_model(path)
        if not hasattr(model, "predict"):
            raise InputError(f"{path} holds a {type(model).__name__}, which does not predict. Save a model.")
        return cls(model, _kinds_of(model, path), read_card(model_info(path).card))

    def reading_of(self, file: Path) -> dict[str, str]:
        """How the training table was read, which holds for other text files too."""
        has_types = file.suffix.lower() in TYPED
        return {} if has_types else dict(self.card.get("reading", {}))

    @property
    def is_table_model(self) -> bool:
        """Whether it is a TableClassifier or TableRegressor, with intervals, novelty and reasons."""
        return isinstance(self.model, TableClassifier | TableRegressor)

    @property
    def classifies(self) -> bool:
        return bool(is_classifier(self.model))

    @cached_property
    def categories(self) -> dict[str, frozenset[str]]:
        """The categories of the columns in which a new one would be unusual."""
        if self.is_table_model:
            ranges = self.model._surroundings.columns
            return {column.name: frozenset(column.categories) for column in ranges if column.categories is not None}
        first = self.model[0] if isinstance(self.model, Pipeline) else self.model
        encodings = first.encodings_ if isinstance(first, TableEncoder) else ()
        return {
            encoding.name: frozenset(encoding.categories)
            for encoding in encodings
            if isinstance(encoding, SignEncoding) or (isinstance(encoding, TextEncoding) and not encoding.has_other)
        }

    def check(self, wanted: Wanted) -> None:
        """Raise InputError for what this model cannot predict."""
        name = type(self.model[-1] if isinstance(self.model, Pipeline) else self.model).__name__
        if wanted.probabilities and not self.classifies:
            raise InputError(f"--proba needs a model of classes, got a {name}. Omit it, or pass --interval 0.9.")
        if (wanted.coverage is not None or wanted.reasons) and not self.is_table_model:
            option = "--explain" if wanted.reasons else "--interval"
            raise InputError(f"{option} needs a TableClassifier or TableRegressor, got a {name}. Omit it.")

    def predictions(self, rows: Any, wanted: Wanted) -> dict[str, NDArray[Any]]:
        """The columns of predictions for a table of pyarrow."""
        X = rows if self._takes_tables else self._as_frame(rows)
        found = self._classes(X, wanted) if self.classifies else self._amounts(X, wanted)
        return found | (self._reasons(X) if wanted.reasons else {})

    @property
    def _takes_tables(self) -> bool:
        first = self.model[0] if isinstance(self.model, Pipeline) else self.model
        return self.is_table_model or isinstance(first, TableEncoder)

    def _as_frame(self, rows: Any) -> Any:
        """A frame for estimators of scikit-learn, with columns in the order of the fit."""
        return rows.select(list(self.kinds)).to_pandas()

    def _classes(self, X: Any, wanted: Wanted) -> dict[str, NDArray[Any]]:
        model = self.model
        labels = np.asarray(model.classes_)
        probabilities = model.predict_proba(X)
        found: dict[str, NDArray[Any]] = {PREDICTED: labels[probabilities.argmax(axis=1)]}
        if wanted.probabilities:
            found |= {f"p({label})": probabilities[:, k] for k, label in enumerate(labels)}
        if wanted.coverage is not None:
            words = np.array([str(label) for label in labels], dtype=object)
            inside = model.predict_set(X, coverage=wanted.coverage)
            found["set"] = np.array([_BETWEEN_CLASSES.join(words[row]) for row in inside], dtype=object)
        return found

    def _amounts(self, X: Any, wanted: Wanted) -> dict[str, NDArray[Any]]:
        predicted = np.asarray(self.model.predict(X))
        found = _by_output(PREDICTED, predicted)
        if wanted.coverage is not None:
            low, high = self.model.predict_interval(X, coverage=wanted.coverage)
            found |= _by_output("lower", np.asarray(low)) | _by_output("upper", np.asarray(high))
        return found

    def _reasons(self, X: Any) -> dict[str, NDArray[Any]]:
        explanation = self.model.explain(X)
        columns = {"baseline": explanation.baseline}
        columns |= {f"due to {name}": explanation.contributions[:, j] for j, name in enumerate(explanation.names)}
        return columns | {f"due to {name.strip('()')}": rest for name, rest in explanation.rests}


def _by_output(name: str, values: NDArray[Any]) -> dict[str, NDArray[Any]]:
    if values.ndim == 1:
        return {name: values}
    return {f"{name} {k + 1}": values[:, k] for k in range(values.shape[1])}


def _kinds_of(model: Any, path: Path) -> dict[str, Kind]:
    """The kinds of the columns that a model needs, by name."""
    first = model[0] if isinstance(model, Pipeline) else model
    if getattr(model, "feature_names_in_", getattr(first, "feature_names_in_", None)) is None:
        raise InputError(
            f"{path}: the model was trained on columns without names, so that the columns of a file cannot be assigned "
            "to them. Train it on a frame with names, or predict in Python with load_model."
        )
    if isinstance(model, TableClassifier | TableRegressor):
        used = {column.name for column in model._surroundings.columns}
        return {each.name: each.kind for each in model.columns_ if each.width or each.name in used}
    if isinstance(first, TableEncoder):
        return {each.name: each.kind for each in first.columns_ if each.width}
    names = (model if hasattr(model, "feature_names_in_") else first).feature_names_in_
    texts = _text_columns(first, [str(name) for name in names])
    return {str(name): "text" if name in texts else "number" for name in names}


def _text_columns(step: Any, names: list[str]) -> set[str]:
    """The columns of text of a step of scikit-learn: those of which an encoder has categories of text."""
    if isinstance(step, Pipeline):
        return _text_columns(step[0], names)
    if isinstance(step, ColumnTransformer):
        found: set[str] = set()
        for _, part, columns in step.transformers_:
            of_part = [names[column] if isinstance(column, int) else str(column) for column in _listed(columns, names)]
            found |= _text_columns(part, of_part)
        return found
    categories = getattr(step, "categories_", [])
    return {name for name, words in zip(names, categories, strict=False) if np.asarray(words).dtype.kind in "OUST"}


def _listed(columns: Any, names: list[str]) -> list[Any]:
    if isinstance(columns, slice):
        return list(names[columns])
    return [columns] if isinstance(columns, str | int) else list(np.asarray(columns).tolist())
