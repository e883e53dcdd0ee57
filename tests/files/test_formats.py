"""Stored files of every version of the format: this version reads each of them and makes the same predictions."""

from __future__ import annotations

import datetime
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from multilayer import (
    EnsembleClassifier,
    MLPClassifier,
    MLPRegressor,
    TableClassifier,
    TableRegressor,
    load_model,
    save_model,
)
from multilayer.equations import Huber
from multilayer.exceptions import NoveltyWarning
from multilayer.files.container import VERSION
from multilayer.selection import CrossValidation, cross_validate
from multilayer.tables import TableEncoder
from multilayer.tables.models import training
from multilayer.training import Cosine, WarmUp

from ..tables.models.conftest import few_epochs

DATA = Path(__file__).parents[1] / "data"
X = np.array([[0.0, 0.5], [1.0, -1.0], [-2.0, 0.25]])
ROWS = [
    {"size": 50.0, "town": "Ulm", "pair": "a", "when": datetime.date(2024, 5, 1), "many": "w3"},
    {"size": None, "town": None, "pair": None, "when": None, "many": None},
    {"size": 1e6, "town": "Rom", "pair": "c", "when": datetime.date(2025, 6, 7), "many": "unseen"},
]
# The predictions at the time the files were written. After a change of VERSION, ``python -m tests.files.test_formats``
# writes the files of the new version and prints its lines; files of earlier versions are kept.
EXPECTED: dict[str, list[float]] = {
    "format-1/classifier": [0.6898337491884423, 0.7856682172645699, 0.5524281436310444],
    "format-1/ensemble": [0.30340391945839806, 0.4785404009396943, 0.10390573771204806],
    "format-1/regressor": [1.70677802962462, 1.4475913274876284, 1.3999027988328694],
    "format-2/classifier": [0.6898337491884423, 0.7856682172645699, 0.5524281436310444],
    "format-2/regressor": [1.7067722370042357, 1.447467564037003, 1.4004639384742579],
    "format-2/ensemble": [0.30340391945839806, 0.4785404009396943, 0.10390573771204806],
    "format-2/encoder": [0.5637290941292106, 0.6659582999360139, 0.6306290576090499],
    "format-2/columns": [0.9535835239946441, 0.9502611675194107, 0.9206042135354251],
    "format-2/cross-validation": [
        0.689833751012254,
        0.7856682186401095,
        0.5524281438858719,
        0.6898337490503885,
        0.7856682168079172,
        0.5524281433548173,
        530.9952717485485,
        0.5,
        0.5,
    ],
    "format-2/table-classifier": [6.652917920525638, 10.424181237471341, 88822.26519776697, 5.31317822260198],
    "format-2/table-regressor": [
        292.17486228338686,
        233.17121876345786,
        351.1785058033159,
        88822.26519776697,
        130.3579370312407,
    ],
    "format-2/table-quantiles": [
        525.0253405332855,
        66.7237850598488,
        322.53842361828015,
        88822.26519776697,
        21.496461480373533,
    ],
}


def models() -> dict[str, Any]:
    """Return small estimators that use most records of the schema."""
    rng = np.random.RandomState(0)
    inputs = rng.normal(size=(40, 2))
    labels = np.where(inputs[:, 0] > inputs[:, 1], "yes", "no")
    options: dict[str, Any] = {"max_iter": 5, "engine": "reference", "n_iter_no_change": None, "random_state": 0}
    classifier = MLPClassifier((3,), early_stopping=True, dropout=0.1, weight_averaging=0.5, **options)
    regressor = MLPRegressor(
        (3, 2), loss=Huber(0.5), learning_rate=WarmUp(3, Cosine(5)), standardize_targets=True, **options
    )
    ensemble = EnsembleClassifier(MLPClassifier((2,), **options), n_members=2, diversity="bootstrap", random_state=0)
    return {
        "classifier": classifier.fit(inputs, labels),
        "regressor": regressor.fit(inputs, inputs.sum(axis=1)),
        "ensemble": ensemble.fit(inputs, labels),
        "encoder": _encoder(options).fit(_rows(), labels),
        "columns": _columns(options).fit(inputs, labels),
        "cross-validation": cross_validate(classifier, inputs, labels, cv=2, return_train_score=True),
        **_table_models(),
    }


def _rows() -> list[dict[str, Any]]:
    start = datetime.date(2023, 1, 1)
    return [
        {
            "size": None if i == 3 else 20.0 + i,
            "town": None if i == 4 else ("Bonn", "Ulm", "Rom")[i % 3],
            "pair": "ab"[i % 2],
            "when": start + datetime.timedelta(days=17 * i),
            "many": f"w{i % 12}",
        }
        for i in range(40)
    ]


def _encoder(options: dict[str, Any]) -> Any:
    rules: dict[str, Any] = {"numbers": "robust", "piecewise": "quantile", "two_values": "signs"}
    encoder = TableEncoder(many_categories="target", max_categories=8, identifiers=[], **rules)
    return make_pipeline(encoder, MLPClassifier((3,), normalization="layer", **options))


def _columns(options: dict[str, Any]) -> Any:
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    parts: list[Any] = [
        ("numbers", numbers, [0]),
        ("range", MinMaxScaler(), [0, 1]),
        ("whole", OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=2), [1]),
        ("codes", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), [0]),
    ]
    return make_pipeline(ColumnTransformer(parts, remainder="passthrough"), MLPClassifier((3,), **options))


@contextmanager
def small_networks() -> Iterator[None]:
    """Give the networks of table models few units within the block."""
    with pytest.MonkeyPatch.context() as patch:
        of_recipe = training.parameters_of
        patch.setattr(training, "parameters_of", lambda *args: {**of_recipe(*args), "hidden_layer_sizes": (8,)})
        yield


def _table_models() -> dict[str, Any]:
    """Return small table models that use every record: trees, spreads, weights, groups and several quantiles."""
    rows = _rows() * 9
    noise = np.random.RandomState(0).normal(size=360) * [0.5 if row["pair"] == "a" else 30.0 for row in rows]
    amounts = np.maximum(np.array([row["size"] or 0.0 for row in rows]) + noise, 1.0)
    labels = np.where(amounts > 50, "dear", np.where(amounts > 30, "fair", "cheap"))
    classifier = TableClassifier("quick", cv=2, with_trees=True, calibration="temperature", random_state=0)
    regressor = TableRegressor("quick", cv=TimeSeriesSplit(3), random_state=0)
    quantiles = TableRegressor("quick", loss="quantile", quantile=(0.1, 0.9), with_trees=True, cv=2, random_state=0)
    with few_epochs(2), small_networks():
        return {
            "table-classifier": classifier.fit(rows, labels, sample_weight=np.arange(360) % 3 + 1),
            "table-regressor": regressor.fit(rows, amounts),
            "table-quantiles": quantiles.fit(rows, amounts, groups=np.arange(360) // 2),
        }


def predictions(model: Any) -> list[float]:
    if isinstance(model, CrossValidation):
        out_of_fold = model.predictions.probabilities[:, 1]
        members = [each for member in model["estimator"] for each in predictions(member)]
        return [*members, float(out_of_fold @ np.arange(len(out_of_fold))), *model.mean.values()]
    if isinstance(model, TableClassifier | TableRegressor):
        return _of_table_model(model)
    rows: Any = ROWS if isinstance(model, Pipeline) and isinstance(model[0], TableEncoder) else X
    predicted = model.predict_proba(rows)[:, 1] if hasattr(model, "predict_proba") else model.predict(rows)
    return [float(value) for value in predicted]


def _of_table_model(model: Any) -> list[float]:
    """Return predictions, intervals or sets, novelty, and the scores of the summary."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoveltyWarning)  # one row is unlike the others
        if isinstance(model, TableClassifier):
            found = [model.predict_proba(ROWS), model.predict_set(ROWS)]
        else:
            found = [model.predict(ROWS), *model.predict_interval(ROWS)]
    scores = [row[1] for row in model.summary().rows]
    # One number of each array, to which all its values contribute.
    return [
        float(np.ravel(each) @ np.sqrt(np.arange(np.size(each)) + 1)) for each in (*found, model.novelty(ROWS), scores)
    ]


def stored() -> list[Path]:
    return sorted(DATA.glob("format-*/*.safetensors"))


def test_every_version_has_stored_files() -> None:
    assert {path.parent.name for path in stored()} == {f"format-{version}" for version in range(1, VERSION + 1)}
    assert {f"{path.parent.name}/{path.stem}" for path in stored()} == set(EXPECTED)


@pytest.mark.parametrize("path", stored(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_stored_file_makes_the_predictions_of_the_time_it_was_written(path: Path) -> None:
    model = load_model(path)
    expected = EXPECTED[f"{path.parent.name}/{path.stem}"]
    # The networks of table models compute in float32, whose last bits depend on the processor.
    rtol = 1e-5 if path.stem.startswith("table") else 1e-9
    np.testing.assert_allclose(predictions(model), expected, rtol=rtol)


if __name__ == "__main__":
    folder = DATA / f"format-{VERSION}"
    for name, model in models().items():
        # Half-precision weights, the latest form, in one of them.
        half = "float16" if name == "regressor" else None
        save_model(model, folder / f"{name}.safetensors", dtype=half, card="A sample.")
        model = load_model(folder / f"{name}.safetensors")
        print(f'    "{folder.name}/{name}": {predictions(model)},')
