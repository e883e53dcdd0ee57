"""A few hundred mutants of each file; benchmarks/mutants.py makes any number of them."""

from __future__ import annotations

import tracemalloc

import pytest

from .mutants import CROSS_VALIDATIONS, ERROR, LARGEST, PIPELINES, SAME, TABLE_MODELS, USABLE, subjects, verdict

NAMES = [
    *("classifier", "checkpoint of classifier", "normalised", "checkpoint of normalised", "regressor"),
    *("checkpoint of regressor", "members", "bootstrap", *PIPELINES, *CROSS_VALIDATIONS, *TABLE_MODELS, "journal"),
]


def test_subjects_have_the_expected_names() -> None:
    assert [subject.name for subject in subjects()] == NAMES


@pytest.mark.parametrize("number", range(len(NAMES)), ids=NAMES)
def test_mutants_raise_our_errors_or_are_read(number: int) -> None:
    verdicts = [verdict(subjects()[number], seed) for seed in range(40)]
    assert set(verdicts) <= {ERROR, SAME, USABLE}
    assert verdicts.count(ERROR) > 10


def test_mutants_take_little_memory() -> None:
    tracemalloc.start()
    try:
        for seed in range(15):
            verdict(subjects()[0], seed)
        assert tracemalloc.get_traced_memory()[1] < LARGEST
    finally:
        tracemalloc.stop()
