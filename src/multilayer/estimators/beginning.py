"""Where a fit begins: for tools that look at what its first updates would do, and for many fits on shared data."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from sklearn.base import clone
from sklearn.utils import check_random_state

from multilayer.engines import Engine, Objective
from multilayer.estimators.base import BaseMLP
from multilayer.estimators.classifier import MLPClassifier
from multilayer.estimators.data import NO_VALIDATION, Call, Part, Shared
from multilayer.estimators.fit import Fit
from multilayer.estimators.parameters import checked
from multilayer.estimators.regressor import MLPRegressor
from multilayer.training import Recipe, Run
from multilayer.training.batching import Rows as RowNumbers


@dataclass(frozen=True)
class Beginning:
    """A run before its first update, with all that it takes to do one."""

    engine: Engine
    objective: Objective
    recipe: Recipe
    run: Run
    cost_divisor: int  # costs that are shown are J divided by this


def beginning_of(estimator: BaseMLP, X: Any, y: Any, sample_weight: Any = None) -> Beginning:
    """The beginning of ``estimator.fit(X, y, sample_weight)`` by gradient descent, of one that has not been fitted.

    Neither the estimator nor its random state is changed: weights, rows held out and shuffles are those that its next
    fit would draw.  Callbacks hear of nothing.
    """
    parameters = estimator.get_params(deep=False)
    random_state = copy.deepcopy(check_random_state(checked(estimator).random_state))
    model = type(estimator)(**(parameters | {"random_state": random_state, "callbacks": ()}))
    settings, call = checked(model), Call(goes_on=False)
    rows, engine, objective = model._read_for_training(settings, X, y, sample_weight, call)
    with model._run_for(objective, settings, goes_on=False) as run:
        fit = Fit(model, settings, rows, (engine, objective), run, call)
    recipe: Any = fit.recipe  # not that of L-BFGS
    return Beginning(engine, fit.objective, recipe, run, fit.cost_divisor)


def can_share(model: Any) -> bool:
    """Whether a fit of this model can be begun on rows of a shared table, and trained in parts that nobody sees.

    Classes made of ours may have a ``fit`` of their own, and callbacks count trainings.
    """
    listens = hasattr(model, "_skl_callbacks") or hasattr(model, "_parent_callback_ctx")
    is_ours = type(model) in (MLPClassifier, MLPRegressor)
    return is_ours and not (listens or model.callbacks or model.verbose or hasattr(model, "_run"))


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
