"""The models beside the networks: their encodings, targets of all sizes, and predictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from multilayer.exceptions import InputError
from multilayer.tables import TableEncoder
from multilayer.tables.models import TableRegressor
from multilayer.tables.models.losses import target_loss
from multilayer.tables.models.regression_models import linear_for

from .conftest import results_of_folds

Flats = tuple[pd.DataFrame, pd.Series]


@pytest.fixture(autouse=True, scope="module")
def _shorter_training(short: Any) -> Iterator[None]:
    with short(3):
        yield


def test_each_fold_is_encoded_once_for_each_encoding(flats: Flats, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: Counter[tuple[Any, ...]] = Counter()
    fit_transform = TableEncoder.fit_transform

    def counting(self: Any, X: Any, y: Any = None, **more: Any) -> Any:
        encoded[self.numbers, self.piecewise, self.max_categories] += 1
        return fit_transform(self, X, y, **more)

    monkeypatch.setattr(TableEncoder, "fit_transform", counting)
    with results_of_folds() as results:
        model = TableRegressor(cv=2, random_state=0).fit(*flats)
    # Scaled for waves and linear models, with pieces, and for trees; the first one more is that of novelty.
    assert encoded == {
        ("robust", None, 64): 2,
        ("robust", "tree", 64): 2,
        ("standard", None, 32): 2,
        ("robust", None, 32): 1,
    }
    for fold, each in enumerate(results[0].companions["linear model"]):
        (of_waves,) = (member for member in model.members_ if member.recipe == "waves" and member.fold == fold)
        assert each.part.encoder is of_waves.encoder


def test_companions_predict_encoded_rows(flats: Flats) -> None:
    X, y = flats
    with results_of_folds() as found:
        model = TableRegressor("quick", cv=2, random_state=0).fit(X, y)
    for name, results in found[0].companions.items():
        for result in results:
            each = result.part
            rows = X.iloc[model._validation_rows[each.fold]]
            encoded = np.zeros((len(rows), 1)) if each.encoder is None else each.encoder.transform(rows)
            low, high = np.delete(y.to_numpy(), model._validation_rows[each.fold]).min(), y.max()
            np.testing.assert_allclose(np.clip(each.predict(encoded), low, high), np.clip(result.validated, low, high))
        assert (results[0].part.encoder is None) == (name == "constant")


def test_large_offsets_keep_their_digits() -> None:
    X = np.arange(300.0).reshape(-1, 1).astype(np.float32)
    y = 1.7e9 + np.arange(300) / 3
    for name in ("squared_error", "absolute_error", "quantile", "huber"):
        model = linear_for(target_loss(name, 0.5, y), 1).fit(X, y)
        expected = Ridge().fit(X.astype(np.float64), y).predict(X.astype(np.float64))
        np.testing.assert_allclose(model.predict(X)[:, 0], expected, atol=0.5)


def test_amounts_of_any_offset_and_size_have_equal_scores(flats: Flats) -> None:
    X, y = flats[0], flats[1].to_numpy()

    def fitted(y: np.ndarray) -> TableRegressor:
        return TableRegressor("quick", with_trees=True, random_state=0).fit(X, y)

    plain = fitted(y)
    for unit, offset in ((1.0, 1.7e9), (1e146, 0.0), (1e-150, 0.0)):
        model = fitted(unit * y + offset)
        for found, expected in zip(model.summary().rows, plain.summary().rows, strict=True):
            assert found[1] / unit == pytest.approx(expected[1], rel=2e-2)
        lower, upper = model.predict_interval(X)
        assert np.mean((lower <= unit * y + offset) & (unit * y + offset <= upper)) > 0.8
        assert model.score(X, unit * y + offset) == pytest.approx(plain.score(X, y), abs=2e-2)
        assert (model.importance(X, unit * y + offset, n_repeats=1).values[0] / unit) > 10
    for unit in (1e150, 1e-160):
        with pytest.raises(InputError, match=r"y reaches .*: a table model needs amounts between 1e-150 and 1e\+150"):
            fitted(unit * y)
