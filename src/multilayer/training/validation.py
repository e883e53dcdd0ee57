"""Validation: what a run is measured by after each epoch, and the parameters that did best in it.

A validated run ends with its best parameters in place, and goes on from its last ones: the memory of the update rule
and the order of the rows belong to those.  So where the two differ the last ones are kept aside.  Where an average of
the parameters is kept, it is what is measured, kept and put in place; the descent's own parameters go their way.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from multilayer.network import Floats
from multilayer.training.state import Run, standing
from multilayer.training.stopping import StopState

# Of parameters: the mean cost of the validation rows, without regularisation, and the score; higher is better.
Measure = Callable[[Floats], tuple[float, float]]


@dataclass(frozen=True)
class Validation:
    """How a run is validated."""

    measure: Measure
    stops: bool = True  # whether the stop rule watches minus the score, rather than the cost of training


def begin(run: Run, validation: Validation | None) -> None:
    """Make a run, new or old, ready to be trained with this validation, or with none.

    The rows, the weights and the kind of the score may be others than before.  So the best parameters are measured
    anew, and where they score as they did, nothing has changed and every record stands.
    """
    run.reason = ""
    was_validated = run.best_score > -math.inf
    _put_back_the_last(run)
    stops = validation is not None and validation.stops
    if stops != run.watches_score:
        run.watches_score, run.stop = stops, StopState(-run.best_score if stops else math.inf)
    if validation is None or not was_validated:
        run.best, run.best_score = None, -math.inf
        return
    if run.best is None:
        run.best = standing(run).copy()
    _, score = validation.measure(run.best)
    # Not equal to the bit: the sums of a matrix product may depend on where in memory its rows lie.
    rounding = float(np.finfo(run.best.dtype).eps) ** 0.75
    if not math.isclose(score, run.best_score, rel_tol=rounding, abs_tol=rounding):
        run.best_score = score
        if stops:
            run.stop = StopState(-score)


def after_epoch(run: Run, validation: Validation) -> tuple[float, float]:
    """Measure the run; cost and score go on its curves, and its parameters are kept if none scored as high."""
    cost, score = validation.measure(standing(run))
    history = run.history
    if history.validation_costs is None or history.validation_scores is None:
        history.validation_costs, history.validation_scores = [], []
    history.validation_costs.append(cost)
    history.validation_scores.append(score)
    if score > run.best_score:
        run.best, run.best_score = standing(run).copy(), score
    return cost, score


def restore_best(run: Run) -> None:
    """Put the best parameters, if there are any, in place of the last; those are kept where the two differ."""
    best, run.best = run.best, None
    shown = standing(run)
    if best is None or np.array_equal(best, shown):
        return
    run.last = shown.copy()
    shown[...] = best
    run.best_digest = _digest(best)


def _put_back_the_last(run: Run) -> None:
    """The last parameters in place of the best; but if somebody has written to those since, theirs are gone on from."""
    if run.last is None:
        return
    shown = standing(run)
    if _digest(shown) == run.best_digest:
        run.best = shown.copy()
        shown[...] = run.last
    run.last, run.best_digest = None, b""


def _digest(parameters: Floats) -> bytes:
    return hashlib.blake2b(parameters.tobytes(), digest_size=16).digest()
