"""The networks that the CPU engine can compile: all except those with custom activations or costs."""

from __future__ import annotations

from multilayer.equations.extensions.chosen_costs import (
    AbsoluteError,
    GammaDeviance,
    Huber,
    Quantile,
    SigmoidFocal,
    SoftmaxFocal,
)
from multilayer.network import Network

COMPILED_COSTS = (AbsoluteError, GammaDeviance, Huber, Quantile, SigmoidFocal, SoftmaxFocal)


def unsupported_by_cpu(network: Network) -> str:
    """Describe the part of the network that the CPU engine has no compiled code for; empty if it can run all of it."""
    custom = [each for each in network.hidden if not isinstance(each, str)]
    if custom:
        return f"the activation {custom[0]!r}, whose g and g' are Python functions"
    if network.cost is not None and type(network.cost) not in COMPILED_COSTS:
        return f"the cost {network.cost!r}, whose value and delta are Python functions"
    return ""
