"""Asynchronous successive halving (ASHA): which trials are trained for longer.

A trial among the best 1/factor of those that have reached a rung is trained to the next rung, without waiting for all
others.  Decisions are made in the order in which trials started, not in which threads finish them: a decision waits for
the results of earlier trials, and the first decisions wait for half of the trials.  So the result depends neither on
the number of threads nor on their speed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from multilayer._checks import check_integer, check_real
from multilayer.exceptions import ParameterError

# The largest number of promotions, so that the first rung is not shorter than 1/factor^2 of max_iter.  On kin8nm, a
# table of benchmarks/halving.py, two epochs of sixty misjudged the step size.
MOST_PROMOTIONS = 2
# The share of the planned trials that have a score before the first promotion: early scores compare with few others.
SHARE_BEFORE_PROMOTIONS = 1 / 2


def rung_epochs(max_epochs: int, n_trials: int | None, factor: float, min_epochs: int | None = None) -> tuple[int, ...]:
    """The epochs of each rung, after which trials are compared.

    Parameters
    ----------
    max_epochs : int
        The epochs of the last rung.
    n_trials : int or None
        The number of trials; None if it is not known.
    factor : float
        The best 1/factor of a rung are promoted to the next, which has factor times as many epochs.
    min_epochs : int or None, default=None
        The epochs of the first rung; None for the fewest with which at least one trial reaches the last rung, with at
        most two promotions.

    Returns
    -------
    tuple of int
        Rising, with ``max_epochs`` last.

    Examples
    --------
    >>> rung_epochs(81, 30, 3.0, None)
    (9, 27, 81)
    >>> rung_epochs(81, 5, 3.0, None)
    (27, 81)
    >>> rung_epochs(120, 10, 3.0, 20)
    (20, 60, 120)
    """
    check_real("factor", factor, 1.0, open_low=True)
    if min_epochs is None:
        possible = MOST_PROMOTIONS if n_trials is None else int(math.log(max(n_trials, 1)) / math.log(factor) + 1e-9)
        min_epochs = max(1, round(max_epochs / factor ** min(possible, MOST_PROMOTIONS)))
    elif check_integer("min_epochs", min_epochs, 1) > max_epochs:
        raise ParameterError(
            f"min_epochs={min_epochs} is more than a whole training has, max_iter={max_epochs}. Lower it, or raise "
            "max_iter."
        )
    if min_epochs == max_epochs:
        return (max_epochs,)
    epochs, n = [min_epochs], min_epochs * factor
    while n < max_epochs / math.sqrt(factor):  # a rung shortly below the last would compare nothing new
        epochs.append(round(n))
        n *= factor
    return (*dict.fromkeys(epochs), max_epochs)


@dataclass
class Rungs:
    """The trials on each rung and the promoted ones; a score of NaN is below all others."""

    n_rungs: int
    factor: float
    n_trials: int | None = None  # in all, if it is known
    trials: list[list[int]] = field(init=False)  # of each rung, in the order of their arrival
    scores: list[dict[int, float]] = field(init=False)  # the known ones by trial
    n_judged: list[int] = field(init=False)  # how many of ``trials`` have been compared
    promoted: list[set[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.trials, self.scores = [[] for _ in range(self.n_rungs)], [{} for _ in range(self.n_rungs)]
        self.n_judged, self.promoted = [0] * self.n_rungs, [set() for _ in range(self.n_rungs)]

    def begin(self, trial: int) -> None:
        """Start a trial; trials start in the order of their numbers."""
        self.trials[0].append(trial)

    def arrived(self, trial: int, rung: int, score: float) -> list[tuple[int, int]]:
        """Note the score of a trial on a rung; the trials that are promoted by it with their next rung, best first."""
        self.scores[rung][trial] = -math.inf if math.isnan(score) else score
        found = []
        while rung + 1 < self.n_rungs and self._next_is_known(rung):
            self.n_judged[rung] += 1
            for best in self._newly_best(rung):
                self.promoted[rung].add(best)
                self.trials[rung + 1].append(best)
                found.append((best, rung + 1))
        return found

    def _next_is_known(self, rung: int) -> bool:
        n = self.n_judged[rung]
        return n < len(self.trials[rung]) and self.trials[rung][n] in self.scores[rung]

    def _newly_best(self, rung: int) -> list[int]:
        if rung == 0 and self.n_judged[0] < SHARE_BEFORE_PROMOTIONS * (self.n_trials or 0):
            return []
        judged = self.trials[rung][: self.n_judged[rung]]
        scores = self.scores[rung]
        # Ties go to the one that came first.
        best = sorted(judged, key=lambda trial: -scores[trial])[: int(len(judged) / self.factor)]
        return [trial for trial in best if trial not in self.promoted[rung] and scores[trial] > -math.inf]
