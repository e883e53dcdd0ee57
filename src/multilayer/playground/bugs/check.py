"""The gradient check of the program that runs: its gradient beside central differences, weight by weight."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import Engine, Objective
from multilayer.equations import compare_gradients, numerical_gradient
from multilayer.equations.extensions.penalties import Penalty
from multilayer.exceptions import ParameterError
from multilayer.network import Floats, first_activations, norms, output_with_cost, thetas
from multilayer.playground.bugs.engine import BuggyEngine

WRONG = 1e-4  # a relative error above it is a wrong derivative, or a kink of an activation; rounding stays far below
# Each weight takes four forward propagations, so that a check of so many rows and weights takes about a second.
MOST_ROWS, MOST_WEIGHTS = 200, 5_000


@dataclass(frozen=True)
class LayerCheck:
    """The check of one Theta.

    Attributes
    ----------
    layer : int
        The number l of Theta_l, from 1.
    largest_error : float
        The largest relative error.
    weights_wrong, weights : int
        The number of wrong derivatives, and of all.
    only_biases : bool
        Whether only derivatives with respect to biases are wrong.
    """

    layer: int
    largest_error: float
    weights_wrong: int
    weights: int
    only_biases: bool


@dataclass(frozen=True)
class ProgramCheck:
    """The result of :func:`check_program`.

    Attributes
    ----------
    layers : tuple of LayerCheck
        The check of each Theta.
    is_right : bool
        Whether no derivative is wrong.
    text : str
        The result in words.
    """

    layers: tuple[LayerCheck, ...]
    is_right: bool
    text: str

    @property
    def weights_wrong(self) -> int:
        """The number of wrong derivatives."""
        return sum(each.weights_wrong for each in self.layers)

    def json(self) -> dict[str, Any]:
        """Return the answer of ``check_bug``.

        Returns
        -------
        dict
            As PROTOCOL.md describes it.
        """
        layers = [
            {
                "layer": each.layer,
                "largest_error": each.largest_error if np.isfinite(each.largest_error) else None,
                "weights_wrong": each.weights_wrong,
                "weights": each.weights,
                "only_biases": each.only_biases,
            }
            for each in self.layers
        ]
        return {"layers": layers, "is_right": self.is_right, "text": self.text}


def check_program(
    program: Engine | str | None,
    objective: Objective,
    parameters: Floats,
    batch: NDArray[np.intp] | None = None,
) -> ProgramCheck:
    """(N2) Compare the gradient of a program with central differences, weight by weight.

    Parameters
    ----------
    program : Engine, str or None
        The engine that runs, the name of a mistake, or None for the right program.
    objective : Objective
        The network and the data.
    parameters : array of shape (P,)
        The parameter vector.
    batch : array of row numbers, optional
        The rows of the check, by default all; at most the first 200 are used.

    Returns
    -------
    ProgramCheck
        The wrong derivatives of each layer.

    Raises
    ------
    ParameterError
        The network is too large for central differences, or embeds its inputs.

    Examples
    --------
    >>> from multilayer.network import Network
    >>> X, Y = np.array([[2.0], [1.0]]), np.array([[1.0], [0.0]])
    >>> objective = Objective(Network((1, 1), (), "sigmoid"), X, Y)
    >>> check_program(None, objective, np.array([0.1, 0.2])).is_right
    True
    >>> print(check_program("missing-mean", objective, np.array([0.1, 0.2])).text)
    2 of 2 derivatives are wrong. Theta_1: all 2.
    """
    if len(parameters) > MOST_WEIGHTS:
        raise ParameterError(
            f"the network has {len(parameters):,} weights, and central differences take four forward propagations for "
            f"each. Use fewer units, so that there are at most {MOST_WEIGHTS:,}."
        )
    if objective.network.embedding is not None:
        raise ParameterError("the check does not support embedded inputs. Set embedding to None.")
    rows = np.arange(objective.X.shape[0]) if batch is None else batch
    checked = _of_rows(objective, rows[:MOST_ROWS])
    engine = BuggyEngine(program) if program is None or isinstance(program, str) else program
    values = np.asarray(parameters, dtype=np.float64)
    # At weights that have grown without bound, costs overflow; the errors are then infinite.
    with np.errstate(over="ignore", invalid="ignore"):
        _, D = engine.cost_and_gradient(checked, values)
        analytic = [each.astype(np.float64) for each in thetas(checked.network, D)]
        errors = compare_gradients(analytic, _numerical(checked, values)).errors
    layers = tuple(_layer_check(number, error) for number, error in enumerate(errors, start=1))
    is_right = not any(layer.weights_wrong for layer in layers)
    return ProgramCheck(layers, is_right, _text(layers, is_right))


def _of_rows(objective: Objective, rows: NDArray[np.intp]) -> Objective:
    """Return the objective of some rows, in float64 and without dropout."""
    X: Any = objective.X[rows]
    X = (X.toarray() if hasattr(X, "toarray") else X).astype(np.float64)
    weight = None if objective.sample_weight is None else objective.sample_weight[rows].astype(np.float64)
    return replace(objective, X=X, Y=objective.Y[rows].astype(np.float64), sample_weight=weight, dropout=())


def _numerical(objective: Objective, parameters: Floats) -> list[NDArray[np.float64]]:
    network = objective.network
    of_layers = norms(network, parameters) or None
    D = numerical_gradient(
        first_activations(network, parameters, objective.X),
        objective.Y,
        thetas(network, parameters),
        Penalty(objective.lam, objective.lam1),
        network.hidden,
        output_with_cost(network),
        sample_weight=objective.sample_weight,
        norms=of_layers,
    )
    return D[: len(network.layer_sizes) - 1]


def _layer_check(number: int, errors: NDArray[np.float64]) -> LayerCheck:
    is_wrong = errors > WRONG
    n_wrong = int(is_wrong.sum())
    only_biases = n_wrong > 0 and not is_wrong[:, 1:].any()
    return LayerCheck(number, float(errors.max()), n_wrong, errors.size, only_biases)


def _text(layers: tuple[LayerCheck, ...], is_right: bool) -> str:
    n = sum(each.weights for each in layers)
    if is_right:
        error = max(each.largest_error for each in layers)
        return (
            f"The gradient agrees with the central differences for all {n} weights: the largest relative error is "
            f"{error:.1g}. The check examines the gradient alone, not the data or the order of the rows."
        )
    parts = [_of_layer(each) for each in layers]
    n_wrong = sum(each.weights_wrong for each in layers)
    return f"{n_wrong} of {n} derivatives are wrong. {' '.join(parts)}"


def _of_layer(layer: LayerCheck) -> str:
    if layer.weights_wrong == 0:
        return f"Theta_{layer.layer}: none of {layer.weights}."
    if layer.weights_wrong == layer.weights:
        return f"Theta_{layer.layer}: all {layer.weights}."
    biases = ", all of them biases" if layer.only_biases else ""
    return f"Theta_{layer.layer}: {layer.weights_wrong} of {layer.weights}{biases}."
