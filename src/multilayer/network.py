"""What a network is: its layers, its units, and where each weight lies in the parameter vector.

All parameters of a network are one contiguous vector, layer after layer.  Layer l is stored as an array of shape
(s_l + 1, s_{l+1}): the biases in row 0, the weights from unit i of the layer below in row 1 + i.  Theta_l of the
textbook is its transpose.  The functions below return views: to write into them is to write into the vector, and
an optimiser, a checkpoint or a message to another machine handles one array.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from multilayer.equations.activations import Activation, activation
from multilayer.equations.costs import Cost, Output, output_unit
from multilayer.equations.initialization import check_layer_sizes
from multilayer.exceptions import ParameterError, ShapeError

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Network:
    """The layers and units of a feedforward network.

    Parameters
    ----------
    layer_sizes : tuple of int
        s_1 .. s_L: inputs, units of each hidden layer, outputs.
    hidden : tuple of str or Activation
        The activation of each hidden layer, L - 2 names or pairs (g, g') of one's own.
    output : {"sigmoid", "softmax", "identity", "exp", "increasing"}
        The output unit.
    cost : Cost, optional
        The cost of its answers; where none is given, the one that matches the output unit.  A cost of one's own is
        told from another by its identity, unless it says otherwise.

    Raises
    ------
    ParameterError
        For sizes that are not positive integers, unknown names, another number of activations, or a cost that is not
        for such outputs.

    Examples
    --------
    >>> network = Network((2, 5, 5, 2), ("sigmoid", "sigmoid"), "sigmoid")
    >>> n_parameters(network)
    57
    """

    layer_sizes: tuple[int, ...]
    hidden: tuple[str | Activation, ...]
    output: str
    cost: Cost | None = None

    def __post_init__(self) -> None:
        sizes = check_layer_sizes(self.layer_sizes)
        if len(self.hidden) != len(sizes) - 2:
            raise ParameterError(
                f"a network of layer sizes {sizes} has {len(sizes) - 2} hidden layers and needs as many activations, "
                f"got {len(self.hidden)}: {self.hidden}."
            )
        for each in self.hidden:
            activation(each)
        output_unit(self.output, self.cost)
        _check_hashable(self.cost, *self.hidden)
        check_outputs = getattr(self.cost, "check_outputs", None)
        if check_outputs is not None:
            check_outputs(self.output, sizes[-1])


def _check_hashable(*given: object) -> None:
    """A network is a value, and so are its parts: engines keep what they have worked out for one."""
    for each in given:
        try:
            hash(each)
        except TypeError:
            raise ParameterError(
                f"activations and costs must be hashable, got {each!r}. Write @dataclass(frozen=True), or leave __eq__ "
                "to Python."
            ) from None


def activation_name(given: str | Activation) -> str:
    """What to call an activation: its name, or the type of a pair of one's own.

    Examples
    --------
    >>> activation_name("relu")
    'relu'
    """
    return given if isinstance(given, str) else type(given).__name__


def output_with_cost(network: Network) -> Output:
    """The network's output unit, with its cost.

    Examples
    --------
    >>> output_with_cost(Network((1, 1), (), "identity")).cost(np.array([[3.0]]), np.array([[1.0]]))
    array([2.])
    """
    return output_unit(network.output, network.cost)


def layer_shapes(network: Network) -> list[tuple[int, int]]:
    """The shapes (s_l + 1, s_{l+1}) in which the layers' parameters are stored.

    Examples
    --------
    >>> layer_shapes(Network((2, 5, 1), ("tanh",), "identity"))
    [(3, 5), (6, 1)]
    """
    return [(n_in + 1, n_out) for n_in, n_out in itertools.pairwise(network.layer_sizes)]


def n_parameters(network: Network) -> int:
    """The length of the parameter vector: all weights and biases."""
    return sum(rows * columns for rows, columns in layer_shapes(network))


def layers(network: Network, parameters: Floats) -> list[Floats]:
    """Views of the parameter vector, one (s_l + 1, s_{l+1}) array a layer, the biases in row 0."""
    if parameters.shape != (n_parameters(network),):
        raise ShapeError(
            f"a network of layer sizes {network.layer_sizes} has {n_parameters(network)} parameters, "
            f"got an array of shape {parameters.shape}."
        )
    views, start = [], 0
    for rows, columns in layer_shapes(network):
        views.append(parameters[start : start + rows * columns].reshape(rows, columns))
        start += rows * columns
    return views


def thetas(network: Network, parameters: Floats) -> list[Floats]:
    """Theta_1 .. Theta_{L-1} of the textbook, (s_{l+1}, s_l + 1), as views of the parameter vector."""
    return [layer.T for layer in layers(network, parameters)]


def coefs(network: Network, parameters: Floats) -> list[Floats]:
    """scikit-learn's ``coefs_``: weights without biases, (s_l, s_{l+1}), as views of the parameter vector."""
    return [layer[1:] for layer in layers(network, parameters)]


def intercepts(network: Network, parameters: Floats) -> list[Floats]:
    """scikit-learn's ``intercepts_``: the biases, (s_{l+1},), as views of the parameter vector."""
    return [layer[0] for layer in layers(network, parameters)]


def pack(network: Network, weights: Sequence[Floats], dtype: DTypeLike = np.float64) -> Floats:
    """A new parameter vector from Theta_1 .. Theta_{L-1}.

    Examples
    --------
    >>> network = Network((1, 1), (), "identity")
    >>> pack(network, [np.array([[7.0, 3.0]])])
    array([7., 3.])
    """
    parameters: Floats = np.empty(n_parameters(network), dtype=dtype)
    views = thetas(network, parameters)
    received = [np.shape(theta) for theta in weights]
    if received != [view.shape for view in views]:
        raise ShapeError(
            f"a network of layer sizes {network.layer_sizes} has Theta matrices of shapes "
            f"{[view.shape for view in views]}, got {received}."
        )
    for view, theta in zip(views, weights, strict=True):
        view[...] = theta
    return parameters
