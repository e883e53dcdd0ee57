"""Trees as arrays predict the same bits as scikit-learn's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from multilayer.tables.models import forest
from multilayer.tables.models.forest import forest_of

RNG = np.random.RandomState(0)
X = RNG.normal(size=(400, 5))
X[::9, 1] = np.nan
X[:, 4] = RNG.randint(0, 3, 400)
SIGNAL = np.nan_to_num(X[:, 1]) + X[:, 0] * X[:, 4]
NEW = np.vstack(
    [RNG.normal(size=(300, 5)) * 3, np.full((1, 5), np.nan), np.full((1, 5), np.inf), -np.full((1, 5), np.inf)]
)
LOSSES: dict[str, tuple[dict[str, Any], Any]] = {
    "squared_error": ({}, SIGNAL),
    "absolute_error": ({}, SIGNAL),
    "poisson": ({}, np.exp(SIGNAL / 3)),
    "gamma": ({}, np.exp(SIGNAL / 3)),
    "quantile": ({"quantile": 0.9}, SIGNAL),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", LOSSES)
def test_amounts_are_equal_to_the_bit(loss: str, dtype: type) -> None:
    options, y = LOSSES[loss]
    model = HistGradientBoostingRegressor(loss=loss, max_iter=30, random_state=0, **options).fit(X.astype(dtype), y)
    received, expected = forest_of(model).predict(NEW.astype(dtype)), model.predict(NEW.astype(dtype))
    assert received.tobytes() == expected.tobytes()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_are_equal_to_the_bit(n_classes: int) -> None:
    y = np.digitize(SIGNAL, np.quantile(SIGNAL, np.arange(1, n_classes) / n_classes)) + 4
    model = HistGradientBoostingClassifier(max_iter=20, random_state=0).fit(X, y)
    found = forest_of(model)
    assert found.predict_proba(NEW).tobytes() == model.predict_proba(NEW).tobytes()
    np.testing.assert_array_equal(found.classes_, model.classes_)


def test_a_tree_without_splits_is_one_leaf() -> None:
    model = HistGradientBoostingRegressor(max_iter=3).fit(X[:10], SIGNAL[:10])
    found = forest_of(model)
    assert len(found.value) == len(found.starts)
    assert found.predict(NEW).tobytes() == model.predict(NEW).tobytes()


def test_parts_of_many_rows_are_equal_to_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    found = forest_of(HistGradientBoostingRegressor(max_iter=10, random_state=0).fit(X, SIGNAL))
    whole = found.predict(NEW)
    monkeypatch.setattr(forest, "MOST_CELLS", 70)
    assert found.predict(NEW).tobytes() == whole.tobytes()
    assert found.predict(NEW[:0]).shape == (0,)


def test_categorical_splits_are_refused() -> None:
    model = HistGradientBoostingRegressor(categorical_features=[4], max_iter=5).fit(X, X[:, 4] == 1)
    with pytest.raises(ValueError, match="Trees with categorical splits are not arrays of numbers"):
        forest_of(model)
