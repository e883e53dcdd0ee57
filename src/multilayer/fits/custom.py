"""Functions of one's own: what is checked, and said, before anything is trained with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from multilayer.engines.fallback import unsupported_by_cpu
from multilayer.equations import check_activation
from multilayer.equations.activations import Activation
from multilayer.exceptions import ParameterWarning
from multilayer.fits.errors import warn
from multilayer.network import Network


def check_own_activations(hidden: Sequence[str | Activation], known: Iterable[str | Activation] = ()) -> None:
    """An error where g' of one's own is not the derivative of g.

    ``known`` are those that the network was begun with: a stream of small parts need not wait for the same check.
    """
    checked = {id(each) for each in known}
    for each in hidden:
        if not isinstance(each, str) and id(each) not in checked:
            check_activation(each)
            checked.add(id(each))


def warn_of_the_reference_engine(engine: str, network: Network) -> None:
    """Say that "auto" is the slow engine here: nothing that the estimator shows afterwards would tell."""
    lacks = unsupported_by_cpu(network) if engine == "auto" else ""
    if lacks:
        warn(
            f"engine='auto' is the reference engine here, which is slower: compiled code cannot run {lacks}. "
            "Set engine='reference' to say so.",
            ParameterWarning,
        )
