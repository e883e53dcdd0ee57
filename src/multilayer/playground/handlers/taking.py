"""Requests that take the run along, or bring a table: code, link, model file, upload."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

from sklearn.pipeline import make_pipeline

from multilayer.exceptions import DataFileError, InputError
from multilayer.files import save_model
from multilayer.playground.data.data_choice import DataChoice
from multilayer.playground.data.open_table import VALIDATION_FRACTION, opened_table
from multilayer.playground.data.table_description import describe_table
from multilayer.playground.desk import TABLE, Desk
from multilayer.playground.fields import Fields
from multilayer.playground.handlers.handler import Handler
from multilayer.playground.messages import Reply, finite
from multilayer.playground.runs.code import python_code
from multilayer.playground.runs.links import link_of
from multilayer.playground.scene import scene

_READING = ("decimal", "encoding", "separator", "date_format")  # options of read_table


def python(desk: Desk, _fields: Fields, _data: bytes | None) -> Reply:
    """Return the run as a program."""
    if desk.bug is not None:
        raise InputError("a program with a mistake cannot be written with the estimators. Leave the bug lab first.")
    code, cost = python_code(desk.run)
    return Reply({"code": code, "epochs": desk.run.epoch, "cost": cost})


def link(desk: Desk, _fields: Fields, _data: bytes | None) -> Reply:
    """Return a text that restores the whole state."""
    if desk.bug is not None and desk.bug.is_hidden:
        raise InputError("a link would name the hidden mistake. Guess it first, or leave the bug lab.")
    plane = desk.view.plane
    chosen = None if plane is None else {"kind": plane.kind, "x": plane.x.name, "y": plane.y.name or None}
    return Reply({"link": link_of(desk.run, None if desk.bug is None else desk.bug.name, chosen)})


def save(desk: Desk, _fields: Fields, _data: bytes | None) -> Reply:
    """Return a model file, which predicts for rows of the table if the data are one."""
    model, encoder = desk.run.snapshot(), desk.data.encoder
    name = f"{Path(desk.table.name).stem if desk.data.is_table and desk.table else desk.data.name}.safetensors"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        save_model(model if encoder is None else make_pipeline(encoder, model), path)
        return Reply({"name": name}, payload=path.read_bytes())


def upload(desk: Desk, fields: Fields, data: bytes | None) -> Reply:
    """Describe the columns of a table, or take it as the data if its target is given."""
    if not data:
        raise InputError("the file is empty. Choose a CSV, Parquet or Arrow file with column names and rows.")
    name, target = fields.text("name"), fields.optional_text("target")
    reading = {option: fields.text(option) for option in _READING if fields.has(option)}
    try:
        if target is None:
            return Reply(finite(asdict(describe_table(io.BytesIO(data), reading))))
        desk.table = opened_table(io.BytesIO(data), name, target, fields.text("task", "auto"), reading)
    except DataFileError as error:  # the reader does not know the name
        raise DataFileError(str(error).replace("the file", name, 1)) from None
    desk.forget_data()
    setup = desk.run.setup
    fraction = setup.data.validation_fraction or VALIDATION_FRACTION
    desk.start(replace(setup, data=DataChoice(TABLE, seed=setup.data.seed, validation_fraction=fraction)))
    desk.lesson = None
    return scene(desk)


HANDLERS: Mapping[str, Handler] = {
    "python": Handler(python),
    "link": Handler(link),
    "save": Handler(save),
    "upload": Handler(upload, ("name", "target", "task", *_READING), has_bytes=True),
}
