"""The next batch: what a proof is about, and one forward and one backward pass of it."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import Objective
from multilayer.equations import Penalty, dropout_masks
from multilayer.equations.activations import Array
from multilayer.equations.backpropagation import deltas_of, gradient_of
from multilayer.equations.costs import Output
from multilayer.equations.propagation import as_problem, cost_of_sums, forward
from multilayer.exceptions import ParameterError
from multilayer.network import Floats, output_with_cost, thetas, widths
from multilayer.playground.bugs.engine import OUTPUT_UNITS

# The gradient of a program: from X, Y, thetas, lam and h to D, as multilayer.equations.core.backpropagation.
Gradient = Callable[..., list[Array]]

# Weights that diverge overflow, and their numbers are missing from the answer: that needs no warning.
quietly = np.errstate(over="ignore", invalid="ignore")


class Place(NamedTuple):
    """The place of a weight, ``thetas[layer][row, column]``, counted from 0."""

    layer: int
    row: int
    column: int


@dataclass(frozen=True, eq=False)
class NextUpdate:
    """The update that a session would perform with the batch.

    Attributes
    ----------
    rule : str
        The name of the update rule.
    step_size : float or None
        The step size.
    parameters : array of shape (P,)
        The parameter vector after the update.
    """

    rule: str
    step_size: float | None
    parameters: Floats


@dataclass(frozen=True, eq=False)
class NextBatch:
    """A network before an update, and the rows of the update.

    Attributes
    ----------
    objective : Objective
        The network and all training rows.
    parameters : array of shape (P,)
        The parameter vector before the update.
    rows : array of int
        The row numbers of the batch.
    update : int
        The number of updates before this one.
    t : int or None
        The number of updates that the dropout masks are drawn for, if it is not ``update``.
    after : NextUpdate or None
        The update; None if there is none.
    gradient : callable or None
        The gradient of the program that trains, if it is not that of the book:
        ``gradient(X, Y, thetas, lam, h)`` returns D, as the functions of :data:`multilayer.learn.bugs.BUGS` do.
    inputs, outputs : tuple of str
        The names of the inputs and of the output units; empty for numbers.

    Raises
    ------
    ParameterError
        For a network with normalised layers or embedded inputs, for row numbers that do not exist, and for a gradient
        of a program that cannot run the objective.
    """

    objective: Objective
    parameters: Floats
    rows: NDArray[np.intp]
    update: int = 0
    t: int | None = None
    after: NextUpdate | None = None
    gradient: Gradient | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        network = self.objective.network
        if network.normalization is not None or network.embedding is not None:
            raise ParameterError(
                "proofs do not support normalised layers and embedded inputs. Set normalization and embedding to None."
            )
        n_rows = self.objective.X.shape[0]
        rows = np.asarray(self.rows)
        if rows.ndim != 1 or rows.size == 0 or rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= n_rows:
            raise ParameterError(f"the batch must be row numbers from 0 to {n_rows - 1}, at least one, got {rows!r}.")
        if self.gradient is not None and (fault := self._obstacle()):
            raise ParameterError(f"the program with a gradient of its own cannot run this problem: {fault}.")

    def _obstacle(self) -> str:
        objective, network = self.objective, self.objective.network
        if any(each != "sigmoid" for each in network.hidden):
            return f"it needs sigmoid hidden units, got {network.hidden}"
        if network.output not in OUTPUT_UNITS or network.cost is not None:
            return "it needs sigmoid, softmax or identity outputs with the matching cost"
        if any(objective.dropout) or objective.lam1 > 0 or objective.sample_weight is not None:
            return "it needs rows of equal weight, no dropout and no L1 penalty"
        return ""

    @property
    def n_layers(self) -> int:
        """The number L of layers."""
        return len(self.objective.network.layer_sizes)

    def unit_name(self, layer: int, unit: int) -> str:
        """Return the name of a unit; layers count from 1 and units from 0."""
        if layer == 1:
            return self.inputs[unit] if self.inputs else f"input {unit + 1}"
        if layer == self.n_layers:
            return f'output "{self.outputs[unit]}"' if self.outputs else f"output {unit + 1}"
        return f"unit {unit + 1} of layer {layer}"

    def source_name(self, layer: int, column: int) -> str:
        """Return the name of what a column of Theta_layer multiplies."""
        return "bias" if column == 0 else self.unit_name(layer, column - 1)

    def position_of(self, sample: int) -> int | None:
        """Return the position of a training row in the batch; None if it is not in the batch."""
        found = np.flatnonzero(np.asarray(self.rows) == self.checked_sample(sample))
        return int(found[0]) if len(found) else None

    def checked_sample(self, sample: int) -> int:
        """Return the number of a training row; raise an error if there is none."""
        number, n_rows = operator.index(sample), self.objective.X.shape[0]
        if not 0 <= number < n_rows:
            raise ParameterError(f"sample must be a training row, from 0 to {n_rows - 1}, got {number}.")
        return number


@dataclass(frozen=True, eq=False)
class BatchPass:
    """One forward and one backward pass of a batch, in float64, with the dropped units of the update.

    Lists count from 0 and layers from 1: ``A[0]`` is A_1, and ``thetas[0]``, ``Z[0]`` and ``delta[0]`` belong to
    Theta_1 and to layer 2.

    Attributes
    ----------
    hidden, output, penalty
        The units and the regularisation, as the equations receive them.
    thetas : list of arrays of shape (s_{l+1}, s_l + 1)
        The weights.
    X, Y : array of shape (m, s_1) and (m, K)
        The rows of the batch.
    weight : array of shape (m,) or None
        The weights of the rows.
    masks : list of arrays or None
        The dropout masks.
    Z, A, delta : list of arrays
        Sums, activations and deltas of each layer.
    J : float
        The cost of the batch, with the regularisation.
    D : list of arrays
        The derivatives by (B4).
    """

    hidden: tuple[Any, ...]
    output: Output
    penalty: Penalty
    thetas: list[Array]
    X: Array
    Y: Array
    weight: Array | None
    masks: list[Array] | None
    Z: list[Array]
    A: list[Array]
    delta: list[Array]
    J: float
    D: list[Array]

    @property
    def m(self) -> float:
        """The number of rows, or the sum of their weights."""
        return float(len(self.X)) if self.weight is None else float(self.weight.sum())

    @property
    def row_weights(self) -> Array:
        """The weight of each row."""
        return np.ones(len(self.X)) if self.weight is None else self.weight


def pass_of(batch: NextBatch) -> BatchPass:
    """(P1)-(P4), (B1)-(B4) Compute one forward and one backward pass of the batch."""
    objective, network, rows = batch.objective, batch.objective.network, np.asarray(batch.rows)
    X: Any = objective.X[rows]
    X = _float64(X.toarray() if hasattr(X, "toarray") else X)
    Y, weight = _float64(objective.Y[rows]), objective.sample_weight
    weight = None if weight is None else _float64(weight[rows])
    if weight is not None and not weight.any():
        raise ParameterError("all rows of the batch have weight 0, so that it has no cost. Use another batch.")
    matrices = [_float64(theta) for theta in thetas(network, batch.parameters)]
    penalty, output = Penalty(objective.lam, objective.lam1), output_with_cost(network)
    t = batch.update if batch.t is None else batch.t
    masks = dropout_masks(objective.dropout, objective.seed, t, len(rows), widths(network))
    examples, layers = as_problem(X, Y, matrices, penalty, network.hidden, output, weight, None)
    Z, A = forward(examples.X, layers, masks)
    delta = deltas_of(Z, examples.Y, layers, masks)
    J, D = cost_of_sums(Z[-1], examples, layers), gradient_of(A, delta, examples, layers)
    return BatchPass(network.hidden, output, penalty, matrices, X, Y, weight, masks, Z, A, delta, J, D)


def pass_of_sample(batch: NextBatch, sample: int) -> tuple[BatchPass, int]:
    """Return a pass with a training row, and its position; a row outside the batch is passed alone, without dropout."""
    position = batch.position_of(sample)
    if position is not None:
        return pass_of(batch), position
    objective = replace(batch.objective, dropout=(), sample_weight=None)
    return pass_of(replace(batch, objective=objective, rows=np.array([sample]))), 0


def program_gradient(batch: NextBatch, computed: BatchPass) -> list[Array] | None:
    """Return D as the program that trains computes it; None if it is a program of the book."""
    if batch.gradient is None:
        return None
    h = OUTPUT_UNITS[batch.objective.network.output]
    matrices = [theta.copy() for theta in computed.thetas]
    try:
        return batch.gradient(computed.X, computed.Y, matrices, computed.penalty.squares, h)
    except ValueError as error:
        raise ParameterError(f"the program cannot compute the gradient of this network: {error}.") from error


def _float64(values: Any) -> Array:
    return np.ascontiguousarray(values, dtype=np.float64)
