"""A linear model whose training takes no more than its part of a command's time."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from sklearn.base import clone

from multilayer.cli._deadline import Deadline

_SHARE = 0.25  # of the time that is left, before the network is trained
_PROBED = 3  # iterations that tell how long one takes


def in_time(model: Any, fit: Callable[[Any], object], deadline: Deadline, n_times: float = 1.0) -> Any:
    """The model, with so few iterations that ``n_times`` fits end in time; as it is without a limit.

    Parameters
    ----------
    model : estimator of scikit-learn; one without ``max_iter`` is solved at once, and stays as it is
    fit : fits a model on the rows of one fit
    deadline : Deadline
    n_times : how many such fits there will be, one after another
    """
    most = getattr(model, "max_iter", None)
    if not deadline.has_limit or most is None:
        return model
    seconds = deadline.seconds_for(_SHARE, "the linear model was trained") or 0.0
    began = deadline.clock()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few iterations are not to settle
        fit(clone(model).set_params(max_iter=_PROBED))
    per_iteration = max(deadline.clock() - began, 1e-9) / _PROBED
    return model.set_params(max_iter=int(min(most, max(1.0, seconds / (per_iteration * n_times)))))
