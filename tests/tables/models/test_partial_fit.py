"""partial_fit of table models: on tables, record batches and streams, alone and after fit."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import clone

from multilayer import load_model, save_model
from multilayer.estimators import NotFittedError
from multilayer.exceptions import InputError, InputTypeError, ParameterError
from multilayer.tables.models import TableClassifier, TableRegressor
from multilayer.tables.models.batch_stream import FIRST_ROWS, PART_ROWS

Flats = tuple[pd.DataFrame, pd.Series]


def table(m: int, seed: int = 0, *, sold: bool = False) -> pa.Table:
    rng = np.random.RandomState(seed)
    size, town = rng.normal(80, 25, m), rng.choice(["Bonn", "Kiel", "Ulm"], m)
    rent = 10 * size + 300 * (town == "Ulm") + rng.normal(size=m)
    return pa.table({"size": size, "town": town, "y": np.where(rent > 900, "dear", "cheap") if sold else rent})


def divided(whole: pa.Table, n: int) -> Iterator[pa.RecordBatch]:
    yield from whole.to_batches(max_chunksize=n)


def weights_of(model: Any) -> list[np.ndarray]:
    return [member.network.parameters_ for member in model.members_]


def X_and_y(whole: pa.Table) -> tuple[pa.Table, np.ndarray]:
    return whole.drop_columns("y"), whole["y"].to_numpy()


# Rows


def test_tables_batches_and_columns_by_name_are_the_same_rows() -> None:
    whole = table(300)
    X, y = X_and_y(whole)
    given: list[tuple[Any, Any]] = [
        (X, y),
        (whole, "y"),
        (whole.to_batches()[0], "y"),
        (whole.to_pandas(), "y"),
        (X.to_pandas(), pd.Series(y)),
    ]
    models = [TableRegressor("quick", random_state=0).partial_fit(*each) for each in given]
    for model in models[1:]:
        np.testing.assert_array_equal(weights_of(model)[0], weights_of(models[0])[0])
    assert models[0].feature_names_in_.tolist() == ["size", "town"]


def test_a_stream_is_read_in_parts_of_at_least_so_many_rows() -> None:
    whole = table(FIRST_ROWS + 3 * PART_ROWS + 10)
    by_stream = TableRegressor("quick", random_state=0).partial_fit(divided(whole, 50), "y")
    reader = pa.RecordBatchReader.from_batches(whole.schema, divided(whole, 50))
    by_reader = TableRegressor("quick", random_state=0).partial_fit(reader, "y")
    by_list = TableRegressor("quick", random_state=0).partial_fit(list(divided(whole, 50)), "y")
    by_parts = TableRegressor("quick", random_state=0)
    starts = [0, 500, *(500 + 1050 * i for i in (1, 2))]  # in batches of 50 rows
    for start, stop in zip(starts, [*starts[1:], len(whole)], strict=True):
        by_parts.partial_fit(*X_and_y(whole.slice(start, stop - start)))
    for model in (by_reader, by_list, by_parts):
        np.testing.assert_array_equal(weights_of(model)[0], weights_of(by_stream)[0])
    assert by_stream._n_training_rows == [len(whole)]


def test_more_rows_make_predictions_better() -> None:
    new = table(500, seed=99)
    X, y = X_and_y(new)
    model = TableRegressor("standard", random_state=0)
    scores = [model.partial_fit(*X_and_y(table(1000, seed=seed))).score(X, y) for seed in range(12)]
    assert scores[-1] > 0.9 > scores[0]


def test_labels_may_be_missing_in_early_rows() -> None:
    first = table(200, sold=True)
    X, y = X_and_y(first)
    is_cheap = np.flatnonzero(y == "cheap")
    model = TableClassifier("quick", random_state=0)
    model.partial_fit(X.take(is_cheap), y[is_cheap], classes=["dear", "cheap"])
    assert model.classes_.tolist() == ["cheap", "dear"]
    for seed in range(20):
        model.partial_fit(*X_and_y(table(300, seed=seed, sold=True)))
    assert model.score(*X_and_y(table(300, seed=99, sold=True))) > 0.9


def test_weights_of_rows_count() -> None:
    X, y = X_and_y(table(200))
    plain, weighted = (
        TableRegressor("quick", random_state=0).partial_fit(X, y, weight) for weight in (None, np.linspace(0, 2, 200))
    )
    assert not np.array_equal(weights_of(plain)[0], weights_of(weighted)[0])


def test_predictions_reach_the_range_of_all_rows_without_warnings() -> None:
    model = TableRegressor("quick", random_state=0).partial_fit(*X_and_y(table(200)))
    far = (
        table(200, seed=1).to_pandas().assign(size=lambda frame: frame["size"] + 400, y=lambda frame: frame["y"] + 4000)
    )
    assert model._range[1][0] < 4000
    model.partial_fit(far, "y")
    assert model._range[1][0] == far["y"].max()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # rows of the fit are not far
        model.predict(far.drop(columns="y"))


# After fit


@pytest.mark.parametrize("kind", ["regressor", "classifier"])
def test_the_networks_of_a_fit_are_continued(kind: str, flats: Flats, classes: np.ndarray, request: Any) -> None:
    fitted: Any = request.getfixturevalue(kind)
    X, y = flats[0], (flats[1] if kind == "regressor" else classes)
    model = clone(fitted)
    model.__dict__.update({name: value for name, value in vars(fitted).items() if name not in model.get_params()})
    before = [each.copy() for each in weights_of(fitted)]
    held, score = model._oof.copy(), model.oof_score_
    model.partial_fit(X, y)
    for old, kept, new in zip(before, weights_of(fitted), weights_of(model), strict=True):
        np.testing.assert_array_equal(old, kept)  # those of the other model with the same members
        assert not np.array_equal(old, new)
    np.testing.assert_array_equal(model._oof, held)
    assert model.oof_score_ == score
    assert len(model.summary().rows) == len(fitted.summary().rows)
    assert model._n_training_rows == [n + 160 for n in fitted._n_training_rows]


def test_a_loaded_model_is_continued(tmp_path: Path) -> None:
    model = TableRegressor("quick", random_state=0)
    model.fit(*X_and_y(table(60)))
    save_model(model, tmp_path / "model.safetensors")
    loaded = load_model(tmp_path / "model.safetensors")
    X, y = X_and_y(table(400, seed=5))
    before = loaded.score(X, y)
    for seed in range(10):
        loaded.partial_fit(*X_and_y(table(1000, seed=seed)))
    assert loaded.score(X, y) > max(before, 0.9)


def test_a_model_without_held_out_rows_is_stored(tmp_path: Path) -> None:
    for model, kwargs in (
        (TableRegressor("standard", random_state=0), {}),
        (TableClassifier("standard", random_state=0), {"classes": ["cheap", "dear"]}),
    ):
        whole = table(300, sold=bool(kwargs))
        model.partial_fit(whole, "y", **kwargs)
        save_model(model, tmp_path / "model.safetensors")
        loaded = load_model(tmp_path / "model.safetensors")
        np.testing.assert_array_equal(loaded.predict(whole), model.predict(whole))
        with pytest.raises(NotFittedError, match="fitted by partial_fit alone"):
            loaded.summary()


# Errors


def test_what_needs_held_out_rows_says_what_to_do() -> None:
    regressor = TableRegressor("quick", random_state=0).partial_fit(table(100), "y")
    classifier = TableClassifier("quick", random_state=0)
    classifier.partial_fit(table(100, sold=True), "y", classes=["cheap", "dear"])
    X, y = X_and_y(table(20))
    for call in (
        regressor.summary,
        lambda: regressor.predict_interval(X),
        lambda: regressor.oof_prediction_,
        lambda: regressor.importance(X, y, out_of_fold=True),
        lambda: classifier.predict_set(X),
        lambda: classifier.oof_proba_,
    ):
        with pytest.raises(NotFittedError, match=r"needs held-out rows.*Call fit\(X, y\) first"):
            call()
    assert not hasattr(regressor, "oof_score_")
    assert regressor.importance(X, y).values.shape == (2,)
    assert regressor.novelty(X).shape == (20,)


def test_errors_leave_a_model_unchanged() -> None:
    model = TableRegressor("quick", random_state=0).partial_fit(table(100), "y")
    before, names = weights_of(model)[0].copy(), dict(vars(model))

    def broken() -> Iterator[pa.RecordBatch]:
        yield from divided(table(2000), 500)
        yield pa.table({"size": ["no number"], "town": ["Ulm"], "y": [1.0]}).to_batches()[0]

    with pytest.raises(InputError, match="different columns"):
        model.partial_fit(broken(), "y")
    np.testing.assert_array_equal(weights_of(model)[0], before)
    assert vars(model).keys() == names.keys()
    unfitted = TableRegressor("quick")
    with pytest.raises(InputError, match="10"):
        unfitted.partial_fit(table(5), "y")
    assert not hasattr(unfitted, "members_")


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((table(50), None), InputError, "partial_fit requires y"),
        ((table(50), "price"), InputError, "no target column 'price'"),
        ((iter([table(50)]), np.zeros(50)), InputError, "needs the name of the target column"),
        ((iter([table(50)]), "y", np.ones(50)), InputError, "sample_weight cannot be used with a stream"),
        ((iter([]), "y"), InputError, "the stream has no rows"),
        ((iter([np.zeros((50, 3))]), "y"), InputTypeError, "record batches or tables of pyarrow, got ndarray"),
        ((table(50).drop_columns("y"), np.zeros(49)), InputError, "inconsistent numbers of samples"),
    ],
)
def test_wrong_rows_are_errors(arguments: tuple[Any, ...], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        TableRegressor("quick").partial_fit(*arguments)


def test_wrong_classes_are_errors() -> None:
    sold = table(100, sold=True)
    with pytest.raises(ParameterError, match="classes must be passed in the first call"):
        TableClassifier("quick").partial_fit(sold, "y")
    with pytest.raises(InputError, match="classes must be a list of all labels, got 'dear'"):
        TableClassifier("quick").partial_fit(sold, "y", classes="dear")
    with pytest.raises(InputError, match=r"y has labels that are not among the classes: \['dear'\]"):
        TableClassifier("quick").partial_fit(sold, "y", classes=["cheap", "fair"])
    with pytest.raises(ParameterError, match="class_weight='balanced' cannot be used"):
        TableClassifier("quick", class_weight="balanced").partial_fit(sold, "y", classes=["cheap", "dear"])
    with pytest.raises(ParameterError, match="a TableRegressor has none"):
        TableRegressor("quick").partial_fit(table(100), "y", classes=[1, 2])
    model = TableClassifier("quick", random_state=0).partial_fit(sold, "y", classes=["cheap", "dear"])
    model.partial_fit(sold, "y", classes=["dear", "cheap"])
    with pytest.raises(ParameterError, match="those of the model are"):
        model.partial_fit(sold, "y", classes=["dear", "free"])


def test_a_label_that_a_fold_lacks_is_an_error(flats: Flats, classes: np.ndarray) -> None:
    X = flats[0]
    rows = np.argsort(classes == "dear", kind="stable")  # the rare class last
    X, y = X.iloc[rows], classes[rows]
    half = np.arange(160)
    model = TableClassifier("quick", cv=[(half[:80], half[80:]), (half[80:], half[:80])], random_state=0).fit(X, y)
    with pytest.raises(InputError, match="y has the label 'dear', which the training rows of one of the folds"):
        model.partial_fit(X, y)
