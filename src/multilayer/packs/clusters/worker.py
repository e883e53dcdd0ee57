"""The part of a pack that runs on a worker: some members, in threads, for some seconds."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sklearn import config_context

from multilayer.exceptions import ClusterError
from multilayer.packs.clusters.messages import Encoded, Message, Reply, decode, encode
from multilayer.packs.members import Member, MemberOutcome, PausedTask
from multilayer.packs.pack import Pack


def work_on(message: Message, arrays: Mapping[int, Any]) -> Reply:
    """Train the members of a message, and return the outcomes and the members that have not ended.

    Parameters
    ----------
    message : Message
        The members.
    arrays : mapping of int to array
        The large arrays that they refer to.

    Returns
    -------
    Reply
        The outcomes, and the members that have not ended with their progress.
    """
    numbers = {id(array): number for number, array in arrays.items()}

    def number_of(array: Any) -> int | None:
        return numbers.get(id(array))

    with config_context(**message.config):
        began = time.perf_counter()
        parcels: list[list[Member]] = [decode(parcel, arrays) for parcel in message.parcels]
        members = [member for parcel in parcels for member in parcel]
        outcomes, unfinished = _trained(members, message.n_threads, began + message.seconds)
        left, whole = [], list[Member]()
        for place, parcel in enumerate(parcels):
            rest = [unfinished[member.key] for member in parcel if member.key in unfinished]
            try:
                left += [(place, encode(rest, number_of))] if rest else []
            except Exception:  # work that cannot be paused, such as a fit with callbacks, is done to its end
                whole += rest
        if whole:
            more, _ = _trained(whole, message.n_threads, math.inf)
            outcomes += more
        seconds = time.perf_counter() - began
        tasks = {member.key: member.work for member in members}
        return Reply(tuple(_encoded(each, tasks, number_of) for each in outcomes), tuple(left), seconds)


def _trained(members: Sequence[Member], n_threads: int, until: float) -> tuple[list[MemberOutcome], dict[Any, Member]]:
    """Return the outcomes of members, and the members that have not ended, by their keys."""
    outcomes: list[MemberOutcome] = []
    with Pack(n_threads, n_threads) as pack:
        pack.add(*members)
        outcomes += pack.ended(until)
    outcomes += pack.ended(0.0)  # those that ended while the threads did
    return outcomes, {member.key: member for member in pack.unfinished()}


def _encoded(outcome: MemberOutcome, tasks: Mapping[Any, Any], number_of: Any) -> Encoded:
    """Return an outcome with its task, if the process that runs the pack needs it."""
    task = tasks[outcome.key] if isinstance(tasks[outcome.key], PausedTask) else None
    try:
        return encode((outcome, task), number_of)
    except Exception as failure:
        value = "error" if outcome.error is not None else "result"
        error = ClusterError(
            f"the {value} of member {outcome.key!r} cannot be sent from its worker: {type(failure).__name__}: "
            f"{failure}. Use only objects that can be pickled, or threads."
        )
        return encode((MemberOutcome(outcome.key, None, error, outcome.seconds), None), number_of)
