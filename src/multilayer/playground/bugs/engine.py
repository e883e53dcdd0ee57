"""An engine with one of the mistakes of :mod:`multilayer.learn.bugs`, behind the ordinary training session.

It is the reference engine with another program for (B1)-(B4).  The cost is computed without a mistake, so that the
curve shows what the mistake does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import PLAIN, Batches, DescentState, Engine, Objective
from multilayer.engines.reference import ReferenceEngine
from multilayer.equations import core
from multilayer.equations.costs import Output
from multilayer.equations.descent import UpdateRule
from multilayer.equations.extensions.penalties import Penalty
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.equations.propagation import cost
from multilayer.exceptions import ParameterError
from multilayer.learn.bugs.records import Bug, bug_named
from multilayer.network import Floats, Network

Array = NDArray[np.float64]

OUTPUT_UNITS = {"sigmoid": core.sigmoid, "softmax": core.softmax, "identity": core.identity}


class BuggyEngine(Engine):
    """The reference engine with the gradient of a mistake.

    Parameters
    ----------
    name : str or None
        The name of the mistake, a key of :data:`multilayer.learn.bugs.BUGS`; None for the right program.  The gradient
        of "unshuffled-batches" is right: its caller sets the order of the rows, see
        :class:`multilayer.playground.bugs.setups.BugSetup`.

    Raises
    ------
    ParameterError
        There is no mistake of this name.  The methods raise it for a problem that the mistake cannot run.

    Examples
    --------
    >>> import numpy as np
    >>> objective = Objective(Network((1, 1), (), "sigmoid"), np.array([[2.0], [1.0]]), np.array([[1.0], [0.0]]))
    >>> J, D = BuggyEngine("wrong-sign").cost_and_gradient(objective, np.zeros(2))
    >>> right_J, right_D = BuggyEngine(None).cost_and_gradient(objective, np.zeros(2))
    >>> J == right_J, D.tolist(), right_D.tolist()
    (True, [0.0, 0.25], [0.0, -0.25])
    """

    name = "reference"

    def __init__(self, name: str | None) -> None:
        bug = None if name is None else bug_named(name)
        if bug is None or not has_wrong_gradient(bug):
            self._engine = ReferenceEngine()
        else:
            self._engine = ReferenceEngine(partial(_cost_and_wrong_gradient, bug))
        self.bug = bug

    def predict(self, network: Network, parameters: Floats, X: Floats) -> Floats:
        return self._engine.predict(network, parameters, X)

    def cost_and_gradient(self, objective: Objective, parameters: Floats) -> tuple[float, Floats]:
        self._check(objective)
        return self._engine.cost_and_gradient(objective, parameters)

    def descend(
        self,
        objective: Objective,
        rule: UpdateRule,
        state: DescentState,
        batches: Batches,
        options: StepOptions = PLAIN,
    ) -> NDArray[np.float64]:
        self._check(objective)
        return self._engine.descend(objective, rule, state, batches, options)

    def _check(self, objective: Objective) -> None:
        fault = "" if self.bug is None else obstacle(self.bug, objective)
        if fault and self.bug is not None:
            raise ParameterError(
                f"the program with the mistake {self.bug.name!r} cannot run this problem: {fault}. "
                "Change the parameters by multilayer.playground.bugs.setups.parameters_for_bug."
            )


def has_wrong_gradient(bug: Bug) -> bool:
    """Return whether a mistake changes the gradient; one changes the order of the rows."""
    return bug.gradient is not core.backpropagation


def obstacle(bug: Bug, objective: Objective) -> str:
    """Return why the program with a mistake cannot run a problem, or "" if it can."""
    network, sizes = objective.network, objective.network.layer_sizes
    if not has_wrong_gradient(bug):
        return ""
    if any(each != "sigmoid" for each in network.hidden):
        return f"it needs sigmoid hidden units, got {network.hidden}"
    if network.output not in OUTPUT_UNITS or network.cost is not None:
        return "it needs sigmoid, softmax or identity outputs with the matching cost"
    if network.normalization is not None or network.embedding is not None:
        return "it needs layers without normalisation and inputs without embedding"
    if objective.dropout or objective.lam1 > 0 or objective.sample_weight is not None:
        return "it needs rows of equal weight, no dropout and no L1 penalty"
    if bug.name == "transposed-matrix" and len(set(sizes[1:])) > 1:
        return f"a transposed matrix fits only if all layers after the first have the same size, got {sizes}"
    return ""


def _cost_and_wrong_gradient(
    bug: Bug,
    X: Floats,
    Y: Floats,
    matrices: Sequence[Floats],
    penalty: Penalty,
    hidden: Sequence[Any],
    output: Output,
    *_without_weight_masks_and_norms: object,
) -> tuple[float, list[Array]]:
    """(J), and the derivatives as the program with the mistake computes them."""
    # In the layout of the book, so that sums are rounded as in multilayer.learn.bugs.train_with_bug.
    examples, targets, *thetas = (np.ascontiguousarray(each, dtype=np.float64) for each in (X, Y, *matrices))
    J = cost(examples, targets, thetas, penalty, hidden, output)
    # A mistake may take weights so far that exp(-z) overflows; its limit is right.
    return J, bug.gradient(examples, targets, thetas, penalty.squares, OUTPUT_UNITS[output.name])
