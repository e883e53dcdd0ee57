"""Activations of the layers of a fitted network, and the gradient of its outputs with respect to its inputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.utils._set_output import _get_output_config

from multilayer.engines import get_engine
from multilayer.equations.activations import activation
from multilayer.equations.extensions.embeddings import embedding_input_gradient
from multilayer.equations.extensions.normalization import normalize
from multilayer.equations.extensions.sensitivity import SIDES
from multilayer.equations.extensions.sensitivity import input_gradient as gradient_by_inputs
from multilayer.exceptions import ParameterError, unknown_name
from multilayer.fits.columns import as_dense
from multilayer.fits.reading import rows_to_predict
from multilayer.inspection.vitals import BLOCK
from multilayer.network import Floats, Network, first_activations, in_float64, n_parameters, norms, thetas, waves


def activations(model: Any, X: Any, layer: int | None) -> Floats:
    """Return the activations of a layer.

    Parameters
    ----------
    model : estimator
        A fitted MLPClassifier or MLPRegressor.
    X : array, sparse matrix or frame of shape (m, s_1)
        The rows.
    layer : int or None
        The number of the layer, from 2; None for the last hidden layer.

    Returns
    -------
    array of shape (m, s_l)
        A_l, in the dtype of the network.
    """
    number = layer_number(model, layer)
    rows, network = rows_to_predict(model, X), model.network_
    if number == len(network.layer_sizes):
        return get_engine(model.engine, network, model.n_jobs).predict(network, model.parameters_, rows)
    # The layers up to this one are a network whose parameters are the first of the vector.
    sizes, hidden = network.layer_sizes[:number], network.hidden[: number - 2]
    lower = Network(sizes, hidden, "identity", normalization=network.normalization, embedding=network.embedding)
    A = get_engine(model.engine, lower, model.n_jobs).predict(lower, model.parameters_[: n_parameters(lower)], rows)
    g = activation(network.hidden[number - 2]).g
    of_layers = [norm.astype(np.float64) for norm in norms(network, model.parameters_)]
    for block in _blocks(len(A)):
        Z = A[block].astype(np.float64, copy=False)
        A[block] = g(normalize(Z, of_layers[number - 2]) if of_layers else Z)
    return A


def input_gradient(model: Any, X: Any, output: int | None, of: str) -> Floats:
    """Return the derivative of the output with respect to each input.

    Parameters
    ----------
    model : estimator
        A fitted MLPClassifier or MLPRegressor.
    X : array, sparse matrix or frame of shape (m, s_1)
        The rows.
    output : int or None
        The number of the output unit, from 0; None for all.
    of : {"H", "Z"}
        The output of the unit, or its weighted sum.

    Returns
    -------
    array of shape (m, s_1), or (m, K, s_1) for all of several outputs
        In the dtype of the network.
    """
    if of not in SIDES:
        raise unknown_name("of", of, SIDES)
    K = model.n_outputs_
    if output is not None and not _is_index(output, K):
        raise ParameterError(
            f"output must be None or the number of an output unit, from 0 to {K - 1}, got {output!r}. For a "
            "classifier, it is the position of the class in classes_; for two classes, only the unit 0 exists."
        )
    rows, network = rows_to_predict(model, X), model.network_
    units = range(K) if output is None else [int(output)]
    gradient = np.empty((rows.shape[0], len(units), rows.shape[1]), dtype=model.parameters_.dtype)
    given = thetas(network, model.parameters_), network.hidden, network.output
    of_layers, of_waves = norms(network, model.parameters_), waves(network, model.parameters_)
    of_waves = None if of_waves is None else in_float64(of_waves)
    for block in _blocks(rows.shape[0]):
        dense = as_dense(rows[block]).astype(np.float64)
        A_1 = first_activations(network, model.parameters_, dense)
        for place, unit in enumerate(units):
            v = gradient_by_inputs(A_1, *given, unit, of, of_layers)
            if of_waves is not None:
                v = embedding_input_gradient(v, dense, network.embedding.columns, of_waves)
            gradient[block, place] = v
    scale = model._target_scale
    if of == "H" and scale is not None:
        gradient *= scale.deviation[units, np.newaxis].astype(gradient.dtype)
    return gradient[:, 0] if len(units) == 1 else gradient


def layer_number(model: Any, layer: int | None) -> int:
    """Check the number of a layer.

    Parameters
    ----------
    model : estimator
        A fitted MLPClassifier or MLPRegressor.
    layer : int or None
        The number of the layer; None for the last hidden layer.

    Returns
    -------
    int
        The number, from 2 to L.
    """
    sizes = model.network_.layer_sizes
    last = len(sizes)
    if layer is None:
        if last == 2:
            raise ParameterError(
                "the network has no hidden layer, but layer=None means the last hidden layer. "
                "Write layer=2 for its output layer."
            )
        return last - 1
    if not _is_index(layer, last + 1) or layer < 2:
        raise ParameterError(
            f"layer must be None or an integer from 2 to {last}, got {layer!r}. Layer 1 is the input layer; "
            f"{last} is the output layer."
        )
    is_framed = _get_output_config("transform", model)["dense"] != "default"
    if is_framed and layer != last - 1:
        raise ParameterError(
            f"after set_output, transform names its columns after the last hidden layer, {last - 1}, and cannot "
            f'return layer {layer}. Call set_output(transform="default") first.'
        )
    return int(layer)


def _blocks(n_rows: int) -> Iterator[slice]:
    for start in range(0, n_rows, BLOCK):
        yield slice(start, start + BLOCK)


def _is_index(value: object, n: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and 0 <= int(value) < n
