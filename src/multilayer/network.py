"""The description of a network: its layers, its units, and the layout of its parameter vector.

All parameters of a network are one contiguous vector, layer after layer.  Layer l is stored as an array of shape
(s_l + 1, s_{l+1}): the biases in row 0, the weights from unit i of the layer below in row 1 + i.  Theta_l of the
textbook is its transpose.  Where layers are normalised, gain and shift of a hidden layer follow its weights, s_{l+1}
numbers each.  The functions below return views: writing into them writes into the vector, and an optimiser, a
checkpoint or a message to another machine handles one array.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from multilayer.equations.activations import ACTIVATIONS, Activation, activation
from multilayer.equations.costs import OUTPUTS, Cost, Output, output_unit
from multilayer.equations.initialization import check_layer_sizes
from multilayer.exceptions import ParameterError, ShapeError, unknown_name

Floats = NDArray[np.floating[Any]]

NORMALIZATIONS = ("layer",)


@dataclass(frozen=True)
class Network:
    """The layers and units of a feedforward network.

    Parameters
    ----------
    layer_sizes : tuple of int
        The numbers s_1 .. s_L: inputs, units of each hidden layer, outputs.
    hidden : tuple of str or Activation
        The activations of the L - 2 hidden layers: names or custom pairs (g, g').
    output : {"sigmoid", "softmax", "identity", "exp", "increasing"}
        The output unit.
    cost : Cost, optional
        The cost; by default the one that matches the output unit.  Custom costs are compared by identity, unless they
        define ``__eq__``.
    normalization : "layer", optional
        Layer normalisation (M1)-(M2) of all hidden layers, before their activations.

    Raises
    ------
    ParameterError
        For sizes that are not positive integers, unknown names, a wrong number of activations, or a cost for another
        output unit.

    Examples
    --------
    >>> network = Network((2, 5, 5, 2), ("sigmoid", "sigmoid"), "sigmoid")
    >>> n_parameters(network)
    57
    >>> n_parameters(Network((2, 5, 5, 2), ("sigmoid", "sigmoid"), "sigmoid", normalization="layer"))
    77
    """

    layer_sizes: tuple[int, ...]
    hidden: tuple[str | Activation, ...]
    output: str
    cost: Cost | None = None
    normalization: str | None = None

    def __post_init__(self) -> None:
        sizes = self.layer_sizes
        if len(sizes) < 2 or not all(type(size) is int and size > 0 for size in sizes):
            sizes = check_layer_sizes(sizes)
        if len(self.hidden) != len(sizes) - 2:
            raise ParameterError(
                f"a network of layer sizes {sizes} has {len(sizes) - 2} hidden layers and needs as many activations, "
                f"got {len(self.hidden)}: {self.hidden}."
            )
        custom = [each for each in self.hidden if not (isinstance(each, str) and each in ACTIVATIONS)]
        for each in custom:
            activation(each)
        if self.cost is not None or self.output not in OUTPUTS:
            output_unit(self.output, self.cost)
        if self.normalization is not None and self.normalization not in NORMALIZATIONS:
            raise unknown_name("normalization", self.normalization, NORMALIZATIONS)
        if custom or self.cost is not None:
            _check_hashable(self.cost, *custom)
        check_outputs = getattr(self.cost, "check_outputs", None)
        if check_outputs is not None:
            check_outputs(self.output, sizes[-1])


def _check_hashable(*given: object) -> None:
    """Check that the parts of a network are hashable, because engines cache their plans by network."""
    for each in given:
        try:
            hash(each)
        except TypeError:
            raise ParameterError(
                f"activations and costs must be hashable, got {each!r}. Write @dataclass(frozen=True), or do not "
                "define __eq__."
            ) from None


def activation_name(given: str | Activation) -> str:
    """Return the name of an activation; for a custom pair, the name of its type.

    Parameters
    ----------
    given : str or Activation
        An activation.

    Returns
    -------
    str
        The name.

    Examples
    --------
    >>> activation_name("relu")
    'relu'
    """
    return given if isinstance(given, str) else type(given).__name__


def output_with_cost(network: Network) -> Output:
    """Return the network's output unit, with its cost.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    Output
        The output unit.

    Examples
    --------
    >>> output_with_cost(Network((1, 1), (), "identity")).cost(np.array([[3.0]]), np.array([[1.0]]))
    array([2.])
    """
    return output_unit(network.output, network.cost)


def layer_shapes(network: Network) -> list[tuple[int, int]]:
    """Return the shapes (s_l + 1, s_{l+1}) in which the layers' parameters are stored.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    list of tuple of int
        One shape for each layer except the first.

    Examples
    --------
    >>> layer_shapes(Network((2, 5, 1), ("tanh",), "identity"))
    [(3, 5), (6, 1)]
    """
    return [(n_in + 1, n_out) for n_in, n_out in itertools.pairwise(network.layer_sizes)]


def normalized_sizes(network: Network) -> tuple[int, ...]:
    """Return the sizes of the layers that have gain and shift: all hidden ones, or none.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    tuple of int
        The sizes.
    """
    return network.layer_sizes[1:-1] if network.normalization is not None else ()


def n_parameters(network: Network) -> int:
    """Return the length of the parameter vector: all weights, biases, gains and shifts.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    int
        The length P.
    """
    sizes = network.layer_sizes
    weights = sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(sizes))
    return weights + (2 * sum(sizes[1:-1]) if network.normalization is not None else 0)


def places(network: Network) -> list[int]:
    """Return the index in the vector at which each layer's parameters begin.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    list of int
        One index for each layer except the first.

    Examples
    --------
    >>> places(Network((2, 5, 1), ("tanh",), "identity"))
    [0, 15]
    >>> places(Network((2, 5, 1), ("tanh",), "identity", normalization="layer"))
    [0, 25]
    """
    norms = [2 * size for size in normalized_sizes(network)]
    sizes = [rows * columns for rows, columns in layer_shapes(network)[:-1]]
    return [0, *itertools.accumulate(a + b for a, b in itertools.zip_longest(sizes, norms, fillvalue=0))]


def layers(network: Network, parameters: Floats) -> list[Floats]:
    """Return views of the parameter vector, one for each layer.

    Parameters
    ----------
    network : Network
        The network.
    parameters : array of shape (P,)
        The parameter vector.

    Returns
    -------
    list of arrays of shape (s_l + 1, s_{l+1})
        Weights, the biases in row 0.

    Raises
    ------
    ShapeError
        If the vector has another length.
    """
    if parameters.shape != (n_parameters(network),):
        raise ShapeError(
            f"a network of layer sizes {network.layer_sizes} has {n_parameters(network)} parameters, "
            f"got an array of shape {parameters.shape}."
        )
    views, start, norms_too = [], 0, network.normalization is not None
    for n_in, n_out in itertools.pairwise(network.layer_sizes):
        end = start + (n_in + 1) * n_out
        views.append(parameters[start:end].reshape(n_in + 1, n_out))
        start = end + 2 * n_out * norms_too
    return views


def norms(network: Network, parameters: Floats) -> list[Floats]:
    """Return gain and shift of each normalised layer, as views of the parameter vector.

    Parameters
    ----------
    network : Network
        The network.
    parameters : array of shape (P,)
        The parameter vector.

    Returns
    -------
    list of arrays of shape (2, s_l)
        The gain in row 0 and the shift in row 1.

    Examples
    --------
    >>> network = Network((1, 2, 1), ("tanh",), "identity", normalization="layer")
    >>> (norm,) = norms(network, np.arange(11.0))
    >>> gain, shift = norm
    >>> gain, shift
    (array([4., 5.]), array([6., 7.]))
    """
    # They are stored between their layer's weights and the next layer's.
    ends, sizes = places(network)[1:], normalized_sizes(network)
    return [parameters[end - 2 * size : end].reshape(2, size) for end, size in zip(ends, sizes, strict=False)]


def thetas(network: Network, parameters: Floats) -> list[Floats]:
    """Return the textbook's Theta_1 .. Theta_{L-1}, as views of the parameter vector.

    Parameters
    ----------
    network : Network
        The network.
    parameters : array of shape (P,)
        The parameter vector.

    Returns
    -------
    list of arrays of shape (s_{l+1}, s_l + 1)
        Weights, the biases in column 0.
    """
    return [layer.T for layer in layers(network, parameters)]


def coefs(network: Network, parameters: Floats) -> list[Floats]:
    """Return scikit-learn's ``coefs_``, as views of the parameter vector.

    Parameters
    ----------
    network : Network
        The network.
    parameters : array of shape (P,)
        The parameter vector.

    Returns
    -------
    list of arrays of shape (s_l, s_{l+1})
        Weights without biases.
    """
    return [layer[1:] for layer in layers(network, parameters)]


def intercepts(network: Network, parameters: Floats) -> list[Floats]:
    """Return scikit-learn's ``intercepts_``, as views of the parameter vector.

    Parameters
    ----------
    network : Network
        The network.
    parameters : array of shape (P,)
        The parameter vector.

    Returns
    -------
    list of arrays of shape (s_{l+1},)
        Biases.
    """
    return [layer[0] for layer in layers(network, parameters)]


def pack(
    network: Network,
    weights: Sequence[Floats],
    dtype: DTypeLike = np.float64,
    norms_given: Sequence[Floats] | None = None,
) -> Floats:
    """Make a parameter vector from Theta_1 .. Theta_{L-1}, and from gain and shift of each normalised layer.

    Parameters
    ----------
    network : Network
        The network.
    weights : list of arrays of shape (s_{l+1}, s_l + 1)
        Theta_1 .. Theta_{L-1}.
    dtype : dtype
        The dtype of the vector.
    norms_given : list of arrays of shape (2, s_l), optional
        Gain and shift; by default gains are 1 and shifts 0, as at the start of training.

    Returns
    -------
    array of shape (P,)
        The parameter vector, a new array.

    Examples
    --------
    >>> network = Network((1, 1), (), "identity")
    >>> pack(network, [np.array([[7.0, 3.0]])])
    array([7., 3.])
    """
    parameters: Floats = np.empty(n_parameters(network), dtype=dtype)
    _copy_into(thetas(network, parameters), weights, network, "Theta matrices")
    begin_norms_into(network, parameters)
    if norms_given is not None:
        _copy_into(norms(network, parameters), norms_given, network, "gains and shifts")
    return parameters


def unset_parameters(network: Network, dtype: DTypeLike) -> Floats:
    """Make a parameter vector with uninitialised weights and biases; gains are 1 and shifts 0.

    Parameters
    ----------
    network : Network
        The network.
    dtype : dtype
        The dtype of the vector.

    Returns
    -------
    array of shape (P,)
        The parameter vector, a new array.
    """
    parameters: Floats = np.empty(n_parameters(network), dtype=dtype)
    if network.normalization is not None:
        begin_norms_into(network, parameters)
    return parameters


def begin_norms_into(network: Network, parameters: Floats) -> None:
    """Set all gains to 1 and all shifts to 0, in place.

    Parameters
    ----------
    network : Network
        The network.
    parameters : array of shape (P,)
        The parameter vector.
    """
    for gain, shift in norms(network, parameters):
        gain[...], shift[...] = 1, 0


def _copy_into(views: list[Floats], given: Sequence[Floats], network: Network, what: str) -> None:
    received = [np.shape(array) for array in given]
    if received != [view.shape for view in views]:
        raise ShapeError(
            f"a network of layer sizes {network.layer_sizes} has {what} of shapes "
            f"{[view.shape for view in views]}, got {received}."
        )
    for view, array in zip(views, given, strict=True):
        view[...] = array
