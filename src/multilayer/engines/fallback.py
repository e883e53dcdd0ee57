"""When the reference engine replaces the compiled one: for networks, and on machines, that it cannot be used for."""

from __future__ import annotations

import sys
import threading
import warnings

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import PLAIN, Batches, DescentState, Engine, Objective
from multilayer.engines.reference import ReferenceEngine
from multilayer.equations.descent import UpdateRule
from multilayer.equations.extensions.chosen_costs import (
    AbsoluteError,
    GammaDeviance,
    Huber,
    Quantile,
    SigmoidFocal,
    SoftmaxFocal,
)
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.exceptions import EngineError, EngineWarning
from multilayer.network import Floats, Network

COMPILED_COSTS = (AbsoluteError, GammaDeviance, Huber, Quantile, SigmoidFocal, SoftmaxFocal)

_lock = threading.Lock()
_has_warned = False


class FallbackEngine:
    """The compiled engine, and the reference engine for each call whose kernel cannot be compiled.

    A kernel is compiled when it is called, before it changes anything, so that the reference engine can run the same
    call.
    """

    def __init__(self, compiled: Engine) -> None:
        self.name = compiled.name
        self._compiled, self._reference = compiled, ReferenceEngine()

    def predict(self, network: Network, parameters: Floats, X: Floats) -> Floats:
        try:
            return self._compiled.predict(network, parameters, X)
        except EngineError as error:
            warn_of_fallback(str(error))
        return self._reference.predict(network, parameters, X)

    def cost_and_gradient(self, objective: Objective, parameters: Floats) -> tuple[float, Floats]:
        try:
            return self._compiled.cost_and_gradient(objective, parameters)
        except EngineError as error:
            warn_of_fallback(str(error))
        return self._reference.cost_and_gradient(objective, parameters)

    def descend(
        self,
        objective: Objective,
        rule: UpdateRule,
        state: DescentState,
        batches: Batches,
        options: StepOptions = PLAIN,
    ) -> NDArray[np.float64]:
        try:
            return self._compiled.descend(objective, rule, state, batches, options)
        except EngineError as error:
            warn_of_fallback(str(error))
        return self._reference.descend(objective, rule, state, batches, options)


def warn_of_fallback(reason: str) -> None:
    """Warn once per process that the reference engine replaces the compiled one."""
    global _has_warned
    with _lock:
        if _has_warned:
            return
        # Set after the warning: if a filter makes it an error, the next call raises it again.
        warnings.warn(
            f"the compiled engine cannot be used. The reference engine replaces it: it is slower, and its results are "
            f"equal up to rounding. {reason}. Set engine='reference' to use it without this warning.",
            EngineWarning,
            stacklevel=_level_of_caller(),
        )
        _has_warned = True


def _level_of_caller() -> int:
    """The stack level, for ``warn_of_fallback``, of the line that called this library."""
    found, level, frame = 1, 1, sys._getframe(1)
    while frame.f_back is not None:
        if frame.f_globals.get("__name__", "").startswith("multilayer."):  # frames of SciPy may lie between ours
            found = level + 1
        level, frame = level + 1, frame.f_back
    return found


def unsupported_by_cpu(network: Network) -> str:
    """Describe the part of the network that the CPU engine has no compiled code for; empty if it can run all of it."""
    custom = [each for each in network.hidden if not isinstance(each, str)]
    if custom:
        return f"the activation {custom[0]!r}, whose g and g' are Python functions"
    if network.cost is not None and type(network.cost) not in COMPILED_COSTS:
        return f"the cost {network.cost!r}, whose value and delta are Python functions"
    return ""
