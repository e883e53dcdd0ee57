"""Fitted table models of every kind, and all their answers."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import TimeSeriesSplit

from multilayer import TableClassifier, TableRegressor

from ..tables.models.conftest import few_epochs

M = 240
_RNG = np.random.RandomState(0)
FLATS = pd.DataFrame(
    {
        "size": _RNG.normal(80, 25, M).round(1),
        "town": _RNG.choice(["Bonn", "Kiel", "Ulm"], M),
        "noise": [None if i % 13 == 0 else value for i, value in enumerate(_RNG.normal(size=M))],
        "since": pd.Timestamp("2021-01-01") + pd.to_timedelta(_RNG.randint(0, 900, M), unit="D"),
        "lift": _RNG.rand(M) > 0.4,
        "number": [f"flat {i}" for i in range(M)],
        "street": _RNG.choice([f"s{i}" for i in range(90)], M),
    }
)
# The noise grows with the size, so that the spread of the errors does.
RENT = 500 + 300 * (FLATS["town"] == "Ulm") + np.exp(FLATS["size"] / 25) * _RNG.normal(size=M) * 10
RENT = RENT.clip(lower=1.0).to_numpy()
IS_DEAR = np.quantile(RENT, 0.85) < RENT
CLASSES = np.where(IS_DEAR, "dear", np.where(FLATS["lift"], "cheap", "fair"))
NEW = FLATS.head(40).copy()
NEW.loc[0, "size"] = 1e6
NEW.loc[1, "town"] = "Rom"
NEW.loc[2, ["size", "town", "since"]] = None
_GROUPS = {"groups": np.arange(M) // 4}
_WEIGHT = {"sample_weight": np.arange(M) % 3 + 0.5}
_SEVERAL = np.column_stack([RENT, 5.0 - RENT])
_ONE_CLASS = [(np.arange(M), np.arange(20)), (np.flatnonzero(CLASSES == "fair"), np.arange(20, 60))]
_OWN = {"X_val": FLATS[:60], "y_val": RENT[:60]}
_ARRAY = FLATS[["size", "lift"]].to_numpy(float)

# A model, its table, its target, and more arguments of fit.
Case = tuple[Any, Any, Any, dict[str, Any]]
CASES: dict[str, Callable[[], Case]] = {
    "classifier": lambda: (TableClassifier(cv=2, with_trees=True, calibration="temperature"), FLATS, CLASSES, {}),
    "one network": lambda: (
        TableClassifier("quick", class_weight="balanced", identifiers=["street"]),
        FLATS,
        RENT > 500,
        _WEIGHT,
    ),
    "five kinds": lambda: (TableClassifier("best", cv=2, class_weight={3: 2.0}), FLATS, 2 + FLATS["lift"], _GROUPS),
    "series": lambda: (TableClassifier(cv=TimeSeriesSplit(2), with_trees=True), FLATS, CLASSES, {}),
    "a fold of one class": lambda: (TableClassifier("quick", cv=_ONE_CLASS, with_trees=True), FLATS, CLASSES, {}),
    "regressor": lambda: (TableRegressor(cv=2, with_trees=True), FLATS, RENT, _WEIGHT | _GROUPS),
    **{
        loss: lambda loss=loss: (TableRegressor("quick", loss=loss, with_trees=True), FLATS, RENT, {})
        for loss in ("absolute_error", "huber", "poisson", "gamma")
    },
    "quantile": lambda: (
        TableRegressor("quick", loss="quantile", quantile=0.8, with_trees=True),
        FLATS,
        RENT,
        _GROUPS | _WEIGHT,
    ),
    "quantiles": lambda: (
        TableRegressor(cv=2, loss="quantile", quantile=(0.1, 0.5, 0.9), with_trees=True),
        FLATS,
        RENT,
        {},
    ),
    "several outputs": lambda: (TableRegressor(cv=2, with_trees=True), FLATS, _SEVERAL, {}),
    "series of amounts": lambda: (TableRegressor("quick", cv=TimeSeriesSplit(3), max_time=100.0), FLATS, RENT, {}),
    "own rows": lambda: (TableRegressor(with_trees=True, random_state=np.random.RandomState(0)), FLATS, RENT, _OWN),
    "array": lambda: (TableRegressor(cv=[(np.arange(200), np.arange(200, M))]), _ARRAY, _SEVERAL[:, :1], {}),
}


@functools.cache
def fitted(name: str) -> Any:
    """Return a model that is trained for a few epochs."""
    model, X, y, more = CASES[name]()
    if model.random_state is None:
        model.set_params(random_state=0)
    with warnings.catch_warnings(), few_epochs(3):
        warnings.simplefilter("ignore")
        return model.fit(X, y, **more)


def rows_of(name: str) -> tuple[Any, Any]:
    """Return new rows, and rows with targets for importance out of fold."""
    _, X, y, more = CASES[name]()
    new = X[:40] if isinstance(X, np.ndarray) else NEW
    return new, (more.get("X_val", X), more.get("y_val", y))


def answers(model: Any, name: str) -> dict[str, Any]:
    """Return everything that a fitted model tells."""
    new, (X, y) = rows_of(name)
    found: dict[str, Any] = {"predictions": model.predict(new), "novelty": model.novelty(new)}
    if isinstance(model, TableClassifier):
        found["probabilities"] = model.predict_proba(new)
        found["sets"] = [model.predict_set(new, coverage) for coverage in (0.5, 0.9)]
        found["out of fold"] = model.oof_proba_
    else:
        found["intervals"] = [model.predict_interval(new, coverage) for coverage in (0.5, 0.9)]
        found["out of fold"] = model.oof_prediction_
    several = found["out of fold"].ndim == 2 and isinstance(model, TableRegressor)
    explanation = model.explain(new[:2], target=0 if several else None)
    found["explanation"] = [explanation.contributions, explanation.baseline, explanation.trees, explanation.limits]
    importance = model.importance(X, y, out_of_fold=True, n_repeats=1, random_state=0)
    found["importance"] = [importance.values, importance.errors]
    found["dependence"] = model.partial_dependence(new, 0, n_values=2).predictions
    found["words"] = [str(model.summary()), str(model.columns_), model.oof_score_, model.fit_time_]
    return found


def equal(one: Any, other: Any) -> bool:
    """Return whether answers are equal to the bit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, np.ndarray):
        is_equal = one.tolist() == other.tolist() if one.dtype == object else one.tobytes() == other.tobytes()
        return is_equal and one.dtype == other.dtype
    return bool(one == other)
