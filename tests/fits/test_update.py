"""Single updates of a fit: the same numbers as training in one part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from multilayer import MLPClassifier
from multilayer.exceptions import DivergenceError, InputTypeError
from multilayer.fits.fit import Fit
from multilayer.fits.rows import NO_VALIDATION, FitRequest, ValidationArguments
from multilayer.training import TrainingSession

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 3))
y = (X[:, 0] + 0.3 * RNG.normal(size=50) > 0).astype(int)


def begun(validates: bool = False, **parameters: Any) -> Fit:
    model = MLPClassifier((4,), **{"batch_size": 8, "max_iter": 30, "random_state": 0, **parameters})
    validation = ValidationArguments(X[:20], y[:20]) if validates else NO_VALIDATION
    fit: Fit = model._begin(FitRequest(X, y, validation=validation, keep="last"))
    return fit


@pytest.mark.parametrize("validates", [False, True])
@pytest.mark.parametrize("n_updates", [1, 3, 7, 100])
@pytest.mark.parametrize("schedule", ["constant", "one_cycle", "plateau"])
def test_updates_equal_training_in_one_part(schedule: str, n_updates: int, validates: bool) -> None:
    parameters = {"learning_rate": schedule, "n_iter_no_change": 3, "tol": 1e-2}
    whole, parts = (begun(validates, **parameters) for _ in range(2))
    whole.train()
    done = 0
    while not parts.has_ended:
        costs = parts.update(n_updates, 1 if validates else 30)
        assert len(costs) <= n_updates
        done += len(costs)
    assert parts.state.reason == whole.state.reason
    assert parts.state.history.costs == whole.state.history.costs
    assert parts.state.history.validation_scores == whole.state.history.validation_scores
    np.testing.assert_array_equal(parts.state.last, whole.state.last)
    assert isinstance(parts.session, TrainingSession)
    assert done >= parts.session.n_updates == 7 * parts.n_epochs
    assert len(parts.update()) == 0


def test_the_next_step_size_is_that_of_the_next_update() -> None:
    fit = begun(learning_rate="one_cycle", max_iter=4)
    session = fit.session
    assert isinstance(session, TrainingSession)
    seen = []
    while not session.has_ended:
        expected = session.next_step_size
        updates = session.next_updates(1)
        assert updates is not None
        assert session.next_step_size == expected == updates.step_sizes[0]
        seen.append(expected)
        fit.update(1)
    assert len(set(seen)) > 20
    assert session.next_step_size is None


def test_a_divergence_is_an_error_and_ends_the_fit() -> None:
    fit = begun(solver="sgd", learning_rate_init=1e200, activation="relu", alpha=0.1)
    with pytest.raises(DivergenceError, match="smaller step size"):
        fit.update(100, 100)
    assert fit.state.reason == "diverged"
    assert len(fit.update()) == 0


def test_lbfgs_has_no_single_updates() -> None:
    with pytest.raises(InputTypeError, match="L-BFGS has no single updates"):
        begun(solver="lbfgs").update()
