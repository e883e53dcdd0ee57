"""From X, y and weights as they are passed to rows that an engine can run on."""

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
from multilayer.training.batching import Rows

COLUMNS = ("n_features_in_", "feature_names_in_")  # what validation keeps of them
DTYPES = (np.float64, np.float32)  # what X may stay; validation turns everything else into the first
DOT = 8192  # numbers in a product of BLAS that it does not wake its threads for


def read(model: Any, adapter: TargetAdapter, request: FitRequest) -> FitData:
    """The rows of a fit.

    Parameters
    ----------
    model : estimator
        It gets the attributes ``n_features_in_`` and, if columns have names, ``feature_names_in_``.
    adapter : TargetAdapter
    request : FitRequest

    Raises
    ------
    InputError, InputTypeError
        For X, y or weights that cannot be used.
    """
    if request.shared is not None:
        return _read_shared(model, adapter, request, request.shared)
    # A network that is trained further is computed in the dtype it began with.
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
    """What many fits on rows of these data have in common, checked as ``fit`` of the model would check it."""
    weight = sample_weight
    with input_errors(X):
        X, y = validated(model, X, y, DTYPES, reset=True, are_labels=adapter.are_labels)
        if weight is not None:
            weight = checked_weight(weight, X.shape[0], X.dtype, warns=True)
        targets = adapter.encode(y, X.dtype, FitRequest())
    columns = {name: getattr(model, name) for name in COLUMNS if hasattr(model, name)}
    return SharedTable(X, y, targets.Y, weight, columns)


def _read_shared(model: Any, adapter: TargetAdapter, request: FitRequest, shared: SharedTable) -> FitData:
    """The same as reading copies of these rows, but that nothing is copied that all rows share."""
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
    if model.solver == "lbfgs":  # which has no batches to take rows for
        data = FitData(Table(shared.X[rows], y, targets.Y, weight), targets)
    else:
        is_as_passed = passed is not None and weight is given and np.array_equal(given, passed)  # type: ignore[arg-type]
        of_all = shared.weight if weight is None or is_as_passed else _scattered(weight, rows, len(shared.Y))
        targets = replace(targets, Y=_whole(targets.Y, shared.Y, rows))
        data = FitData(Table(shared.X, shared.y, targets.Y, of_all, rows), targets)
    if request.validation.X is not None:
        data = _with_validation(model, adapter, data, request.validation, of_classes)
    vars(model).update(shared.columns)  # not before: rows of the table come without the names of its columns
    return data


def _whole(Y: Floats, shared: Floats, rows: Rows) -> Floats:
    """Targets of some rows as a table of all: the shared one wherever it has the same.

    It has not where a class is missing in these rows, or another cost has other targets.
    """
    if Y.shape[1:] == shared.shape[1:] and Y.dtype == shared.dtype and np.array_equal(Y, shared[rows]):
        return shared
    return _scattered(Y, rows, len(shared))


def _scattered(values: Floats, rows: Rows, n_rows: int) -> Floats:
    """Entries of some rows in an array for all; 0 elsewhere."""
    whole = np.zeros((n_rows, *values.shape[1:]), dtype=values.dtype)
    whole[rows] = values
    return whole


def _with_validation(
    model: Any, adapter: TargetAdapter, data: FitData, given: ValidationArguments, of_classes: ClassWeights | None
) -> FitData:
    """The same rows, and those of X_val and y_val."""
    dtype, targets = data.training.X.dtype, data.targets
    with _about_validation_data(), input_errors(given.X):
        X, y = validated(model, given.X, given.y, dtype, reset=False, are_labels=adapter.are_labels)
        weight = checked_weight(given.weight, X.shape[0], X.dtype, "sample_weight_val")
        Y = adapter.encode_validation(y, X.dtype, targets)
        if Y.shape[1] != targets.Y.shape[1]:
            raise ShapeError(f"y_val must have as many columns as y, {targets.Y.shape[1]}, got {Y.shape[1]}.")
        weight = with_class_weights(of_classes, y, weight, X.dtype)
    return replace(data, validation=Table(X, y, Y, weight))


def objective_on(model: Any, adapter: TargetAdapter, X: Any, y: Any, sample_weight: Any) -> tuple[Objective, Targets]:
    """What a fitted network would minimise on these data, which are read as ``fit`` has read its own."""
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
def _about_validation_data() -> Iterator[None]:
    """Within this block errors say that they are about X_val, y_val or sample_weight_val."""
    try:
        yield
    except InputError as error:
        kind = InputTypeError if isinstance(error, InputTypeError) else InputError
        raise kind(f"validation data (X_val, y_val): {error}") from None


def validated(model: Any, X: Any, y: Any, dtype: Any, *, reset: bool, are_labels: bool) -> tuple[Any, Any]:
    """X and y, as scikit-learn's validation returns them for the model; ``reset`` in place of being compared."""
    if not is_plain_y(y):
        y = checked_y(y, are_labels=are_labels)
    if not reset:
        if not hasattr(model, "feature_names_in_") and are_as_needed(X, y, model.n_features_in_, dtype):
            return X, y
        check_column_order(model, X)
    if type(X) is not np.ndarray or X.dtype.kind not in "biuf":
        X = checked_numbers(X)
    options: dict[str, Any] = {"accept_sparse": "csr", "dtype": dtype, "order": "C", "reset": reset}
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large for the dtype becomes infinite, an error
        X, y = validate_data(model, X, y, multi_output=True, **options)
    check_magnitude(X, trains=True)
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y.toarray() if issparse(y) else y, warn=True)
    return canonical(X) if issparse(X) else X, y


def is_plain_y(y: Any) -> bool:
    """Whether y is a column of labels or numbers without a doubt."""
    is_column = type(y) is np.ndarray and y.ndim == 1
    return is_column and (y.dtype.kind == "U" or (y.dtype.kind in "biuf" and y.itemsize <= 8))


def rows_to_predict(model: Any, X: ArrayLike) -> Any:
    """X as an engine needs it to predict."""
    if is_as_needed(X, model.n_features_in_) and not hasattr(model, "feature_names_in_"):
        return X
    with input_errors(X), np.errstate(over="ignore", invalid="ignore"):
        check_column_order(model, X)
        X = checked_numbers(X)
        X = validate_data(model, X, accept_sparse="csr", dtype=DTYPES, order="C", reset=False)
    check_magnitude(X)
    return canonical(X)


def is_as_needed(X: Any, n_features: int) -> bool:
    """Whether validation would hand X back as it is: then a prediction for a single row need not wait for it."""
    if not (
        type(X) is np.ndarray
        and X.ndim == 2
        and X.shape[1] == n_features
        and len(X) > 0
        and X.dtype in (np.float64, np.float32)
        and X.flags.c_contiguous
    ):
        return False
    return _has_finite_squares(X.reshape(-1))


def _has_finite_squares(numbers: NDArray[Any]) -> bool:
    """Whether all numbers are finite, and so small that sums of their squares are too; without a copy."""
    with np.errstate(over="ignore", invalid="ignore"):
        if len(numbers) <= DOT:
            return math.isfinite(np.dot(numbers, numbers))
        parts = (numbers[start : start + DOT] for start in range(0, len(numbers), DOT))
        return all(math.isfinite(np.dot(part, part)) for part in parts)


def check_magnitude(X: Any, *, trains: bool = False) -> None:
    """An error for a finite X whose numbers are so large that products of two overflow in its dtype.

    Training goes through such products, and answers to such rows would be infinite, or firm for no reason.  Where it
    ``trains``, the error is also in scikit-learn's words for a training that came to this end.
    """
    entries = (X.data if issparse(X) else X).reshape(-1)
    limit = math.sqrt(np.finfo(X.dtype).max)
    if not len(entries) or _has_finite_squares(entries) or (entries.max() <= limit and entries.min() >= -limit):
        return
    found = X.tocoo() if issparse(X) else None
    place = int((np.abs(entries) > limit).argmax())
    row, column = divmod(place, X.shape[1]) if found is None else (int(found.row[place]), int(found.col[place]))
    raise InputError(
        f"X must hold numbers up to {limit:.2g} in {X.dtype}, whose products stay finite, got {entries[place]:.3g} in "
        f"row {row}, column {column}. Remove such rows, or divide the column by its usual size (StandardScaler)."
        + (f" {DIVERGENCE_IN_SCIKIT_LEARN}" if trains else "")
    )


def are_as_needed(X: Any, y: Any, n_features: int, dtype: np.dtype[Any]) -> bool:
    """Whether validation would hand X and y back as they are: then a stream of small parts need not wait for it."""
    if not (is_as_needed(X, n_features) and X.dtype == dtype and type(y) is np.ndarray and y.shape == (len(X),)):
        return False
    return y.dtype.kind in "biuU" or (y.dtype.kind == "f" and bool(np.isfinite(y).all()))


def check_column_order(estimator: object, X: Any) -> None:
    """An error that names the columns of X, where they are those of the fit in another order.

    scikit-learn's validation, whose words the error begins with, says only that there are such columns.
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
