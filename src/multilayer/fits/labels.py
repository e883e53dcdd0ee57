"""Conversion of class labels to targets and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix, issparse
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from multilayer.equations.propagation import one_hot
from multilayer.exceptions import InputError, ParameterError
from multilayer.fits.columns import as_dense
from multilayer.network import Floats


@dataclass(frozen=True)
class Labels:
    """The labels of the columns of the targets."""

    classes: NDArray[Any]  # sorted
    multilabel: bool = False  # each row may have any number of labels
    sparse: bool = False  # whether a multilabel y, and with it the predictions, is a sparse matrix

    def targets(self, y: Any, units: int, dtype: np.dtype[Any]) -> Floats:
        """Return y as targets for this number of output units, (m, units)."""
        if self.multilabel:
            return as_dense(y).astype(dtype, order="C")  # kernels take rows; a frame may hold columns
        codes = np.searchsorted(self.classes, y)
        if units == 1:
            return codes.reshape(-1, 1).astype(dtype)
        return one_hot(codes, units).astype(dtype, copy=False)

    def decode(self, H: Floats) -> Any:
        """Return predictions from the output H, (m, K): labels, (m,), or zeros and ones, (m, K), for a multilabel y."""
        if self.multilabel:
            indicator = (H > 0.5).astype(int)
            return csr_matrix(indicator) if self.sparse else indicator
        if len(self.classes) == 1:
            return np.repeat(self.classes, len(H))
        codes = (H[:, 0] > 0.5).astype(np.intp) if H.shape[1] == 1 else H.argmax(axis=1)
        return self.classes[codes]


def labels_of(y: Any) -> Labels:
    """Return the labels of y, an array of shape (m,) or a matrix of zeros and ones."""
    if type(y) is np.ndarray and y.ndim == 1 and y.dtype.kind in "biuU":
        found = np.unique(y)
        if 2 * len(found) <= len(y):  # certainly a column of labels, without the slower check below
            return Labels(found)
    kind = check_kind(y)
    if kind == "multilabel-indicator":
        return Labels(np.arange(y.shape[1]), multilabel=True, sparse=issparse(y))
    return Labels(_as_text_array(np.unique(y)))


def is_same_kind_of_labels(y: Any, others: Any) -> bool:
    """Return whether both are columns of labels of the same length and kind."""
    return (
        type(y) is type(others) is np.ndarray
        and y.ndim == 1
        and y.shape == others.shape
        and y.dtype.kind == others.dtype.kind
        and y.dtype.kind in "biuU"
    )


def labels_from_classes(y: Any, classes: ArrayLike) -> Labels:
    """Return the given labels, sorted, for data that come in parts."""
    if check_kind(y) == "multilabel-indicator":
        return labels_of(y)
    return Labels(_as_text_array(np.asarray(classes)))


def _as_text_array(classes: NDArray[Any]) -> NDArray[Any]:
    """Convert Python strings to an array of text, so that predictions can be saved without pickle."""
    if classes.dtype.kind != "O":
        return classes
    text = np.array(classes.tolist())
    # An array of text drops zero characters at the end.
    return text if text.dtype.kind == "U" and text.tolist() == classes.tolist() else classes


def check_kind(y: Any) -> str:
    check_classification_targets(y)
    kind = str(type_of_target(y, input_name="y"))
    if kind == "multilabel-indicator" and not _is_indicator(y):
        values = np.unique(as_dense(y)).tolist()
        raise InputError(
            f"y with several columns must hold zeros and ones, one column per label, got the values {values}. Write "
            "(y == value).astype(int), or train one network per column (sklearn.multioutput.MultiOutputClassifier)."
        )
    if kind == "multiclass-multioutput":
        raise InputError(
            f"y must be one column of labels, or zeros and ones with one column per label, got shape {y.shape} with "
            "other values. Train one network per column (sklearn.multioutput.MultiOutputClassifier)."
        )
    return kind


def check_known(y: Any, labels: Labels) -> None:
    """Raise an error if y has labels or columns that the first call did not have."""
    _check_kind_as_before(y, labels)
    if labels.multilabel and y.shape[1] != len(labels.classes):
        raise InputError(
            f"y must have one column for each of the {len(labels.classes)} labels of the first call, got shape "
            f"{y.shape}. Pass all columns, or call fit to start again."
        )
    if not labels.multilabel and not np.isin(np.unique(y), labels.classes).all():
        raise InputError(
            f"`y` has classes not in `self.classes_`. `self.classes_` has {labels.classes}. 'y' has {np.unique(y)}. "
            "Pass all classes that any part may hold to the first call of partial_fit."
        )


def check_known_to_validation(y: Any, labels: Labels) -> None:
    """Raise an error if validation rows have labels that the training rows do not have."""
    if (check_kind(y) == "multilabel-indicator") != labels.multilabel or (
        labels.multilabel and y.shape[1] != len(labels.classes)
    ):
        raise InputError(f"y_val must have the form of y, got shape {y.shape}. Encode both in the same way.")
    unknown = [] if labels.multilabel else sorted(set(np.unique(y).tolist()) - set(labels.classes.tolist()))
    if unknown:
        raise InputError(
            f"y_val has labels that are not in y: {unknown!r}. y has {labels.classes.tolist()!r}. "
            "Remove these rows from X_val and y_val, or add such rows to X and y."
        )


def check_same(y: Any, labels: Labels) -> None:
    """Raise an error if y does not have exactly the labels of the previous fit."""
    _check_kind_as_before(y, labels)
    found = unique_labels(y)
    if set(found.tolist()) != set(labels.classes.tolist()):
        raise ParameterError(
            "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
            f"Previously got {labels.classes}, `y` has {found}. Set warm_start=False to start again."
        )


def _check_kind_as_before(y: Any, labels: Labels) -> None:
    if not labels.multilabel and isinstance(y, np.ndarray) and y.ndim == 1 and y.dtype.kind in "biuU":
        return  # without scikit-learn's slower check, for small parts
    kinds = {False: "one column of labels", True: "zeros and ones in one column per label"}
    if (check_kind(y) == "multilabel-indicator") != labels.multilabel:
        raise InputError(
            f"y must be of the same kind as in the previous call, {kinds[labels.multilabel]}, got "
            f"{kinds[not labels.multilabel]}, shape {y.shape}. Set warm_start=False and call fit to start again."
        )


def _is_indicator(y: Any) -> bool:
    values = y.data if issparse(y) else np.asarray(y)
    return bool(((values == 0) | (values == 1)).all())


@dataclass(eq=False)
class KnownClasses:
    """The labels of the whole y, for fits that receive only some of its rows."""

    y: Any

    @cached_property
    def values(self) -> NDArray[Any] | None:
        """The labels, sorted; None if y is not a column of labels."""
        try:
            labels = labels_of(self.y if issparse(self.y) else np.asarray(self.y))
        except (TypeError, ValueError):
            return None
        return None if labels.multilabel else labels.classes


_known_classes: ContextVar[KnownClasses | None] = ContextVar("known_classes", default=None)


def current_known_classes() -> KnownClasses | None:
    """Return the classes of the innermost :func:`known_classes` block in this thread."""
    return _known_classes.get()


def classes_of(y: Any) -> KnownClasses:
    """Return the labels of y, or of the larger table that its rows are part of."""
    return _known_classes.get() or KnownClasses(y)


@contextmanager
def known_classes(known: KnownClasses | None) -> Iterator[None]:
    """Within this block, in this thread, ``class_weight`` may have labels that the rows of a fit lack."""
    token = _known_classes.set(known)
    try:
        yield
    finally:
        _known_classes.reset(token)
