"""A fit under way."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from multilayer.engines import Engine, Objective
from multilayer.exceptions import DivergenceError
from multilayer.fits.errors import input_errors
from multilayer.fits.metrics import Watched, measure
from multilayer.fits.options import settle_average, with_dropout_seed
from multilayer.fits.outcome import warn_of_an_interruption, warn_of_the_end
from multilayer.fits.recipe import descent_recipe, lbfgs_recipe
from multilayer.fits.resume import continued
from multilayer.fits.rows import Call, Rows
from multilayer.fits.scale_advice import scale_advice
from multilayer.fits.validation import validation_rows
from multilayer.inspection.vitals import skill_of
from multilayer.training import (
    LbfgsRecipe,
    Listener,
    Recipe,
    Run,
    Validation,
    n_rows_of,
    restore_best,
    standing,
    train,
    train_lbfgs,
)

if TYPE_CHECKING:
    from multilayer.estimators.base import BaseMLP


class Fit:
    """Training that is begun, goes on in as many parts as one likes, and is kept by its estimator.

    What comes out does not depend on the parts.  Between them the estimator may be kept as it stands, and used.
    """

    def __init__(
        self,
        estimator: BaseMLP,
        settings: SimpleNamespace,
        rows: Rows,
        problem: tuple[Engine, Objective],
        run: Run,
        call: Call,
    ) -> None:
        self.estimator, self.settings, self.run, self.call = estimator, settings, run, call
        self.engine, objective = problem
        objective = with_dropout_seed(objective, run)
        settle_average(run, averages=settings.weight_averaging > 0 and settings.solver != "lbfgs")
        with input_errors():
            validating = validation_rows(run, rows, settings, call.validation.groups)
        self.cost_divisor, self.numbers, self.own_rows = rows.targets.cost_divisor, rows.training.numbers, run.rows
        if self.numbers is not None:
            run.rows = rows.training.numbered(run.rows)
        self.trained_on = run.rows
        self.objective, validating = estimator._in_units_of_training(rows, run, call, objective, validating)
        scale, targets = estimator._target_scale, rows.targets
        if scale is not None:
            targets = replace(targets, score=scale.scored(targets.score))
        self.score = targets.score
        self.validation: Validation | None = None
        if validating is not None:
            network = self.objective.network
            watched = Watched(settings.early_stopping_metric, targets, estimator._view(network))
            measured = measure(self.engine, network, validating, watched)
            self.validation = Validation(measured, settings.early_stopping)
        self.recipe = self._recipe()
        self.epochs_before = run.history.n_epochs - call.epochs_done
        self.seconds, self.n_updates = 0.0, 0  # of the training so far

    def _recipe(self) -> Recipe | LbfgsRecipe:
        if self.settings.solver == "lbfgs":
            return lbfgs_recipe(self.settings)
        recipe = descent_recipe(self.settings, self.run, self.n_rows, self.cost_divisor, is_part=self.call.is_part)
        continued(self.run, recipe, self.n_rows, is_part=self.call.is_part)
        return recipe

    @property
    def n_epochs(self) -> int:
        """Epochs done of this fit."""
        return self.run.history.n_epochs - self.epochs_before

    @property
    def n_rows(self) -> int:
        """Rows that an epoch goes through."""
        return n_rows_of(self.run, self.objective.X.shape[0])

    @property
    def n_weights(self) -> int:
        """Weights and biases."""
        return self.run.state.parameters.size

    @property
    def max_epochs(self) -> int:
        """Epochs after which it ends if nothing has ended it before."""
        recipe = self.recipe
        to_come = recipe.max_iterations if isinstance(recipe, LbfgsRecipe) else recipe.max_epochs
        return to_come + self.call.epochs_done

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing left to train."""
        reason = self.run.reason
        return bool(reason) and (reason != "max_epochs" or self.n_epochs >= self.max_epochs)

    def advance(self, n_epochs: float = math.inf, listeners: Sequence[Listener] = ()) -> None:
        """Train for so many epochs, or to the end; by L-BFGS always to the end."""
        try:
            self._advance(n_epochs, listeners)
        except DivergenceError as error:
            found, _ = self._scale_advice()
            raise (DivergenceError(f"{error} {found}") if found else error) from None

    def _advance(self, n_epochs: float, listeners: Sequence[Listener]) -> None:
        began, recipe = time.perf_counter(), self.recipe
        if isinstance(recipe, LbfgsRecipe):
            train_lbfgs(self.engine, self.objective, recipe, self.run, listeners, self.validation)
        else:
            left = min(n_epochs, self.max_epochs - self.n_epochs)
            part = replace(recipe, max_epochs=int(left), max_seconds=recipe.max_seconds - self.seconds)
            pace = self.seconds / self.n_updates if self.n_updates else None
            before = self.run.state.t
            train(self.engine, self.objective, part, self.run, listeners, self.validation, pace)
            self.n_updates += self.run.state.t - before
        self.seconds += time.perf_counter() - began

    def keep(self) -> None:
        """Make the estimator a fitted one, as it stands now."""
        run = self.run
        restore_best(run)
        self.keep_in(self.estimator, run)

    def keep_in(self, estimator: BaseMLP, run: Run) -> None:
        """Make an estimator a fitted one by a run, this one or a copy."""
        validated = self.validation is not None
        estimator._keep(self.objective.network, run, self.cost_divisor, self.n_epochs, validated=validated)

    def end(self) -> None:
        """Keep it for good, with a warning where it has ended too soon."""
        self.keep()
        # What the estimator goes on with later are rows of its own, however they were shared.
        self.run.rows = self.own_rows
        if self.call.is_part:
            warn_of_an_interruption(self.run, self.n_epochs, 1)
        else:
            # Infinity under warm_start warns as scikit-learn does: these epochs may be some of many.
            patience, settings = self.estimator.n_iter_no_change, self.settings
            wants_all = patience is None or (math.isinf(patience) and not settings.warm_start)
            changed = {"max_iter": self.max_epochs, "wants_all_epochs": wants_all}
            whole = SimpleNamespace(**(vars(settings) | changed))
            warn_of_the_end(self.run, self.n_epochs, whole, self._scale_advice, self._skill)

    def _scale_advice(self, most_rows: int | None = None) -> tuple[str, str]:
        """What of the rows that train is far from unit scale; of more rows than so many, a part is looked at."""
        names = getattr(self.estimator, "feature_names_in_", None)
        return scale_advice(self.objective, self.trained_on, names, most_rows)

    def _skill(self) -> float:
        """How much of what a constant answer leaves open the network gets right, on the rows that train."""
        rows = slice(None) if self.trained_on is None else self.trained_on
        objective = self.objective
        Y, weight = objective.Y[rows], objective.sample_weight
        with np.errstate(over="ignore", invalid="ignore"):
            H = self.engine.predict(objective.network, standing(self.run), objective.X[rows])
            return skill_of(self.score, H, Y, None if weight is None else weight[rows])[1]
