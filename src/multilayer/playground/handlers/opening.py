"""Requests that open a run: the default, a setup or a link."""

from __future__ import annotations

from typing import Any

from multilayer.exceptions import InputError
from multilayer.playground.bugs.lab import known_bug
from multilayer.playground.data.data_choice import DataChoice
from multilayer.playground.desk import TABLE, Desk
from multilayer.playground.fields import Fields
from multilayer.playground.handlers.handler import Handler
from multilayer.playground.handlers.lessons import begin_lesson, start_lesson
from multilayer.playground.handlers.seeing import plane_of
from multilayer.playground.lessons import Lesson
from multilayer.playground.messages import Reply
from multilayer.playground.runs.links import content_of
from multilayer.playground.runs.setup import Setup, setup_from_json
from multilayer.playground.scene import scene


def open_scene(desk: Desk, fields: Fields, _data: bytes | None) -> Reply:
    """Start a run, and leave a lesson unless one is opened."""
    if fields.has("link"):
        _open_link(desk, content_of(fields.text("link")))
    elif fields.has("lesson"):
        start_lesson(desk, fields.text("lesson"))
    elif fields.has("setup"):
        desk.start(setup_from_json(fields.mapping("setup")))
        desk.lesson = None
    elif desk.lesson is None:
        desk.start(default_setup(desk))
    return scene(desk)


def open_first(desk: Desk, lesson: Lesson | None) -> None:
    """Start the run of a new page."""
    if lesson is None:
        desk.start(default_setup(desk))
    else:
        begin_lesson(desk, lesson)


def default_setup(desk: Desk) -> Setup:
    """Return the setup of a new page: the user's table if there is one, or the two moons."""
    return Setup() if desk.table is None else Setup(DataChoice(TABLE))


def _open_link(desk: Desk, content: dict[str, Any]) -> None:
    setup: Setup = content["setup"]
    if setup.data.name == TABLE and desk.table is None:
        raise InputError("the link belongs to a table. Open the table first, then the link.")
    bug = None if content["bug"] is None else known_bug(content["bug"])
    if desk.data_of(setup.data, bug).fingerprint != content["data"]:
        raise InputError("the link belongs to other data. Open the table that it was made with, then the link.")
    desk.start(setup, bug)
    desk.lesson, desk.setup_before_bug = None, setup
    run = desk.run
    for epoch, changes in content["segments"]:
        run.advance(n_epochs=epoch - run.epoch)
        if not run.change(changes):
            raise InputError("the link cannot be opened: a change on its way starts the run again. Copy it again.")
    run.go_to(content["update"])
    if content["plane"] is not None:
        desk.show(plane=plane_of(desk, content["plane"]))


HANDLERS = {
    "open": Handler(open_scene, ("setup", "link", "lesson")),
    "scene": Handler(lambda desk, _fields, _data: scene(desk)),
}
