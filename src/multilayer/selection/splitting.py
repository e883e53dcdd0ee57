"""The folds of scikit-learn's splitters, once or several times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv

from multilayer.estimators.parameters import check_integer
from multilayer.exceptions import ParameterError
from multilayer.training.batching import Rows

Split = tuple[Rows, Rows]  # the rows that train and those that are left out


def divided(estimator: Any, X: Any, y: Any, groups: Any, cv: Any, repeats: int = 1) -> Iterator[Split]:
    """The folds, with several repeats each time others, shuffled by the seeds 0, 1, ..."""
    check_integer("repeats", repeats, 1)
    splitter = check_cv(cv, y, classifier=is_classifier(estimator))
    for repeat in range(repeats):
        if repeats > 1 and not hasattr(splitter, "random_state"):
            raise ParameterError(
                f"repeats={repeats} needs a splitter that shuffles, got cv={cv!r}, whose folds are the same each time. "
                "Pass a number of folds, or one repeat."
            )
        if repeats > 1:
            splitter = clone(splitter, safe=False)
            splitter.shuffle, splitter.random_state = True, repeat
        yield from splitter.split(X, y, groups)
