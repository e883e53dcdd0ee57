"""Many sessions driven in one thread, each call of the engine for all of them: for engines that batch networks."""

from __future__ import annotations

from collections.abc import Sequence

from multilayer.engines import DescentRequest, Engine, Objective
from multilayer.training import TrainingSession


def train_in_lockstep(
    engine: Engine, sessions: Sequence[TrainingSession], objectives: Sequence[Objective], n_updates: int = 1
) -> None:
    """Drive sessions to their ends, ``n_updates`` updates of each at a time.

    What comes out is what each session alone comes to.  A session that diverges has the reason "diverged" in its state
    and takes no other down.

    Parameters
    ----------
    engine : Engine
        Its ``descend_many`` gets the updates of all sessions that are still in training.
    sessions : sequence of TrainingSession
        None of them validated.
    objectives : sequence of Objective
        One for each session.
    n_updates : int, default=1
    """
    pairs = list(zip(sessions, objectives, strict=True))
    while True:
        asked = [(session, of, session.next_updates(n_updates)) for session, of in pairs]
        working = [(session, of, updates) for session, of, updates in asked if updates is not None]
        if not working:
            return
        requests = [
            DescentRequest(of, session.recipe.rule, session.state.descent, updates, session.recipe.options)
            for session, of, updates in working
        ]
        for (session, _, _), costs in zip(working, engine.descend_many(requests), strict=True):
            session.record(costs)
