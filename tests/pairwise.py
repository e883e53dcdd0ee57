"""Pairwise parametrisation: each value of a parameter is combined with each value of every other parameter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, product
from typing import Any

import pytest


def pairs_of(values: Sequence[Sequence[Any]]) -> list[tuple[int, ...]]:
    """Return cases as positions of values: greedily, the next case has the most pairs that no previous case has."""
    cases = list(product(*(range(len(each)) for each in values)))
    pairs = {case: set(combinations(enumerate(case), 2)) for case in cases}
    missing = set().union(*pairs.values())
    chosen = []
    while missing:
        best = max(cases, key=lambda case: len(pairs[case] & missing))
        missing -= pairs[best]
        chosen.append(best)
    return chosen


def pairwise(**parameters: Iterable[Any]) -> pytest.MarkDecorator:
    """Like ``pytest.mark.parametrize`` for at least two parameters; a dict stands for its keys."""
    values = [list(each) for each in parameters.values()]
    cases = [tuple(each[i] for each, i in zip(values, case, strict=True)) for case in pairs_of(values)]
    return pytest.mark.parametrize(tuple(parameters), cases)
