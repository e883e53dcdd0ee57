"""The interface between training and arithmetic: what an engine computes.

An engine runs a network and decides nothing.  :mod:`multilayer.training` decides when to stop, which step sizes to use
and which rows form a batch, and passes all of it as plain arrays.  So an engine has three methods, and all engines pass
one suite of contract tests (``tests/engines/contract.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.blas_threads import one_blas_thread
from multilayer.equations.descent import UpdateRule
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.exceptions import InputTypeError
from multilayer.network import Floats, Network, n_parameters


@dataclass(frozen=True)
class Objective:
    """The cost J as a function of the parameters: a network and the data that it is trained on.

    The arrays are C-contiguous, of one dtype (float32 or float64), and engines never write to them.  A batch whose rows
    all have the weight 0 costs 0 and has the gradient 0.

    Attributes
    ----------
    network : Network
        The network.
    X : array or CSR matrix of shape (m, s_1)
        Inputs.  A CSR matrix has no duplicate entries; engines convert at most the rows of one batch to an array.
    Y : array of shape (m, K)
        Targets.
    lam : float
        The factor of the squared weights.
    sample_weight : array of shape (m,) or None
        Weights of the rows.
    dropout : tuple of float
        The rates of all layers except the last, or an empty tuple; used in descents only.
    seed : int
        The seed of the dropout masks, which follow from it and from the number of updates.
    lam1 : float
        The factor of the weights' absolute values.
    """

    network: Network
    X: Floats
    Y: Floats
    lam: float = 0.0
    sample_weight: Floats | None = None
    dropout: tuple[float, ...] = ()
    seed: int = 0
    lam1: float = 0.0


@dataclass
class DescentState:
    """The state of a descent.  An engine advances it in place; a checkpoint is a copy of it.

    Attributes
    ----------
    parameters : array of shape (P,)
        The parameter vector.
    slots : array of shape (n_slots, P)
        The memory of the update rule.
    t : int
        The number of updates.
    average : array of shape (P,) or None
        The mean of the parameters, if one is kept.
    """

    parameters: Floats
    slots: Floats
    t: int = 0
    average: Floats | None = None


@dataclass(frozen=True)
class Batches:
    """A run of updates: the rows and the step size of each.

    Update i uses the rows ``order[starts[i]:stops[i]]``, or the rows ``starts[i]:stops[i]`` if ``order`` is None.

    Attributes
    ----------
    order : array of intp or None
        Row numbers.
    starts, stops : array of intp, of shape (n,)
        The first row of each batch, and the row after its last.
    step_sizes : array of shape (n,)
        The step size of each update.
    """

    order: NDArray[np.intp] | None
    starts: NDArray[np.intp]
    stops: NDArray[np.intp]
    step_sizes: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.starts)


PLAIN = StepOptions()


@dataclass(frozen=True, eq=False)
class DescentRequest:
    """The arguments of one :meth:`Engine.descend`.

    Attributes
    ----------
    objective, rule, state, batches, options : as for :meth:`Engine.descend`
        The arguments.
    """

    objective: Objective
    rule: UpdateRule
    state: DescentState
    batches: Batches
    options: StepOptions = PLAIN


class Engine(Protocol):
    """Runs networks.  Engines hold no state between calls and may be called from several threads at once."""

    name: str

    def predict(self, network: Network, parameters: Floats, X: Floats) -> Floats:
        """Compute the network's output.

        The rounding of the output for a row may depend on the other rows; in the CPU engine it does not.

        Parameters
        ----------
        network : Network
            The network.
        parameters : array of shape (P,)
            The parameter vector.
        X : array or CSR matrix of shape (m, s_1)
            Inputs.

        Returns
        -------
        array of shape (m, K)
            The output H, in the dtype of the parameters.
        """

    def cost_and_gradient(self, objective: Objective, parameters: Floats) -> tuple[float, Floats]:
        """Compute the cost over all rows and its gradient.

        Parameters
        ----------
        objective : Objective
            The network and the data.
        parameters : array of shape (P,)
            The parameter vector.

        Returns
        -------
        J : float
            The cost.
        D : array of shape (P,)
            The gradient with respect to the parameter vector, a new array.
        """

    def descend(
        self,
        objective: Objective,
        rule: UpdateRule,
        state: DescentState,
        batches: Batches,
        options: StepOptions = PLAIN,
    ) -> NDArray[np.float64]:
        """Perform the updates, in place.

        If a cost is not finite, the engine stops before that update; the state is that after the previous update.

        Parameters
        ----------
        objective : Objective
            The network and the data.
        rule : UpdateRule
            The update rule.
        state : DescentState
            The parameters and the memory of the rule, which advance.  With ``options.average``, the state's
            ``average`` is kept up to date, and created if it is None.
        batches : Batches
            The rows and the step size of each update.
        options : StepOptions
            Clipping, weight decay and averaging.

        Returns
        -------
        array of shape (n,), float64
            The cost of each batch before its update; it ends with the first cost that is not finite.
        """

    def descend_many(self, requests: Sequence[DescentRequest]) -> list[NDArray[np.float64]]:
        """Perform several descents.  An engine may batch those of equal shape.

        Parameters
        ----------
        requests : sequence of DescentRequest
            The arguments of each descent.

        Returns
        -------
        list of arrays
            The costs of each descent, as :meth:`descend` returns them.
        """
        return [self.descend(each.objective, each.rule, each.state, each.batches, each.options) for each in requests]

    def concurrent_calls(self) -> AbstractContextManager[None]:
        """Return a context in which several threads may call engines, with one BLAS thread each.

        Returns
        -------
        context manager
            The context.
        """
        return one_blas_thread()


def check_inputs(network: Network, X: Any) -> None:
    """Raise an error for a CSR matrix if the network embeds inputs."""
    if network.embedding is not None and hasattr(X, "toarray"):
        raise InputTypeError("embedded inputs must be dense, got a sparse matrix. Use X.toarray().")


def new_state(network: Network, rule: UpdateRule, parameters: Floats) -> DescentState:
    """Return the initial state of a descent.

    Parameters
    ----------
    network : Network
        The network.
    rule : UpdateRule
        The update rule, whose memory starts at zero.
    parameters : array of shape (P,)
        The starting weights; they are not copied.

    Returns
    -------
    DescentState
        The state before the first update.
    """
    return DescentState(parameters, np.zeros((rule.n_slots, n_parameters(network)), dtype=parameters.dtype))


def with_average(state: DescentState, options: StepOptions) -> DescentState:
    """Return the same state; its ``average`` starts at the parameters if the options ask for one and it has none."""
    if options.average > 0 and state.average is None:
        state.average = state.parameters.copy()
    return state


# A context variable has one value for each thread: concurrent runs have separate listeners.
_compilation_listener: ContextVar[Callable[[str], None] | None] = ContextVar("compilation_listener", default=None)


@contextmanager
def compilations_reported_to(listener: Callable[[str], None]) -> Iterator[None]:
    """Within this block, pass the name of each kernel to the listener before this thread compiles it."""
    token = _compilation_listener.set(listener)
    try:
        yield
    finally:
        _compilation_listener.reset(token)


def report_compilation(kernel: str) -> None:
    """Report that an engine is about to compile this kernel, which takes seconds, once on a machine."""
    listener = _compilation_listener.get()
    if listener is not None:
        listener(kernel)
