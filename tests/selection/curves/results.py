"""Curve results made of given numbers, for tests of conclusions and plots."""

from __future__ import annotations

from typing import Any

import numpy as np

from multilayer.selection import CapacityCurve, LearningCurve, RegularizationPath, SeedSpread

NAN = float("nan")


def scores(means: Any, spread: float = 0.01, folds: int = 4) -> np.ndarray:
    """Return (n, folds) scores with the given means, and with the same order of the folds in each row."""
    about = np.linspace(-1.0, 1.0, folds) if folds > 1 else np.zeros(1)
    return np.asarray(means, dtype=float)[:, np.newaxis] + spread * about


def alternating(means: Any, spread: float = 0.01, folds: int = 4) -> np.ndarray:
    """Return such scores with the order of the folds reversed from row to row."""
    about = np.linspace(-1.0, 1.0, folds) if folds > 1 else np.zeros(1)
    signs = (-1.0) ** np.arange(len(means))
    return np.asarray(means, dtype=float)[:, np.newaxis] + spread * signs[:, np.newaxis] * about


def learning(test: np.ndarray, train: np.ndarray | None = None, sizes: Any = (100, 200, 400)) -> LearningCurve:
    train = np.ones_like(test) if train is None else train
    return LearningCurve(np.asarray(sizes), train, test, np.ones_like(test), "accuracy")


def capacity(
    test: np.ndarray,
    train_costs: np.ndarray | None = None,
    test_costs: np.ndarray | None = None,
    test_curves: Any = None,
    **options: Any,
) -> CapacityCurve:
    n, folds = test.shape
    capacities = options.pop("capacities", ((4,), (16,), (64,), (64, 64), (32, 8))[:n])
    costs = np.full((n, folds), 0.1)
    flat = tuple(np.linspace(1.0, 0.1, 5) + np.zeros((folds, 5)) for _ in range(n))
    return CapacityCurve(
        capacities=capacities,
        n_weights=options.pop("n_weights", 10.0 ** np.arange(n)),
        train_scores=np.ones((n, folds)),
        test_scores=test,
        train_costs=costs if train_costs is None else train_costs,
        test_costs=costs if test_costs is None else test_costs,
        fit_times=np.ones((n, folds)),
        train_curves=flat,
        test_curves=flat if test_curves is None else test_curves,
        metric="accuracy",
        **options,
    )


def path(test: np.ndarray, alphas: Any = (0.01, 0.1, 1.0), **options: Any) -> RegularizationPath:
    one = np.ones_like(test)
    return RegularizationPath(
        np.asarray(alphas, dtype=float), one, test, one, one, one, np.ones((*test.shape, 2)), "accuracy", **options
    )


def spread(values: Any) -> SeedSpread:
    return SeedSpread(np.asarray(values, dtype=float), "accuracy")
