"""The description of a network: its layers, its units, and the layout of its parameter vector.

All parameters of a network are one contiguous vector, layer after layer.  Layer l is stored as an array of shape
(s_l + 1, s_{l+1}): the biases in row 0, the weights from unit i of the layer below in row 1 + i.  Theta_l of the
textbook is its transpose.  Where layers are normalised, gain and shift of a hidden layer follow its weights, s_{l+1}
numbers each.  The functions below return views: writing into them writes into the vector, and an optimiser, a
checkpoint or a message to another machine handles one array.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from multilayer.equations.activations import ACTIVATIONS, Activation, activation
from multilayer.equations.costs import OUTPUTS, Cost, Output, output_unit
from multilayer.equations.extensions.embeddings import Waves, embed
from multilayer.equations.initialization import check_layer_sizes
from multilayer.exceptions import ParameterError, ShapeError, unknown_name

__all__ = ["Network", "PeriodicEmbedding"]

Floats = NDArray[np.floating[Any]]

NORMALIZATIONS = ("layer",)


@dataclass(frozen=True)
class PeriodicEmbedding:
    """The embedding (F1)-(F2) of single inputs by trained waves.

    Parameters
    ----------
    columns : tuple of int
        The embedded inputs, in ascending order.
    n_waves : int
        The number F of waves of each.
    n_outputs : int
        The number O of mixtures of each, which the first layer receives.
    frequency_scale : float
        The standard deviation of the frequencies at the start of training.

    Examples
    --------
    >>> network = Network((5, 8, 1), ("silu",), "identity", embedding=PeriodicEmbedding((0, 2)))
    >>> widths(network)
    (11, 8, 1)
    """

    columns: tuple[int, ...]
    n_waves: int = 16
    n_outputs: int = 3
    frequency_scale: float = 0.1

    def __post_init__(self) -> None:
        if not self.columns or list(self.columns) != sorted(set(self.columns)) or self.columns[0] < 0:
            raise ParameterError(
                f"the columns of an embedding must be different input numbers in ascending order, got {self.columns!r}."
            )
        for name, value in (("n_waves", self.n_waves), ("n_outputs", self.n_outputs)):
            if type(value) is not int or value < 1:
                raise ParameterError(f"{name} of an embedding must be a positive integer, got {value!r}.")

    @property
    def size(self) -> int:
        """The number of parameters."""
        waves, outputs = self.n_waves, self.n_outputs
        return len(self.columns) * (2 * waves + outputs * waves + outputs)


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
    embedding : PeriodicEmbedding, optional
        Trained embeddings of inputs.  Their parameters precede those of the layers.

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
    embedding: PeriodicEmbedding | None = None

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
        if self.embedding is not None and self.embedding.columns[-1] >= sizes[0]:
            raise ParameterError(
                f"the embedding needs input {self.embedding.columns[-1]}, counted from 0, and the network has "
                f"{sizes[0]} inputs."
            )
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


def widths(network: Network) -> tuple[int, ...]:
    """Return the sizes of the layers, with that of A_1 in place of s_1 if inputs are embedded.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    tuple of int
        The sizes.
    """
    embedding = network.embedding
    if embedding is None:
        return network.layer_sizes
    return (network.layer_sizes[0] + len(embedding.columns) * embedding.n_outputs, *network.layer_sizes[1:])


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
    return [(n_in + 1, n_out) for n_in, n_out in itertools.pairwise(widths(network))]


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
    sizes = widths(network)
    weights = sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(sizes))
    weights += 0 if network.embedding is None else network.embedding.size
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
    first = 0 if network.embedding is None else network.embedding.size
    between = (a + b for a, b in itertools.zip_longest(sizes, norms, fillvalue=0))
    return list(itertools.accumulate(between, initial=first))


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
    views, norms_too = [], network.normalization is not None
    start = 0 if network.embedding is None else network.embedding.size
    for n_in, n_out in itertools.pairwise(widths(network)):
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


def waves(network: Network, parameters: Floats) -> Waves | None:
    """Return the parameters of the embedding, as views of the parameter vector.

    Parameters
    ----------
    network : Network
        The network.
    parameters : array of shape (P,)
        The parameter vector.

    Returns
    -------
    Waves or None
        Frequencies, phases, mixtures and offsets; None without an embedding.
    """
    embedding = network.embedding
    if embedding is None:
        return None
    e, n_waves, n_outputs = len(embedding.columns), embedding.n_waves, embedding.n_outputs
    shapes = [(e, n_waves), (e, n_waves), (e, n_outputs, n_waves), (e, n_outputs)]
    ends = list(itertools.accumulate((math.prod(shape) for shape in shapes), initial=0))
    parts: list[Any] = [
        parameters[start:end].reshape(shape)
        for shape, (start, end) in zip(shapes, itertools.pairwise(ends), strict=True)
    ]
    return Waves(*parts)


def first_activations(network: Network, parameters: Floats, X: Floats) -> Floats:
    """Return A_1: the inputs, with their embeddings (F2) if the network has them.

    Parameters
    ----------
    network : Network
        The network.
    parameters : array of shape (P,)
        The parameter vector.
    X : array of shape (m, s_1)
        Inputs.

    Returns
    -------
    array of shape (m, s_1), or (m, s_1 + e O)
        X itself, or in float64 with the embeddings.
    """
    of_waves = waves(network, parameters)
    if network.embedding is None or of_waves is None:
        return X
    return embed(X.astype(np.float64), network.embedding.columns, in_float64(of_waves))


def in_float64(given: Waves) -> Waves:
    """Return the parameters of an embedding in float64.

    Parameters
    ----------
    given : Waves
        The parameters.

    Returns
    -------
    Waves
        The same, without a copy of those in float64.
    """
    return Waves(*(array.astype(np.float64, copy=False) for array in given))


def step_factors(network: Network, factors: Sequence[float]) -> Floats:
    """Return the factor (D8) of the step size for each parameter.

    Parameters
    ----------
    network : Network
        The network.
    factors : sequence of float
        The factors of the embedding, then of the biases and of the weights of each layer.

    Returns
    -------
    array of shape (P,)
        The factors; 1 for gain and shift.

    Raises
    ------
    ShapeError
        For another number of factors.

    Examples
    --------
    >>> step_factors(Network((2, 1), (), "identity"), (1.0, 0.5, 2.0))
    array([0.5, 2. , 2. ])
    """
    n_layers = len(network.layer_sizes) - 1
    if len(factors) != 1 + 2 * n_layers:
        raise ShapeError(
            f"a network of {n_layers} weight matrices has {1 + 2 * n_layers} factors, one of the embedding and two of "
            f"each layer, got {len(factors)}."
        )
    result: Floats = np.ones(n_parameters(network))
    result[: 0 if network.embedding is None else network.embedding.size] = factors[0]
    for layer, of_biases, of_weights in zip(layers(network, result), factors[1::2], factors[2::2], strict=True):
        layer[0], layer[1:] = of_biases, of_weights
    return result


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
    waves_given: Waves | None = None,
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
    waves_given : Waves, optional
        The parameters of the embedding, which are needed if the network has one.

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
    views = waves(network, parameters)
    if views is not None:
        _copy_into(list(views), [] if waves_given is None else list(waves_given), network, "waves")
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
