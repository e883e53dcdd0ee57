"""One warning for all fits of a pack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from multilayer.exceptions import InterruptedTrainingWarning
from multilayer.fits.errors import ConvergenceWarning, FitWarning, warn


def warn_once(warnings: Iterable[Sequence[FitWarning]], n: int, what: str) -> None:
    """Merge the warnings of many fits: "in 3 of 5 folds training ended ...".

    Warnings about the end of a fit are counted by their kind and reported together.  Other warnings hold for all fits
    and are reported once, as they are.  Interruptions are left to the function that trains the pack.

    Parameters
    ----------
    warnings : iterable of sequences of FitWarning
        The warnings of each fit.
    n : int
        The number of fits.
    what : str
        The word for them, such as "folds".
    """
    distinct = [list(dict.fromkeys(of_one)) for of_one in warnings]
    others = dict.fromkeys(
        (each.message, each.category)
        for of_one in distinct
        for each in of_one
        if not issubclass(each.category, ConvergenceWarning | InterruptedTrainingWarning)
    )
    for message, category in others:
        warn(message, category)
    kinds: dict[str, list[str]] = {}
    for of_one in distinct:
        ends = [each for each in of_one if issubclass(each.category, ConvergenceWarning)]
        for kind, message in {each.summary or each.message: each.message for each in ends}.items():
            kinds.setdefault(kind, []).append(message)
    if kinds:
        sentences = [
            f"in {len(messages)} of {n} {what} {messages[0] if len(set(messages)) == 1 else kind}"
            for kind, messages in kinds.items()
        ]
        warn(" ".join([sentences[0], *(f"I{sentence[1:]}" for sentence in sentences[1:])]), ConvergenceWarning)
