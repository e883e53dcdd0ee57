"""Proofs: the numbers behind one weight, one unit and one update, computed by the equations of the book in float64."""

from multilayer.playground.proofs.batches import NextBatch, NextUpdate
from multilayer.playground.proofs.traces import UpdateTrace, trace_update
from multilayer.playground.proofs.units import UnitProof, prove_unit
from multilayer.playground.proofs.weights import WeightProof, prove_weight

__all__ = [
    "NextBatch",
    "NextUpdate",
    "UnitProof",
    "UpdateTrace",
    "WeightProof",
    "prove_unit",
    "prove_weight",
    "trace_update",
]
