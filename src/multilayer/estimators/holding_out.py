"""Early stopping: rows set aside, and the score on them."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import train_test_split

from multilayer.engines import Engine, Objective
from multilayer.estimators.scores import Score
from multilayer.exceptions import InputError
from multilayer.network import Floats
from multilayer.training import Run, StopState, standing
from multilayer.training.run import Validate


def hold_out(run: Run, Y: Floats, fraction: float, *, stratify: bool) -> None:
    """Divide the rows into those that train and those that validate, by scikit-learn's draws.

    A run that goes on with as many rows keeps its division, so that no row that validates has been trained on, and
    its parameters are the best so far.
    """
    if run.rows is not None and run.held_out is not None and len(run.rows) + len(run.held_out) == len(Y):
        run.best = standing(run).copy() if run.history.validation_scores else None
        return
    run.stop = StopState()
    # As scikit-learn names the classes of its single target column.
    kinds = np.where(Y[:, 0] > 0, "True", "False") if stratify else None
    run.rows, run.held_out = train_test_split(
        np.arange(len(Y)), random_state=run.random_state, test_size=fraction, stratify=kinds
    )
    if len(run.held_out) < 2:
        raise InputError(
            f"The validation set is too small: {len(run.held_out)} of {len(Y)} rows. "
            "Increase 'validation_fraction' or the size of your dataset."
        )


def hold_nothing_out(run: Run) -> None:
    """Train on all rows; what the stop rule remembers of a validation score means nothing for a cost."""
    if run.held_out is not None:
        run.rows = run.held_out = None
        run.stop = StopState()


def validation(engine: Engine, objective: Objective, run: Run, score: Score) -> Validate:
    """The score on the rows held out, as a function of the parameters."""
    rows, weight = run.held_out, objective.sample_weight
    X, Y = objective.X[rows], objective.Y[rows]
    weight = None if weight is None else weight[rows]

    def validate(parameters: Floats) -> float:
        H = engine.predict(objective.network, parameters, X)
        return score(H, Y, weight) if np.isfinite(H).all() else float("nan")

    return validate
