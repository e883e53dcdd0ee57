"""Training the members of an ensemble, and what they say of the rows that they have not seen."""

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
    """The callbacks that follow the training of the members: ours, and those of scikit-learn if there are any."""

    callbacks: MemberCallbacks
    tasks: EnsembleTasks | None = None

    @contextmanager
    def of_member(self, number: int, estimator: Any) -> Iterator[None]:
        """Within this block they follow the training of a member."""
        tasks = nullcontext() if self.tasks is None else self.tasks.member(number, network_of(estimator))
        with self.callbacks.called_by(number, estimator), tasks:
            yield

    @property
    def end_it(self) -> bool:
        """Whether no further member is to be trained: a callback has failed, or asked for the end."""
        return self.callbacks.error is not None or (self.tasks is not None and self.tasks.is_stopped)


@dataclass(frozen=True, eq=False)
class Trained:
    """A member that is done."""

    number: int
    model: Any
    left_out: RowNumbers  # none with diversity="seed"
    answers: Mapping[str, Any] = field(default_factory=dict)  # for the rows left out, by method
    warnings: Sequence[FitWarning] = ()  # what its training has to warn of


def train_members(
    plans: Sequence[MemberPlan],
    data: Data,
    methods: Sequence[str],
    followers: Followers,
    n_jobs: int | None,
    backend: str,
) -> list[Trained]:
    """The members that have been trained, in their order.

    Those that Ctrl-C or a divergence has kept from it are missing, and a warning says so; those that a callback has
    asked not to train are missing, too.

    Raises
    ------
    InterruptedTrainingError
        Where Ctrl-C came before any member was done.
    MultilayerError
        What a member has raised, where all have diverged, or any has raised something else.
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
    _raise_or_tell(outcomes, len(plans))
    trained = [outcome.value for outcome in outcomes.values() if outcome.value is not None]
    warn_once([member.warnings for member in trained], len(outcomes), "members")
    return trained


def _size(plan: MemberPlan, m: int) -> float:
    return work_of(plan.estimator, m if plan.counts is None else int(np.count_nonzero(plan.counts)))


@dataclass(eq=False)
class _MemberTraining:
    """The training of one member, which callbacks may follow."""

    number: int
    plan: MemberPlan
    data: Data
    methods: Sequence[str]
    followers: Followers
    training: ModelTraining | None = None
    followed: ExitStack = field(default_factory=ExitStack)

    def advance(self, part: Slice) -> float:
        if self.training is None:
            if self.followers.end_it:
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
        fitted, answers, left_out = self.training.result(), {}, self.plan.left_out
        if len(left_out):
            X = self.data.part(left_out)[0]
            answers = {name: getattr(fitted.model, name)(X) for name in self.methods}
        return Trained(self.number, fitted.model, left_out, answers, fitted.warnings)


def _training(plan: MemberPlan, data: Data) -> ModelTraining:
    if plan.counts is None:
        return ModelTraining(data, plan.estimator, np.arange(len(data)), clones=False)
    rows = np.flatnonzero(plan.counts)
    if plan.counts.max() > 1:
        weight = plan.counts.astype(np.float64) * (1.0 if data.weight is None else data.weight)
        data = data.weighted(weight)
    return ModelTraining(data, plan.estimator, rows, clones=False)


def _raise_or_tell(outcomes: Mapping[Any, MemberOutcome], n: int) -> None:
    failures = {number: outcome.error for number, outcome in outcomes.items() if outcome.error is not None}
    others = [error for error in failures.values() if not isinstance(error, DivergenceError)]
    n_trained = len(outcomes) - len(failures)
    if others:
        raise others[0]
    if failures and not n_trained:
        raise next(iter(failures.values()))
    if not outcomes:
        raise InterruptedTrainingError(
            f"Ctrl-C came before any of the {n} members was trained, and there is no ensemble. Call fit again."
        )
    if failures:
        number, error = next(iter(failures.items()))
        warn(
            f"{len(failures)} of {n} members diverged and are left out of the ensemble; member {number}: {error}",
            ConvergenceWarning,
        )
    if len(outcomes) < n:
        warn(
            f"training was interrupted after {len(outcomes)} of {n} members; the ensemble is those.",
            InterruptedTrainingWarning,
        )
