"""The timeline of a run: copies of the training session, from which any update can be reached again exactly."""

from __future__ import annotations

import bisect
import copy
from dataclasses import dataclass, field, replace
from typing import Any

from multilayer.training.lbfgs import LbfgsSession
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


@dataclass(frozen=True)
class Ghost:
    """The curves of a future that was left."""

    run: int
    label: str
    epoch: int  # where the futures part
    curves: History


@dataclass(eq=False)
class Timeline:
    """The keyframes of a run by their updates, and its longest curves."""

    keyframes: list[Keyframe] = field(default_factory=list)
    curves: History = field(default_factory=History)

    def keep(self, update: int, segment: int, session: Session, *, is_pinned: bool = False) -> None:
        """Keep a copy of the session, if there is none of this update of this segment."""
        history = session.state.history
        if history.n_epochs >= self.curves.n_epochs:
            self.curves = history
        place = bisect.bisect_left(self.keyframes, (update, segment), key=_place_of)
        if place < len(self.keyframes) and _place_of(self.keyframes[place]) == (update, segment):
            if is_pinned:
                self.keyframes[place] = replace(self.keyframes[place], is_pinned=True)
            return
        frame = Keyframe(update, segment, copy_of_session(session), history.n_epochs, is_pinned)
        self.keyframes.insert(place, frame)
        self._thin_out()

    def before(self, update: int) -> Keyframe:
        """Return the last keyframe at or before an update; where two segments meet, that of the later one."""
        return self.keyframes[bisect.bisect_right(self.keyframes, update, key=_update_of) - 1]

    def after(self, update: int, segment: int) -> Keyframe | None:
        """Return the first keyframe of a segment after an update; None if there is none."""
        later = (frame for frame in self.keyframes if frame.segment == segment and frame.update > update)
        return next(later, None)

    def start_of(self, segment: int) -> Keyframe:
        """Return the keyframe of the start of a segment."""
        return next(frame for frame in self.keyframes if frame.segment == segment)

    def frame(self, update: int, segment: int) -> Keyframe:
        """Return the keyframe of an update of a segment, which must have been kept."""
        return self.keyframes[bisect.bisect_left(self.keyframes, (update, segment), key=_place_of)]

    def session_of(self, frame: Keyframe) -> Session:
        """Return a session that continues from a keyframe."""
        session = copy_of_session(frame.session)
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

    def forget_after(self, update: int, segment: int, history: History) -> None:
        """Forget what follows an update of a segment, whose curves are those of this history."""
        self.keyframes = [each for each in self.keyframes if each.update <= update and each.segment <= segment]
        self.curves = history

    def _thin_out(self) -> None:
        """Drop every second keyframe that is not pinned if they need too much memory."""
        most = min(MOST, max(FEWEST, MOST_BYTES // _n_bytes(self.keyframes[-1].session)))
        free = [frame for frame in self.keyframes if not frame.is_pinned]
        if len(free) > most:
            dropped = {id(frame) for frame in free[1::2]}
            self.keyframes = [frame for frame in self.keyframes if id(frame) not in dropped]


def copy_of_session(session: Session) -> Session:
    """Return an independent copy of a session with an empty history; what is never changed in place is shared."""
    state = session.state
    kept: list[Any] = [session.recipe, session.validation, state.rows, state.held_out, state.order]
    if isinstance(session, LbfgsSession):
        kept.append(state.descent.slots)
    memo: dict[int, Any] = {id(each): each for each in kept if each is not None}
    memo[id(state.history)] = History(seconds=state.history.seconds)
    return copy.deepcopy(session, memo)


def _update_of(frame: Keyframe) -> int:
    return frame.update


def _place_of(frame: Keyframe) -> tuple[int, int]:
    return frame.update, frame.segment


def _n_bytes(session: Session) -> int:
    """Return about how much memory a copy needs; a session plans an epoch with the order before it and after it."""
    state = session.state
    orders = 0 if state.order is None else 3 * state.order.nbytes
    return state.descent.parameters.nbytes + state.descent.slots.nbytes + orders + 10_000
