"""Files of a pipeline that ends in a network or an ensemble, and of a single step, such as a TableEncoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from multilayer.estimators import NotFittedError
from multilayer.exceptions import InputTypeError, ModelFileError, ParameterError
from multilayer.files.codec import Decoder, Encoder, UnstorableError
from multilayer.files.compositions import NAMED_STEPS, OF_PIPELINES, RECORDS, STEP_OF, checked_width, record_of_step
from multilayer.files.kinds import Place

_RECORD_OF = {record.make: record for record in RECORDS}
_IS_PIPELINE = {"class", "parameters", "steps", "last"}


def is_stored(model: Any) -> bool:
    """Return whether this is a pipeline, or a step that files hold."""
    return type(model) is Pipeline or type(model) in STEP_OF


def described(model: Any, encoder: Encoder, describe_last: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Return the JSON of a pipeline or a step; ``describe_last`` describes the last step of a pipeline."""
    if not isinstance(model, Pipeline) or _is_step(model.steps[-1][1]):
        return {"class": type(model).__name__, "step": _encoded(model, encoder, "step")}
    name, last = model.steps[-1]
    _refuse_unknown(model.steps[:-1])
    parameters = {each: getattr(model, each) for each in OF_PIPELINES}
    for each in ("memory", "transform_input"):
        if parameters[each] is not None:
            raise ParameterError(
                f"the parameter {each} of the pipeline cannot be stored in a file. Set it to None before saving: "
                f"pipeline.set_params({each}=None)"
            )
    steps = []
    for i, (step_name, step) in enumerate(model.steps[:-1]):
        encoded = step if _is_word(step) else _encoded(step, encoder, f"steps.{i}")
        steps.append({"tuple": [step_name, encoded]})
    return {
        "class": "Pipeline",
        "parameters": parameters,
        "steps": steps,
        "last": [name, describe_last(last, encoder, "last.")],
    }


def _is_step(step: Any) -> bool:
    return _is_word(step) or is_stored(step)


def _is_word(step: Any) -> bool:
    return step is None or (isinstance(step, str) and step == "passthrough")


def _refuse_unknown(steps: Any) -> None:
    for name, step in steps:
        if not _is_step(step):
            raise _unknown(name, step)


def _unknown(name: str, step: Any) -> InputTypeError:
    known = ", ".join(sorted(each.__name__ for each in STEP_OF))
    return InputTypeError(
        f"the step {name!r} of the pipeline is a {type(step).__name__}, which a model file cannot hold. Steps may be: "
        f"{known}. Use TableEncoder instead, or save the last step alone, pipeline[-1], and its inputs separately."
    )


def _encoded(step: Any, encoder: Encoder, path: str) -> Any:
    try:
        check_is_fitted(step)
    except ValueError:
        raise NotFittedError(f"this {type(step).__name__} is not fitted yet. Call fit first.") from None
    inner = replace(encoder, records=_RECORD_OF)
    try:
        result = inner.encode(step, path)
    except UnstorableError as error:
        raise _unstorable(step, str(error), path) from None
    encoder.text_cells = inner.text_cells
    return result


def _unstorable(step: Any, where: str, path: str) -> Exception:
    """Return the error for a value that cannot be stored: another step inside of this one, or an option."""
    for name, inner in _inside(step):
        if isinstance(inner, BaseEstimator) and type(inner) not in STEP_OF:
            return _unknown(name, inner)
    option = where.removeprefix(path).strip(".")
    return ParameterError(
        f"{type(step).__name__} cannot be stored in a file: {option!r} is or contains code, or an object of another "
        "library. Use numbers and text for options, and lists of names for columns."
    )


def _inside(step: Any) -> list[tuple[str, Any]]:
    inner = getattr(step, "transformers_", None) or getattr(step, "steps", None) or []
    found = [(name, each) for name, each, *_ in inner]
    return found + [pair for _, each in found for pair in _inside(each)]


def built(described: dict[str, Any], decoder: Decoder, build_last: Callable[..., Any]) -> Any:
    """Make a pipeline or a step from the JSON of a file."""
    if set(described) == {"class", "step"}:
        step = record_of_step(decoder.decode(described["step"]), Place("step"))
        if type(step).__name__ != described["class"]:
            raise ModelFileError("its class is not that of its step")
        return step
    last = described.get("last")
    if (
        set(described) != _IS_PIPELINE
        or described["class"] != "Pipeline"
        or not isinstance(described["parameters"], dict)
        or not set(described["parameters"]) <= set(OF_PIPELINES)
        or not isinstance(last, list)
        or len(last) != 2
        or not isinstance(last[0], str)
    ):
        raise ModelFileError("its header is not that of a pipeline")
    parameters = {
        name: OF_PIPELINES[name](decoder.decode(value), Place(name)) for name, value in described["parameters"].items()
    }
    steps = NAMED_STEPS(decoder.decode(described["steps"]), Place("steps"))
    model = build_last(last[1], decoder)
    steps = [*steps, (last[0], model)]
    width = checked_width(steps[:-1])
    names = [name for name, _ in steps]
    if len(set(names)) < len(names) or "__" in names[-1]:
        raise ModelFileError("the steps of the pipeline have names that are not distinct, or contain '__'")
    if width not in (None, model.n_features_in_):
        raise ModelFileError(f"its last step was trained on {model.n_features_in_} columns and receives {width}")
    return Pipeline(steps, **parameters)
