"""Many sessions in one thread, with one call of the engine for all of them: for engines that batch networks."""

from __future__ import annotations

from collections.abc import Sequence

from multilayer.engines import Engine, Objective
from multilayer.training import TrainingSession
from multilayer.training.loop import descent_request


def train_in_lockstep(
    engine: Engine, sessions: Sequence[TrainingSession], objectives: Sequence[Objective], n_updates: int = 1
) -> None:
    """Train sessions to their ends, ``n_updates`` updates of each at a time.

    The sessions have no validation.  The results equal those of each session alone.  A session that diverges has the
    reason "diverged" in its state and does not affect the others.
    """
    pairs = list(zip(sessions, objectives, strict=True))
    while True:
        planned = [(session, objective, session.next_updates(n_updates)) for session, objective in pairs]
        working = [(session, objective, updates) for session, objective, updates in planned if updates is not None]
        if not working:
            return
        requests = [descent_request(*each) for each in working]
        for (session, _, _), costs in zip(working, engine.descend_many(requests), strict=True):
            session.record(costs)
