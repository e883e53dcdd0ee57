"""Every pair of values is in a case of ``pairwise``."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from .pairwise import pairs_of, pairwise


@pytest.mark.parametrize("sizes", [(2, 2), (1, 3), (6, 4, 6), (2, 2, 2, 2), (6, 3, 3, 2)])
def test_every_pair_is_in_a_case(sizes: tuple[int, ...]) -> None:
    cases = pairs_of([range(size) for size in sizes])
    for a, b in combinations(range(len(sizes)), 2):
        assert {(case[a], case[b]) for case in cases} == set(product(range(sizes[a]), range(sizes[b])))
    assert len(set(cases)) == len(cases)
    assert len(cases) <= 1.5 * sorted(sizes)[-1] * sorted(sizes)[-2]


def test_the_mark_contains_the_names_of_the_parameters() -> None:
    mark = pairwise(letter="ab", number={1: "one", 2: "two"}).mark
    assert mark.args == (("letter", "number"), [("a", 1), ("a", 2), ("b", 1), ("b", 2)])
