"""The training of one model as a member of a pack: in slices, followed by a function of the fitted model."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sklearn.base import clone

from multilayer.exceptions import InterruptedTrainingWarning
from multilayer.fits.errors import ConvergenceWarning, FitWarning, collected_warnings, warn
from multilayer.fits.fit import Fit
from multilayer.fits.rows import Keep
from multilayer.packs import Slice
from multilayer.selection.data import Data
from multilayer.training import TrainingSession
from multilayer.training.batching import RowNumbers

# The approximate length of a slice, after which another network may continue in the same thread.
SECONDS_PER_SLICE = 0.25
LEAST_SECONDS_PER_SLICE = 0.002
# The assumed speed of an update per row, until the real speed is known; every machine is faster.
WEIGHTS_PER_SECOND = 1e9


@dataclass(frozen=True)
class Fitted:
    """A model that was fitted as the member of a pack."""

    model: Any
    seconds: float  # of the training
    warnings: list[FitWarning]


def as_fitted(fitted: Fitted) -> Fitted:
    """Return the argument: the default function of a fitted model."""
    return fitted


@dataclass(eq=False)
class ModelTraining:
    """A model to be trained on some rows of a table."""

    data: Data
    model: Any
    rows: RowNumbers
    finish: Callable[[Fitted], Any] = as_fitted  # makes the value of the member, such as a score
    validating: RowNumbers | None = None  # rows that the network validates on after each epoch
    keep: Keep = "best"  # which weights a validated network keeps: those of the best score or the last ones
    clones: bool = True  # whether to train a clone of the model, made at the start of training
    fit: Fit | None = None
    has_begun: bool = False
    seconds: float = 0.0  # working time, without pauses
    warnings: list[FitWarning] = field(default_factory=list)

    def advance(self, part: Slice) -> float:
        """Train a slice and return the remaining fraction of the training."""
        began = time.perf_counter()
        try:
            # Between two slices other members use the thread.
            with collected_warnings(self.warnings):
                if not self.has_begun:
                    self._begin()
                if self.fit is None:
                    return 0.0
                left = train_slice(self.fit, part)
                if left == 0:
                    self.fit.end()
                return left
        finally:
            self.seconds += time.perf_counter() - began

    def result(self) -> Any:
        """Return the value of the member."""
        return self.finish(Fitted(self.model, self.seconds, self.warnings))

    def _begin(self) -> None:
        self.model = clone(self.model) if self.clones else self.model
        self.fit = self.data.begin(self.model, self.rows, self.validating, self.keep)
        self.has_begun = True


def train_slice(fit: Fit, part: Slice, first: int = 0, last: float = math.inf) -> float:
    """Train a slice of the epochs from ``first`` to ``last`` and return the remaining fraction of them."""
    session = fit.session
    if not isinstance(session, TrainingSession):  # L-BFGS, which is not paused
        if not (part.is_last or fit.has_ended):
            fit.train()
        return 0.0
    state, last = session.state, min(last, session.recipe.max_epochs)
    n_done = session.n_epochs
    if not (part.is_last or state.reason or n_done >= last):
        fit.train(_epochs(session, n_done, last - n_done, part.share))
        n_done = session.n_epochs
    if part.is_last and not state.reason:
        session.end("listener")
    return 0.0 if part.is_last or state.reason or n_done >= last else (last - n_done) / (last - first)


def _epochs(session: TrainingSession, n_done: int, left: float, share: float) -> int:
    """Return the epochs of a slice: a share of the remaining ones, within limits of time."""
    n_weights = session.state.descent.parameters.size
    is_known = n_done > 0 and session.seconds > 0
    pace = session.seconds / n_done if is_known else n_weights * session.n_rows / WEIGHTS_PER_SECOND
    least, most = math.ceil(LEAST_SECONDS_PER_SLICE / pace), math.ceil(SECONDS_PER_SLICE / pace)
    return int(min(left, max(min(math.ceil(share * left), most), least)))


def warn_once(warnings: Iterable[Sequence[FitWarning]], n: int, what: str) -> None:
    """Merge the warnings of many fits: "in 3 of 5 folds training ended ...".

    Warnings about the end of a fit are counted by their kind and reported together.  Other warnings apply to all fits
    and are reported once, unchanged.  The function that trains the pack reports interruptions.
    ``n`` is the number of fits, and ``what`` their name, such as "folds".
    """
    distinct = [list(dict.fromkeys(of_one)) for of_one in warnings]
    others = dict.fromkeys(
        (each.message, each.category)
        for of_one in distinct
        for each in of_one
        if not issubclass(each.category, ConvergenceWarning | InterruptedTrainingWarning)
    )
    for message, category in others:
        warn(message, category)
    kinds: dict[str, list[str]] = {}
    for of_one in distinct:
        ends = [each for each in of_one if issubclass(each.category, ConvergenceWarning)]
        for kind, message in {each.summary or each.message: each.message for each in ends}.items():
            kinds.setdefault(kind, []).append(message)
    if kinds:
        sentences = [
            f"in {len(messages)} of {n} {what} {messages[0] if len(set(messages)) == 1 else kind}"
            for kind, messages in kinds.items()
        ]
        warn(" ".join([sentences[0], *(f"I{sentence[1:]}" for sentence in sentences[1:])]), ConvergenceWarning)
