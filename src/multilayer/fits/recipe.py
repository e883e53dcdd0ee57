"""scikit-learn's parameters as recipes for training."""

from __future__ import annotations

import math
from types import SimpleNamespace

from multilayer.equations.descent import Adam, GradientDescent, Momentum, Nesterov, UpdateRule
from multilayer.exceptions import ParameterWarning
from multilayer.fits.errors import warn
from multilayer.fits.metrics import AUTO
from multilayer.fits.options import schedule, step_options, warn_of_a_plan_that_is_over
from multilayer.fits.rows import ValidationArguments
from multilayer.training import LbfgsRecipe, Recipe, Run, StopRule

AUTO_BATCH_SIZE = 200
VALIDATION_FRACTION = 0.1  # the default


def descent_recipe(settings: SimpleNamespace, run: Run, n_rows: int, cost_divisor: int, *, is_part: bool) -> Recipe:
    """The recipe of solver="adam" or "sgd".

    ``cost_divisor`` is what costs are divided by before they are shown; ``tol`` is meant for the shown ones.
    """
    max_epochs = 1 if is_part else settings.max_iter
    epochs_done = run.rows_seen // n_rows
    # Parts are epochs of a run whose length only max_iter tells.
    to_come = max(settings.max_iter - epochs_done, 1) if is_part else max_epochs
    watched_divisor = 1 if settings.early_stopping else cost_divisor
    planned = schedule(settings, watched_divisor, epochs_done, to_come)
    warn_of_a_plan_that_is_over(settings, epochs_done, is_part=is_part)
    return Recipe(
        rule=update_rule(settings),
        step_size=settings.learning_rate_init,
        batch_size=_batch_size(settings.batch_size, n_rows),
        shuffle=settings.shuffle,
        max_epochs=max_epochs,
        stop=StopRule(tol=settings.tol * watched_divisor, patience=settings.n_iter_no_change),
        schedule=planned,
        options=step_options(settings),
        max_seconds=settings.max_time,
    )


def lbfgs_recipe(settings: SimpleNamespace) -> LbfgsRecipe:
    patience = settings.n_iter_no_change if settings.early_stopping else math.inf
    stop = StopRule(tol=settings.tol, patience=patience)
    return LbfgsRecipe(settings.tol, settings.max_iter, settings.max_fun, settings.max_time, stop)


def warn_of_parameters_without_effect(settings: SimpleNamespace, given: ValidationArguments) -> None:
    ignores = settings.solver == "lbfgs" or settings.learning_rate in ("invscaling", "adaptive")
    if settings.solver != "sgd" and settings.learning_rate != "constant" and ignores:
        others = "'sgd'" if settings.learning_rate in ("invscaling", "adaptive") else "'adam' or 'sgd'"
        warn(
            f"learning_rate={settings.learning_rate!r} has no effect with solver={settings.solver!r}, which keeps its "
            f"own step sizes. Use solver={others}, or leave learning_rate at 'constant'.",
            ParameterWarning,
        )
    holds_out = settings.early_stopping and settings.solver != "lbfgs" and not given.has_rows
    if settings.solver == "lbfgs" and settings.early_stopping and not given.has_rows:
        warn(
            "early_stopping=True has no effect with solver='lbfgs', which ends by its gradient and holds no rows out. "
            "Pass X_val and y_val to fit, use solver='adam' or 'sgd', or leave early_stopping at False.",
            ParameterWarning,
        )
    elif settings.early_stopping_metric != AUTO and not (holds_out or given.has_rows):
        warn(
            f"early_stopping_metric={settings.early_stopping_metric!r} has no effect without rows to validate on. "
            "Set early_stopping=True, or pass X_val and y_val to fit.",
            ParameterWarning,
        )
    if given.groups is not None and not holds_out:
        warn(
            "groups have no effect where no rows are held out. Set early_stopping=True and validation_fraction to a "
            "splitter such as GroupShuffleSplit(), and pass no X_val, or leave groups out.",
            ParameterWarning,
        )
    if given.has_rows and settings.validation_fraction != VALIDATION_FRACTION:
        warn(
            f"validation_fraction={settings.validation_fraction!r} has no effect where X_val is given: all rows of X "
            "train. Leave one of the two out.",
            ParameterWarning,
        )


def update_rule(settings: SimpleNamespace) -> UpdateRule:
    if settings.solver == "adam":
        return Adam(settings.beta_1, settings.beta_2, settings.epsilon)
    if settings.momentum == 0:
        return GradientDescent()
    return Nesterov(settings.momentum) if settings.nesterovs_momentum else Momentum(settings.momentum)


def _batch_size(batch_size: int | str, n_rows: int) -> int:
    if batch_size == AUTO or isinstance(batch_size, str):
        return min(AUTO_BATCH_SIZE, n_rows)
    if batch_size > n_rows:
        warn(
            f"batch_size={batch_size} is larger than the data: each update sees all {n_rows} rows. "
            f"Use batch_size={n_rows} to say so, or 'auto'.",
            ParameterWarning,
        )
    return min(batch_size, n_rows)
