"""Labels as class numbers, and class weights by these numbers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import column_or_1d

from multilayer.exceptions import InputError, ParameterError
from multilayer.fits.columns import checked_y
from multilayer.fits.containers import checked_entries
from multilayer.fits.errors import input_errors
from multilayer.fits.labels import Labels, labels_of
from multilayer.tables.models.rows import check_finite


@contextmanager
def labels_alone() -> Iterator[None]:
    """Ignore scikit-learn's warning of a y in which most labels differ: a list of all labels is no such y."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        yield


def classes_and_numbers(y: Any) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the sorted labels of y, and the number of the label of each row.

    Raises
    ------
    InputError
        For gaps, or a single class.
    """
    given = _labels_in(y, "y")
    labels: Labels = labels_of(given)
    if len(labels.classes) < 2:
        raise InputError(
            f"y holds 1 class, {labels.classes[:1].tolist()[0]!r}: a classifier needs at least 2. "
            "Pass rows of another class."
        )
    return labels.classes, np.searchsorted(labels.classes, np.asarray(given)).astype(np.intp)


def numbers_of(y: Any, classes: NDArray[Any], name: str = "y_val") -> NDArray[np.intp]:
    """Return the number of the label of each validation row, or of each later row; ``name`` is that of their y.

    Raises
    ------
    InputError
        For labels that are not among the classes.
    """
    given = _labels_in(y, name).tolist()
    numbers = {label: number for number, label in enumerate(classes.tolist())}
    unknown = [label for label in dict.fromkeys(given) if label not in numbers]
    if unknown:
        if name == "y_val":
            raise InputError(
                f"y_val has labels that are not in y: {unknown!r}. y has {list(numbers)!r}. "
                "Remove these rows from X_val and y_val, or add such rows to X and y."
            )
        raise InputError(
            f"{name} has labels that are not among the classes: {unknown!r}. The classes are {list(numbers)!r}. Remove "
            "these rows, or begin again with all classes."
        )
    return np.array([numbers[label] for label in given], dtype=np.intp)


def weight_of_numbers(class_weight: Any, classes: NDArray[Any]) -> Any:
    """Return the weights of the classes by their numbers; "balanced" and None as they are.

    Raises
    ------
    ParameterError
        For labels that are not among the classes.
    """
    if not isinstance(class_weight, Mapping):
        return class_weight
    labels = classes.tolist()
    unknown = [label for label in class_weight if label not in labels]
    if unknown:
        raise ParameterError(
            f"class_weight has labels that are not in y: {unknown!r}. The labels of y are {labels!r}. "
            "Remove them, or write them as they are in y."
        )
    # With a weight for each class, a fold may lack some.
    return {number: class_weight.get(label, 1.0) for number, label in enumerate(labels)}


def _labels_in(y: Any, name: str) -> NDArray[Any]:
    """Return labels as an array of shape (m,)."""
    with input_errors():
        check_finite(y, name)
        return np.asarray(column_or_1d(checked_y(checked_entries(y, name), are_labels=True, name=name), warn=True))
