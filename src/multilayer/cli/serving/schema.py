"""``/schema``: the requests and answers of a model in JSON Schema, with an example."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from multilayer.cli.prediction.saved import SavedModel
from multilayer.cli.serving.cells import CELLS
from multilayer.cli.serving.limits import ServerLimits
from multilayer.cli.serving.requests import MOST_EXPLAINED
from multilayer.tables.models import InputColumn, input_columns

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_EPOCH = dt.datetime(1970, 1, 1)
_DAY = 86_400
_MOST_CATEGORIES = 1_000  # in the schema


def schema_of(saved: SavedModel, title: str, description: str, limits: ServerLimits) -> dict[str, Any]:
    """The schema of a request, and below ``$defs`` those of a row and of the answer."""
    columns = input_columns(saved.model)
    rows: dict[str, Any] = {
        "type": "array",
        "minItems": 1,
        "maxItems": limits.most_rows,
        "items": {"$ref": "#/$defs/row"},
    }
    properties: dict[str, Any] = {"rows": rows}
    if saved.is_table_model:
        share = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
        properties["interval"] = share | {"description": f"Share of right answers that {_region(saved)} hold."}
        text = f"Whether to explain each prediction by its columns; at most {MOST_EXPLAINED} rows then."
        properties["explain"] = {"type": "boolean", "default": False, "description": text}
    return {
        "$schema": _DIALECT,
        "title": title,
        "description": description,
        "type": "object",
        "properties": properties,
        "required": ["rows"],
        "additionalProperties": False,
        "examples": [{"rows": [example_row(saved, columns)]}],
        "$defs": {"row": _row(saved, columns), "answer": _answer(saved, columns)},
    }


def example_row(saved: SavedModel, columns: Sequence[InputColumn]) -> Any:
    """A row in the middle of the training rows, in the form of a request."""
    values = {column.name: _typical(column) for column in columns}
    return values if saved.has_names else list(values.values())


def _region(saved: SavedModel) -> str:
    return "the sets of classes" if saved.classifies else "the intervals"


def _row(saved: SavedModel, columns: Sequence[InputColumn]) -> dict[str, Any]:
    described = {column.name: _column(column) for column in columns}
    if saved.has_names:
        return {
            "type": "object",
            "description": "The columns by name, null for a gap. Further columns are ignored.",
            "properties": described,
            "required": list(described),
        }
    items = [{"title": name, **value} for name, value in described.items()]
    return {
        "type": "array",
        "description": "The columns in the order of the training, null for a gap.",
        "prefixItems": items,
        "minItems": len(items),
        "maxItems": len(items),
    }


def _column(column: InputColumn) -> dict[str, Any]:
    kind = column.kind or "empty"
    found: dict[str, Any] = {**CELLS[kind].json, "x-kind": kind}
    said = {
        "time": "A time of day.",
        "date": "A date, or a moment.",
        "duration": "Seconds.",
        "empty": "Not used.",
    }.get(kind, "")
    if column.spelled is not None:
        said = f"Text that spells a {column.spelled}."
        found["x-spelled"] = column.spelled
    if column.categories is not None and len(column.categories) <= _MOST_CATEGORIES:
        found["x-categories"] = list(column.categories)
        said = "Other categories than these are accepted, with a warning."
    if kind != "Boolean" and column.low <= column.high:
        low, high = (_written(column, value) for value in (column.low, column.high))
        if low is not None and high is not None:  # dates beyond the years 1 to 9999 cannot be written
            found["x-range"] = [low, high]
            said = f"{said} {low} to {high} in the training rows.".strip()
    found["examples"] = [_typical(column)]
    return found | ({"description": said} if said else {})


def _typical(column: InputColumn) -> Any:
    """A value in the middle of the training rows; null if the model does not know one."""
    if column.kind == "Boolean":
        return True
    if column.categories:
        return column.categories[0]
    if math.isfinite(column.centre):
        centre = _written(column, column.centre)
        return float(f"{centre:.6g}") if isinstance(centre, float) else centre
    return {"number": 0.0, "text": ""}.get(column.kind or "empty")


def _written(column: InputColumn, value: float) -> Any:
    """A number of the model as a value of a request."""
    kind = column.spelled or column.kind
    if kind == "date":
        moment = np.datetime64(int(value), "s").astype(object)
        if not isinstance(moment, dt.datetime):
            return None  # beyond the years 1 to 9999
        are_days = not (column.low % _DAY or column.high % _DAY)
        return moment.date().isoformat() if are_days else moment.isoformat()
    if kind == "time":
        return (_EPOCH + dt.timedelta(seconds=min(int(value), _DAY - 1))).time().isoformat()
    number = float(f"{value:.6g}") if math.isnan(column.low) or not column.low <= value <= column.high else value
    number = int(number) if number.is_integer() and abs(number) < 1e15 else number
    return str(number) if column.spelled is not None else number


def _answer(saved: SavedModel, columns: Sequence[InputColumn]) -> dict[str, Any]:
    number: dict[str, Any] = {"type": ["number", "null"]}
    properties: dict[str, Any] = {}
    if saved.classifies:
        labels = np.asarray(saved.model.classes_)
        plain = [label if isinstance(label, str | int | float | bool) else str(label) for label in labels.tolist()]
        shares = {str(label): {"type": "number", "minimum": 0, "maximum": 1} for label in labels}
        properties["prediction"] = {"enum": plain, "description": "The most probable class."}
        properties["probabilities"] = {"type": "object", "properties": shares, "required": list(shares)}
        if saved.is_table_model:
            properties["set"] = {"type": "array", "items": {"enum": plain}, "description": 'With "interval".'}
    else:
        properties["prediction"] = {"type": ["number", "array"], "description": "A list if there are several."}
        if saved.is_table_model:
            ends = {"lower": number, "upper": number}
            text = 'With "interval"; null for an end that is open.'
            properties["interval"] = {"type": "object", "properties": ends, "description": text}
    if saved.is_table_model:
        parts = {column.name: {"type": "number"} for column in columns}
        reasons: dict[str, Any] = {
            "baseline": {"type": "number"},
            "contributions": {"type": "object", "properties": parts},
        }
        text = 'With "explain": the baseline, and the contribution of each column to the difference from it.'
        properties["explanation"] = {"type": "object", "properties": reasons, "description": text}
    text = "What the training rows did not have."
    properties["warnings"] = {"type": "array", "items": {"type": "string"}, "description": text}
    items = {"type": "object", "properties": properties}
    return {"type": "object", "properties": {"predictions": {"type": "array", "items": items}}}
