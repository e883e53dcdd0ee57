"""Several seeds of one setup, trained at once as a pack, so that luck is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from multilayer.packs import Member, Pack
from multilayer.playground.runs.run import DIVERGED, Run

MOST_POINTS = 400  # of a curve
MOST_SEEDS = 50


@dataclass(frozen=True, eq=False)
class SeedCurves:
    """The curves of one seed."""

    seed: int
    costs: list[float]
    validation_costs: list[float]
    validation_scores: list[float]
    final: float  # the validation score at the end, or the score of the training rows


def train_seeds(run: Run, n_seeds: int, n_epochs: int, score: Callable[[Run], float]) -> list[SeedCurves]:
    """Train the setup of a run, with its changes on the way, from several seeds.

    Parameters
    ----------
    run : Run
        The run; its seed is the first.
    n_seeds, n_epochs : int
        The number of seeds, and of epochs.
    score : callable
        From a run to the score at its end.

    Returns
    -------
    list of SeedCurves
        In the order of the seeds.
    """
    first = int(run.segments[0].setup.parameters["random_state"])
    seeds = [first + i for i in range(n_seeds)]
    found: dict[int, SeedCurves] = {}
    with Pack() as pack:
        pack.add(*(Member(seed, partial(_trained, run, seed, n_epochs, score)) for seed in seeds))
        for outcome in pack.ended():
            if outcome.error is not None:
                raise outcome.error
            found[outcome.key] = outcome.value
    return [found[seed] for seed in seeds]


def seeds_json(curves: list[SeedCurves], n_epochs: int) -> dict[str, Any]:
    """Return the curves as the page shows them, at no more than 400 epochs."""
    longest = max((len(each.costs) for each in curves), default=0)
    at = np.unique(np.linspace(0, max(longest - 1, 0), MOST_POINTS).astype(int)) if longest else np.empty(0, int)
    final = sorted(each.final for each in curves)
    return {
        "seeds": [each.seed for each in curves],
        "epochs": n_epochs,
        "at": (at + 1).tolist(),
        "costs": [_at(each.costs, at) for each in curves],
        "validation_costs": [_at(each.validation_costs, at) for each in curves],
        "validation_scores": [_at(each.validation_scores, at) for each in curves],
        "scores": [each.final for each in curves],
        "final": {"lowest": final[0], "median": float(np.median(final)), "highest": final[-1]},
    }


def _at(curve: list[float], places: Any) -> list[float | None]:
    """Return the entries of a curve at these places; None after the end of a run that diverged."""
    return [curve[place] if place < len(curve) else None for place in places.tolist()]


def _trained(run: Run, seed: int, n_epochs: int, score: Callable[[Run], float]) -> SeedCurves:
    other = run.with_seed(seed)
    for segment in run.segments[1:]:
        if segment.epoch >= n_epochs:
            break
        other.advance(n_epochs=segment.epoch - other.epoch)
        if other.reason == DIVERGED:
            break
        other.change(segment.changes)
    other.advance(n_epochs=n_epochs - other.epoch)
    history, divisor = other.fit.state.history, other.cost_divisor
    return SeedCurves(
        seed,
        [cost / divisor for cost in history.costs],
        [cost / divisor for cost in history.validation_costs or []],
        list(history.validation_scores or []),
        score(other),
    )
