"""What the CPU engine cannot run.  The reference engine runs everything."""

from __future__ import annotations

from multilayer.network import Network


def cpu_lacks(network: Network) -> str:
    """What of this network the CPU engine has no compiled code for, in words; "" where there is nothing."""
    own = [each for each in network.hidden if not isinstance(each, str)]
    if own:
        return f"the activation {own[0]!r}, whose g and g' are Python functions"
    if network.cost is not None:
        return f"the cost {network.cost!r}"
    return f"{network.output} outputs" if network.output == "increasing" else ""
