"""The scene: what the page draws once, before the frames, as PROTOCOL.md describes it."""

from __future__ import annotations

from typing import Any

import numpy as np

from multilayer.network import activation_name
from multilayer.playground.data.play_data import PlayData
from multilayer.playground.desk import Desk
from multilayer.playground.lessons.progress import lesson_json
from multilayer.playground.messages import Reply, finite
from multilayer.playground.runs.setup import choices
from multilayer.playground.runs.timeline import Ghost


def scene(desk: Desk) -> Reply:
    """Return the whole scene."""
    run, data = desk.run, desk.data
    network = run.network
    shown = view_reply(desk)
    fields = {
        "scene": desk.scene_number,
        "run": desk.run_number,
        "setup": _shown_setup(desk),
        "data": _data_json(data),
        "network": {
            "layer_sizes": list(network.layer_sizes),
            "activations": [activation_name(each) for each in network.hidden],
            "output": activation_name(network.output),
            "cost": run.viewer.loss,
            "n_parameters": int(run.parameters.size),
        },
        "choices": choices(run.setup.parameters, data),
        "has_table": desk.table is not None,
        "baselines": desk.baselines,
        "segments": [
            {"epoch": each.epoch, "update": each.update, "changes": _plain(each.changes)} for each in run.segments
        ],
        "ghosts": [_ghost_json(ghost) for ghost in desk.ghosts],
        "bug": None if desk.bug is None else {**desk.bug.json(), "changes": list(desk.bug_changes)},
        "lesson": None if desk.lesson is None else lesson_json(*desk.lesson),
    }
    return Reply(finite({**fields, **shown.fields}), shown.arrays)


def _data_json(data: PlayData) -> dict[str, Any]:
    return {
        "title": data.title,
        "task": data.task,
        "classes": list(data.class_names),
        "target": data.target_name,
        "n_rows": len(data.X),
        "n_validation": 0 if data.X_val is None else len(data.X_val),
        "columns": [
            {"name": each.name, "kind": each.kind, "missing": each.missing, "is_used": bool(each.inputs)}
            for each in data.columns
        ],
        "inputs": list(data.inputs),
        "is_table": data.is_table,
        "notes": list(data.notes),
    }


def _ghost_json(ghost: Ghost) -> dict[str, Any]:
    return {
        "run": ghost.run,
        "label": ghost.label,
        "from": ghost.epoch,
        "costs": ghost.curves.costs,
        "validation_costs": ghost.curves.validation_costs,
        "validation_scores": ghost.curves.validation_scores,
    }


def _shown_setup(desk: Desk) -> dict[str, Any]:
    """Return the setup, in which the order of the rows does not give a hidden mistake away."""
    setup = desk.run.setup.to_json()
    if desk.bug is not None and desk.bug.is_hidden:
        setup["parameters"]["shuffle"] = True
    return setup


def view_reply(desk: Desk) -> Reply:
    """Return the view, and the points in its plane."""
    view, plane, data = desk.view, desk.view.plane, desk.data
    if plane is None:
        return Reply({"view": {"number": view.number, "plane": None, "x": None, "y": None, "note": ""}})
    axes = {
        name: {
            "name": axis.name,
            "unit": axis.unit,
            "low": axis.low,
            "high": axis.high,
            "categories": None if axis.categories is None else list(axis.categories),
        }
        for name, axis in (("x", plane.x), ("y", plane.y))
    }
    chosen = {"kind": plane.kind, "x": plane.x.name, "y": plane.y.name}
    arrays = {"points": plane.points, "targets": data.targets[plane.shown].astype(np.float32)}
    if data.targets_val is not None:
        arrays["points_validation"] = plane.points_validation
        arrays["targets_validation"] = data.targets_val[plane.shown_validation].astype(np.float32)
    numbers = {
        "number": view.number,
        "plane": chosen,
        "resolution": view.resolution,
        "unit_resolution": view.unit_resolution,
        "shows_units": view.shows_units,
        "shown": plane.shown.tolist(),
        "shown_validation": None if data.X_val is None else plane.shown_validation.tolist(),
    }
    return Reply({"view": {**numbers, **axes, "note": plane.note}}, arrays)


def _plain(changes: Any) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in changes.items()}
