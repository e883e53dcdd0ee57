"""Reading what the user passes in: numbers, labels and names, and the check that an estimator is fitted."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputError, ParameterError, ShapeError
from multilayer.plots._style import N_STYLES

FloatArray = NDArray[np.float64]


class Labels(NamedTuple):
    """The labels of ``m`` examples as class numbers ``codes`` (m,) into the distinct ``classes`` (K,)."""

    classes: NDArray[Any]
    codes: NDArray[np.intp]


def read_numbers(what: str, values: Any, hint: str) -> FloatArray:
    """`values` as a float64 array of any shape."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} must hold numbers only: {error}. {hint}") from error


def check_rows(name: str, is_good: NDArray[np.bool_], fault: str) -> None:
    """Raise an InputError that counts the rows which are not good."""
    if not is_good.all():
        raise InputError(
            f"{name} has {fault} in {np.count_nonzero(~is_good)} of {len(is_good)} rows, first in row "
            f"{int(np.argmin(is_good))}. Drop these rows before drawing."
        )


def is_integer(value: object) -> bool:
    """Whether `value` is an integer of Python or NumPy, and no boolean."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def check_count(name: str, value: int) -> None:
    """Raise a ParameterError for anything but an integer of at least 2."""
    if not is_integer(value) or value < 2:
        raise ParameterError(f"{name} must be an integer of at least 2, got {value!r}.")


def without_second_axis(values: NDArray[Any]) -> NDArray[Any]:
    """The single column of a table (m, 1) as (m,); any other array as it is."""
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def read_two_features(X: Any) -> FloatArray:
    """`X` as finite float64 of shape (m, 2)."""
    shape = np.shape(X)
    if len(shape) != 2 or shape[1] != 2:
        raise ShapeError(
            f"X must have two features, shape (m, 2), got shape {shape}. "
            "Choose two columns to draw, such as X[:, [0, 1]]."
        )
    if shape[0] == 0:
        raise ShapeError("X has no rows. Pass at least one example.")
    values = read_numbers("X", X, "Convert or encode its columns first.")
    check_rows("X", np.asarray(np.isfinite(values).all(axis=1)), "NaN or infinite values")
    return values


def read_labels(y: Any, m: int) -> Labels:
    """The classes and class numbers of the `m` labels `y`, at most `N_STYLES` classes."""
    labels = without_second_axis(np.asarray(y))
    if labels.shape != (m,):
        raise ShapeError(
            f"y must hold one label for each of the {m} rows of X, shape ({m},), got shape {labels.shape}. "
            "For one-hot labels pass y.argmax(axis=1)."
        )
    missing = sum(map(_is_missing, labels.tolist()))
    if missing:
        raise InputError(f"y has {missing} missing labels among {m}. Drop these rows before drawing.")
    try:
        classes, codes = np.unique(labels, return_inverse=True)
    except TypeError as error:
        raise InputError(f"the labels in y do not compare: {error}. Make them all text or all numbers.") from error
    if len(classes) > N_STYLES:
        raise InputError(
            f"y has {len(classes)} different values; at most {N_STYLES} classes can be told apart. "
            "If y is a quantity and not a class, cut it into ranges first."
        )
    return Labels(classes, codes)


def _is_missing(label: object) -> bool:
    """Whether a label is None or does not equal itself: NaN, NaT or pandas.NA."""
    try:
        return label is None or not bool(label == label)
    except TypeError:  # pandas.NA == pandas.NA is NA, which has no truth value
        return True


def read_names(what: str, names: Sequence[str] | None, count: int) -> list[str] | None:
    """`names` as `count` strings, or None; `what` is the parameter's name for the error."""
    if names is None:
        return None
    if isinstance(names, str):
        raise ParameterError(f"{what} must be a list of {count} names, got the single string {names!r}.")
    listed = [str(name) for name in names]
    if len(listed) != count:
        raise ParameterError(f"{what} must have {count} names, got {len(listed)}: {shorten_list(listed)}.")
    return listed


def feature_names_for(names: Sequence[str] | None, count: int, X: object = None, estimator: object = None) -> list[str]:
    """Names of `count` features: as passed, else the columns of `X`, else the estimator's, else x_1 to x_n."""
    given = read_names("feature_names", names, count)
    if given is not None:
        return given
    for source in (getattr(X, "columns", None), getattr(estimator, "feature_names_in_", None)):
        if source is not None and len(source) == count:
            return [str(name) for name in source]
    return [f"$x_{{{j}}}$" for j in range(1, count + 1)]


def check_fitted(estimator: Any) -> None:
    """Raise NotFittedError unless `estimator` is fitted, or InputError if it is no estimator."""
    from sklearn.exceptions import NotFittedError as TheirNotFittedError
    from sklearn.utils.validation import check_is_fitted

    if isinstance(estimator, type):
        name = estimator.__name__
        raise InputError(f"expected a fitted estimator, got the class {name}. Pass {name}().fit(X, y).")
    name = type(estimator).__name__
    if not hasattr(estimator, "fit"):
        raise InputError(f"expected a fitted estimator, got {name}. Pass what estimator.fit(X, y) returns.")
    try:
        check_is_fitted(estimator)
    except TheirNotFittedError as error:
        from multilayer.estimators import NotFittedError

        raise NotFittedError(f"this {name} is not fitted. Call its fit(X, y) before drawing it.") from error


def innermost(estimator: Any) -> Any:
    """The network inside `estimator`: the best of a search, the last step of a pipeline, or itself."""
    if hasattr(estimator, "best_estimator_"):
        return innermost(estimator.best_estimator_)
    if isinstance(getattr(estimator, "steps", None), list):
        return innermost(estimator.steps[-1][1])
    return estimator


def shorten(text: str, length: int) -> str:
    """`text`, with an ellipsis for its end if it is longer than `length` characters."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def shorten_list(items: Sequence[object], count: int = 5) -> str:
    """The first few of `items`, for an error message."""
    return ", ".join(map(repr, items[:count])) + (", ..." if len(items) > count else "")
