"""The space that ``multilayer search`` takes candidates from, and a candidate as options and in words.

It is fixed, so that the command works on a table about which nothing is known yet:

- Hidden layers of 16 to 128 units, one or two: on tables deeper and wider networks seldom pay, and take long.
- Step sizes a tenfold to both sides of 0.003: Adam's usual 0.001 is slow on a small table, which has few updates an
  epoch, and above 0.03 trainings diverge or jump about.
- alpha from next to nothing to as much as leaves hardly more than the constant answer in a batch of 200 rows.

Dropout is not in it: alpha holds back the same networks, and each further parameter needs more trials.  Nor is the size
of a batch: it does to a training what the step size does, and changes what an alpha means.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from multilayer.cli._problem import Settings

HIDDEN, STEP_SIZE, ALPHA = "hidden_layer_sizes", "learning_rate_init", "alpha"
SIZES = [(16,), (32,), (64,), (128,), (16, 16), (32, 32), (64, 64), (128, 128)]
STEP_SIZES = 3e-4, 3e-2
ALPHAS = 1e-3, 100.0
IN_WORDS = (
    "one or two hidden layers of 16, 32, 64 or 128 units, step sizes from 0.0003 to 0.03 and alpha from 0.001 to 100"
)


# Successive halving: a third of those on a rung go on, three times as far.
FACTOR = 3.0
_LEAST_UPDATES = 300
_BATCH = 200  # rows that an update sees


@dataclass(frozen=True)
class Wanted:
    """What is asked of a search.

    Attributes
    ----------
    n_trials : int
    minutes : float or None
        Without a limit.
    epochs : int
        Of a whole training.
    first_rung : int
        The epochs after which the less promising ones end; those of a whole training where none do.
    sampler : "random" or "optuna"
    journal : path or None
    simplest : bool
        Whether the one-standard-error choice is trained on all rows, rather than the best.
    seed : int
        Of the folds, the candidates and all networks.
    """

    n_trials: int
    minutes: float | None
    epochs: int
    first_rung: int
    sampler: str
    journal: Any
    simplest: bool
    seed: int

    @property
    def has_halving(self) -> bool:
        """Whether less promising trials are trained for less than the others."""
        return self.first_rung < self.epochs

    @property
    def seconds(self) -> float | None:
        return None if self.minutes is None else 60.0 * self.minutes

    def settings(self, params: Mapping[str, Any]) -> Settings:
        """A candidate with all else that is set of a network."""
        return Settings(
            hidden=tuple(params[HIDDEN]),
            activation="relu",
            epochs=self.epochs,
            alpha=float(params[ALPHA]),
            step_size=float(params[STEP_SIZE]),
            batch_size="auto",
            seed=self.seed,
        )

    def base(self) -> dict[str, Any]:
        """The parameters of the estimator that candidates have in common."""
        first = self.settings({HIDDEN: SIZES[0], ALPHA: ALPHAS[0], STEP_SIZE: STEP_SIZES[0]})
        return {name: value for name, value in first.parameters().items() if name not in (HIDDEN, ALPHA, STEP_SIZE)}


def first_rung(epochs: int, n_trials: int, n_rows: int) -> int:
    """The epochs, of a training on so many rows, after which trials are compared for the first time.

    A ninth of a whole training, and more where there are so few trials that too few would come to its end.  A hundred
    updates or so tell which networks are fast, not which are good: on a table of 1,000 rows a ninth of a training is
    no more than that, and those with large steps and little regularisation would go on, to learn it by heart.  Where
    there is no room for three times as long, all are trained to the end.

    Examples
    --------
    >>> first_rung(30, 30, 40_000), first_rung(30, 30, 6_000), first_rung(30, 30, 800), first_rung(30, 5, 40_000)
    (3, 10, 30, 10)
    """
    from multilayer.selection import rung_epochs

    updates = math.ceil(n_rows / min(_BATCH, n_rows))
    rung = max(rung_epochs(epochs, n_trials, FACTOR)[0], math.ceil(_LEAST_UPDATES / updates))
    return epochs if rung * math.sqrt(FACTOR) >= epochs else rung


def space() -> dict[str, Any]:
    """As :func:`multilayer.selection.search` takes it."""
    from scipy.stats import loguniform

    return {HIDDEN: SIZES, STEP_SIZE: loguniform(*STEP_SIZES), ALPHA: loguniform(*ALPHAS)}


def space_code() -> str:
    """The lines that make ``space``."""
    low, high = STEP_SIZES
    return f"""space = {{
    {HIDDEN!r}: {SIZES!r},
    {STEP_SIZE!r}: loguniform({low!r}, {high!r}),
    {ALPHA!r}: loguniform({ALPHAS[0]!r}, {ALPHAS[1]!r}),
}}"""


def sizes(settings: Settings) -> str:
    """As ``--hidden`` takes them."""
    return ",".join(map(str, settings.hidden))


def described(settings: Settings) -> str:
    """A candidate in words."""
    layers = "a hidden layer of" if len(settings.hidden) == 1 else "two hidden layers of"
    units = settings.hidden[0]  # each has as many
    return f"{layers} {units} units, step size {settings.step_size:.4g}, alpha {settings.alpha:.4g}"
