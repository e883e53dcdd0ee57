"""What the CPU engine cannot run.  The reference engine runs everything."""

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


def cpu_lacks(network: Network) -> str:
    """What of this network the CPU engine has no compiled code for, in words; "" where there is nothing."""
    own = [each for each in network.hidden if not isinstance(each, str)]
    if own:
        return f"the activation {own[0]!r}, whose g and g' are Python functions"
    if network.cost is not None and type(network.cost) not in COMPILED_COSTS:
        return f"the cost {network.cost!r}, whose value and delta are Python functions"
    return ""
