"""The parameters a run starts from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from multilayer.equations.activations import Activation
from multilayer.equations.initialization import SCHEMES, initialize_thetas
from multilayer.exceptions import InputError, ParameterError, unknown_name
from multilayer.network import Floats, Network, layers, n_parameters, pack, unset_parameters

SCIKIT_LEARN = "scikit-learn"

Initialization = str | Sequence[ArrayLike]


def starting_parameters(
    network: Network,
    initialization: Initialization,
    random_state: np.random.RandomState,
    dtype: DTypeLike,
    activation: str | Activation = "relu",
) -> Floats:
    """A new parameter vector: by a scheme of the book, by scikit-learn's, or from given Theta matrices.

    ``activation`` counts only for scikit-learn's scheme and a network without hidden layers, which has none itself.

    Raises
    ------
    ParameterError, InputError, ShapeError
        For an unknown scheme, or matrices that are not finite numbers or of other shapes than the network's.
    """
    try:
        parameters = unset_parameters(network, dtype)
    except (MemoryError, ValueError):
        size = n_parameters(network) * np.dtype(dtype).itemsize / 2**30
        raise ParameterError(
            f"a network of layer sizes {network.layer_sizes} has {n_parameters(network):,} parameters, and there is no "
            f"room for their {size:,.0f} GiB. Use fewer or smaller hidden layers."
        ) from None
    if not isinstance(initialization, str):
        return pack(network, _given(initialization), dtype)
    if initialization == SCIKIT_LEARN:
        _draw_as_scikit_learn_into(network, parameters, random_state, activation)
        return parameters
    if initialization not in SCHEMES:
        raise unknown_name("initialization", initialization, (SCIKIT_LEARN, *SCHEMES))
    return pack(network, initialize_thetas(network.layer_sizes, random_state, initialization), dtype)


def _given(initialization: Sequence[ArrayLike]) -> list[Floats]:
    if not hasattr(initialization, "__iter__"):
        raise ParameterError(
            f"initialization must be the name of a scheme or a list of Theta matrices, got {initialization!r}."
        )
    matrices: list[Floats] = []
    for index, theta in enumerate(initialization):
        try:
            matrices.append(np.asarray(theta, dtype=np.float64))
        except (TypeError, ValueError) as error:
            raise InputError(f"initialization[{index}] must be an array of numbers: {error}.") from None
        if not np.isfinite(matrices[-1]).all():
            raise InputError(f"initialization[{index}] must hold finite numbers only, got a NaN or an infinity.")
    return matrices


def _draw_as_scikit_learn_into(
    network: Network, parameters: Floats, random_state: np.random.RandomState, activation: str | Activation
) -> None:
    """Uniform in ±√(6 / (s_l + s_{l+1})), ±√(2 / ...) for sigmoid units, weights before biases, in layer order.

    scikit-learn knows one activation for all hidden layers and takes its bound for the last layer too.  A custom
    pair has the first bound, as all have that are not the sigmoid: its slope is unknown, and 1 the usual one.
    """
    gates = [*network.hidden, network.hidden[-1] if network.hidden else activation]
    for layer, gate in zip(layers(network, parameters), gates, strict=True):
        biases, weights = layer[0], layer[1:]
        bound = np.sqrt((2.0 if isinstance(gate, str) and gate == "sigmoid" else 6.0) / sum(weights.shape))
        weights[...] = random_state.uniform(-bound, bound, weights.shape)
        biases[...] = random_state.uniform(-bound, bound, biases.shape)
