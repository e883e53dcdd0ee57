"""A fit whose rows are replaced between two epochs."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from multilayer import MLPClassifier, MLPRegressor
from multilayer.exceptions import InputError, ParameterError, ShapeError
from multilayer.fits.fit import Fit, begin
from multilayer.fits.rows import FitRequest
from multilayer.fits.settings import settings_of
from multilayer.fits.target_scale import TargetScale
from multilayer.fits.windows import check_class_weight, replace_rows, restore

M = 50
X = np.random.default_rng(0).standard_normal((2 * M, 3)).astype(np.float32)
LABELS = np.where(X[:, 0] > 0, "yes", "no")
NUMBERS = 5.0 + 3.0 * X[:, 0].astype(np.float64)


def begun(network: Any, y: Any, **options: Any) -> Fit:
    request = FitRequest(X[:M], y[:M], **options)
    return begin(network, settings_of(network), network._target_adapter(), request)


def test_next_epoch_is_trained_on_the_new_rows() -> None:
    # By hand: one full batch of plain gradient descent on each half, whose cost is that before the update.
    network = MLPRegressor((), solver="sgd", momentum=0.0, max_iter=2, batch_size=M, alpha=0.0, random_state=0)
    fit = begun(network, NUMBERS)
    fit.train(n_epochs=1)
    W = fit.state.last.copy()
    replace_rows(fit, X[M:], NUMBERS[M:])
    fit.train(n_epochs=1)
    fit.keep()
    residuals = X[M:] @ W[1:] + W[0] - NUMBERS[M:]
    np.testing.assert_allclose(network.loss_curve_[1], (residuals**2).mean() / 2, rtol=1e-5)


def test_scale_of_all_rows_is_used_for_each_window() -> None:
    network = MLPRegressor((4,), max_iter=3, random_state=0, standardize_targets=True)
    scale = TargetScale(np.array([7.0]), np.array([2.0]))
    fit = begun(network, NUMBERS, target_scale=scale)
    np.testing.assert_allclose(fit.problem.objective.Y[:, 0], (NUMBERS[:M] - 7.0) / 2.0, rtol=1e-5, atol=1e-6)
    replace_rows(fit, X[M:], NUMBERS[M:])
    np.testing.assert_allclose(fit.problem.objective.Y[:, 0], (NUMBERS[M:] - 7.0) / 2.0, rtol=1e-5, atol=1e-6)
    assert network.target_mean_ is scale.mean


def test_weights_of_classes_apply_to_the_new_rows() -> None:
    network = MLPClassifier((4,), max_iter=3, random_state=0, class_weight={"no": 1.0, "yes": 5.0})
    fit = begun(network, LABELS)
    replace_rows(fit, X[M:], LABELS[M:], np.full(M, 2.0))
    weight = fit.problem.objective.sample_weight
    assert weight is not None
    np.testing.assert_allclose(weight / weight.min(), np.where(LABELS[M:] == "yes", 5.0, 1.0))


def test_new_rows_may_lack_a_class() -> None:
    fit = begun(MLPClassifier((4,), max_iter=3, random_state=0), LABELS)
    replace_rows(fit, X[M:], np.full(M, "yes"))
    assert fit.problem.objective.Y.tolist() == [[1.0]] * M


def test_new_rows_are_checked() -> None:
    fit = begun(MLPClassifier((4,), max_iter=3, random_state=0), LABELS)
    before = fit.problem
    with pytest.raises(ShapeError, match="as many others, 50, got 49"):
        replace_rows(fit, X[: M - 1], LABELS[: M - 1])
    with pytest.raises(InputError):
        replace_rows(fit, np.full((M, 3), np.nan, np.float32), LABELS[:M])
    with pytest.raises(InputError, match="perhaps"):
        replace_rows(fit, X[:M], np.full(M, "perhaps"))
    assert fit.problem is before


def test_balanced_class_weights_are_refused() -> None:
    with pytest.raises(ParameterError, match="depends on all rows"):
        check_class_weight("balanced")
    check_class_weight({0: 1.0})
    check_class_weight(None)


def test_restored_fit_continues_with_the_masks_and_orders_of_the_other() -> None:
    network = MLPRegressor((4,), max_iter=6, random_state=None, dropout=0.3, batch_size=10)
    first = begun(network, NUMBERS)
    first.train(n_epochs=3)
    state = copy.deepcopy(first.state)
    first.train()
    second = begun(MLPRegressor((4,), max_iter=6, random_state=None, dropout=0.3, batch_size=10), NUMBERS)
    restore(second, state)
    assert second.n_epochs == 3
    second.train()
    np.testing.assert_array_equal(first.state.last, second.state.last)
    assert first.state.history.costs == second.state.history.costs
