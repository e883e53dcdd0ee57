"""Networks as operations: layers, activations, and outputs in the units of y."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.estimators import MLPClassifier
from multilayer.exceptions import ParameterError
from multilayer.exports.operations import (
    Arithmetic,
    Dense,
    Function,
    Join,
    Node,
    Select,
    Type,
    affine,
    cast,
    joined,
)
from multilayer.network import Floats, Network, activation_name, layers, norms, waves

Limit = NDArray[np.float64]


def type_of(network: Any) -> Type:
    """Return the type that a fitted network computes in."""
    return "float32" if network.parameters_.dtype == np.float32 else "float64"


def last_sums(model: Any, X: Node) -> tuple[Node, Floats, Floats]:
    """Return the last activations A_{L-1} before the output layer, and its weights and biases."""
    network, parameters = model.network_, model.parameters_
    _check_activations(model)
    A = cast(X, type_of(model))
    A = _embedded(network, parameters, A)
    *hidden, last = layers(network, parameters)
    gains = norms(network, parameters)
    for place, layer in enumerate(hidden):
        Z: Node = Dense(A, layer[1:], layer[0])
        if network.normalization is not None:
            gain, shift = gains[place]
            Z = affine(Function(Z, "standardized"), gain, shift)
        name = activation_name(network.hidden[place])
        A = Z if name == "identity" else Function(Z, name)
    return A, last[1:], last[0]


def _check_activations(model: Any) -> None:
    for each in model.network_.hidden:
        if not isinstance(each, str):
            raise ParameterError(
                f"the activation {activation_name(each)} of this {type(model).__name__} is code, which cannot be "
                "exported. Train with one of the activations that have a name."
            )


def _embedded(network: Network, parameters: Floats, X: Node) -> Node:
    """Append the embeddings (F2) of single inputs."""
    of_waves, embedding = waves(network, parameters), network.embedding
    if of_waves is None or embedding is None:
        return X
    e, n_waves = of_waves.frequencies.shape
    repeated = cast(Select(X, tuple(column for column in embedding.columns for _ in range(n_waves))), "float64")
    angles = affine(repeated, 2 * math.pi * of_waves.frequencies.ravel(), of_waves.phases.ravel())
    n_outputs = embedding.n_outputs
    mixtures = np.zeros((e * n_waves, e * n_outputs), dtype=parameters.dtype)
    for i in range(e):
        rows, columns = slice(i * n_waves, (i + 1) * n_waves), slice(i * n_outputs, (i + 1) * n_outputs)
        mixtures[rows, columns] = of_waves.mixtures[i].T
    return Join((X, Dense(cast(Function(angles, "cos"), X.type), mixtures, of_waves.offsets.ravel())))


def probabilities(model: MLPClassifier, X: Node) -> tuple[Node, Node]:
    """Return the probabilities of a classifier, and the node whose largest number decides the class."""
    A, weights, biases = last_sums(model, X)
    if model.n_outputs_ == 1 and len(model.classes_) == 2:
        # The sigmoid of -Z and Z, because 1 - h loses the digits of a small probability.
        H: Node = Function(Dense(A, np.hstack([-weights, weights]), np.hstack([-biases, biases])), "sigmoid")
        return H, H
    Z = Dense(A, weights, biases)
    if len(model.classes_) == 1 and not model._labels.multilabel:
        ones = affine(Z, np.zeros(1), np.ones(1))
        return ones, ones
    H = Function(Z, model.network_.output)
    if model.network_.output == "softmax" or model._labels.multilabel:
        return H, H
    return Function(H, "share"), H


def amounts(model: Any, X: Node) -> Node:
    """Return the predictions of a regressor, (m, K)."""
    A, weights, biases = last_sums(model, X)
    Z: Node = Dense(A, weights, biases)
    output = model.network_.output
    if output == "increasing":
        Z = _increasing(Z)
    elif output != "identity":
        Z = Function(Z, output)
    scale = model._target_scale
    if scale is None:
        return Z
    # A constant output has the deviation 0, and is exactly its mean.
    return cast(affine(cast(Z, "float64"), scale.deviation, scale.mean), Z.type)


def _increasing(Z: Node) -> Node:
    """Return h_1 = z_1, h_k = h_{k-1} + softplus(z_k)."""
    n = Z.width
    if n == 1:
        return Z
    steps = joined([Select(Z, (0,)), Function(Select(Z, tuple(range(1, n))), "softplus")])
    dtype = np.float32 if Z.type == "float32" else np.float64
    return Dense(steps, np.triu(np.ones((n, n), dtype=dtype)), np.zeros(n, dtype=dtype))


def all_classes(found: Node, has: Any, classes: Any) -> Node:
    """Return probabilities with a column of 0 for each class that a member lacks."""
    if len(has) == len(classes):
        return found
    dtype = np.float32 if found.type == "float32" else np.float64
    places = np.zeros((len(has), len(classes)), dtype=dtype)
    places[np.arange(len(has)), np.searchsorted(classes, has)] = 1
    return Dense(found, places, np.zeros(len(classes), dtype=dtype))


def limited(of: Node, low: Limit, high: Limit) -> Node:
    """Return values limited to a range."""
    return Arithmetic(Arithmetic(of, "max", low), "min", high)
