"""Validation of a run: the best parameters, the last ones, and a run that goes on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from multilayer.training import LbfgsRecipe, StopRule, StopState, Validation, restore_best, train, train_lbfgs

from .problems import objective, recipe, reference, start


def scoring(*scores: float) -> Any:
    """A measure that gives these scores one after another, whatever the parameters."""
    left = list(scores)
    return lambda _: (1.0, left.pop(0))


def test_the_last_parameters_are_kept_aside_only_where_they_are_not_the_best() -> None:
    how = recipe(max_epochs=3)
    improving, worsening, plain = start(how), start(how), start(how)
    train(reference(), objective(), how, improving, validation=Validation(scoring(0.1, 0.2, 0.3)))
    train(reference(), objective(), how, worsening, validation=Validation(scoring(0.3, 0.2, 0.1)))
    train(reference(), objective(), how, plain)
    for run in (improving, worsening, plain):
        restore_best(run)
        assert run.best is None
    assert improving.last is plain.last is None
    assert worsening.last is not None
    np.testing.assert_array_equal(worsening.last, plain.state.parameters)
    assert (worsening.state.parameters != plain.state.parameters).any()
    assert (improving.best_score, worsening.best_score, plain.best_score) == (0.3, 0.3, -math.inf)


def test_going_on_begins_at_the_last_and_remembers_the_best() -> None:
    how = recipe(max_epochs=2)
    parts, plain = start(how), start(how)
    train(reference(), objective(), how, parts, validation=Validation(scoring(0.9, 0.1)))
    restore_best(parts)
    best = parts.state.parameters.copy()
    train(reference(), objective(), how, parts, validation=Validation(scoring(0.9, 0.5, 0.2)))  # the first: the best
    train(reference(), objective(), recipe(max_epochs=4), plain)
    np.testing.assert_array_equal(parts.state.parameters, plain.state.parameters)
    restore_best(parts)
    np.testing.assert_array_equal(parts.state.parameters, best)
    assert parts.best_score == 0.9
    assert parts.stop.stalled == 3


def test_a_best_that_scores_otherwise_now_is_what_the_stop_rule_begins_with() -> None:
    how = recipe(max_epochs=2, stop=StopRule(tol=0.0, patience=9))
    run = start(how)
    train(reference(), objective(), how, run, validation=Validation(scoring(0.9, 0.1)))
    restore_best(run)
    train(reference(), objective(), recipe(max_epochs=1), run, validation=Validation(scoring(0.4, 0.6)))
    assert run.best_score == 0.6
    assert run.stop == StopState(-0.6, 0)


def test_what_the_stop_rule_watches_may_change() -> None:
    how = recipe(max_epochs=2)
    run = start(how)
    train(reference(), objective(), how, run, validation=Validation(scoring(0.9, 0.1), stops=False))
    assert run.stop.best_cost == min(run.history.costs)
    restore_best(run)
    train(reference(), objective(), how, run, validation=Validation(scoring(0.9, 0.1, 0.2), stops=True))
    assert run.stop == StopState(-0.9, 2)
    restore_best(run)
    train(reference(), objective(), how, run)
    assert run.stop.best_cost == min(run.history.costs[-2:])
    assert (run.best, run.best_score) == (None, -math.inf)


def test_scores_that_are_no_number_are_never_the_best() -> None:
    run = start(recipe(max_epochs=2))
    train(reference(), objective(), recipe(max_epochs=2), run, validation=Validation(scoring(math.nan, math.nan)))
    assert run.best is None
    restore_best(run)
    assert run.last is None


@pytest.mark.parametrize("stops", [False, True])
def test_lbfgs_is_validated_after_each_iteration(stops: bool) -> None:
    run = start(recipe())
    scores = [0.5, 0.6, *[0.1] * 20]
    how = LbfgsRecipe(tol=0.0, max_iterations=10, stop=StopRule(tol=0.0, patience=3 if stops else math.inf))
    train_lbfgs(reference(), objective(), how, run, validation=Validation(scoring(*scores), stops=stops))
    expected = start(recipe())
    train_lbfgs(reference(), objective(), LbfgsRecipe(tol=0.0, max_iterations=2), expected)
    n_iterations = 6 if stops else 10
    assert run.reason == ("converged" if stops else "max_iterations")
    assert run.history.validation_scores == scores[:n_iterations]
    restore_best(run)
    np.testing.assert_array_equal(run.state.parameters, expected.state.parameters)
