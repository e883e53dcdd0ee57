"""The programs of models: networks, ensembles, pipelines and table models."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from multilayer.ensembles import EnsembleClassifier, EnsembleRegressor
from multilayer.ensembles.greedy import LEAST_PROBABILITY
from multilayer.estimators import MLPClassifier, MLPRegressor, NotFittedError
from multilayer.exceptions import InputError, InputTypeError, ParameterError
from multilayer.exports import encoders, networks, trees
from multilayer.exports.columns import ARRAY, Cell, Table, TextInArrayError, cells_of, local_name, matrix
from multilayer.exports.operations import Arithmetic, Function, Input, Mean, Node, affine, cast
from multilayer.exports.program import Program
from multilayer.exports.steps import names_in, transformed
from multilayer.tables import TableEncoder
from multilayer.tables.models import TableClassifier, TableRegressor
from multilayer.tables.models.parts import parts_of

CLASSIFIERS = (MLPClassifier, EnsembleClassifier, TableClassifier)
REGRESSORS = (MLPRegressor, EnsembleRegressor, TableRegressor)


def program_of(model: Any, zoned: Collection[str] = (), *, may_encode: bool = False) -> Program:
    """Return the program of a fitted model.

    Parameters
    ----------
    model : estimator or Pipeline
        A fitted network, ensemble, table model, or a pipeline that ends in one of the first two.
    zoned : collection of str, default=()
        The columns of dates whose rows have a time zone.
    may_encode : bool, default=False
        Whether the model may be a TableEncoder, whose program computes the encoded columns.

    Returns
    -------
    Program
        The program.

    Raises
    ------
    NotFittedError, InputTypeError, ParameterError
        If it is not fitted, or cannot be exported.
    """
    if not (may_encode and isinstance(model, TableEncoder)):
        _check_kind(model)
    names = names_of(model)
    n = _width_of(model)
    if names is None:
        try:
            return _program(model, cells_of(Input(ARRAY, _type_of_array(model), n)))
        except TextInArrayError:
            names = [f"x{i}" for i in range(n)]
    for name in zoned:
        if name not in names:
            raise InputError(f"zoned names the column {name!r}, which the model does not have. Its columns: {names!r}.")
    table = Table(names, frozenset(zoned))
    found = _program(model, table.cells())
    unused = [name for name in zoned if local_name(name) not in table.inputs]
    if unused:
        raise ParameterError(
            f"zoned names the column {unused[0]!r}, of which the model uses no part of the calendar. Remove it."
        )
    order = [each for name in names for each in (name, local_name(name))]
    return replace(found, names=order, meanings=table.meanings)


def _check_kind(model: Any) -> None:
    last = model.steps[-1][1] if isinstance(model, Pipeline) else model
    if not isinstance(last, CLASSIFIERS + REGRESSORS):
        raise InputTypeError(
            f"a model that is exported is, or ends in, an MLPClassifier, MLPRegressor, EnsembleClassifier, "
            f"EnsembleRegressor, TableClassifier or TableRegressor, got {type(last).__name__}."
            + (' Export one of its models: result["estimator"][0].' if type(last).__name__ == "CrossValidation" else "")
        )
    last._check_is_fitted()


def _first(model: Any) -> Any:
    """Return the first step of a pipeline that has seen the columns."""
    if not isinstance(model, Pipeline):
        return model
    used = [step for _, step in model.steps if step is not None and not isinstance(step, str)]
    return _first(used[0])


def names_of(model: Any) -> Any:
    """Return the names of the columns that a model was fitted on; None without names."""
    first = _first(model)
    if isinstance(first, EnsembleClassifier | EnsembleRegressor) and names_in(first) is None:
        return names_of(first.estimators_[0])
    return list(first._names) if isinstance(first, TableClassifier | TableRegressor) else names_in(first)


def _width_of(model: Any) -> int:
    first = _first(model)
    if not hasattr(first, "n_features_in_"):
        raise NotFittedError(f"this {type(first).__name__} is not fitted yet. Call fit first.")
    return int(first.n_features_in_)


def _type_of_array(model: Any) -> Any:
    """Return the type of an array of rows: float32 if all networks receive the rows and compute in float32."""
    members = model.estimators_ if isinstance(model, EnsembleClassifier | EnsembleRegressor) else [model]
    are_networks = all(isinstance(each, MLPClassifier | MLPRegressor) for each in members)
    return "float32" if are_networks and all(networks.type_of(each) == "float32" for each in members) else "float64"


def _program(model: Any, cells: list[Cell]) -> Program:
    last, cells = _behind_steps(model, cells)
    kind = type(model).__name__
    if isinstance(model, Pipeline):
        kind = f"Pipeline of {', '.join(type(step).__name__ for _, step in model.steps)}"
    if isinstance(last, CLASSIFIERS):
        values, scores = _classified(last, cells)
        is_multilabel = not isinstance(last, TableClassifier) and last._labels.multilabel
        return Program(values, "labels" if is_multilabel else "classes", last.classes_, scores, model=kind)
    if isinstance(last, TableEncoder):
        return Program(encoders.encoded(last, cells), "amounts", is_column=False, model=kind)
    values = _amounts(last, cells)
    is_column = values.width == 1 and not getattr(last, "_is_matrix", False)
    return Program(values, "amounts", is_column=is_column, model=kind)


def _behind_steps(model: Any, cells: list[Cell]) -> tuple[Any, list[Cell]]:
    """Return the last step of a pipeline with the cells that it receives; another model with the given cells."""
    while isinstance(model, Pipeline):
        for name, step in model.steps[:-1]:
            cells = transformed(name, step, cells)
        model = model.steps[-1][1]
    return model, cells


def _classified(model: Any, cells: list[Cell]) -> tuple[Node, Node]:
    """Return the probabilities, and the node that decides the class."""
    model, cells = _behind_steps(model, cells)
    if isinstance(model, MLPClassifier):
        return networks.probabilities(model, matrix(cells))
    if isinstance(model, TableClassifier):
        found = _tempered(_mean_of_parts(model, cells), model.temperature_)
        return found, found
    if isinstance(model, EnsembleClassifier):
        members = [
            networks.all_classes(_classified(each, cells)[0], each.classes_, model.classes_)
            for each in model.estimators_
        ]
        found = _mean(members, model.weights_.tolist())
        return found, found
    raise _unknown_member(model)


def _amounts(model: Any, cells: list[Cell]) -> Node:
    model, cells = _behind_steps(model, cells)
    if isinstance(model, MLPRegressor):
        return networks.amounts(model, matrix(cells))
    if isinstance(model, TableRegressor):
        return _mean_of_parts(model, cells)
    if isinstance(model, EnsembleRegressor):
        return _mean([_amounts(each, cells) for each in model.estimators_], model.weights_.tolist())
    raise _unknown_member(model)


def _unknown_member(model: Any) -> InputTypeError:
    return InputTypeError(
        f"a member of the ensemble is a {type(model).__name__}, which cannot be exported. Members may be MLPClassifier "
        "and MLPRegressor, and pipelines that end in them."
    )


def _mean(members: list[Node], weights: list[float]) -> Node:
    """Return the weighted mean, computed in float64."""
    kind = "float32" if all(each.type == "float32" for each in members) else "float64"
    total = sum(weights)
    shares = tuple(weight / total for weight in weights)
    return cast(Mean(tuple(cast(each, "float64") for each in members), shares), kind)  # type: ignore[arg-type]


def _mean_of_parts(model: Any, cells: list[Cell]) -> Node:
    """Return the weighted mean of the networks and trees of a table model."""
    X: dict[int, Node] = {}
    members, weights = [], []
    for part in parts_of(model):
        key = id(part.encoder)
        if key not in X:
            X[key] = encoders.encoded(part.encoder, cells)
        n_classes = len(model.classes_) if isinstance(model, TableClassifier) else 0
        is_network = part.network is not None
        members.append(
            _of_part(model, part.network, X[key]) if is_network else trees.predicted(part.trees, X[key], n_classes)
        )
        weights.append(part.weight)
    return _mean(members, weights)


def _of_part(model: Any, network: Any, X: Node) -> Node:
    if isinstance(model, TableClassifier):
        found = cast(networks.probabilities(network, X)[0], "float64")
        if found.type != networks.type_of(network):  # rounded to float32, probabilities sum to 1 within 1e-7 only
            found = Function(found, "share")
        return networks.all_classes(found, network.classes_, np.arange(len(model.classes_)))
    Z = cast(networks.amounts(network, X), "float64")
    low, high = model._range
    return networks.limited(affine(Z, model._loss.unit, model._loss.centre), low, high)


def _tempered(p: Node, temperature: float) -> Node:
    """(T1) p'_k = p_k^(1/T) / Σ_j p_j^(1/T)."""
    if temperature == 1.0:
        return p
    raised = Arithmetic(p, "max", np.full(p.width, LEAST_PROBABILITY))
    return Function(Arithmetic(Function(raised, "log"), "/", np.full(p.width, temperature)), "softmax")
