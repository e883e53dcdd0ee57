"""Requests of the bug lab."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from multilayer.exceptions import InputError
from multilayer.learn.bugs import BUGS
from multilayer.playground.bugs.check import check_program
from multilayer.playground.bugs.lab import bug_json, guess, known_bug, mystery
from multilayer.playground.bugs.setups import bugs_for
from multilayer.playground.desk import Desk
from multilayer.playground.fields import Fields
from multilayer.playground.handlers.handler import Handler
from multilayer.playground.messages import Reply, finite
from multilayer.playground.runs.next_update import update_ahead
from multilayer.playground.scene import scene

MYSTERY = "mystery"


def bugs(desk: Desk, _fields: Fields, _data: bytes | None) -> Reply:
    """List the mistakes, and those that the present data can run."""
    possible = bugs_for(desk.data.task, len(desk.data.class_names))
    listed = [{**bug_json(bug), "is_possible": bug.name in possible} for bug in BUGS.values()]
    requires = None if possible else "The mistakes need at least two classes, or amounts."
    return Reply({"bugs": listed, "requires": requires})


def set_bug(desk: Desk, fields: Fields, _data: bytes | None) -> Reply:
    """Start again with a mistake in the program, a hidden one, or none."""
    name = fields.optional_text("name")
    case = None
    if name == MYSTERY:
        # Not a seed of the run: the same mystery would come again after a reset.
        seed = int(np.random.default_rng().integers(2**31))
        case = mystery(seed, desk.data.task, len(desk.data.class_names))
    elif name is not None:
        case = known_bug(name)
    before = desk.run.setup
    if desk.bug is not None:
        before = replace(desk.setup_before_bug, data=before.data)
    desk.start(before, case)
    desk.setup_before_bug = before
    return scene(desk)


def check_bug(desk: Desk, _fields: Fields, _data: bytes | None) -> Reply:
    """Check the gradient of the program that runs."""
    run = desk.run
    found = check_program(run.fit.problem.engine, run.objective, run.parameters, update_ahead(run).rows)
    return Reply(finite(found.json()))


def guess_bug(desk: Desk, fields: Fields, _data: bytes | None) -> Reply:
    """Compare a guess with the mistake that runs."""
    if desk.bug is None:
        raise InputError("the program that runs has no mistake. Switch one on, or a mystery.")
    found = guess(desk.bug, fields.text("name"))
    desk.bug = found.case
    desk.scene_number += 1
    return Reply({"is_right": found.is_right, "text": found.text})


HANDLERS: Mapping[str, Handler] = {
    "bugs": Handler(bugs),
    "set_bug": Handler(set_bug, ("name",)),
    "check_bug": Handler(check_bug),
    "guess_bug": Handler(guess_bug, ("name",)),
}
