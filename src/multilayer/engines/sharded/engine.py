"""The sharded engine: gradients by workers, updates here."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import PLAIN, Batches, DescentState, Engine, Objective, check_inputs
from multilayer.engines.sharded.sharding import Sharding
from multilayer.engines.sharded.tree import root, tree_sum
from multilayer.engines.sharded.worker import PartialSum, add
from multilayer.engines.steps import Rows, descend_by
from multilayer.equations.descent import UpdateRule
from multilayer.equations.extensions.penalties import Penalty, regularization, regularization_gradient
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.exceptions import ParameterError
from multilayer.network import Floats, Network, thetas


@dataclass(frozen=True, eq=False)
class _Loaded:
    """An objective whose shards the workers have.  It keeps the arrays alive, which identify the objective."""

    objective: Objective
    table: int

    def serves(self, other: Objective) -> bool:
        """Return whether the other objective has the same rows and network."""
        mine = self.objective
        return (
            mine.X is other.X
            and mine.Y is other.Y
            and mine.sample_weight is other.sample_weight
            and mine.network == other.network
        )


class ShardedEngine(Engine):
    """Computes gradients over rows that are spread over workers.

    Each update sends the parameters and the batch's row numbers to all workers.  They return sums of cost and gradient
    over their shards, which are added in the fixed order of :mod:`multilayer.engines.sharded.tree`; the penalty and the
    update itself are applied here, once.  So a result has the same bits for any number of workers.

    Parameters
    ----------
    local : Engine
        The engine of predictions; workers use another one of its name.
    sharding : Sharding
        The workers.
    """

    name = "sharded"

    def __init__(self, local: Engine, sharding: Sharding) -> None:
        self._local, self._sharding = local, sharding
        self._loaded: _Loaded | None = None

    def predict(self, network: Network, parameters: Floats, X: Floats) -> Floats:
        return self._local.predict(network, parameters, X)

    def cost_and_gradient(self, objective: Objective, parameters: Floats) -> tuple[float, Floats]:
        return self._cost_and_gradient(objective, parameters, None)

    def descend(
        self,
        objective: Objective,
        rule: UpdateRule,
        state: DescentState,
        batches: Batches,
        options: StepOptions = PLAIN,
    ) -> NDArray[np.float64]:
        if any(objective.dropout):
            raise ParameterError(
                f"dropout cannot be used with sharded rows, got the rates {objective.dropout}: the dropped units of a "
                "row depend on its place in the batch, which is divided among the workers. Use dropout=0 or fit "
                "without sharded_rows."
            )

        def gradient_of(rows: Rows, n_rows: int) -> tuple[float, Floats]:  # noqa: ARG001 all callers pass both
            return self._cost_and_gradient(objective, state.parameters, rows)

        return descend_by(gradient_of, objective.network, rule, state, batches, options)

    def _cost_and_gradient(self, objective: Objective, parameters: Floats, rows: Rows | None) -> tuple[float, Floats]:
        check_inputs(objective.network, objective.X)
        sharding = self._sharding
        with sharding.lock:
            table = self._table_of(objective)
            sums = sharding.partial_sums(table, parameters, rows, objective.X.shape[0])
        total = tree_sum(root(sharding.n_shards), lambda node: node in sums or node.level == 0, sums.get, add)
        if total is None or total.weight == 0.0:
            return 0.0, np.zeros_like(parameters)  # rows without weight have no gradient
        return _with_penalty(objective, parameters, total)

    def _table_of(self, objective: Objective) -> int:
        """Return the number of the objective's table; the workers load it if they do not have it."""
        if self._loaded is None or not self._loaded.serves(objective):
            if self._loaded is not None:
                self._sharding.release(self._loaded.table)
            self._loaded = _Loaded(objective, self._sharding.load(objective, self._local.name))
            # The garbage collector may run in any thread, and while the workers are busy.
            weakref.finalize(self, self._sharding.abandoned.append, self._loaded.table).atexit = False
        return self._loaded.table


def _with_penalty(objective: Objective, parameters: Floats, total: PartialSum) -> tuple[float, Floats]:
    """Return J and D: the sums divided by the weight of the batch, with (C4) and (C13)."""
    network, penalty = objective.network, Penalty(objective.lam, objective.lam1)
    with np.errstate(over="ignore", invalid="ignore"):
        J = total.cost / total.weight
        D: Floats = total.gradient.astype(np.float64) / total.weight
        if objective.lam or objective.lam1:
            matrices = [theta.astype(np.float64) for theta in thetas(network, parameters)]
            J += regularization(matrices, penalty, total.weight)
            for view, theta in zip(thetas(network, D), matrices, strict=True):
                view += regularization_gradient(theta, penalty, total.weight)
        return float(J), D.astype(parameters.dtype, copy=False)
