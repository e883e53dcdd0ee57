"""Packs: many networks trained at once, in threads or by joblib's backends."""

from multilayer.packs.clusters.choice import THREADS
from multilayer.packs.members import Member, MemberOutcome, Slice, Task, run_task
from multilayer.packs.pack import Pack
from multilayer.packs.running import MemberEnded, PackListener, run_pack

__all__ = [
    "THREADS",
    "Member",
    "MemberEnded",
    "MemberOutcome",
    "Pack",
    "PackListener",
    "Slice",
    "Task",
    "run_pack",
    "run_task",
]
