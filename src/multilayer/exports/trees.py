"""The gradient-boosted trees of a table model as operations."""

from __future__ import annotations

from typing import Any

import numpy as np

from multilayer.exports import networks
from multilayer.exports.operations import Arithmetic, Dense, Function, Node, Select, Trees, affine, cast, joined
from multilayer.tables.models.forest import Forest
from multilayer.tables.models.trees import ConstantClasses, TreeModel


def predicted(model: TreeModel, X: Node, n_classes: int) -> Node:
    """Return the probabilities of all classes, or the amounts if there are no classes."""
    if isinstance(model, ConstantClasses):
        zero = Arithmetic(Function(cast(Select(X, (0,)), "float64"), "gap"), "*", np.zeros(1))
        return networks.all_classes(affine(zero, np.ones(1), model.shares), model.classes, np.arange(n_classes))
    if isinstance(model, Forest):
        return networks.all_classes(_probabilities(model, X), model.classes_, np.arange(n_classes))
    amounts = joined([_amount(forest, X) for forest in model.forests])
    if model.loss.several_levels:
        amounts = _sorted(amounts)
    return affine(amounts, model.loss.unit, model.loss.centre)


def _probabilities(forest: Forest, X: Node) -> Node:
    sums = Trees(X, forest)
    if forest.link == "multinomial":
        return Function(sums, "softmax")
    return Function(Dense(sums, np.array([[-1.0, 1.0]]), np.zeros(2)), "sigmoid")


def _amount(forest: Forest, X: Node) -> Node:
    sums = Trees(X, forest)
    return Function(sums, "exp") if forest.link == "log" else sums


def _sorted(of: Node) -> Node:
    """Sort the values of each row, by exchanges of neighbours."""
    columns: list[Any] = [Select(of, (column,)) for column in range(of.width)]
    for last in range(of.width - 1, 0, -1):
        for place in range(last):
            one, other = columns[place : place + 2]
            columns[place : place + 2] = [Arithmetic(one, "min", other), Arithmetic(one, "max", other)]
    return joined(columns)
