"""A run: one network in training that can be trained update by update, rewound exactly, and branched."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from multilayer.engines import Engine, Objective
from multilayer.equations.descent import UpdateRule
from multilayer.exceptions import DivergenceError, InputError, MultilayerError
from multilayer.fits.fit import Fit
from multilayer.network import Floats, Network
from multilayer.playground.data.play_data import PlayData
from multilayer.playground.runs.segment import Segment
from multilayer.playground.runs.setup import RESTARTING, Setup, changed_arguments, estimator_for, fit_request
from multilayer.playground.runs.timeline import Timeline
from multilayer.training import EpochEnded, TrainingSession

# A keyframe is kept after this training time, so that any update is reached again within about the same time.
SECONDS_BETWEEN_KEYFRAMES = 0.05
SECONDS_PER_CALL = 0.01  # of the engine, between two looks at the time
MOST_COSTS = 500  # of single updates that are kept
DIVERGED = "diverged"


class CancelledError(MultilayerError):
    """The page was closed while the playground worked for it."""


class Run:
    """One network in training.

    Parameters
    ----------
    data : PlayData
        The rows.
    setup : Setup
        The parameters.
    engine : Engine or None, default=None
        An engine to use in place of the estimator's.
    is_cancelled : callable
        Whether to stop working.
    """

    def __init__(
        self,
        data: PlayData,
        setup: Setup,
        engine: Engine | None = None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.data, self._engine, self._is_cancelled = data, engine, is_cancelled
        self.timeline = Timeline()
        self.costs: deque[float] = deque(maxlen=MOST_COSTS)  # of the last updates
        self.last_update = 0
        self.message = ""
        self._end_of_costs = 0  # the update after the last of these costs
        self._n = 0  # the segment
        self._updates_per_second = 1000.0  # of the engine, measured
        self._unkept = 0.0  # seconds since the last keyframe
        self.seconds = 0.0
        # On one thread, with the same results: the other cores draw the page, and train for other pages.
        estimator = estimator_for(setup.parameters, data).set_params(n_jobs=1)
        self.segments = [self._segment(0, 0, {}, setup, estimator._begin(fit_request(data)))]
        self._keep(is_pinned=True)

    @property
    def segment(self) -> Segment:
        """The segment of the present update."""
        return self.segments[self._n]

    @property
    def setup(self) -> Setup:
        """The setup with all changes up to the present update."""
        return self.segment.setup

    @property
    def fit(self) -> Fit:
        """The fit of the present segment."""
        return self.segment.fit

    @property
    def network(self) -> Network:
        """The network."""
        return self.objective.network

    @property
    def objective(self) -> Objective:
        """The cost that is minimised, and the training rows."""
        return self.fit.problem.objective

    @property
    def parameters(self) -> Floats:
        """The parameters after the present update, shape (P,)."""
        return self.fit.state.last

    @property
    def update(self) -> int:
        """The number of updates done; for L-BFGS, of iterations."""
        session = self.fit.session
        done = session.n_updates if isinstance(session, TrainingSession) else session.n_epochs
        return self.segment.update + done

    @property
    def epoch(self) -> int:
        """The number of whole epochs done."""
        return self.fit.state.history.n_epochs

    @property
    def updates_per_epoch(self) -> int:
        """The number of updates of an epoch in the present segment."""
        return self.segment.updates_per_epoch

    @property
    def reason(self) -> str:
        """Why training ended; empty while it can continue."""
        return self.fit.state.reason

    @property
    def cost_divisor(self) -> int:
        """Displayed costs are J divided by this."""
        return self.fit.problem.cost_divisor

    @property
    def rule(self) -> UpdateRule | None:
        """The rule of an update; None for L-BFGS."""
        session = self.fit.session
        return session.recipe.rule if isinstance(session, TrainingSession) else None

    @property
    def viewer(self) -> Any:
        """An estimator that predicts with the present parameters; it must not be kept or changed."""
        self.segment.viewer.parameters_ = self.parameters
        return self.segment.viewer

    @property
    def first_cost(self) -> int:
        """The update that the first of ``costs`` belongs to."""
        return self._end_of_costs - len(self.costs) if self.costs else self.update

    def snapshot(self) -> Any:
        """Return an independent fitted estimator with the present parameters."""
        return self.fit.snapshot().set_params(n_jobs=None)

    def updates_of_epoch(self, epoch: int) -> int:
        """Return the number of updates after this number of epochs."""
        segment = [each for each in self.segments if each.epoch <= epoch][-1]
        return segment.update + (epoch - segment.epoch) * segment.updates_per_epoch

    def epoch_of(self, update: int) -> int:
        """Return the number of the first epoch that ends at or after an update."""
        segment = [each for each in self.segments if each.update <= update][-1]
        return segment.epoch + -(-(update - segment.update) // segment.updates_per_epoch)

    def advance(self, n_updates: float = math.inf, n_epochs: float = math.inf, seconds: float = math.inf) -> None:
        """Train on: by updates, to the end of whole epochs, or for a time, whichever is first.

        A run that has been rewound does the same updates again.  A divergence ends the run with a message.
        """
        last_update, last_epoch = self.update + n_updates, self.epoch + n_epochs
        deadline = time.perf_counter() + seconds
        while self.update < last_update and self.epoch < last_epoch and not self._is_over():
            self._check_cancelled()
            began = time.perf_counter()
            if began >= deadline:
                break
            if not isinstance(self.fit.session, TrainingSession):
                self._next_iteration()
                continue
            most = min(SECONDS_PER_CALL, deadline - began) * self._updates_per_second
            bound = min(last_update, self._next_segment())
            n = int(max(1, min(most, bound - self.update)))
            self._do_updates(n, min(last_epoch - self.epoch, 1e9))
            self._enter_next_segment()

    def go_to(self, update: int) -> None:
        """Reach exactly the state after this number of updates, from the nearest keyframe before it."""
        if update < 0:
            raise InputError(f"the update must not be negative, got {update}.")
        frame = self.timeline.before(update)
        # After a divergence, the parameters are those before the last batch, but the update is that of the last epoch.
        if update < self.update or frame.update > self.update or self.reason == DIVERGED:
            self._n = frame.segment
            self.fit.session = self.timeline.session_of(frame)
            self.costs.clear()
            self.message = ""
        self.advance(update - self.update)

    def change(self, changes: Mapping[str, Any]) -> bool:
        """Train on with other parameters, from the end of the present epoch; the future is forgotten.

        Returns
        -------
        bool
            False if the run has to start again for these changes.
        """
        setup = self.setup.with_parameters(changes)
        changed = setup.changes_from(self.setup)
        if not changed:
            return True
        if RESTARTING & changed.keys() or self.update == 0:
            return False
        self.finish_epoch()
        if self.reason == DIVERGED:
            raise InputError("training has diverged and cannot continue from here. Rewind first, or start again.")
        # A second change at the same update is joined to the first, because no fit of a program has zero epochs.
        number = self._n - (self._n > 0 and self.update == self.segment.update)
        before = self.segments[number]
        if number < self._n:
            before.fit.session = self.timeline.session_of(self.timeline.frame(self.update, number))
        changed = setup.changes_from(before.setup)
        # Before anything else changes: an error leaves the run as it was.
        following = [self._following(before, changed, setup)] if changed else []
        self._n = number
        self._keep(is_pinned=True)
        self.timeline.forget_after(self.update, number, self.fit.state.history)
        self.segments = [*self.segments[: number + 1], *following]
        self.last_update, self.message = self.update, ""
        if following:
            self._n += 1
            self._keep(is_pinned=True)
        return True

    def finish_epoch(self) -> None:
        """Train to the end of the present epoch."""
        begun = (self.update - self.segment.update) % self.updates_per_epoch
        if begun:
            self.advance(self.updates_per_epoch - begun)

    def next_step_size(self) -> float | None:
        """Return the step size of the next update; None at the end and for L-BFGS."""
        session = self.fit.session
        return session.next_step_size if isinstance(session, TrainingSession) else None

    def with_seed(self, seed: int) -> Run:
        """Return a new run with another seed of its starting weights and shuffles."""
        setup = self.segments[0].setup.with_parameters({"random_state": seed})
        return Run(self.data, setup, self._engine, self._is_cancelled)

    def _following(self, before: Segment, changes: Mapping[str, Any], setup: Setup) -> Segment:
        """Return the segment that follows the present update of a segment."""
        estimator = before.fit.snapshot()
        estimator.set_params(**changed_arguments(before.setup.parameters, setup.parameters, self.data))
        fit = estimator._begin(fit_request(self.data, resumes=True))
        return self._segment(self.epoch, self.update, changes, setup, fit)

    def _segment(self, epoch: int, update: int, changes: Mapping[str, Any], setup: Setup, fit: Fit) -> Segment:
        if self._engine is not None:
            fit.problem = replace(fit.problem, engine=self._engine)
        return Segment(epoch, update, MappingProxyType(dict(changes)), setup, fit, fit.snapshot())

    def _is_over(self) -> bool:
        """Whether training has ended, and no later segment follows."""
        self._enter_next_segment()
        return bool(self.reason)

    def _next_segment(self) -> float:
        """The update at which the next segment begins; infinity in the last."""
        return self.segments[self._n + 1].update if self._n + 1 < len(self.segments) else math.inf

    def _enter_next_segment(self) -> None:
        """Go to the start of the next segment, if its update is reached."""
        if self.update >= self._next_segment():
            self._enter_segment(self._n + 1)

    def _enter_segment(self, number: int) -> None:
        self._n = number
        self.fit.session = self.timeline.session_of(self.timeline.start_of(number))

    def _do_updates(self, n_updates: int, n_epochs: float) -> None:
        before, began = self.update, time.perf_counter()
        try:
            costs = self.fit.update(n_updates, n_epochs)
        except DivergenceError as error:
            self.message = f"{error.finding} {_ADVICE}"
            costs = np.empty(0)
        seconds = time.perf_counter() - began
        if len(costs):
            done = costs[: max(0, self.update - before)]  # a decision may undo the last epochs
            self.costs.extend((done / self.cost_divisor).tolist())
            self._end_of_costs = before + len(done)
            # At most doubled, because a single measurement is unreliable.
            self._updates_per_second = min(len(costs) / max(seconds, 1e-9), 2 * self._updates_per_second)
        self.seconds += seconds
        self._unkept += seconds
        self.last_update = max(self.last_update, self.update)
        if self._unkept >= SECONDS_BETWEEN_KEYFRAMES and not self.reason:
            self._keep()
        elif self.fit.state.history.n_epochs > self.timeline.curves.n_epochs:
            self.timeline.curves = self.fit.state.history

    def _keep(self, *, is_pinned: bool = False) -> None:
        self.timeline.keep(self.update, self._n, self.fit.session, is_pinned=is_pinned)
        self._unkept = 0.0

    def _next_iteration(self) -> None:
        """Go to the next iteration of L-BFGS, which trains to its end at once: its line search cannot pause."""
        update = self.update
        frame = self.timeline.after(update, self._n)
        if frame is None:
            self._enter_segment(self._n)
            self._record_iterations()
            frame = self.timeline.after(update, self._n)
        if frame is not None:
            self.fit.session = self.timeline.session_of(frame)
            self.last_update = max(self.last_update, self.update)
            self._enter_next_segment()

    def _record_iterations(self) -> None:
        def keep(event: object) -> bool:
            if isinstance(event, EpochEnded):
                self._keep(is_pinned=True)
            return self._is_cancelled()

        session, began = self.fit.session, time.perf_counter()
        try:
            self.fit.train(listeners=[keep])
        except DivergenceError as error:
            self.message = f"{error.finding} {_ADVICE}"
        self._check_cancelled()
        self.seconds += time.perf_counter() - began
        if self.update > self.segment.update:
            self.timeline.frame(self.update, self._n).session.state.reason = session.state.reason

    def _check_cancelled(self) -> None:
        if self._is_cancelled():
            raise CancelledError("the page was closed.")


_ADVICE = "Rewind, and use a smaller step size."
