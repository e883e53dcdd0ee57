"""Reading what the user passes in: two features, labels, names, and whether an estimator is fitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputError, ParameterError, ShapeError
from multilayer.plots._style import N_STYLES

FloatArray = NDArray[np.float64]


class Labels(NamedTuple):
    """The labels `y` of ``m`` examples as class numbers ``codes`` (m,) into the distinct ``classes`` (K,)."""

    classes: NDArray[Any]
    codes: NDArray[np.intp]


def read_two_features(X: Any) -> FloatArray:
    """`X` as finite float64 of shape (m, 2).

    Raises
    ------
    ShapeError
        If `X` has no rows or other than two columns.
    InputError
        If a value is not a number, is missing or infinite.
    """
    shape = np.shape(X)
    if len(shape) != 2 or shape[1] != 2:
        raise ShapeError(
            f"X must have two features, shape (m, 2), got shape {shape}. "
            "Choose two columns to draw, such as X[:, [0, 1]]."
        )
    if shape[0] == 0:
        raise ShapeError("X has no rows. Pass at least one example.")
    try:
        values = np.asarray(X, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"X must hold numbers only: {error}. Convert or encode its columns first.") from error
    finite = np.isfinite(values).all(axis=1)
    if not finite.all():
        raise InputError(
            f"X has NaN or infinite values in {np.count_nonzero(~finite)} of {len(values)} rows, first in row "
            f"{int(np.argmin(finite))}. Drop these rows or fill them before drawing."
        )
    return values


def read_labels(y: Any, m: int) -> Labels:
    """The classes and class numbers of the `m` labels `y`, at most :data:`N_STYLES` classes.

    Raises
    ------
    ShapeError
        If `y` does not hold one label for each row of X.
    InputError
        If a label is missing, labels do not compare, or there are too many classes to tell apart.
    """
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (m,):
        raise ShapeError(
            f"y must hold one label for each of the {m} rows of X, shape ({m},), got shape {labels.shape}. "
            "For one-hot labels pass y.argmax(axis=1)."
        )
    # A missing label (None, NaN, NaT, pandas.NA) is the one that does not equal itself, or is None.
    missing = sum(1 for label in labels.tolist() if label is None or _differs_from_itself(label))
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


def _differs_from_itself(label: object) -> bool:
    try:
        return not bool(label == label)
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

    name = type(estimator).__name__
    if isinstance(estimator, type):
        name = estimator.__name__
        raise InputError(f"expected a fitted estimator, got the class {name}. Pass {name}().fit(X, y).")
    if not hasattr(estimator, "fit"):
        raise InputError(f"expected a fitted estimator, got {name}. Pass what estimator.fit(X, y) returns.")
    try:
        check_is_fitted(estimator)
    except TheirNotFittedError as error:
        from multilayer.estimators import NotFittedError

        raise NotFittedError(f"this {name} is not fitted. Call its fit(X, y) before drawing it.") from error


def innermost(estimator: Any) -> Any:
    """The network inside `estimator`: the best of a search, the last step of a pipeline, or itself."""
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif isinstance(getattr(estimator, "steps", None), list):
            estimator = estimator.steps[-1][1]
        else:
            return estimator


def shorten(text: str, length: int) -> str:
    """`text`, with an ellipsis for its end if it is longer than `length` characters.

    Examples
    --------
    >>> shorten("mean corpuscular volume", 10)
    'mean corp…'
    """
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def shorten_list(items: Sequence[object], count: int = 5) -> str:
    """The first few of `items`, for an error message."""
    head = ", ".join(repr(item) for item in items[:count])
    return head + (", ..." if len(items) > count else "")
