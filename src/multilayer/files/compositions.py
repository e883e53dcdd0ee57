"""The schema of steps that hold other steps, and the list of all steps: a Pipeline and a ColumnTransformer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from multilayer.exceptions import ModelFileError
from multilayer.files import columns, encoders
from multilayer.files.columns import ColumnPart
from multilayer.files.kinds import (
    Kind,
    Place,
    Record,
    either,
    flag,
    integer,
    mapping,
    nothing,
    number,
    optional,
    pair,
    record,
    sequence,
    text,
)
from multilayer.files.step import MAX_COLUMNS, Step, step_of
from multilayer.files.steps import INDICATOR, PLAIN_STEPS

MAX_DEPTH = 8  # of pipelines and column transformers in each other
MAX_JOBS = 64  # processes that scikit-learn starts for a ColumnTransformer


def record_of_step(value: Any, place: Place) -> Any:
    if place.name.count(".steps.") + place.name.count(".parts.") > MAX_DEPTH:
        raise ModelFileError(f"its pipelines are nested more than {MAX_DEPTH} deep")
    return record(*STEPS)(value, place)


STEP_OR_WORD = either(optional(text("passthrough")), record_of_step)
NAMED_STEPS = sequence(pair(text(), STEP_OR_WORD), list)
OF_PIPELINES: dict[str, Kind] = {"memory": nothing, "transform_input": nothing, "verbose": flag}


class _PipelineStep(Step):
    """A pipeline of steps without a network at its end."""

    def parts(self, value: Any) -> dict[str, Any]:
        return super().parts(value) | {"steps": [tuple(pair) for pair in value.steps]}


def shape_of(step: Any) -> tuple[int, int]:
    """Return the numbers of columns that a fitted step receives and returns."""
    if isinstance(step, Pipeline):
        shapes = [shape_of(each) for _, each in step.steps if each is not None and not isinstance(each, str)]
        return shapes[0][0], shapes[-1][1]
    return int(step.n_features_in_), STEP_OF[type(step)].width(step)


def checked_width(steps: list[tuple[str, Any]]) -> int | None:
    """Return the number of columns after the steps, or raise an error if a step receives another number.

    It is None without a step that fixes the number.
    """
    names = [name for name, _ in steps]
    if len(set(names)) < len(names) or any("__" in name for name in names):
        raise ModelFileError("the steps of a pipeline have names that are not distinct, or contain '__'")
    found = None
    for name, step in steps:
        if step is None or isinstance(step, str):
            continue
        n_received, n_returned = shape_of(step)
        if found not in (None, n_received):
            raise ModelFileError(f"the step {name[:80]!r} was fitted on {n_received} columns and receives {found}")
        found = n_returned
    return found


def _check_pipeline(pipeline: Pipeline) -> None:
    if checked_width(pipeline.steps) is None:
        raise ModelFileError("a pipeline has no step that is fitted")


PIPELINE = _PipelineStep(
    "Pipeline",
    Pipeline,
    {**OF_PIPELINES, "steps": NAMED_STEPS},
    learnt={"steps": NAMED_STEPS},
    check=_check_pipeline,
)


class _ColumnTransformerStep(Step):
    """A ColumnTransformer as its parts; ``transformers`` of a loaded one are clones of the fitted ones."""

    def parts(self, value: Any) -> dict[str, Any]:
        check_is_fitted(value)
        found, remainder = columns.parts_of(value)
        rest = super().parts(value)
        return {**rest, "parts": found, "rest": remainder}

    def built(self, parts: Mapping[str, Any]) -> Any:
        self.check_complete(parts)
        others = {self.attribute(name): each for name, each in parts.items() if name not in ("parts", "rest")}
        return columns.built(others, parts["parts"], parts["rest"], shape_of)


PART = Record(
    "ColumnPart",
    ColumnPart,
    {
        "name": text(),
        "step": either(text("drop"), record_of_step),
        "columns": either(sequence(text(), list), sequence(flag, list), sequence(integer(-MAX_COLUMNS), list)),
        "indices": sequence(integer(0, MAX_COLUMNS), list),
        "passes": flag,
    },
    ("name", "step", "columns", "indices", "passes"),
)
COLUMN_TRANSFORMER = step_of(
    ColumnTransformer,
    {
        "sparse_threshold": number(0.0),
        "n_jobs": optional(integer(-MAX_JOBS, MAX_JOBS)),
        "transformer_weights": optional(mapping(text(), number())),
        "verbose": flag,
        "verbose_feature_names_out": either(flag, text()),
    },
    {"parts": sequence(record(PART), list), "rest": record(PART), "sparse_output_": flag},
    _ColumnTransformerStep,
    derived=(
        *("transformers", "remainder", "transformers_", "_columns", "_transformer_to_input_indices", "_remainder"),
        *("output_indices_", "_transformers_feature_names_out", "_n_features"),
    ),
    width=columns.width,
)
STEPS = (*PLAIN_STEPS, PIPELINE, COLUMN_TRANSFORMER)
STEP_OF = {step.make: step for step in STEPS}
RECORDS = (*STEPS, INDICATOR, PART, *encoders.RECORDS)
