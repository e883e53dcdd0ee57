"""The starting parameters of a run."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from multilayer.equations.activations import Activation, activation
from multilayer.equations.extensions.embeddings import Waves, embed
from multilayer.equations.extensions.normalization import normalize
from multilayer.equations.initialization import SCHEMES, data_init, initialize_thetas
from multilayer.equations.propagation import with_bias
from multilayer.exceptions import InputError, ParameterError, unknown_name
from multilayer.network import (
    Floats,
    Network,
    layers,
    n_parameters,
    norms,
    pack,
    thetas,
    unset_parameters,
    waves,
    widths,
)
from multilayer.training.batching import RowNumbers

SCIKIT_LEARN, DATA = "scikit-learn", "data"
MOST_ROWS = 4096  # of the sample that initialization="data" computes activations of

Initialization = str | Sequence[ArrayLike]


def starting_parameters(
    network: Network,
    initialization: Initialization,
    random_state: np.random.RandomState,
    dtype: DTypeLike,
    output_gate: str | Activation = "relu",
) -> Floats:
    """Return a new parameter vector, by a scheme of the equations or of scikit-learn, or from given Theta matrices.

    ``output_gate`` is used only by scikit-learn's scheme for a network without hidden layers.
    """
    try:
        parameters = unset_parameters(network, dtype)
    except (MemoryError, ValueError):
        size = n_parameters(network) * np.dtype(dtype).itemsize / 2**30
        raise ParameterError(
            f"a network of layer sizes {network.layer_sizes} has {n_parameters(network):,} parameters, and their "
            f"{size:,.0f} GiB exceed the memory. Use fewer or smaller hidden layers."
        ) from None
    of_waves = None if network.embedding is None else _draw_waves_into(network, parameters, random_state)
    if not isinstance(initialization, str):
        return pack(network, _checked_thetas(initialization), dtype, waves_given=of_waves)
    if initialization == SCIKIT_LEARN:
        _draw_as_scikit_learn_into(network, parameters, random_state, output_gate)
        return parameters
    if initialization not in SCHEMES:
        raise unknown_name("initialization", initialization, (SCIKIT_LEARN, DATA, *SCHEMES))
    drawn = initialize_thetas(widths(network), random_state, initialization)
    return pack(network, drawn, dtype, waves_given=of_waves)


def starting_parameters_by_data(
    network: Network, X: Any, random_state: np.random.RandomState, dtype: DTypeLike
) -> Floats:
    """Return a new parameter vector, drawn layer by layer with the activations of a sample of rows (I7)."""
    parameters = unset_parameters(network, dtype)
    of_waves = _draw_waves_into(network, parameters, random_state)
    A = np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=np.float64)
    if network.embedding is not None and of_waves is not None:
        A = embed(A, network.embedding.columns, of_waves)
    of_layers = [*norms(network, parameters), None] if network.normalization is not None else itertools.repeat(None)
    gates = [activation(gate).g for gate in network.hidden]
    for theta, norm, gate in zip(thetas(network, parameters), of_layers, [*gates, None], strict=False):
        theta[...] = data_init(random_state, A, len(theta))
        if gate is not None:
            Z = with_bias(A) @ theta.T
            A = gate(Z if norm is None else normalize(Z, norm.astype(np.float64)))
    return parameters


def sample_of_rows(X: Any, rows: RowNumbers | None, random_state: np.random.RandomState) -> Any:
    """Return at most ``MOST_ROWS`` of the rows, drawn at random without replacement."""
    n = X.shape[0] if rows is None else len(rows)
    if n > MOST_ROWS:
        chosen = np.sort(random_state.choice(n, MOST_ROWS, replace=False))
        rows = chosen if rows is None else rows[chosen]
    return X if rows is None else X[rows]


def _checked_thetas(initialization: Sequence[ArrayLike]) -> list[Floats]:
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


def _draw_waves_into(network: Network, parameters: Floats, random_state: np.random.RandomState) -> Waves | None:
    """Draw frequencies from N(0, σ²), phases uniformly from ±π, mixtures and offsets from ±1/√F, as PBLD does."""
    drawn = waves(network, parameters)
    if network.embedding is None or drawn is None:
        return None
    bound = 1.0 / np.sqrt(network.embedding.n_waves)
    drawn.frequencies[...] = random_state.normal(0.0, network.embedding.frequency_scale, drawn.frequencies.shape)
    drawn.phases[...] = random_state.uniform(-np.pi, np.pi, drawn.phases.shape)
    drawn.mixtures[...] = random_state.uniform(-bound, bound, drawn.mixtures.shape)
    drawn.offsets[...] = random_state.uniform(-bound, bound, drawn.offsets.shape)
    return drawn


def _draw_as_scikit_learn_into(
    network: Network, parameters: Floats, random_state: np.random.RandomState, output_gate: str | Activation
) -> None:
    """Draw uniformly from ±√(6 / (s_l + s_{l+1})), ±√(2 / ...) for sigmoid units, weights before biases.

    scikit-learn has one activation for all hidden layers and uses its bound for the last layer too.  Custom activations
    have the first bound, as all do but the sigmoid.
    """
    gates = [*network.hidden, network.hidden[-1] if network.hidden else output_gate]
    for layer, gate in zip(layers(network, parameters), gates, strict=True):
        biases, weights = layer[0], layer[1:]
        bound = np.sqrt((2.0 if isinstance(gate, str) and gate == "sigmoid" else 6.0) / sum(weights.shape))
        weights[...] = random_state.uniform(-bound, bound, weights.shape)
        biases[...] = random_state.uniform(-bound, bound, biases.shape)
