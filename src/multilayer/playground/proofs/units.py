"""The proof of one unit: its weighted sum written out, its activation, and its delta, for one row."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from multilayer.equations import activation
from multilayer.exceptions import ParameterError
from multilayer.network import activation_name
from multilayer.playground.messages import finite
from multilayer.playground.proofs.batches import BatchPass, NextBatch, pass_of_sample, quietly


@dataclass(frozen=True)
class SumTerm:
    """A term of the weighted sum (P2): a weight, what it multiplies, and their product."""

    name: str
    weight: float
    value: float
    product: float


@dataclass(frozen=True)
class DeltaTerm:
    """A term of (B2): the weight to a unit of the next layer, its delta, and their product."""

    name: str
    weight: float
    delta: float
    product: float


@dataclass(frozen=True)
class UnitProof:
    """The proof of one unit for one row.

    Attributes
    ----------
    name : str
        The unit.
    terms : tuple of SumTerm
        The terms of its sum; the first is the bias.
    z : float
        Their sum.
    activation : str
        The activation, or the output unit.
    a : float
        Its value at z.
    mask : float or None
        The factor that dropout multiplies a by, and delta too; None without dropout.
    delta_terms : tuple of DeltaTerm
        The terms of (B2); none for an output unit, whose delta is (B1).
    slope : float or None
        The derivative of the activation at z; None for an output unit.
    delta : float
        The sum of the terms, times slope and mask.
    target : float or None
        The target of an output unit.
    equation : str
        The tag of delta.
    """

    name: str
    terms: tuple[SumTerm, ...]
    z: float
    activation: str
    a: float
    mask: float | None
    delta_terms: tuple[DeltaTerm, ...]
    slope: float | None
    delta: float
    target: float | None
    equation: str

    def to_json(self) -> dict[str, Any]:
        """Return the answer of ``prove_unit``, as PROTOCOL.md describes it."""
        answer: dict[str, Any] = finite(asdict(self))
        return answer


@quietly
def prove_unit(batch: NextBatch, layer: int, unit: int, sample: int) -> UnitProof:
    """(P2), (P3), (B1), (B2) Prove sum, activation and delta of one unit for one training row.

    Parameters
    ----------
    batch : NextBatch
        The network and the batch.
    layer : int
        The number of the layer, from 2.
    unit : int
        The unit, from 0.
    sample : int
        The training row.  If it is not in the batch, no units are dropped.

    Returns
    -------
    UnitProof
        The terms and results.

    Raises
    ------
    ParameterError
        If there is no such unit or row.
    """
    network = batch.objective.network
    if not 2 <= layer <= batch.n_layers:
        raise ParameterError(f"layer must be from 2 to {batch.n_layers}, got {layer}.")
    if not 0 <= unit < network.layer_sizes[layer - 1]:
        raise ParameterError(
            f"unit must be from 0 to {network.layer_sizes[layer - 1] - 1} in layer {layer}, got {unit}."
        )
    computed, i = pass_of_sample(batch, sample)
    is_output = layer == batch.n_layers
    z = computed.Z[layer - 2][i, unit]
    g = None if is_output else activation(network.hidden[layer - 2])
    return UnitProof(
        name=batch.unit_name(layer, unit),
        terms=_sum_terms(batch, computed, layer, unit, i),
        z=float(z),
        activation=network.output if is_output else activation_name(network.hidden[layer - 2]),
        a=float(computed.A[-1][i, unit] if g is None else g.g(np.array([z]))[0]),
        mask=None if is_output or computed.masks is None else float(computed.masks[layer - 1][i, unit]),
        delta_terms=() if is_output else _delta_terms(batch, computed, layer, unit, i),
        slope=None if g is None else float(g.g_prime(np.array([z]))[0]),
        delta=float(computed.delta[layer - 2][i, unit]),
        target=float(computed.Y[i, unit]) if is_output else None,
        equation="B1" if is_output else "B2",
    )


def _sum_terms(batch: NextBatch, computed: BatchPass, layer: int, unit: int, i: int) -> tuple[SumTerm, ...]:
    weights, values = computed.thetas[layer - 2][unit], (1.0, *computed.A[layer - 2][i])
    return tuple(
        SumTerm(batch.source_name(layer - 1, column), float(weight), float(value), float(weight * value))
        for column, (weight, value) in enumerate(zip(weights, values, strict=True))
    )


def _delta_terms(batch: NextBatch, computed: BatchPass, layer: int, unit: int, i: int) -> tuple[DeltaTerm, ...]:
    weights, delta = computed.thetas[layer - 1][:, unit + 1], computed.delta[layer - 1][i]
    return tuple(
        DeltaTerm(batch.unit_name(layer + 1, number), float(weight), float(each), float(weight * each))
        for number, (weight, each) in enumerate(zip(weights, delta, strict=True))
    )
