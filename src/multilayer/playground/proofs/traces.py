"""The trace of one update: each number of one row, forward and backward, and what the batch changes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from multilayer.equations import regularization
from multilayer.equations.activations import Array
from multilayer.network import thetas
from multilayer.playground.messages import finite
from multilayer.playground.proofs.batches import NextBatch, pass_of, pass_of_sample, program_gradient, quietly

MOST_ROWS = 50


@dataclass(frozen=True, eq=False)
class UpdateTrace:
    """One forward and one backward pass of the next batch, with the numbers of one row.

    Attributes
    ----------
    update : int
        The number of updates before this one.
    batch : list of int
        The row numbers of the batch, at most 50.
    n_batch : int
        The number of its rows.
    sample : int
        The row.
    is_in_batch : bool
        Whether it is in the batch; if not, its numbers have no dropout and D does not depend on it.
    x, y : array
        Its inputs and targets.
    Z, A, delta : list of arrays
        Its sums and deltas from layer 2, and its activations from layer 1, after dropout.
    masks : list of arrays or None
        The factors by which dropout multiplied A, for all layers except the last.
    cost : float
        Its cost.
    batch_cost : float
        The cost of the batch, with the regularisation.
    regularization : float
        The regularisation in it.
    D : list of arrays
        The derivatives by the program that trains, of the shapes of Theta.
    step : list of arrays or None
        The change of Theta by the update; None if there is no update.
    """

    update: int
    batch: list[int]
    n_batch: int
    sample: int
    is_in_batch: bool
    x: Array
    y: Array
    Z: list[Array]
    A: list[Array]
    delta: list[Array]
    masks: list[Array] | None
    cost: float
    batch_cost: float
    regularization: float
    D: list[Array]
    step: list[Array] | None

    def to_json(self) -> dict[str, Any]:
        """Return the answer of ``trace``, as PROTOCOL.md describes it."""
        answer: dict[str, Any] = finite({field.name: getattr(self, field.name) for field in fields(self)})
        return answer


@quietly
def trace_update(batch: NextBatch, sample: int | None = None) -> UpdateTrace:
    """(P1)-(P4), (J), (B1)-(B4) Trace the next update, with the numbers of one training row.

    Parameters
    ----------
    batch : NextBatch
        The network and the batch.
    sample : int or None, default=None
        The training row; None for the first of the batch.

    Returns
    -------
    UpdateTrace
        All numbers.

    Raises
    ------
    ParameterError
        If there is no such row.
    """
    row = int(batch.rows[0]) if sample is None else batch.checked_sample(sample)
    of_row, i = pass_of_sample(batch, row)
    is_in_batch = batch.position_of(row) is not None
    computed = of_row if is_in_batch else pass_of(batch)
    cost = float(of_row.output.cost(of_row.Z[-1][i : i + 1], of_row.Y[i : i + 1])[0])
    return UpdateTrace(
        update=batch.update,
        batch=[int(each) for each in batch.rows[:MOST_ROWS]],
        n_batch=len(batch.rows),
        sample=row,
        is_in_batch=is_in_batch,
        x=of_row.X[i],
        y=of_row.Y[i],
        Z=[z[i] for z in of_row.Z],
        A=[a[i] for a in of_row.A],
        delta=[delta[i] for delta in of_row.delta],
        masks=None if of_row.masks is None else [mask[i] for mask in of_row.masks],
        cost=cost,
        batch_cost=computed.J,
        regularization=regularization(computed.thetas, computed.penalty, computed.m),
        D=program_gradient(batch, computed) or computed.D,
        step=_step(batch),
    )


def _step(batch: NextBatch) -> list[Array] | None:
    if batch.after is None:
        return None
    network = batch.objective.network
    before, after = (thetas(network, each) for each in (batch.parameters, batch.after.parameters))
    return [new.astype(np.float64) - old for new, old in zip(after, before, strict=True)]
