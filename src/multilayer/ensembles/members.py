"""Training of the members of an ensemble, and their predictions for held-out rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from multilayer.ensembles.callbacks import MemberCallbacks
from multilayer.ensembles.plans import MemberPlan
from multilayer.exceptions import DivergenceError, InterruptedTrainingError, InterruptedTrainingWarning
from multilayer.fits.errors import ConvergenceWarning, FitWarning, warn
from multilayer.fits.scikit_learn_callbacks import EnsembleTasks
from multilayer.packs.members import Member, MemberOutcome, Slice
from multilayer.packs.running import run_pack
from multilayer.selection.data import Data, network_of, work_of
from multilayer.selection.training import ModelTraining, warn_once
from multilayer.training.batching import RowNumbers


@dataclass(frozen=True, eq=False)
class Followers:
    """The callbacks of this library and of scikit-learn that follow the training of the members."""

    callbacks: MemberCallbacks
    tasks: EnsembleTasks | None = None

    @contextmanager
    def of_member(self, number: int, estimator: Any) -> Iterator[None]:
        """Connect the callbacks with the training of a member."""
        tasks = nullcontext() if self.tasks is None else self.tasks.member(number, network_of(estimator))
        with self.callbacks.called_by(number, estimator), tasks:
            yield

    @property
    def is_ending(self) -> bool:
        """Whether to train no further member, because a callback has failed or requested the end."""
        return self.callbacks.error is not None or (self.tasks is not None and self.tasks.is_stopped)


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained member."""

    number: int
    model: Any
    left_out: RowNumbers  # empty with diversity="seed"
    predictions: Mapping[str, Any] = field(default_factory=dict)  # for the held-out rows, by method
    warnings: Sequence[FitWarning] = ()  # of its training


def train_members(
    plans: Sequence[MemberPlan],
    data: Data,
    methods: Sequence[str],
    followers: Followers,
    n_jobs: int | None,
    backend: str | None,
) -> list[Trained]:
    """Train the members and return the trained ones in order.

    Members that diverged or that Ctrl-C prevented are excluded with a warning; those that a callback skipped are
    excluded without one.

    Raises
    ------
    InterruptedTrainingError
        If Ctrl-C was pressed before any member was finished.
    MultilayerError
        The error of a member, if all have diverged or any has raised another error.
    Exception
        The error of a callback.
    """
    pack = [
        Member(i, _MemberTraining(i, plan, data, tuple(methods), followers), size=_size(plan, len(data)))
        for i, plan in enumerate(plans)
    ]
    outcomes = run_pack(pack, n_jobs=n_jobs, backend=backend, listener=followers.callbacks.member_ended)
    if followers.callbacks.error is not None:
        raise followers.callbacks.error
    _raise_or_warn(outcomes, len(plans))
    trained = [outcome.value for outcome in outcomes.values() if outcome.value is not None]
    warn_once([member.warnings for member in trained], len(outcomes), "members")
    return trained


def _size(plan: MemberPlan, m: int) -> float:
    return work_of(plan.estimator, m if plan.counts is None else int(np.count_nonzero(plan.counts)))


@dataclass(eq=False)
class _MemberTraining:
    """The training of one member, with its callbacks."""

    number: int
    plan: MemberPlan
    data: Data
    methods: Sequence[str]
    followers: Followers
    training: ModelTraining | None = None
    followed: ExitStack = field(default_factory=ExitStack)

    def advance(self, part: Slice) -> float:
        if self.training is None:
            if self.followers.is_ending:
                return 0.0
            self.followed.enter_context(self.followers.of_member(self.number, self.plan.estimator))
            self.training = _training(self.plan, self.data)
        left = self.training.advance(part)
        if left == 0:
            self.followed.close()
        return left

    def result(self) -> Trained | None:
        if self.training is None:
            return None
        fitted, predictions, left_out = self.training.result(), {}, self.plan.left_out
        if len(left_out):
            X = self.data.part(left_out)[0]
            predictions = {name: getattr(fitted.model, name)(X) for name in self.methods}
        return Trained(self.number, fitted.model, left_out, predictions, fitted.warnings)


def _training(plan: MemberPlan, data: Data) -> ModelTraining:
    if plan.counts is None:
        return ModelTraining(data, plan.estimator, np.arange(len(data)), clones=False)
    rows = np.flatnonzero(plan.counts)
    if plan.counts.max() > 1:
        weight = plan.counts.astype(np.float64) * (1.0 if data.weight is None else data.weight)
        data = data.weighted(weight)
    return ModelTraining(data, plan.estimator, rows, clones=False)


def _raise_or_warn(outcomes: Mapping[Any, MemberOutcome], n: int) -> None:
    failures = {number: outcome.error for number, outcome in outcomes.items() if outcome.error is not None}
    others = [error for error in failures.values() if not isinstance(error, DivergenceError)]
    n_trained = len(outcomes) - len(failures)
    if others:
        raise others[0]
    if failures and not n_trained:
        raise next(iter(failures.values()))
    if not outcomes:
        raise InterruptedTrainingError(f"Ctrl-C was pressed before any of the {n} members was trained. Call fit again.")
    if failures:
        number, error = next(iter(failures.items()))
        warn(
            f"{len(failures)} of {n} members diverged and are excluded from the ensemble; member {number}: {error}",
            ConvergenceWarning,
        )
    if len(outcomes) < n:
        warn(
            f"training was interrupted after {len(outcomes)} of {n} members; the ensemble consists of these.",
            InterruptedTrainingWarning,
        )
