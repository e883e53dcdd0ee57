"""The proof of one weight: its derivative term by term, and by three methods that share no step."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from multilayer.equations import regularization_gradient
from multilayer.equations.activations import Array
from multilayer.exceptions import ParameterError
from multilayer.network import layer_shapes, thetas
from multilayer.playground.messages import finite
from multilayer.playground.proofs.batches import BatchPass, NextBatch, Place, pass_of, quietly
from multilayer.playground.proofs.methods import (
    MethodValue,
    ProgramValue,
    largest_error,
    value_of_program,
    values_of,
)

MOST_TERMS = 8


@dataclass(frozen=True)
class Term:
    """The contribution of one row to the derivative.

    Attributes
    ----------
    row : int
        The training row.
    delta : float
        Its delta at the unit that receives the weight.
    activation : float
        What the weight multiplies; 1 for a bias.
    weight : float
        The weight of the row.
    product : float
        The product of the three.
    """

    row: int
    delta: float
    activation: float
    weight: float
    product: float


@dataclass(frozen=True)
class WeightUpdate:
    """The update of the weight: the rule, its step size and the new value."""

    rule: str
    step_size: float | None
    new_value: float


@dataclass(frozen=True)
class WeightProof:
    """The proof of one weight.

    Attributes
    ----------
    name, source, target : str
        The weight, what it multiplies and the unit that receives it.
    value : float
        The weight.
    terms : tuple of Term
        The largest terms of (B3), at most 8.
    n_terms : int
        The number of terms, one for each row of the batch.
    sum, m, penalty, derivative : float
        (B4): the sum of all terms, divided by m, plus the penalty, is the derivative.
    update : WeightUpdate or None
        The next update.
    values : tuple of MethodValue
        The derivative by backpropagation and by methods without it.
    error : float
        The largest relative error of those methods.  A difference across a kink is omitted if there is a complex step.
    missing : str or None
        Why there is no complex step.
    bug : ProgramValue or None
        The derivative of the program that trains, if it is not that of the book.
    """

    name: str
    source: str
    target: str
    value: float
    terms: tuple[Term, ...]
    n_terms: int
    sum: float
    m: float
    penalty: float
    derivative: float
    update: WeightUpdate | None
    values: tuple[MethodValue, ...]
    error: float
    missing: str | None
    bug: ProgramValue | None
    equation: str = "B4"

    def to_json(self) -> dict[str, Any]:
        """Return the answer of ``prove_weight``, as PROTOCOL.md describes it."""
        fields = asdict(self)
        fields["from"], fields["to"] = fields.pop("source"), fields.pop("target")
        fields["step"] = fields.pop("update")
        answer: dict[str, Any] = finite(fields)
        return answer


@quietly
def prove_weight(batch: NextBatch, layer: int, row: int, column: int) -> WeightProof:
    """(B3), (B4), (N1)-(N3) Prove the derivative of the batch's cost with respect to one weight.

    Parameters
    ----------
    batch : NextBatch
        The network and the batch.
    layer : int
        The number l of Theta_l, from 1.
    row, column : int
        The place in Theta_l, from 0; column 0 has the biases.

    Returns
    -------
    WeightProof
        The terms, and the values of all methods.

    Raises
    ------
    ParameterError
        If there is no such weight.
    """
    computed, place = pass_of(batch), _checked_place(batch, layer, row, column)
    theta = computed.thetas[place.layer]
    products = _products(computed, place)
    penalty = float(regularization_gradient(theta, computed.penalty, computed.m)[place.row, place.column])
    values, missing = values_of(computed, place)
    return WeightProof(
        name=f"Theta_{layer}[{place.row}, {place.column}]",
        source=batch.source_name(layer, place.column),
        target=batch.unit_name(layer + 1, place.row),
        value=float(theta[place.row, place.column]),
        terms=_largest(batch, computed, place, products),
        n_terms=len(products),
        sum=float(products.sum()),
        m=computed.m,
        penalty=penalty,
        derivative=float(products.sum()) / computed.m + penalty,  # (B4)
        update=_update(batch, place),
        values=values,
        error=largest_error(values),
        missing=missing,
        bug=value_of_program(batch, computed, place, values[-1].value),
    )


def _checked_place(batch: NextBatch, layer: int, row: int, column: int) -> Place:
    """Return the place of a weight; raise an error if there is none."""
    if not 1 <= layer < batch.n_layers:
        raise ParameterError(f"layer must be from 1 to {batch.n_layers - 1}, the number of Theta, got {layer}.")
    columns, rows = layer_shapes(batch.objective.network)[layer - 1]
    if not (0 <= row < rows and 0 <= column < columns):
        raise ParameterError(
            f"row and column must be in Theta_{layer}, below {rows} and {columns}, got row {row}, column {column}."
        )
    return Place(layer - 1, row, column)


def _products(computed: BatchPass, place: Place) -> Array:
    """(B3) Return the term of each row, with the weight of the row."""
    return computed.row_weights * computed.delta[place.layer][:, place.row] * _activations(computed, place)


def _activations(computed: BatchPass, place: Place) -> Array:
    A = computed.A[place.layer]
    return np.ones(len(A)) if place.column == 0 else A[:, place.column - 1]


def _largest(batch: NextBatch, computed: BatchPass, place: Place, products: Array) -> tuple[Term, ...]:
    delta, activations = computed.delta[place.layer][:, place.row], _activations(computed, place)
    columns = delta, activations, computed.row_weights, products
    order = np.argsort(-np.abs(products), kind="stable")[:MOST_TERMS]
    return tuple(Term(int(batch.rows[i]), *(float(column[i]) for column in columns)) for i in order)


def _update(batch: NextBatch, place: Place) -> WeightUpdate | None:
    if batch.after is None:
        return None
    new = thetas(batch.objective.network, batch.after.parameters)[place.layer]
    return WeightUpdate(batch.after.rule, batch.after.step_size, float(new[place.row, place.column]))
