"""The space of candidates of ``multilayer search``, and the options of a search.

The space is fixed, so that the command works on a table of which nothing is known yet:

- One or two hidden layers of 16 to 128 units: on tables deeper and wider networks seldom pay, and take long.
- Step sizes from a tenth to ten times 0.003: Adam's usual 0.001 is slow on a small table, which has few updates in an
  epoch, and above 0.03 trainings diverge or oscillate.
- alpha from almost nothing to as much as leaves little more than a constant prediction with batches of 200 rows.

Dropout is not part of it: alpha restrains the same networks, and each further parameter needs more trials.  Nor is the
batch size: it has the same effect as the step size, and changes the meaning of alpha.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy.stats import loguniform

from multilayer.cli.evaluation.problem import Settings
from multilayer.cli.text import count
from multilayer.selection import rung_epochs

HIDDEN, STEP_SIZE, ALPHA = "hidden_layer_sizes", "learning_rate_init", "alpha"
SIZES = [(16,), (32,), (64,), (128,), (16, 16), (32, 32), (64, 64), (128, 128)]
STEP_SIZES = 3e-4, 3e-2
ALPHAS = 1e-3, 100.0
SPACE = {HIDDEN: SIZES, STEP_SIZE: loguniform(*STEP_SIZES), ALPHA: loguniform(*ALPHAS)}
_IN_WORDS = (
    "one or two hidden layers of 16, 32, 64 or 128 units, step sizes from 0.0003 to 0.03 and alpha from 0.001 to 100"
)

FACTOR = 3.0  # successive halving: a third of the trials on a rung are trained three times as long
_LEAST_UPDATES = 300
_BATCH = 200  # rows of an update


@dataclass(frozen=True)
class SearchOptions:
    """The options of a search."""

    n_trials: int
    minutes: float | None  # None for no limit
    epochs: int  # of a whole training
    first_rung: int  # the epochs after which less promising trials end; those of a whole training for all to be whole
    sampler: str  # "random" or "optuna"
    journal: Path | None
    simplest: bool  # whether the one-standard-error choice is trained on all rows, not the best trial
    seed: int  # of the folds, the candidates and all networks

    @property
    def has_halving(self) -> bool:
        """Whether less promising trials are trained for fewer epochs."""
        return self.first_rung < self.epochs

    @property
    def common(self) -> dict[str, Any]:
        """The parameters of the estimator that all candidates share."""
        return {"activation": "relu", "batch_size": "auto", "max_iter": self.epochs, "random_state": self.seed}

    def settings(self, params: Mapping[str, Any]) -> Settings:
        """The settings of a candidate."""
        return Settings(
            hidden=tuple(params[HIDDEN]),
            activation="relu",
            epochs=self.epochs,
            alpha=float(params[ALPHA]),
            step_size=float(params[STEP_SIZE]),
            batch_size="auto",
            seed=self.seed,
        )

    def in_words(self) -> str:
        """What is searched, in a sentence or two."""
        drawn = "drawn at random" if self.sampler == "random" else "proposed by Optuna"
        until = "" if self.minutes is None else f" within --minutes {self.minutes:g}"
        halving = ", the less promising ones for fewer" if self.has_halving else ""
        return (
            f"Search: {count(self.n_trials, 'trial')} {drawn}{until}, of {_IN_WORDS}. Each is trained for up to "
            f"{count(self.epochs, 'epoch')}{halving}."
        )


def first_rung(epochs: int, n_trials: int, n_rows: int) -> int:
    """The epochs, of a training on so many rows, after which trials are compared for the first time.

    A ninth of a whole training, and more with so few trials that too few would be trained to the end.  A hundred
    updates show which networks learn fast, not which are good: on a table of 1,000 rows a ninth of a training has
    no more updates, and networks with large steps and little regularisation would be chosen, which then overfit.  Where
    three times as long is no shorter than a whole training, all are trained to the end.

    Examples
    --------
    >>> first_rung(30, 30, 40_000), first_rung(30, 30, 6_000), first_rung(30, 30, 800), first_rung(30, 5, 40_000)
    (3, 10, 30, 10)
    """
    updates = math.ceil(n_rows / min(_BATCH, n_rows))
    rung = max(rung_epochs(epochs, n_trials, FACTOR)[0], math.ceil(_LEAST_UPDATES / updates))
    return epochs if rung * math.sqrt(FACTOR) >= epochs else rung


def sizes(settings: Settings) -> str:
    """The value of ``--hidden``."""
    return ",".join(map(str, settings.hidden))


def described(settings: Settings) -> str:
    """A candidate in words."""
    layers = "a hidden layer of" if len(settings.hidden) == 1 else "two hidden layers of"
    units = settings.hidden[0]  # both have as many
    return f"{layers} {units} units, step size {settings.step_size:.4g}, alpha {settings.alpha:.4g}"
