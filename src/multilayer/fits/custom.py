"""Checks and warnings for custom activations and costs, before training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from multilayer.engines.cpu.coverage import unsupported_by_cpu
from multilayer.equations import check_activation
from multilayer.equations.activations import Activation
from multilayer.exceptions import ParameterWarning
from multilayer.fits.errors import warn
from multilayer.network import Network


def check_custom_activations(hidden: Sequence[str | Activation], known: Iterable[str | Activation] = ()) -> None:
    """Raise an error if a custom g' is not the derivative of g; those in ``known`` have been checked before."""
    checked = {id(each) for each in known}
    for each in hidden:
        if not isinstance(each, str) and id(each) not in checked:
            check_activation(each)
            checked.add(id(each))


def warn_of_the_reference_engine(engine: str, network: Network) -> None:
    """Warn if "auto" chooses the slow engine, which is not visible in the fitted estimator."""
    is_plain = engine != "auto" or (all(isinstance(each, str) for each in network.hidden) and network.cost is None)
    lacks = "" if is_plain else unsupported_by_cpu(network)
    if lacks:
        warn(
            f"engine='auto' is the reference engine here, which is slower: compiled code cannot run {lacks}. "
            "Set engine='reference' to avoid this warning.",
            ParameterWarning,
        )
