"""The next update of a run: its batch, and its parameters, computed on a copy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from multilayer.network import Floats
from multilayer.playground.runs.run import Run
from multilayer.playground.runs.timeline import copy_of_session
from multilayer.training import TrainingSession
from multilayer.training.batching import RowNumbers
from multilayer.training.loop import descent_request


@dataclass(frozen=True, eq=False)
class UpdateAhead:
    """The next update of a run.

    Attributes
    ----------
    rows : array of int
        The numbers of its rows; all training rows for L-BFGS, and at the end.
    parameters : array of shape (P,) or None
        The parameters after it; None for L-BFGS, and at the end.
    """

    rows: RowNumbers
    parameters: Floats | None = None


def update_ahead(run: Run) -> UpdateAhead:
    """Return the next update of a run.

    The session of the run must not plan it: it draws the order of an epoch, after which a change would give other
    numbers.
    """
    session = copy_of_session(run.fit.session)
    session.state.history = run.fit.state.history
    batches = session.next_updates(1) if isinstance(session, TrainingSession) else None
    all_rows = np.arange(run.data.X.shape[0])
    if batches is None or not isinstance(session, TrainingSession):
        return UpdateAhead(all_rows)
    batch = slice(batches.starts[0], batches.stops[0])
    request = descent_request(session, run.objective, batches)
    run.fit.problem.engine.descend(request.objective, request.rule, request.state, batches, request.options)
    return UpdateAhead((all_rows if batches.order is None else batches.order)[batch], session.state.descent.parameters)
