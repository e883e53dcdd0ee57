"""One warning for all the trainings of a pack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from multilayer.exceptions import InterruptedTrainingWarning
from multilayer.fits.errors import Complaint, ConvergenceWarning, warn


def warn_once(complaints: Iterable[Sequence[Complaint]], n: int, what: str) -> None:
    """Of what the trainings complain, one warning for all: "in 3 of 5 folds training ended ...".

    ``complaints`` holds those of each training, ``n`` is how many there were, ``what`` what they are called.  What is
    not about the end of a training is true of all alike, and said as it is, once.  Of an interruption nothing is said
    here: it is the pack's.
    """
    said = [list(dict.fromkeys(of_one)) for of_one in complaints]
    of_ends = [[each for each in of_one if issubclass(each.category, ConvergenceWarning)] for of_one in said]
    others = dict.fromkeys(
        (each.message, each.category)
        for of_one in said
        for each in of_one
        if not issubclass(each.category, ConvergenceWarning | InterruptedTrainingWarning)
    )
    for message, category in others:
        warn(message, category)
    kinds: dict[str, list[str]] = {}
    for of_one in of_ends:
        for kind, message in {each.of_many or each.message: each.message for each in of_one}.items():
            kinds.setdefault(kind, []).append(message)
    if kinds:
        sentences = [
            f"in {len(messages)} of {n} {what} {messages[0] if len(set(messages)) == 1 else kind}"
            for kind, messages in kinds.items()
        ]
        warn(" ".join([sentences[0], *(f"I{sentence[1:]}" for sentence in sentences[1:])]), ConvergenceWarning)
