"""The part of a pack that runs on a worker: some members, in threads, for some seconds."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sklearn import config_context

from multilayer.exceptions import ClusterError
from multilayer.packs.clusters.messages import Encoded, Message, Reply, decode, encode, version
from multilayer.packs.members import Member, MemberOutcome, PausedTask
from multilayer.packs.pack import Pack

# The interval at which a worker checks whether its message was cancelled.
SECONDS_BETWEEN_CHECKS = 0.5
# The number of messages that this process works on.
_n_messages = 0
_lock = threading.Lock()


def is_worker() -> bool:
    """Return whether this process trains the members of a pack for another process."""
    return _n_messages > 0


@contextmanager
def _as_worker() -> Iterator[None]:
    global _n_messages
    with _lock:
        _n_messages += 1
    try:
        yield
    finally:
        with _lock:
            _n_messages -= 1


def never() -> bool:
    """Return that a message is still wanted."""
    return False


def work_on(message: Message, arrays: Mapping[int, Any], is_cancelled: Callable[[], bool] = never) -> Reply:
    """Train the members of a message, and return the outcomes and the members that have not ended.

    Parameters
    ----------
    message : Message
        The members.
    arrays : mapping of int to array
        The large arrays that they refer to.
    is_cancelled : callable, optional
        Returns whether nobody waits for the reply any more.

    Returns
    -------
    Reply
        The outcomes, and the members that have not ended with their progress.

    Raises
    ------
    ClusterError
        If this process has another version of this library.
    """
    if message.version != version():
        raise ClusterError(f"the worker has multilayer {version()}, and the process of the pack {message.version}.")
    numbers = {id(array): number for number, array in arrays.items()}

    def number_of(array: Any) -> int | None:
        return numbers.get(id(array))

    with config_context(**message.config), _as_worker():
        parcels: list[list[Member]] = [decode(parcel, arrays) for parcel in message.parcels]
        members = [member for parcel in parcels for member in parcel]
        began = time.perf_counter()
        outcomes, unfinished = _trained(members, message.n_threads, began + message.seconds, is_cancelled)
        seconds = time.perf_counter() - began
        left, whole = list[tuple[int, Encoded | None]](), list[Member]()
        for place, parcel in enumerate(parcels):
            rest = [unfinished[member.key] for member in parcel if member.key in unfinished]
            if is_cancelled():
                rest = []
            elif [member.seconds for member in rest] == [member.seconds for member in parcel]:
                left.append((place, None))  # all are as they came
                continue
            try:
                left += [(place, encode(rest, number_of))] if rest else []
            except Exception:  # work that cannot be paused, such as a fit with callbacks, is done to its end
                whole += rest
        if whole:
            began = time.perf_counter()
            more, _ = _trained(whole, message.n_threads, math.inf, is_cancelled)
            outcomes += more
            seconds += time.perf_counter() - began
        tasks = {member.key: member.work for member in members}
        encoded = ((each.key, _encoded(each, tasks, number_of, arrays)) for each in outcomes)
        return Reply(tuple(encoded), tuple(left), seconds)


def _trained(
    members: Sequence[Member], n_threads: int, until: float, is_cancelled: Callable[[], bool]
) -> tuple[list[MemberOutcome], dict[Any, Member]]:
    """Return the outcomes of members, and the members that have not ended, by their keys."""
    outcomes: list[MemberOutcome] = []
    with Pack(n_threads, n_threads) as pack:
        pack.add(*members)
        while pack.keys and not pack.interrupt.pressed and time.perf_counter() < until:
            outcomes += pack.ended(min(until, time.perf_counter() + SECONDS_BETWEEN_CHECKS))
            if is_cancelled():
                pack.interrupt.pressed = True  # members end at their next update
                break
    outcomes += pack.ended(0.0)  # those that ended while the threads did
    return outcomes, {member.key: member for member in pack.unfinished()}


def _encoded(outcome: MemberOutcome, tasks: Mapping[Any, Any], number_of: Any, arrays: Mapping[int, Any]) -> Encoded:
    """Return an outcome with its task, if the process that runs the pack needs it."""
    task = tasks[outcome.key] if isinstance(tasks[outcome.key], PausedTask) else None
    try:
        encoded = encode((outcome, task), number_of)
        if outcome.error is not None:  # many exceptions with arguments can be encoded, but not decoded
            decode(encoded.data, arrays)
        return encoded
    except Exception as failure:
        what, said = "result", ""
        if outcome.error is not None:
            what, said = "error", f"; it is {type(outcome.error).__name__}: {outcome.error}"
        why = ClusterError(
            f"the {what} of member {outcome.key!r} cannot be sent from its worker ({type(failure).__name__}: {failure})"
            f"{said}. Use only objects that can be pickled, or threads."
        )
        return encode((MemberOutcome(outcome.key, None, why, outcome.seconds), None), number_of)
