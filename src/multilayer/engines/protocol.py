"""The seam between training and arithmetic: what an engine is asked to do.

An engine runs a network; it does not decide.  When to stop, what step size comes next, which rows form a batch: all
of that is decided in :mod:`multilayer.training` and arrives here as plain arrays.  So an engine has few methods, and
all engines pass one suite of contract tests (``tests/engines/contract.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.blas_threads import one_blas_thread
from multilayer.equations.descent import UpdateRule
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.network import Floats, Network, n_parameters


@dataclass(frozen=True)
class Objective:
    """The cost J as a function of the parameters: a network and the data that it is to fit.

    The arrays are C-contiguous, of one dtype (float32 or float64), and are never written to.  X may also be a CSR
    matrix or array of SciPy's, without entries that are to be added up; no engine makes more of it dense than the rows
    of a batch.  A batch whose rows all have the weight 0 costs 0 and has the gradient 0.
    """

    network: Network
    X: Floats  # (m, s_1), or CSR
    Y: Floats  # (m, K)
    lam: float = 0.0  # of the squared weights
    sample_weight: Floats | None = None  # (m,)
    dropout: tuple[float, ...] = ()  # rates of all layers but the last, or () for none; in descents only
    seed: int = 0  # of the dropout masks: masks follow from it and from the number of updates done
    lam1: float = 0.0  # of the weights' absolute values


@dataclass
class DescentState:
    """Where a descent stands.  An engine advances it in place; a checkpoint is a copy of it."""

    parameters: Floats  # (P,)
    slots: Floats  # (rule.n_slots, P), the update rule's memory
    t: int = 0  # updates done
    average: Floats | None = None  # (P,), the mean of the parameters; None where none is kept


@dataclass(frozen=True)
class Batches:
    """A run of updates: for each, the rows it sees and the step size it takes.

    Update i sees the rows ``order[starts[i]:stops[i]]``, or the rows ``starts[i]:stops[i]`` themselves where
    ``order`` is None.
    """

    order: NDArray[np.intp] | None
    starts: NDArray[np.intp]  # (n,)
    stops: NDArray[np.intp]  # (n,)
    step_sizes: NDArray[np.float64]  # (n,)

    def __len__(self) -> int:
        return len(self.starts)


PLAIN = StepOptions()


@dataclass(frozen=True, eq=False)
class DescentRequest:
    """The arguments of one :meth:`Engine.descend`."""

    objective: Objective
    rule: UpdateRule
    state: DescentState
    batches: Batches
    options: StepOptions = PLAIN


class Engine(Protocol):
    """Runs networks.  Engines hold no state between calls and may be called from several threads at once."""

    name: str

    def predict(self, network: Network, parameters: Floats, X: Floats) -> Floats:
        """The network's answer H, (m, K), in the dtype of the parameters.

        The answer for a row may depend on the rows beside it by no more than rounding; in the CPU engine it does not.
        """

    def cost_and_gradient(self, objective: Objective, parameters: Floats) -> tuple[float, Floats]:
        """J over all rows, and its derivative by the parameter vector, a new array (P,)."""

    def descend(
        self,
        objective: Objective,
        rule: UpdateRule,
        state: DescentState,
        batches: Batches,
        options: StepOptions = PLAIN,
    ) -> NDArray[np.float64]:
        """Do the updates; return the cost of each batch before its update, (n,) float64.

        With ``options.average`` the state's ``average`` is kept up to date, and begun where there is none.

        Where a cost is not finite the engine stops before that update: the array then ends with that cost, and
        ``state`` is as the update before left it.
        """

    def descend_many(self, requests: Sequence[DescentRequest]) -> list[NDArray[np.float64]]:
        """Do several descents; what each returns.  An engine may batch those of equal shape."""
        return [self.descend(each.objective, each.rule, each.state, each.batches, each.options) for each in requests]

    def concurrent_calls(self) -> AbstractContextManager[None]:
        """A block within which several threads call engines at once: threads of BLAS would get in their way."""
        return one_blas_thread()


def new_state(network: Network, rule: UpdateRule, parameters: Floats) -> DescentState:
    """The state in which a descent begins: the given parameters (taken over, not copied) and empty slots."""
    return DescentState(parameters, np.zeros((rule.n_slots, n_parameters(network)), dtype=parameters.dtype))


def with_average(state: DescentState, options: StepOptions) -> DescentState:
    """The same state; where a mean of the parameters is to be kept and there is none, it begins."""
    if options.average > 0 and state.average is None:
        state.average = state.parameters.copy()
    return state
