"""Requests that train and steer: play, step, rewind, change, branch, reset, seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from multilayer.exceptions import InputError, MultilayerError
from multilayer.playground.data.data_choice import changed_data
from multilayer.playground.desk import TABLE, Desk, setup_for_bug, usual_noise, value_text
from multilayer.playground.fields import Fields
from multilayer.playground.frames import score_of
from multilayer.playground.handlers.handler import Handler
from multilayer.playground.messages import Reply, finite
from multilayer.playground.runs.seeds import MOST_SEEDS, seeds_json, train_seeds
from multilayer.playground.runs.settings import SettingError
from multilayer.playground.runs.setup import MOST_EPOCHS, RESTARTING, Setup
from multilayer.playground.scene import scene

FASTEST = 1e7  # updates per second
MOST_UPDATES = 10_000_000  # of one request, which must not take for ever
MOST_AHEAD = 100_000  # updates that a request for an update may train


def position(desk: Desk) -> Reply:
    """Return the position of the run."""
    return Reply({"update": desk.run.update, "epoch": desk.run.epoch})


def play(desk: Desk, fields: Fields, _data: bytes | None) -> Reply:
    """Train on by itself."""
    rate = fields.number("updates_per_second")
    desk.play(None if rate is None or rate >= FASTEST else rate)
    return position(desk)


def pause(desk: Desk, _fields: Fields, _data: bytes | None) -> Reply:
    """Stop playing."""
    desk.is_playing = False
    return position(desk)


def step(desk: Desk, fields: Fields, _data: bytes | None) -> Reply:
    """Train on by some updates or epochs, and pause."""
    if fields.has("updates") == fields.has("epochs"):
        raise InputError("the request 'step' needs one of the fields 'updates' and 'epochs'.")
    desk.is_playing = False
    if fields.has("updates"):
        desk.run.advance(n_updates=fields.integer("updates", low=1, high=MOST_UPDATES))
    else:
        desk.run.advance(n_epochs=fields.integer("epochs", low=1, high=MOST_EPOCHS))
    return position(desk)


def go_to(desk: Desk, fields: Fields, _data: bytes | None) -> Reply:
    """Reach exactly the state after some updates, and pause."""
    desk.is_playing = False
    desk.run.go_to(fields.integer("update", high=desk.run.last_update + MOST_AHEAD))
    return position(desk)


def change(desk: Desk, fields: Fields, _data: bytes | None) -> Reply:
    """Change parameters from here on, or start again with them."""
    changes = fields.mapping("parameters")
    run, epoch = desk.run, desk.run.epoch_of(desk.run.update)
    setup = run.setup.with_parameters(changes)
    changed = setup.changes_from(run.setup)
    _check_hidden_order(desk, changes)
    if not changed:
        return scene(desk)
    if RESTARTING & changed.keys() or run.update == 0:
        desk.start(setup, desk.bug)
        return scene(desk)
    _check_mistake_runs(desk, setup)
    if run.last_update > run.update:
        desk.keep_future(epoch, changes)
    run.change(changes)
    desk.has_new_run()
    desk.scene_number += 1
    return scene(desk)


def _check_hidden_order(desk: Desk, changes: Mapping[str, Any]) -> None:
    """Raise an error for a change that would tell whether the order of the rows is the hidden mistake."""
    if desk.bug is not None and desk.bug.is_hidden and "shuffle" in changes:
        text = "shuffle cannot change while the mistake is hidden. Guess it first, or leave the bug lab."
        raise SettingError(text, "shuffle")


def _check_mistake_runs(desk: Desk, setup: Setup) -> None:
    """Raise an error for parameters with which the mistake cannot run; the message does not name it."""
    if desk.bug is None:
        return
    refused = setup_for_bug(desk.bug, setup, desk.data)[0].changes_from(setup)
    if refused:
        name = min(refused)
        value = value_text(setup.parameters[name])
        raise SettingError(
            f"{name} cannot be {value} in the bug lab: the mistake could not run, or would have no effect. Leave the "
            "bug lab first.",
            name,
        )


def change_data(desk: Desk, fields: Fields, _data: bytes | None) -> Reply:
    """Start again with other data."""
    setup = desk.run.setup
    changes = fields.mapping("data")
    choice = changed_data(setup.data, changes)
    of_shapes = sorted({"rows", "noise"} & changes.keys())
    if choice.name == TABLE and of_shapes:
        raise SettingError(f"{of_shapes[0]} has no effect on a table. Choose a shape, or leave it out.", of_shapes[0])
    if choice.name != setup.data.name and "noise" not in changes:
        choice = replace(choice, noise=usual_noise(choice.name, choice.noise))
    desk.start(replace(setup, data=choice), desk.bug)
    return scene(desk)


def branch(desk: Desk, fields: Fields, _data: bytes | None) -> Reply:
    """Go back, change parameters, and keep the present future as a ghost."""
    run, changes = desk.run, fields.mapping("parameters")
    update, before = fields.integer("update"), run.update
    if update > run.last_update:
        raise InputError(f"the run has {run.last_update:,} updates, got a branch at update {update:,}.")
    restarting = RESTARTING & run.setup.with_parameters(changes).changes_from(run.setup).keys()
    if restarting:
        raise InputError(
            f"{min(restarting)} cannot change in a branch, because the run starts again with it. Change it without a "
            "branch."
        )
    _check_hidden_order(desk, changes)
    desk.is_playing = False
    epoch = run.epoch_of(update)
    desk.keep_future(epoch, changes)
    ghosts = desk.ghosts
    try:
        run.go_to(run.updates_of_epoch(epoch))
        setup = run.setup.with_parameters(changes)
        if run.update == 0:
            desk.start(setup, desk.bug)
            desk.ghosts = ghosts
        else:
            _check_mistake_runs(desk, setup)
            run.change(changes)
    except MultilayerError:
        run.go_to(before)
        raise
    desk.has_new_run()
    desk.scene_number += 1
    return scene(desk)


def forget_ghosts(desk: Desk, _fields: Fields, _data: bytes | None) -> Reply:
    """Forget the futures that were left."""
    desk.ghosts = []
    desk.scene_number += 1
    return scene(desk)


def reset(desk: Desk, fields: Fields, _data: bytes | None) -> Reply:
    """Start again with the same seed, a new one or a given one."""
    setup, given = desk.run.setup, fields.any("seed")
    seed = setup.parameters["random_state"]
    if given == "new":
        seed += 1
    elif given not in ("same", None):
        seed = fields.integer("seed", high=2**31 - 1)
    desk.start(setup.with_parameters({"random_state": seed}), desk.bug)
    return scene(desk)


def seeds(desk: Desk, fields: Fields, _data: bytes | None) -> Reply:
    """Train several seeds as a pack."""
    n = fields.integer("n", 10, low=2, high=MOST_SEEDS)
    n_epochs = fields.integer("epochs", max(desk.run.timeline.curves.n_epochs, 1), low=1, high=MOST_EPOCHS)
    desk.is_playing = False
    curves = train_seeds(desk.run, n, n_epochs, score_of)
    return Reply(finite(seeds_json(curves, n_epochs)))


HANDLERS: Mapping[str, Handler] = {
    "play": Handler(play, ("updates_per_second",)),
    "pause": Handler(pause),
    "step": Handler(step, ("updates", "epochs")),
    "go_to": Handler(go_to, ("update",)),
    "change": Handler(change, ("parameters",)),
    "change_data": Handler(change_data, ("data",)),
    "branch": Handler(branch, ("update", "parameters")),
    "forget_ghosts": Handler(forget_ghosts),
    "reset": Handler(reset, ("seed",)),
    "seeds": Handler(seeds, ("n", "epochs")),
}
