"""Where a fit begins: the state before its first update, for tools that look at what the first updates would do."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from sklearn.utils import check_random_state

from multilayer.engines import Engine, Objective
from multilayer.estimators.base import BaseMLP
from multilayer.estimators.continuing import continued
from multilayer.estimators.data import Call
from multilayer.estimators.errors import input_errors
from multilayer.estimators.optimising import with_dropout_seed
from multilayer.estimators.parameters import checked
from multilayer.estimators.recipes import descent_recipe
from multilayer.estimators.validation import validation_rows
from multilayer.training import Recipe, Run


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
        objective = with_dropout_seed(objective, run)
        with input_errors():
            validating = validation_rows(run, rows, settings, None)
        objective, _ = model._in_units_of_training(rows, run, call, objective, validating)
        n_rows = objective.X.shape[0] if run.rows is None else len(run.rows)
        recipe = descent_recipe(settings, run, n_rows, rows.targets.cost_divisor, is_part=False)
        continued(run, recipe, n_rows, is_part=False)
    return Beginning(engine, objective, recipe, run, rows.targets.cost_divisor)
