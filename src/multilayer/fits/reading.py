"""From X and y as they are passed to rows that an engine can run on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.utils import column_or_1d
from sklearn.utils.validation import validate_data

from multilayer.exceptions import ShapeError
from multilayer.fits.class_weights import ClassWeights, with_class_weights
from multilayer.fits.containers import checked_numbers
from multilayer.fits.errors import input_errors
from multilayer.fits.inputs import (
    are_as_needed,
    check_column_order,
    check_magnitude,
    checked_weight,
    checked_y,
    is_as_needed,
)
from multilayer.fits.rows import Call, Part, Rows, Shared, Table, Targets, ValidationArguments
from multilayer.fits.sparse import canonical
from multilayer.fits.validation import about_validation_data
from multilayer.network import Floats

COLUMNS = ("n_features_in_", "feature_names_in_")  # what validation keeps of them
DTYPES = (np.float64, np.float32)  # what X may stay; validation turns everything else into the first


class Reading:
    """The part of an estimator that checks data and brings them into the form they are computed in."""

    solver: str
    n_features_in_: int
    parameters_: Floats
    _y_is_labels: ClassVar[bool] = False

    if TYPE_CHECKING:

        def _targets(self, y: Any, dtype: np.dtype[Any], call: Call) -> Targets: ...
        def _class_weights(self, y: Any, weight: Floats | None, call: Call) -> ClassWeights | None: ...

    def _read(self, X: Any, y: Any, sample_weight: Any, call: Call) -> Rows:
        if call.part is not None:
            return self._read_part(call.part, call)
        # What goes on is computed in the dtype it began with.
        dtype = self.parameters_.dtype if call.goes_on else DTYPES
        with input_errors(X):
            X, y = self._validated(X, y, dtype, reset=not call.goes_on)
        weight = checked_weight(sample_weight, X.shape[0], X.dtype, warns=True)
        with input_errors():
            targets = self._targets(y, X.dtype, call)
        of_classes = self._class_weights(y, weight, call)
        weight = with_class_weights(of_classes, y, weight, X.dtype, warns=True)
        table = Table(X, y, targets.Y, weight)
        return Rows(table, targets, self._read_validation(call.validation, table, of_classes))

    def _read_validation(
        self, given: ValidationArguments, table: Table, of_classes: ClassWeights | None
    ) -> Table | None:
        """X_val and y_val, if there are any, beside the rows that train."""
        if not given.has_rows:
            return None
        with about_validation_data(), input_errors(given.X):
            X, y = self._validated(given.X, given.y, table.X.dtype, reset=False)
            weight = checked_weight(given.weight, X.shape[0], X.dtype, "sample_weight_val")
            Y = self._targets(y, X.dtype, Call(goes_on=True, is_validation=True)).Y
            if Y.shape[1] != table.Y.shape[1]:
                raise ShapeError(f"y_val must have as many columns as y, {table.Y.shape[1]}, got {Y.shape[1]}.")
            weight = with_class_weights(of_classes, y, weight, X.dtype)
        return Table(X, y, Y, weight)

    def _shared(self, X: Any, y: Any, sample_weight: Any) -> Shared:
        """What fits on rows of these data have in common."""
        with input_errors(X):
            X, y = self._validated(X, y, DTYPES, reset=True)
        weight = checked_weight(sample_weight, X.shape[0], X.dtype, warns=True)
        with input_errors():
            targets = self._targets(y, X.dtype, Call(goes_on=False))
        columns = {name: getattr(self, name) for name in COLUMNS if hasattr(self, name)}
        return Shared(X, y, targets.Y, weight, columns)

    def _read_part(self, part: Part, call: Call) -> Rows:
        """What reading copies of these rows would give, but that nothing is copied that all rows share."""
        shared, rows = part.shared, part.rows
        self.n_features_in_ = shared.columns["n_features_in_"]
        y, dtype = shared.y[rows], shared.X.dtype
        passed = None if shared.weight is None else shared.weight[rows]
        given = checked_weight(passed, len(rows), dtype)
        with input_errors():
            targets = self._targets(y, dtype, call)
        of_classes = self._class_weights(y, given, call)
        weight = with_class_weights(of_classes, y, given, dtype, warns=True)
        if self.solver == "lbfgs":  # which has no batches to take rows for
            table = Table(shared.X[rows], y, targets.Y, weight)
        else:
            if weight is None or (passed is not None and weight is given and np.array_equal(weight, passed)):
                of_all = shared.weight
            else:
                of_all = shared.scattered(weight, rows)
            targets = replace(targets, Y=shared.whole(targets.Y, rows))
            table = Table(shared.X, shared.y, targets.Y, of_all, rows)
        validating = self._read_validation(call.validation, table, of_classes)
        vars(self).update(shared.columns)  # not before: rows of the table come without the names of its columns
        return Rows(table, targets, validating)

    def _validated(self, X: Any, y: Any, dtype: Any, *, reset: bool) -> tuple[Any, Any]:
        y = checked_y(y, are_labels=self._y_is_labels)
        if not reset:
            if not hasattr(self, "feature_names_in_") and are_as_needed(X, y, self.n_features_in_, dtype):
                return X, y
            check_column_order(self, X)
        X = checked_numbers(X)
        options: dict[str, Any] = {"accept_sparse": "csr", "dtype": dtype, "order": "C", "reset": reset}
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # what is too large for the dtype becomes infinite, and an error
            X, y = validate_data(self, X, y, multi_output=True, **options)
        check_magnitude(X, trains=True)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y.toarray() if issparse(y) else y, warn=True)
        return canonical(X), y

    def _rows(self, X: ArrayLike) -> Any:
        """X as an engine needs it to predict."""
        if is_as_needed(X, self.n_features_in_) and not hasattr(self, "feature_names_in_"):
            return X
        with input_errors(X), np.errstate(over="ignore", invalid="ignore"):
            check_column_order(self, X)
            X = checked_numbers(X)
            X = validate_data(self, X, accept_sparse="csr", dtype=DTYPES, order="C", reset=False)
        check_magnitude(X)
        return canonical(X)
