"""An exercise about the cost."""

from __future__ import annotations

import numpy as np

from multilayer.equations import output_unit
from multilayer.learn.verdicts import Exercise, Verdict, compare_numbers

OUTPUT, TARGET = 0.999, 0.0


def _cost(target: float = TARGET) -> float:
    z = np.log(OUTPUT / (1 - OUTPUT))  # the sum whose sigmoid is the output
    return float(output_unit("sigmoid").cost(np.array([[z]]), np.array([[target]]))[0])


def _compare(answer: object, truth: float) -> Verdict:
    return compare_numbers(
        answer,
        truth,
        {
            "the sign is opposite: the logarithm of a probability is negative, and the cost is minus it.": -truth,
            "this is the cost for the target 1.": _cost(1.0),
            "this is the decimal logarithm. (C1) has the natural one.": truth / np.log(10),
            "this is the logarithm to base 2. (C1) has the natural one.": truth / np.log(2),
            "this is half the squared error (C3), not the cross-entropy (C1).": 0.5 * (OUTPUT - TARGET) ** 2,
            "this is the squared error, not the cross-entropy (C1).": (OUTPUT - TARGET) ** 2,
        },
    )


EXERCISES = (
    Exercise(
        "confident-error",
        ("C1",),
        "A sigmoid output is 0.999, and the target is 0. What does this example cost by the cross-entropy?",
        "With y = 0 only the second term of (C1) remains.",
        "c = -log(1 - h) = -log(0.001), with the natural logarithm. An undecided output of 0.5 costs only log 2 = "
        "0.693. The cost is",
        lambda: {"h": OUTPUT, "y": TARGET},
        _cost,
        _compare,
    ),
)
