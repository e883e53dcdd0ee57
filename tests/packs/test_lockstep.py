"""Sessions trained in lockstep give the same results as separate training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from multilayer.engines import DescentRequest
from multilayer.packs.lockstep import train_in_lockstep
from multilayer.training import StopRule, TrainingSession

from ..training.problems import DIVERGING, M, objective, recipe, reference, start, train


@pytest.mark.parametrize("n_updates", [1, 3, 1000])
def test_sessions_trained_in_lockstep_equal_separate_training(n_updates: int) -> None:
    recipes = [
        recipe(step_size=0.1),
        recipe(max_epochs=3, shuffle=False),
        recipe(step_size=1e-9, max_epochs=50, stop=StopRule(tol=1e-4, patience=3)),
    ]
    sessions = [TrainingSession(start(how, seed=i), how, M) for i, how in enumerate(recipes)]
    train_in_lockstep(reference(), sessions, [objective()] * 3, n_updates)
    for i, (session, how) in enumerate(zip(sessions, recipes, strict=True)):
        expected = train(reference(), objective(), how, start(how, seed=i))
        np.testing.assert_array_equal(session.state.last, expected.last)
        assert session.state.history.costs == expected.history.costs
        assert session.state.reason == expected.reason


def test_the_engine_receives_the_updates_of_all_sessions_in_one_call() -> None:
    engine, sizes = reference(), []

    def counted(requests: Sequence[DescentRequest]) -> Any:
        sizes.append(len(requests))
        return [engine.descend(each.objective, each.rule, each.state, each.batches, each.options) for each in requests]

    engine.descend_many = counted  # type: ignore[method-assign]
    recipes = [recipe(max_epochs=n) for n in (1, 2)]
    sessions = [TrainingSession(start(how), how, M) for how in recipes]
    train_in_lockstep(engine, sessions, [objective()] * 2)
    assert sizes == [2] * 5 + [1] * 5  # five updates per epoch


def test_a_diverged_session_does_not_affect_the_others() -> None:
    of, good = objective("identity"), recipe(step_size=1e-3)
    sessions = [TrainingSession(start(how, of), how, M) for how in (DIVERGING, good)]
    train_in_lockstep(reference(), sessions, [of, of], 4)
    assert [session.state.reason for session in sessions] == ["diverged", "max_epochs"]
    np.testing.assert_array_equal(sessions[1].state.last, train(reference(), of, good, start(good, of)).last)
