"""Promotion of trials by the rule of ASHA, in the order of the trials."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.exceptions import ParameterError
from multilayer.selection.searching.rungs import Rungs, rung_epochs


@pytest.mark.parametrize(
    ("n_trials", "options", "expected"),
    [
        (1, {}, (81,)),
        (2, {}, (81,)),
        (3, {}, (27, 81)),
        (9, {}, (9, 27, 81)),
        (27, {}, (9, 27, 81)),
        (5000, {}, (9, 27, 81)),
        (None, {}, (9, 27, 81)),
        (16, {"factor": 2.0}, (20, 40, 81)),
        (9, {"min_epochs": 81}, (81,)),
        (9, {"min_epochs": 50}, (50, 81)),
    ],
)
def test_epochs_of_rungs_grow_by_a_factor_up_to_a_whole_training(n_trials: Any, options: Any, expected: Any) -> None:
    assert rung_epochs(81, n_trials, **({"factor": 3.0, "min_epochs": None} | options)) == expected


@given(st.integers(1, 10_000), st.integers(1, 1000), st.floats(1.1, 10))
def test_epochs_of_rungs_increase(max_epochs: int, n_trials: int, factor: float) -> None:
    epochs = rung_epochs(max_epochs, n_trials, factor, None)
    assert epochs[-1] == max_epochs
    assert all(one < other for one, other in itertools.pairwise(epochs))
    assert epochs[0] >= 1


def test_invalid_factors_and_epochs_raise_errors() -> None:
    with pytest.raises(ParameterError, match="factor must be a number above 1, got 1"):
        rung_epochs(10, 5, 1.0, None)
    with pytest.raises(ParameterError, match="min_epochs=20 is more than a whole training has, max_iter=10"):
        rung_epochs(10, 5, 3.0, 20)


def test_promotions_match_an_example_by_hand() -> None:
    rungs = Rungs(3, 2.0)
    for trial in range(4):
        rungs.begin(trial)
    assert rungs.arrived(0, 0, 0.5) == []  # the best half of one is none
    assert rungs.arrived(1, 0, 0.4) == [(0, 1)]  # the best half of two is one
    assert rungs.arrived(3, 0, 0.9) == []  # trial 2 has no score yet
    # of 0.5, 0.4, 0.3 still only trial 0; of 0.5, 0.4, 0.3, 0.9 the trials 3 and 0
    assert rungs.arrived(2, 0, 0.3) == [(3, 1)]
    assert rungs.arrived(0, 1, 0.6) == []
    assert rungs.arrived(3, 1, 0.7) == [(3, 2)]
    assert rungs.arrived(3, 2, 0.8) == []


def test_first_promotions_wait_for_half_of_the_trials() -> None:
    rungs = Rungs(3, 2.0, n_trials=8)
    for trial in range(8):
        rungs.begin(trial)
    for trial in range(3):
        assert rungs.arrived(trial, 0, trial / 10) == []
    assert rungs.arrived(3, 0, 0.15) == [(2, 1), (3, 1)]
    assert rungs.arrived(2, 1, 0.5) == []
    assert rungs.arrived(3, 1, 0.6) == [(3, 2)]  # later rungs do not wait


def test_failed_trials_are_never_promoted_and_the_first_of_equal_trials_is() -> None:
    rungs = Rungs(2, 2.0)
    for trial in range(4):
        rungs.begin(trial)
    assert rungs.arrived(0, 0, math.nan) == []
    assert rungs.arrived(1, 0, math.nan) == []
    assert rungs.arrived(2, 0, 0.5) == [(2, 1)]
    assert rungs.arrived(3, 0, 0.5) == [(3, 1)]  # the best two of four
    assert rungs.arrived(2, 1, 0.5) == []


@given(st.data(), st.lists(st.integers(0, 9), min_size=1, max_size=30), st.sampled_from([1.5, 2.0, 3.0]))
def test_promotions_do_not_depend_on_the_order_of_the_results(
    data: st.DataObject, scores: list[int], factor: float
) -> None:
    def play(shuffled: bool) -> list[list[int]]:
        rungs = Rungs(3, factor)
        for trial in range(len(scores)):
            rungs.begin(trial)
        at_work = [(trial, 0) for trial in range(len(scores))]
        while at_work:
            place = data.draw(st.integers(0, len(at_work) - 1)) if shuffled else 0
            trial, rung = at_work.pop(place)
            # The scores of a trial differ from rung to rung.
            at_work += rungs.arrived(trial, rung, (scores[trial] * (rung + 1) * 7) % 10)
        return rungs.trials

    assert play(shuffled=True) == play(shuffled=False)
