"""The building of an estimator from the JSON of a file: its parameters and attributes, checked against the schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from multilayer.exceptions import ModelFileError
from multilayer.files.codec import Decoder
from multilayer.files.kinds import Place
from multilayer.files.schema import ATTRIBUTES, EstimatorSchema

PARTS = ("class", "parameters", "attributes")
Decoded = tuple[EstimatorSchema, dict[str, Any], dict[str, Any]]


def decoded(described: Any, decoder: Decoder, kinds: Mapping[str, EstimatorSchema]) -> Decoded:
    """Decode the class, the parameters and the attributes, which are checked later."""
    if (
        not isinstance(described, dict)
        or set(described) != set(PARTS)
        or not all(isinstance(described[part], dict) for part in ("parameters", "attributes"))
    ):
        raise ModelFileError("its header is not that of a model")
    name = described["class"]
    if not isinstance(name, str) or name not in kinds:
        raise ModelFileError(f"it holds a {str(name)[:80]!r}, and models are {', '.join(kinds)}")
    kind = kinds[name]
    unknown = sorted(set(described["parameters"]) - (set(kind.parameters) & set(kind.make._get_param_names())))
    if unknown:
        raise ModelFileError(f"{name} has parameters that are unknown to this version: {str(unknown)[:200]}")
    for each in described["attributes"]:
        if each not in kind.attributes and each not in kind.optional:
            raise ModelFileError(f"{each[:80]!r} is not an attribute of a model")
    parameters = {each: decoder.decode(value) for each, value in described["parameters"].items()}
    return kind, parameters, {each: decoder.decode(value) for each, value in described["attributes"].items()}


def built(kind: EstimatorSchema, parameters: Mapping[str, Any], attributes: Mapping[str, Any], place: Place) -> Any:
    """Make an estimator from values that are checked against the schema."""
    for name in kind.attributes:
        if name not in attributes:
            raise ModelFileError(f"{name} is missing")
    known = {**kind.attributes, **kind.optional}
    model = kind.make(**checked_parameters(kind, parameters, place))
    for name, kind_of_value in known.items():
        if name in attributes:
            setattr(model, ATTRIBUTES.get(name, name), kind_of_value(attributes[name], place.inside(name)))
    return model


def checked_parameters(kind: EstimatorSchema, parameters: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """Return the parameters of an estimator after their checks."""
    return {name: kind.parameters[name](value, place.inside(name)) for name, value in parameters.items()}
