"""Validation of X, y and weights, and their conversion to rows for an engine."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.utils import column_or_1d
from sklearn.utils.validation import _get_feature_names, validate_data

from multilayer.engines import Objective
from multilayer.exceptions import InputError, InputTypeError, ShapeError
from multilayer.fits.class_weights import ClassWeights, with_class_weights
from multilayer.fits.columns import checked_weight, checked_y
from multilayer.fits.containers import canonical, checked_numbers
from multilayer.fits.errors import DIVERGENCE_IN_SCIKIT_LEARN, input_errors
from multilayer.fits.rows import FitData, FitRequest, SharedTable, Table, Targets, ValidationArguments
from multilayer.fits.settings import settings_of
from multilayer.fits.target_scale import dtype_given
from multilayer.fits.targets import TargetAdapter
from multilayer.network import Floats
from multilayer.training.batching import RowNumbers

COLUMNS = ("n_features_in_", "feature_names_in_")  # attributes that validation sets
DTYPES = (np.float64, np.float32)  # dtypes that X keeps; validation converts others to the first
DOT = 8192  # numbers in a product for which BLAS does not start threads


def read(model: Any, adapter: TargetAdapter, request: FitRequest) -> FitData:
    """Return the rows of a fit, and set ``n_features_in_`` and, if columns have names, ``feature_names_in_``."""
    if request.shared is not None:
        return _read_shared(model, adapter, request, request.shared)
    # Training continues in the dtype of the parameters.
    dtype = model.parameters_.dtype if request.resumes else DTYPES
    with input_errors(request.X):
        X, y = validated(model, request.X, request.y, dtype, reset=not request.resumes, are_labels=adapter.are_labels)
        weight = request.sample_weight
        weight = None if weight is None else checked_weight(weight, X.shape[0], X.dtype, warns=True)
        targets = adapter.encode(y, X.dtype, request)
    of_classes = adapter.class_weights(y, weight, targets, is_part=request.is_part)
    if of_classes is not None:
        weight = with_class_weights(of_classes, y, weight, X.dtype, warns=True)
    data = FitData(Table(X, y, targets.Y, weight), targets)
    if request.validation.X is None:
        return data
    return _with_validation(model, adapter, data, request.validation, of_classes)


def shared_table(model: Any, adapter: TargetAdapter, X: Any, y: Any, sample_weight: Any) -> SharedTable:
    """Return the data of many fits, checked as ``fit`` of the model checks them."""
    weight = sample_weight
    with input_errors(X):
        X, y = validated(model, X, y, DTYPES, reset=True, are_labels=adapter.are_labels)
        if weight is not None:
            weight = checked_weight(weight, X.shape[0], X.dtype, warns=True)
        targets = adapter.encode(y, X.dtype, FitRequest())
    columns = {name: getattr(model, name) for name in COLUMNS if hasattr(model, name)}
    return SharedTable(X, y, targets.Y, weight, columns)


def _read_shared(model: Any, adapter: TargetAdapter, request: FitRequest, shared: SharedTable) -> FitData:
    """Return the rows of a fit as numbers of rows of a shared table, which is not copied."""
    rows: Any = request.rows
    model.n_features_in_ = shared.columns["n_features_in_"]
    y, dtype = shared.y[rows], shared.X.dtype
    passed = given = None if shared.weight is None else shared.weight[rows]
    if passed is not None:
        given = checked_weight(passed, len(rows), dtype)
    with input_errors():
        targets = adapter.encode(y, dtype, request)
    of_classes = adapter.class_weights(y, given, targets, is_part=False)
    weight = given
    if of_classes is not None:
        weight = with_class_weights(of_classes, y, given, dtype, warns=True)
    if model.solver == "lbfgs":  # without batches, it needs a copy of its rows
        data = FitData(Table(shared.X[rows], y, targets.Y, weight), targets)
    else:
        is_as_passed = passed is not None and weight is given and np.array_equal(given, passed)  # type: ignore[arg-type]
        of_all = shared.weight if weight is None or is_as_passed else _scatter(weight, rows, len(shared.Y))
        targets = replace(targets, Y=_targets_of_table(targets.Y, shared.Y, rows))
        data = FitData(Table(shared.X, shared.y, targets.Y, of_all, rows), targets)
    if request.validation.X is not None:
        data = _with_validation(model, adapter, data, request.validation, of_classes)
    vars(model).update(shared.columns)  # not before validation, because rows of the table have no column names
    return data


def _targets_of_table(Y: Floats, shared: Floats, rows: RowNumbers) -> Floats:
    """Return the shared targets if they equal Y in these rows, else a new array: a class may be missing here."""
    if Y.shape[1:] == shared.shape[1:] and Y.dtype == shared.dtype and np.array_equal(Y, shared[rows]):
        return shared
    return _scatter(Y, rows, len(shared))


def _scatter(values: Floats, rows: RowNumbers, n_rows: int) -> Floats:
    """Return an array for all rows with these values in some rows and 0 elsewhere."""
    whole = np.zeros((n_rows, *values.shape[1:]), dtype=values.dtype)
    whole[rows] = values
    return whole


def _with_validation(
    model: Any, adapter: TargetAdapter, data: FitData, given: ValidationArguments, of_classes: ClassWeights | None
) -> FitData:
    """Add the validation rows of X_val and y_val."""
    dtype, targets = data.training.X.dtype, data.targets
    with _validation_errors(), input_errors(given.X):
        X, y = validated(model, given.X, given.y, dtype, reset=False, are_labels=adapter.are_labels)
        weight = checked_weight(given.weight, X.shape[0], X.dtype, "sample_weight_val")
        Y = adapter.encode_validation(y, X.dtype, targets)
        if Y.shape[1] != targets.Y.shape[1]:
            raise ShapeError(f"y_val must have as many columns as y, {targets.Y.shape[1]}, got {Y.shape[1]}.")
        weight = with_class_weights(of_classes, y, weight, X.dtype)
    return replace(data, validation=Table(X, y, Y, weight))


def objective_on(model: Any, adapter: TargetAdapter, X: Any, y: Any, sample_weight: Any) -> tuple[Objective, Targets]:
    """Return the objective of a fitted network on these data, which are read as in ``fit``."""
    settings = settings_of(model)
    request = FitRequest(X, y, sample_weight, resumes=True, is_part=True)
    with input_errors(X):
        rows, y = validated(model, X, y, model.parameters_.dtype, reset=False, are_labels=adapter.are_labels)
        weight = checked_weight(sample_weight, rows.shape[0], rows.dtype)
        targets = adapter.encode(y, rows.dtype, request)
    weight = with_class_weights(adapter.class_weights(y, weight, targets, is_part=False), y, weight, rows.dtype)
    if targets.Y.shape[1] != model.n_outputs_:
        raise ShapeError(
            f"y must have {model.n_outputs_} columns, as in fit, got {targets.Y.shape[1]}. Pass the same targets."
        )
    scale = model._target_scale
    if scale is None:
        Y = targets.Y.astype(rows.dtype, copy=False)
    else:
        Y = scale.standardized(targets.Y, rows.dtype, dtype_given(y))
        targets = replace(targets, score=scale.scored(targets.score))
    return Objective(model.network_, rows, Y, settings.alpha, weight, lam1=settings.l1_alpha), targets


@contextmanager
def _validation_errors() -> Iterator[None]:
    """Begin the errors within this block with "validation data"."""
    try:
        yield
    except InputError as error:
        kind = InputTypeError if isinstance(error, InputTypeError) else InputError
        raise kind(f"validation data (X_val, y_val): {error}") from None


def validated(model: Any, X: Any, y: Any, dtype: Any, *, reset: bool, are_labels: bool) -> tuple[Any, Any]:
    """Return X and y from scikit-learn's validation, which sets (``reset``) or compares the columns of the model."""
    if not is_plain_y(y):
        y = checked_y(y, are_labels=are_labels)
    if reset:
        if is_table(X) and are_as_needed(X, y, X.shape[1]):
            model.n_features_in_ = X.shape[1]
            vars(model).pop("feature_names_in_", None)
            return X, y
    else:
        if not hasattr(model, "feature_names_in_") and are_as_needed(X, y, model.n_features_in_, dtype):
            return X, y
        check_column_order(model, X)
    if type(X) is not np.ndarray or X.dtype.kind not in "biuf":
        X = checked_numbers(X)
    options: dict[str, Any] = {"accept_sparse": "csr", "dtype": dtype, "order": "C", "reset": reset}
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow becomes infinite, which is an error below
        X, y = validate_data(model, X, y, multi_output=True, **options)
    check_magnitude(X, trains=True)
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y.toarray() if issparse(y) else y, warn=True)
    return canonical(X) if issparse(X) else X, y


def is_plain_y(y: Any) -> bool:
    """Return whether y is certainly a column of labels or numbers."""
    is_column = type(y) is np.ndarray and y.ndim == 1
    return is_column and (y.dtype.kind == "U" or (y.dtype.kind in "biuf" and y.itemsize <= 8))


def rows_to_predict(model: Any, X: ArrayLike) -> Any:
    """Return X as an engine needs it to predict."""
    if is_as_needed(X, model.n_features_in_) and not hasattr(model, "feature_names_in_"):
        return X
    with input_errors(X), np.errstate(over="ignore", invalid="ignore"):
        check_column_order(model, X)
        X = checked_numbers(X)
        X = validate_data(model, X, accept_sparse="csr", dtype=DTYPES, order="C", reset=False)
    check_magnitude(X)
    return canonical(X)


def is_as_needed(X: Any, n_features: int) -> bool:
    """Return whether validation would return X unchanged, so that it can be skipped."""
    return is_table(X) and X.shape[1] == n_features and _has_finite_squares(X.reshape(-1))


def is_table(X: Any) -> bool:
    """Return whether X is an array of the dtype and order that an engine needs; its numbers may not be finite."""
    return bool(type(X) is np.ndarray and X.ndim == 2 and X.size > 0 and X.dtype in DTYPES and X.flags.c_contiguous)


def _has_finite_squares(numbers: NDArray[Any]) -> bool:
    """Return whether all numbers and the sums of their squares are finite; without a copy."""
    with np.errstate(over="ignore", invalid="ignore"):
        if len(numbers) <= DOT:
            return math.isfinite(np.dot(numbers, numbers))
        parts = (numbers[start : start + DOT] for start in range(0, len(numbers), DOT))
        return all(math.isfinite(np.dot(part, part)) for part in parts)


def check_magnitude(X: Any, *, trains: bool = False) -> None:
    """Raise an error if numbers of X are so large that products of two overflow in its dtype.

    Training and prediction compute such products.  If ``trains``, the error includes scikit-learn's text for a training
    that diverges.
    """
    entries = (X.data if issparse(X) else X).reshape(-1)
    limit = math.sqrt(np.finfo(X.dtype).max)
    if not len(entries) or _has_finite_squares(entries) or (entries.max() <= limit and entries.min() >= -limit):
        return
    found = X.tocoo() if issparse(X) else None
    place = int((np.abs(entries) > limit).argmax())
    row, column = divmod(place, X.shape[1]) if found is None else (int(found.row[place]), int(found.col[place]))
    raise InputError(
        f"X must hold numbers of at most {limit:.2g} in {X.dtype}, so that products are finite, got "
        f"{entries[place]:.3g} in row {row}, column {column}. Remove such rows, or scale the column (StandardScaler)."
        + (f" {DIVERGENCE_IN_SCIKIT_LEARN}" if trains else "")
    )


def are_as_needed(X: Any, y: Any, n_features: int, dtype: np.dtype[Any] | None = None) -> bool:
    """Return whether validation would return X and y unchanged, so that it can be skipped.

    ``dtype`` is the dtype that X must have; None: float64 or float32.
    """
    if not (
        is_as_needed(X, n_features) and dtype in (None, X.dtype) and type(y) is np.ndarray and y.shape == (len(X),)
    ):
        return False
    return y.dtype.kind in "biuU" or (y.dtype.kind == "f" and bool(np.isfinite(y).all()))


def check_column_order(estimator: object, X: Any) -> None:
    """Raise an error that lists the moved columns if X has the columns of the fit in another order.

    It begins with the text of scikit-learn's error, which does not list them.
    """
    known = getattr(estimator, "feature_names_in_", None)
    names = None if known is None else _get_feature_names(X)
    if known is None or names is None or sorted(names) != sorted(known):
        return
    moved = [f"{name!r} in place of {before!r}" for name, before in zip(names, known, strict=True) if name != before]
    if moved:
        listing = ", ".join(moved[:5]) + (f" and {len(moved) - 5} more" if len(moved) > 5 else "")
        raise InputError(
            "The feature names should match those that were passed during fit.\n"
            f"Feature names must be in the same order as they were in fit.\nGot {listing}. "
            "Write X[list(model.feature_names_in_)]."
        )
