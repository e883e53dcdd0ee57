"""Custom functions: what is checked, and warned of, before anything is trained with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from multilayer.engines.cpu.coverage import unsupported_by_cpu
from multilayer.equations import check_activation
from multilayer.equations.activations import Activation
from multilayer.exceptions import ParameterWarning
from multilayer.fits.errors import warn
from multilayer.network import Network


def check_custom_activations(hidden: Sequence[str | Activation], known: Iterable[str | Activation] = ()) -> None:
    """An error where a custom g' is not the derivative of g.

    ``known`` are those of the network so far: a stream of small parts need not wait for the same check.
    """
    checked = {id(each) for each in known}
    for each in hidden:
        if not isinstance(each, str) and id(each) not in checked:
            check_activation(each)
            checked.add(id(each))


def warn_of_the_reference_engine(engine: str, network: Network) -> None:
    """Warn that "auto" is the slow engine here: nothing that the estimator shows afterwards would tell."""
    is_plain = engine != "auto" or (all(isinstance(each, str) for each in network.hidden) and network.cost is None)
    lacks = "" if is_plain else unsupported_by_cpu(network)
    if lacks:
        warn(
            f"engine='auto' is the reference engine here, which is slower: compiled code cannot run {lacks}. "
            "Set engine='reference' to say so.",
            ParameterWarning,
        )
