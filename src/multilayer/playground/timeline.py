"""The timeline of a run: copies of the training session, from which any update can be reached again exactly."""

from __future__ import annotations

import bisect
import copy
from dataclasses import dataclass, field
from typing import Any

from multilayer.training.session import Session
from multilayer.training.state import History

MOST_BYTES = 64_000_000  # of all copies together
FEWEST, MOST = 16, 400


@dataclass(frozen=True, eq=False)
class Keyframe:
    """A copy of a session after some updates, without its curves, which the timeline has.

    Attributes
    ----------
    update : int
        The number of updates of the run before it.
    segment : int
        The number of the segment that the session belongs to.
    session : Session
        The copy; its history is empty.
    n_epochs : int
        The length of its curves.
    is_pinned : bool
        Whether it must stay: the start of a segment, or an iteration of L-BFGS, which cannot be trained again from
        another one.
    """

    update: int
    segment: int
    session: Session
    n_epochs: int
    is_pinned: bool = False


@dataclass(eq=False)
class Timeline:
    """The keyframes of a run by their updates, and its longest curves."""

    keyframes: list[Keyframe] = field(default_factory=list)
    curves: History = field(default_factory=History)

    def keep(self, update: int, segment: int, session: Session, *, is_pinned: bool = False) -> None:
        """Keep a copy of the session, if there is none of this update."""
        place = bisect.bisect_left(self.keyframes, update, key=_update_of)
        history = session.state.history
        if history.n_epochs >= self.curves.n_epochs:
            self.curves = history
        is_known = place < len(self.keyframes) and self.keyframes[place].update == update
        if is_known and not (is_pinned and self.keyframes[place].segment < segment):
            return
        frame = Keyframe(update, segment, _copied(session), history.n_epochs, is_pinned)
        self.keyframes.insert(place + is_known, frame)
        self._thin_out()

    def before(self, update: int) -> Keyframe:
        """Return the last keyframe at or before an update."""
        return self.keyframes[bisect.bisect_right(self.keyframes, update, key=_update_of) - 1]

    def session_of(self, frame: Keyframe) -> Session:
        """Return a session that continues from a keyframe."""
        session = _copied(frame.session)
        n, curves = frame.n_epochs, self.curves
        costs, scores = curves.validation_costs, curves.validation_scores
        session.state.history = History(
            curves.costs[:n],
            curves.step_sizes[:n],
            None if costs is None else costs[:n],
            None if scores is None else scores[:n],
            curves.seconds,
        )
        return session

    def forget_after(self, update: int, history: History) -> None:
        """Forget the future of an update, whose curves are those of this history."""
        self.keyframes = [frame for frame in self.keyframes if frame.update <= update]
        self.curves = history

    def _thin_out(self) -> None:
        """Drop every second keyframe that is not pinned if they need too much memory."""
        size = self.keyframes[-1].session.state.descent.parameters.nbytes * 4 + 10_000
        most = min(MOST, max(FEWEST, MOST_BYTES // size))
        free = [frame for frame in self.keyframes if not frame.is_pinned]
        if len(free) > most:
            dropped = {id(frame) for frame in free[1::2]}
            self.keyframes = [frame for frame in self.keyframes if id(frame) not in dropped]


def _update_of(frame: Keyframe) -> int:
    return frame.update


def _copied(session: Session) -> Session:
    """Return an independent copy of a session with an empty history; its recipe and row numbers are shared."""
    state = session.state
    kept: list[Any] = [session.recipe, session.validation, state.rows, state.held_out]
    memo: dict[int, Any] = {id(each): each for each in kept if each is not None}
    memo[id(state.history)] = History(seconds=state.history.seconds)
    return copy.deepcopy(session, memo)
