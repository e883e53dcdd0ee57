r"""Starting weights.

The starting weights of two units must differ, or the units stay equal.  The weights must be small: large weights
saturate sigmoid units, where g' is nearly 0 and learning stops.  The appropriate size depends on the number of inputs
and units of a layer:

    ====  ==========  ============================================================  ======
    tag   scheme      weights of a Theta with n_in inputs and n_out units           biases
    ====  ==========  ============================================================  ======
    (I1)  epsilon     uniform in [-e, e], e = √6 / √(n_out + n_in + 1)              as weights
    (I2)  notebook    uniform in [-e/2, e/2], drawn as the textbook's code draws    as weights
    (I3)  glorot      uniform in [-e, e], e = √6 / √(n_out + n_in)                  0
    (I4)  he          normal, variance 2 / n_in                                     0
    (I5)  lecun       normal, variance 1 / n_in                                     0
    (I6)  zeros       0; a demonstration of failure                                 0
    (I7)  data        normal, then scaled so that the sums of the examples have     minus a random mean of 5 sums
                      the variance 1
    ====  ==========  ============================================================  ======

In (I1) and (I2) the bias counts as one more input, as in the textbook, where Theta has n_in + 1 columns.
The text of the textbook gives (I1); its code, ``(rand - 0.5) * e``, draws from half that range, which is (I2).

References: (I3) Glorot and Bengio (2010), eq. 16; (I4) He et al. (2015), eq. 10; (I5) LeCun et al. (1998), eq. 16;
(I7) Holzmüller et al. (2024), "std" and "he+5".
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Sequence

import numpy as np

from multilayer.equations.activations import Array
from multilayer.exceptions import ParameterError, unknown_name

Draw = Callable[[np.random.RandomState, int, int], Array]


def epsilon_init(rng: np.random.RandomState, n_in: int, n_out: int) -> Array:
    """(I1) Draw uniformly from [-e, e], e = √6 / √(n_out + n_in + 1), biases too."""
    e = np.sqrt(6.0) / np.sqrt(n_out + n_in + 1)
    return rng.uniform(-e, e, (n_out, n_in + 1))


def notebook_init(rng: np.random.RandomState, n_in: int, n_out: int) -> Array:
    """(I2) Draw (rand - 0.5) e: half the range of (I1), the same draws as the textbook's code."""
    e = np.sqrt(6.0) / np.sqrt(n_out + n_in + 1)
    return (rng.rand(n_out, n_in + 1) - 0.5) * e


def glorot_init(rng: np.random.RandomState, n_in: int, n_out: int) -> Array:
    """(I3) Draw uniformly from [-e, e], e = √6 / √(n_out + n_in), which preserves the variance in both directions."""
    e = np.sqrt(6.0) / np.sqrt(n_out + n_in)
    return _with_zero_bias(rng.uniform(-e, e, (n_out, n_in)))


def he_init(rng: np.random.RandomState, n_in: int, n_out: int) -> Array:
    """(I4) Draw from a normal distribution with variance 2 / n_in, because relu halves the variance."""
    return _with_zero_bias(rng.normal(0.0, np.sqrt(2.0 / n_in), (n_out, n_in)))


def lecun_init(rng: np.random.RandomState, n_in: int, n_out: int) -> Array:
    """(I5) Draw from a normal distribution with variance 1 / n_in, which preserves a variance of 1 (for selu)."""
    return _with_zero_bias(rng.normal(0.0, np.sqrt(1.0 / n_in), (n_out, n_in)))


def zeros_init(rng: np.random.RandomState, n_in: int, n_out: int) -> Array:
    """(I6) Return zeros.  All units of a layer compute the same, receive the same gradient and stay equal."""
    return np.zeros((n_out, n_in + 1))


def data_init(rng: np.random.RandomState, A: Array, n_out: int, n_examples: int = 5) -> Array:
    """(I7) Draw a Theta for given activations: sums of variance 1, and biases that put the kinks among the examples.

    A unit's sums are divided by their deviation over the examples.  Its bias is minus a weighted mean of its sums for
    five random examples, with weights drawn uniformly from those that sum to 1, so that the sum is 0 near an example.

    Parameters
    ----------
    rng : RandomState
        The generator.
    A : array of shape (m, s_l)
        Activations of the layer below.
    n_out : int
        The number of units.
    n_examples : int
        The number of examples of each bias.

    Returns
    -------
    array of shape (n_out, s_l + 1)
        Theta, the biases in column 0.

    Examples
    --------
    >>> A = np.random.RandomState(1).normal(3.0, 2.0, (100, 4))
    >>> theta = data_init(np.random.RandomState(0), A, n_out=2)
    >>> (A @ theta[:, 1:].T).std(axis=0).round(6)
    array([1., 1.])
    """
    weights = rng.normal(size=(n_out, A.shape[1])) / np.sqrt(A.shape[1])
    deviations = (A @ weights.T).std(axis=0)  # (n_out,)
    weights /= np.where(deviations > 0, deviations, 1.0)[:, np.newaxis]
    sums = A @ weights.T  # (m, n_out)
    chosen = sums[rng.randint(len(A), size=(n_examples, n_out)), np.arange(n_out)]
    shares = rng.exponential(size=(n_examples, n_out))
    biases = -(shares / shares.sum(axis=0) * chosen).sum(axis=0)
    return np.column_stack([biases, weights])


SCHEMES: dict[str, Draw] = {
    "epsilon": epsilon_init,
    "notebook": notebook_init,
    "glorot": glorot_init,
    "he": he_init,
    "lecun": lecun_init,
    "zeros": zeros_init,
}


def initialize_thetas(
    layer_sizes: Sequence[int],
    random_state: int | np.random.RandomState | None = None,
    scheme: str = "epsilon",
) -> list[Array]:
    """(I1)-(I6) Draw starting weights for a network of the given layer sizes.

    Parameters
    ----------
    layer_sizes : sequence of int
        The numbers s_1 .. s_L: inputs, units in each hidden layer, and outputs.
    random_state : int, RandomState or None
        A seed, a generator to draw from, or None for different weights at each call.
    scheme : {"epsilon", "notebook", "glorot", "he", "lecun", "zeros"}
        The rule (I1) to (I6).

    Returns
    -------
    list of L - 1 float64 arrays, the l-th of shape (s_{l+1}, s_l + 1)
        Theta with the biases in column 0, drawn in layer order.

    Raises
    ------
    ParameterError
        For layer sizes that are not positive integers, fewer than two layers, or an unknown scheme.

    Examples
    --------
    >>> [theta.shape for theta in initialize_thetas([2, 5, 5, 2], random_state=0)]
    [(5, 3), (5, 6), (2, 6)]
    """
    sizes = check_layer_sizes(layer_sizes)
    if scheme not in SCHEMES:
        raise unknown_name("scheme of starting weights", scheme, SCHEMES)
    rng = as_random_state(random_state)
    return [SCHEMES[scheme](rng, n_in, n_out) for n_in, n_out in itertools.pairwise(sizes)]


def check_layer_sizes(layer_sizes: Sequence[int]) -> tuple[int, ...]:
    """Return the layer sizes as a tuple of Python integers; raise an error if they are invalid."""
    try:
        if any(isinstance(size, (bool, np.bool_)) for size in layer_sizes):
            raise TypeError
        sizes = tuple(operator.index(size) for size in layer_sizes)
    except TypeError:
        raise ParameterError(f"layer sizes must be positive integers, got {layer_sizes!r}. Write 5, not 5.0.") from None
    if len(sizes) < 2 or min(sizes) < 1:
        raise ParameterError(
            f"layer sizes must be at least two positive integers (inputs, hidden layers, outputs), got {sizes}."
        )
    return sizes


def as_random_state(random_state: int | np.random.RandomState | None) -> np.random.RandomState:
    """Return the given generator, or a new one from a seed or from the system's entropy."""
    if isinstance(random_state, np.random.RandomState):
        return random_state
    try:
        return np.random.RandomState(random_state)
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"random_state must be None, an integer from 0 to 2**32 - 1 or a RandomState, got {random_state!r} "
            f"({error})."
        ) from None


def _with_zero_bias(weights: Array) -> Array:
    return np.hstack([np.zeros((weights.shape[0], 1)), weights])
