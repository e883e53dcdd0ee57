"""Graphs of pipelines against predict, on rows of the fit and on rows with gaps, unseen texts and extreme numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from multilayer import MLPRegressor
from multilayer.exports import to_onnx
from multilayer.tables import TableEncoder

from ..files.pipelines import CASES, TABLE, Y, fitted, network
from .cases import ENCODERS, strange_rows
from .feeds import assert_classifies, assert_predicts, onnx_outputs

pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings(
    "ignore::multilayer.ConvergenceWarning", "ignore:Found unknown categories", "ignore:X does not have valid feature"
)


@pytest.mark.parametrize("name", CASES)
def test_rows_of_the_fit(name: str) -> None:
    model, X = fitted(name)
    assert_classifies(onnx_outputs(model, X), model, X)


@pytest.mark.parametrize("name", ENCODERS)
def test_gaps_unseen_texts_and_extreme_numbers_in_a_table_encoder(name: str) -> None:
    model = make_pipeline(TableEncoder(**ENCODERS[name]), network(normalization="layer")).fit(TABLE, Y)
    rows = strange_rows()
    rows["town"] = rows["town"].replace("", None)  # an empty text is a gap in the graph
    assert_classifies(onnx_outputs(model, rows), model, rows)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu"])
def test_calendar_in_a_time_zone(zone: str) -> None:
    moments = pd.date_range("2019-12-30", periods=300, freq="37h", tz=zone)
    frame = pd.DataFrame({"when": moments, "size": np.arange(300.0)})
    y = np.sin(np.arange(300.0))
    model = make_pipeline(TableEncoder(), MLPRegressor((4,), max_iter=3, random_state=0)).fit(frame, y)
    frame.loc[5, "when"] = pd.NaT
    assert_predicts(onnx_outputs(model, frame, zoned=[] if zone == "UTC" else ["when"]), model, frame)
    inputs = to_onnx(model, zoned=["when"]).graph.input
    assert [each.name for each in inputs] == ["when", "when (local)", "size"]
    assert inputs[1].doc_string == "seconds since 1970-01-01 00:00 by the clocks of the time zone; NaN is a gap"


def test_times_of_day_and_durations_are_seconds() -> None:
    hours = pd.date_range("2020-01-01", periods=200, freq="17min")
    frame = pd.DataFrame({"at": hours.time, "took": hours - hours[0]})
    model = make_pipeline(TableEncoder(), network()).fit(frame, np.resize(Y, 200))
    seconds = [each.hour * 3600 + each.minute * 60 + each.second for each in frame["at"]]
    found = onnx_outputs(model, frame.assign(at=np.array(seconds, dtype=float)))
    assert_classifies(found, model, frame)
    described = {each.name: each.doc_string for each in to_onnx(model).graph.input}
    assert described == {"at": "seconds since midnight; NaN is a gap", "took": "seconds; NaN is a gap"}


def test_an_empty_text_that_is_a_category_is_no_gap() -> None:
    frame = pd.DataFrame({"town": ["", "Ulm", None, "(gap)"] * 30, "size": np.arange(120.0)})
    model = make_pipeline(TableEncoder(), network()).fit(frame, Y)
    (town, _) = to_onnx(model).graph.input
    assert town.doc_string == "text; '((gap))' is a gap"
    assert_classifies(onnx_outputs(model, frame.fillna({"town": "((gap))"})), model, frame)


@pytest.mark.parametrize("options", [{"handle_unknown": "ignore"}, {"handle_unknown": "infrequent_if_exist"}])
def test_unseen_categories_of_a_one_hot_encoder(options: dict[str, Any]) -> None:
    encoder = OneHotEncoder(min_frequency=20, **options)
    frame = pd.DataFrame({"town": ["a", "b", "b", "c"] * 30, "number": [1, 2, 3, 3] * 30})
    model = make_pipeline(encoder, network()).fit(frame, Y)
    rows = pd.DataFrame({"town": ["a", "z", "b"], "number": [3, 1, 7]})
    assert_classifies(onnx_outputs(model, rows), model, rows)


@pytest.mark.parametrize("encoder", [OneHotEncoder(), OrdinalEncoder()])
def test_a_category_for_which_predict_raises_an_error_gives_nan(encoder: Any) -> None:
    frame = pd.DataFrame({"town": ["a", "b", "b", "c"] * 30, "number": [1, 2, 3, 3] * 30})
    model = make_pipeline(encoder, network()).fit(frame, Y)
    rows = pd.DataFrame({"town": ["a", "z", "b"], "number": [3, 1, 7]})
    _, probabilities = onnx_outputs(model, rows)
    np.testing.assert_allclose(probabilities[0], model.predict_proba(rows[:1])[0], rtol=0, atol=1e-12)
    assert np.isnan(probabilities[1:]).all()


def test_unused_columns_are_no_inputs() -> None:
    model, _ = fitted("columns")
    assert [each.name for each in to_onnx(model).graph.input] == ["size", "rooms", "town", "new", "many"]


def test_texts_of_an_array_are_separate_inputs() -> None:
    X = TABLE[["rooms", "town"]].to_numpy()
    model = make_pipeline(TableEncoder(), network()).fit(X, Y)
    assert [each.name for each in to_onnx(model).graph.input] == ["x0", "x1"]
    assert_classifies(onnx_outputs(model, X), model, X)


def test_booleans_and_categories() -> None:
    frame = TABLE[["new", "rooms"]].assign(kind=pd.Categorical(TABLE["rooms"].astype(int) % 3))
    model = make_pipeline(TableEncoder(), network()).fit(frame, Y)
    described = {each.name: each.doc_string for each in to_onnx(model).graph.input}
    assert described["new"] == "0 for False and 1 for True; NaN is a gap"
    assert_classifies(onnx_outputs(model, frame), model, frame)
