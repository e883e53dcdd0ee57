"""Where a fit begins: for tools that look at what its first updates would do, and for many fits on shared data."""

from __future__ import annotations

import copy
from typing import Any

from sklearn.base import clone
from sklearn.utils import check_random_state

from multilayer.estimators.base import BaseMLP
from multilayer.estimators.classifier import MLPClassifier
from multilayer.estimators.regressor import MLPRegressor
from multilayer.fits.fit import Fit
from multilayer.fits.rows import NO_VALIDATION, Call, Part, Shared
from multilayer.fits.scikit_learn_callbacks import may_have_callbacks
from multilayer.fits.settings import checked
from multilayer.training.batching import Rows as RowNumbers


def beginning_of(estimator: BaseMLP, X: Any, y: Any, sample_weight: Any = None) -> Fit:
    """The beginning of ``estimator.fit(X, y, sample_weight)``, of one that has not been fitted.

    Neither the estimator nor its random state is changed: weights, rows held out and shuffles are those that its next
    fit would draw.  Callbacks hear of nothing.
    """
    parameters = estimator.get_params(deep=False)
    random_state = copy.deepcopy(check_random_state(checked(estimator).random_state))
    model = type(estimator)(**(parameters | {"random_state": random_state, "callbacks": ()}))
    return model._before_its_first_update(checked(model), X, y, sample_weight, Call(goes_on=False))


def can_share(model: Any) -> bool:
    """Whether a fit of this model can be begun on rows of a shared table, and trained in parts that nobody sees.

    Classes made of ours may have a ``fit`` of their own, and callbacks count trainings.
    """
    is_ours = type(model) in (MLPClassifier, MLPRegressor)
    return is_ours and not (may_have_callbacks(model) or model.callbacks or model.verbose or hasattr(model, "_run"))


def shared_by(model: Any, X: Any, y: Any, sample_weight: Any = None) -> Shared:
    """The data of many fits, checked as ``fit`` of a model would check them."""
    reader: BaseMLP = clone(model)
    return reader._shared(X, y, sample_weight)


def begin(model: Any, shared: Shared, rows: RowNumbers, validating: RowNumbers | None = None) -> Fit:
    """The fit of a model that has not been fitted, on some of the rows, before its first update.

    It comes to the same as ``model.fit`` on copies of these rows, bit for bit; ``validating`` are those of X_val.
    """
    validation = NO_VALIDATION if validating is None else shared.validation(validating)
    fit: Fit = model._begin(Part(shared, rows), validation)
    return fit
