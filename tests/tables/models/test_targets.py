"""Labels and amounts of all kinds, their gaps, and weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from multilayer.exceptions import InputError, ParameterError
from multilayer.tables.models import TableClassifier, TableRegressor

M = 60
X = np.random.RandomState(0).normal(size=(M, 2))
CODES = np.arange(M) % 3
PAIR = np.arange(M) % 2


@pytest.fixture(autouse=True, scope="module")
def _shorter_training(short: Any) -> Iterator[None]:
    with short(3):
        yield


def quick(**parameters: Any) -> TableClassifier:
    return TableClassifier("quick", random_state=0, **parameters)


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (np.array(["a", "b", "c"])[CODES], ["a", "b", "c"]),
        (np.array(["a", "b", "c"], dtype=object)[CODES], ["a", "b", "c"]),
        (PAIR.astype(bool), [False, True]),
        (10 * CODES - 10, [-10, 0, 10]),
        (CODES.astype(float), [0.0, 1.0, 2.0]),
        (pd.Series(np.array(["a", "b", "c"])[CODES], dtype="category"), ["a", "b", "c"]),
        (pd.Series(CODES, dtype="Int64"), [0, 1, 2]),
        (pl.Series(["a" if code else "b" for code in PAIR]), ["a", "b"]),
        ([bool(code) for code in PAIR], [False, True]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_labels_of_all_kinds(y: Any, classes: list[Any]) -> None:
    model = quick().fit(X, y)
    assert model.classes_.tolist() == classes
    predicted = model.predict(X)
    assert set(predicted.tolist()) <= set(classes)
    assert 0 <= model.score(X, np.asarray(y)) <= 1
    expected = quick().fit(X, np.searchsorted(classes, np.asarray(y).astype(type(classes[0]))))
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


@pytest.mark.parametrize("preset", ["quick", "standard"])
@pytest.mark.parametrize("with_trees", [False, True])
def test_classes_of_one_row(preset: Any, with_trees: bool) -> None:
    y = np.where(np.arange(M) == 7, "rare", np.array(["a", "b"])[PAIR])
    model = TableClassifier(preset, with_trees=with_trees, random_state=0).fit(X, y)
    assert model.classes_.tolist() == ["a", "b", "rare"]
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)
    assert np.isfinite(model.oof_score_)
    if preset == "quick":
        assert np.isnan(model.oof_proba_[7]).all()  # it is trained on


@pytest.mark.filterwarnings("ignore:The number of unique classes is greater than 50%:UserWarning")
def test_a_class_for_each_row() -> None:
    with pytest.raises(InputError, match="each class of y has a single row"):
        quick().fit(X, [f"row {i}" for i in range(M)])


def test_folds_of_one_class() -> None:
    y = np.repeat(["a", "b"], M // 2)
    folds = [(np.arange(30), np.arange(30, 60)), (np.arange(20, 60), np.arange(20))]
    model = TableClassifier(cv=folds, with_trees=True, random_state=0).fit(X, y)
    assert np.isfinite(model.oof_score_)
    assert model.predict_proba(X).shape == (M, 2)


def test_gaps_in_y_are_counted() -> None:
    amounts = np.where(np.arange(M) < 57, X[:, 0], np.nan)
    for y in (amounts, pd.Series(amounts), pl.Series(amounts)):
        with pytest.raises(
            InputError, match=r"3 of 60 rows have a gap in y, the first one is row 57\. Remove these rows"
        ):
            TableRegressor("quick").fit(X, y)
    with pytest.raises(InputError, match="3 of 60 rows have a gap in y"):
        quick().fit(X, np.where(np.isnan(amounts), np.nan, CODES))
    labels = np.array(["a", "b", "c"], dtype=object)[CODES]
    labels[[3, 5]] = None
    for y in (labels, pl.Series(labels.tolist()), pd.Series(labels, dtype="string")):
        with pytest.raises(
            InputError, match=r"y must not have gaps, got .* in row 3, and 2 such entries in all. Remove"
        ):
            quick().fit(X, y)
    with pytest.raises(InputError, match="y holds 1 class, 'a': a classifier needs at least 2"):
        quick().fit(X, ["a"] * M)
    with pytest.raises(InputError, match="requires y to be passed, but the target y is None"):
        quick().fit(X, None)


def test_a_constant_amount() -> None:
    for preset in ("quick", "standard"):
        model = TableRegressor(preset, with_trees=True, random_state=0).fit(X, np.full(M, 7.0))
        np.testing.assert_allclose(model.predict(X), 7.0, rtol=1e-12)
        assert model.oof_score_ == pytest.approx(0.0, abs=1e-12)
        assert "Chance may explain" in model.summary().notes[0]
        lower, upper = model.predict_interval(X, 0.8)
        assert (lower <= 7 + 1e-9).all()
        assert (upper >= 7 - 1e-9).all()


def test_several_outputs(short: Any) -> None:
    Y = np.column_stack([X[:, 0], 100 * X[:, 1]])
    with short(40):
        model = TableRegressor(cv=2, with_trees=True, random_state=0).fit(X, Y)
    assert model.predict(X).shape == model.oof_prediction_.shape == (M, 2)
    assert model.score(X, Y) > 0.5
    single = TableRegressor("quick", random_state=0).fit(X, Y[:, :1])
    assert single.predict(X).shape == (M, 1)
    frame = pd.DataFrame(Y, columns=["a", "b"])
    np.testing.assert_array_equal(
        TableRegressor("quick", random_state=0).fit(X, frame).predict(X),
        TableRegressor("quick", random_state=0).fit(X, Y).predict(X),
    )


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(M - 1), "sample_weight must be one finite non-negative number for each of the 60 rows"),
        (np.full(M, -1.0), "must not be negative"),
        (np.zeros(M), "not all 0"),
        (np.where(CODES == 1, 1.0, 0.0), "the rows of y with a positive weight hold 1 class"),
        (np.where(np.arange(M) < 30, 1.0, 0.0), "all training rows of fold 1 have the weight 0"),
    ],
)
def test_weights_that_cannot_be_used_raise_errors(weight: np.ndarray, message: str) -> None:
    folds = [(np.arange(30), np.arange(30, 60)), (np.arange(30, 60), np.arange(30))]
    with pytest.raises(InputError, match=message):
        quick(cv=folds).fit(X, CODES, weight)


def test_all_validation_rows_of_a_fold_may_have_weight_0() -> None:
    folds = [(np.arange(40), np.arange(40, 60)), (np.arange(20, 60), np.arange(20))]
    weight = np.where(np.arange(M) < 40, 1.0, 0.0)
    model = TableClassifier(cv=folds, with_trees=True, random_state=0).fit(X, CODES, weight)
    assert np.isfinite(model.oof_score_)
    with pytest.raises(InputError, match="all validation rows have the weight 0"):
        quick(cv=folds[:1]).fit(X, CODES, weight)


def test_class_weights_by_label() -> None:
    y = np.array(["a", "b", "c"])[CODES]
    plain, heavy = (quick(class_weight=w).fit(X, y).predict_proba(X).mean(axis=0) for w in (None, {"c": 20.0}))
    assert heavy[2] > plain[2]
    rare = np.where(np.arange(M) == 7, "rare", y)
    assert TableClassifier(class_weight={"rare": 2.0}, random_state=0).fit(X, rare).classes_.tolist()[-1] == "rare"
    with pytest.raises(ParameterError, match=r"class_weight has labels that are not in y: \['d'\]"):
        quick(class_weight={"d": 2.0}).fit(X, y)


@pytest.mark.parametrize("kind", [TableClassifier, TableRegressor])
def test_y_may_be_the_name_of_a_column(kind: Any) -> None:
    features = pd.DataFrame(X, columns=["a", "b"])
    y = pd.Series(CODES, name="y")
    whole = features.assign(y=y)
    model, expected = kind("quick", random_state=0).fit(whole, "y"), kind("quick", random_state=0).fit(features, y)
    np.testing.assert_array_equal(model.predict(features), expected.predict(features))
    assert model.score(whole, "y") == expected.score(features, y)
    found = (
        each.importance(*rows, random_state=0) for each, rows in ((model, (whole, "y")), (expected, (features, y)))
    )
    np.testing.assert_array_equal(*(importance.values for importance in found))
    with pytest.raises(InputError, match="target column 'z'"):
        model.score(whole, "z")
