"""The training of one model as the work of a pack's member: in slices, then what is wanted of the fitted model."""

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

# A network trains for about so long before it is decided whether another one is to have its thread.
SECONDS_PER_SLICE = 0.25
LEAST_SECONDS_PER_SLICE = 0.002
# Of a row in an update, until it is known how fast a network really is: fewer than on any machine.
WEIGHTS_PER_SECOND = 1e9


@dataclass(frozen=True)
class Fitted:
    """A model that was fitted as the member of a pack."""

    model: Any
    seconds: float  # that it took
    warnings: list[FitWarning]


def as_fitted(fitted: Fitted) -> Fitted:
    """The fitted model itself, for a training of which nothing else is wanted."""
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
    clones: bool = True  # whether a clone of the model is trained, which is made when the training begins
    fit: Fit | None = None
    has_begun: bool = False
    seconds: float = 0.0  # at work, those not counted in which it is put aside
    warnings: list[FitWarning] = field(default_factory=list)

    def advance(self, part: Slice) -> float:
        """Train a slice; the fraction of the training that is left."""
        began = time.perf_counter()
        try:
            # Between two slices the thread belongs to others.
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
        return self.finish(Fitted(self.model, self.seconds, self.warnings))

    def _begin(self) -> None:
        self.model = clone(self.model) if self.clones else self.model
        self.fit = self.data.begin(self.model, self.rows, self.validating, self.keep)
        self.has_begun = True


def train_slice(fit: Fit, part: Slice, first: int = 0, last: float = math.inf) -> float:
    """Train a slice of the epochs from ``first`` to ``last``; the fraction of them that is left."""
    session = fit.session
    if not isinstance(session, TrainingSession):  # L-BFGS, which is not put aside
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
    """The epochs of a slice: a share of what is left, if that takes neither too long nor next to no time."""
    n_weights = session.state.descent.parameters.size
    is_known = n_done > 0 and session.seconds > 0
    pace = session.seconds / n_done if is_known else n_weights * session.n_rows / WEIGHTS_PER_SECOND
    least, most = math.ceil(LEAST_SECONDS_PER_SLICE / pace), math.ceil(SECONDS_PER_SLICE / pace)
    return int(min(left, max(min(math.ceil(share * left), most), least)))


def warn_once(warnings: Iterable[Sequence[FitWarning]], n: int, what: str) -> None:
    """Merge the warnings of many fits: "in 3 of 5 folds training ended ...".

    Warnings about the end of a fit are counted by their kind and reported together.  Other warnings hold for all fits
    and are reported once, as they are.  Interruptions are left to the function that trains the pack.
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
