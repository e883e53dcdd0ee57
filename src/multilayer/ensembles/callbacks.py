"""The callbacks of an ensemble: called with the events of all its members, one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from multilayer.estimators.base import BaseMLP
from multilayer.exceptions import MultilayerError, ParameterWarning
from multilayer.fits.errors import warn
from multilayer.fits.settings import check_callbacks
from multilayer.packs.running import MemberEnded
from multilayer.selection.data import network_of
from multilayer.training import Event, Listener, RunEnded, RunStarted
from multilayer.training.events import notify, only_watches


class _Abandoned(MultilayerError):
    """Ends the training of a member because a callback has failed for another one."""


class MemberCallbacks:
    """The connection between the members of an ensemble and its callbacks.

    Members train in several threads.  A lock is held while callbacks are called, so that they never run at the same
    time.  It is reentrant: a callback that predicts may cause the event of a compilation.
    """

    def __init__(self, callbacks: Any, estimators: Sequence[Any]) -> None:
        given = check_callbacks("callbacks", callbacks)
        self._given = given
        self._of_members = [[_for_member(each, i) for each in given] for i in range(len(estimators))]
        self._lock = threading.RLock()
        self.error: Exception | None = None  # the first error of a callback
        others = sorted({type(network_of(each)).__name__ for each in estimators if not _has_events(network_of(each))})
        if given and others:
            warn(
                f"callbacks have no effect on members that are not networks of this library, got {', '.join(others)}.",
                ParameterWarning,
            )

    def __getstate__(self) -> dict[str, Any]:
        # In another process a single thread calls them.
        return vars(self) | {"_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state | {"_lock": threading.RLock()})

    @contextmanager
    def called_by(self, number: int, estimator: Any) -> Iterator[None]:
        """Connect the fit of a member with the callbacks; after an error the member is discarded."""
        network = network_of(estimator)
        if not self._of_members[number] or not _has_events(network):
            yield
            return
        own = network.callbacks
        network.callbacks = [*own, _MemberListener(number, self._of_members[number], self)]
        yield
        network.callbacks = own

    def member_ended(self, event: MemberEnded) -> None:
        """Pass the end of a member to the callbacks that have a method ``on_member_end``."""
        for callback in self._given:
            if hasattr(callback, "on_member_end"):
                with self.one_at_a_time():
                    callback.on_member_end(event)

    @contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        """Prevent other members from calling callbacks meanwhile; an error ends the training of all members."""
        with self._lock:
            try:
                yield
            except Exception as error:
                self.error = self.error or error
                raise


class _MemberListener:
    """The listener of one member."""

    def __init__(self, number: int, callbacks: list[Listener], shared: MemberCallbacks) -> None:
        self.number, self.callbacks, self.shared = number, callbacks, shared
        self.only_watches = all(map(only_watches, callbacks))
        self.has_started = False  # whether the callbacks received RunStarted, and therefore need RunEnded

    def on_fit_begin(self, snapshot: Callable[[], Any]) -> None:
        with self.shared.one_at_a_time():
            for callback in self.callbacks:
                if hasattr(callback, "on_fit_begin"):
                    callback.on_fit_begin(snapshot)

    def __call__(self, event: Event) -> bool:
        if isinstance(event, RunEnded) and not self.has_started:
            return False
        if self.shared.error is not None and not isinstance(event, RunEnded):
            raise _Abandoned("a callback failed for another member of the ensemble.")
        self.has_started |= isinstance(event, RunStarted)
        with self.shared.one_at_a_time():
            return notify(self.callbacks, replace(event, member=self.number))


def _for_member(callback: Any, number: int) -> Listener:
    """Return the callback for the events of a member: the callback itself, or the result of its ``for_member``."""
    provide = getattr(callback, "for_member", None)
    return callback if provide is None else provide(number)


def _has_events(network: Any) -> bool:
    return isinstance(network, BaseMLP) or (
        hasattr(type(network), "estimators_samples_") and hasattr(network, "callbacks")
    )
