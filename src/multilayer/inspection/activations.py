"""What a layer of a fitted network does with rows: its activations, and how its answers depend on the inputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.utils._set_output import _get_output_config

from multilayer.engines import get_engine
from multilayer.equations.activations import activation
from multilayer.equations.extensions.normalization import normalize
from multilayer.equations.extensions.sensitivity import SIDES
from multilayer.equations.extensions.sensitivity import input_gradient as gradient_by_inputs
from multilayer.exceptions import ParameterError, unknown_name
from multilayer.fits.columns import as_dense
from multilayer.fits.reading import rows_to_predict
from multilayer.inspection.vitals import BLOCK
from multilayer.network import Floats, Network, n_parameters, norms, thetas


def activations(model: Any, X: Any, layer: int | None) -> Floats:
    """The activations of a layer, (m, s_l); see ``transform`` of the estimators."""
    number = layer_number(model, layer)
    rows, network = rows_to_predict(model, X), model.network_
    if number == len(network.layer_sizes):
        return get_engine(model.engine, network).predict(network, model.parameters_, rows)
    # The layers up to this one are a network of their own, whose parameters begin the vector of the whole.
    sizes, hidden = network.layer_sizes[:number], network.hidden[: number - 2]
    lower = Network(sizes, hidden, "identity", normalization=network.normalization)
    A = get_engine(model.engine, lower).predict(lower, model.parameters_[: n_parameters(lower)], rows)
    g = activation(network.hidden[number - 2]).g
    of_layers = [norm.astype(np.float64) for norm in norms(network, model.parameters_)]
    for block in _blocks(len(A)):
        Z = A[block].astype(np.float64, copy=False)
        A[block] = g(normalize(Z, of_layers[number - 2]) if of_layers else Z)
    return A


def input_gradient(model: Any, X: Any, output: int | None, of: str) -> Floats:
    """The derivative of the answers by each input, (m, s_1) or (m, K, s_1); see the method of the estimators."""
    if of not in SIDES:
        raise unknown_name("of", of, SIDES)
    K = model.n_outputs_
    if output is not None and not _is_index(output, K):
        raise ParameterError(
            f"output must be None or the number of an output unit, from 0 to {K - 1}, got {output!r}. Of a "
            "classifier, that is the place of the class in classes_; for two classes there is the unit 0 alone."
        )
    rows, network = rows_to_predict(model, X), model.network_
    units = range(K) if output is None else [int(output)]
    gradient = np.empty((rows.shape[0], len(units), rows.shape[1]), dtype=model.parameters_.dtype)
    given = thetas(network, model.parameters_), network.hidden, network.output
    of_layers = norms(network, model.parameters_)
    for block in _blocks(rows.shape[0]):
        dense = as_dense(rows[block])
        for place, unit in enumerate(units):
            gradient[block, place] = gradient_by_inputs(dense, *given, unit, of, of_layers)
    scale = model._target_scale
    if of == "H" and scale is not None:
        gradient *= scale.deviation[units, np.newaxis].astype(gradient.dtype)
    return gradient[:, 0] if len(units) == 1 else gradient


def layer_number(model: Any, layer: int | None) -> int:
    """The number of a layer, from 2 to L; None for the last hidden one."""
    sizes = model.network_.layer_sizes
    last = len(sizes)
    if layer is None:
        if last == 2:
            raise ParameterError(
                "the network has no hidden layer, so there is none to show by default. "
                "Write layer=2 for its output layer."
            )
        return last - 1
    if not _is_index(layer, last + 1) or layer < 2:
        raise ParameterError(
            f"layer must be None or an integer from 2 to {last}, got {layer!r}. Layers count from 1, the inputs; "
            f"{last} is the output layer."
        )
    is_framed = _get_output_config("transform", model)["dense"] != "default"
    if is_framed and layer != last - 1:
        raise ParameterError(
            f"after set_output, transform names its columns after the last hidden layer, {last - 1}, and cannot "
            f'show layer {layer}. Call set_output(transform="default") first.'
        )
    return int(layer)


def _blocks(n_rows: int) -> Iterator[slice]:
    for start in range(0, n_rows, BLOCK):
        yield slice(start, start + BLOCK)


def _is_index(value: object, n: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and 0 <= int(value) < n
