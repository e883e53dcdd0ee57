"""Partial dependence: against predictions with replaced columns, for all kinds of columns, and scikit-learn's."""

from __future__ import annotations

import dataclasses
import datetime as dt

import matplotlib as mpl
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.inspection import PartialDependenceDisplay, partial_dependence

from multilayer.exceptions import InputError, ParameterError

mpl.use("Agg")


def replaced(X: pd.DataFrame, column: str, value: object) -> pd.DataFrame:
    """Return the frame with one value in a column."""
    return X.assign(**{column: pd.Series([value] * len(X), index=X.index, dtype=X[column].dtype)})


@pytest.mark.parametrize("column", ["size", "town", "noise", "since", "lift", "number"])
def test_predictions_are_those_of_rows_with_one_value(regressor, flats, column):
    X, _ = flats
    found = regressor.partial_dependence(X, column, n_values=4)
    expected = [regressor.predict(replaced(X, column, value)).mean() for value in found.values]
    np.testing.assert_allclose(found.predictions[:, 0], expected, rtol=1e-5)
    assert found.deviations.shape == found.predictions.shape
    assert (found.deviations >= 0).all()
    assert found.n_rows == 160


def test_probabilities_of_all_classes_sum_to_one(classifier, flats):
    X, _ = flats
    found = classifier.partial_dependence(X, "size", n_values=5)
    assert found.outputs == ("cheap", "dear", "fair")
    np.testing.assert_allclose(found.predictions.sum(axis=1), 1.0, rtol=1e-6)
    expected = classifier.predict_proba(replaced(X, "size", found.values[2])).mean(axis=0)
    np.testing.assert_allclose(found.predictions[2], expected, rtol=1e-5)


def test_values_of_numbers_are_quantiles_of_the_column(regressor, flats):
    X, _ = flats
    found = regressor.partial_dependence(X, "size", n_values=5)
    assert set(found.values) <= set(X["size"])
    assert found.values == tuple(sorted(found.values))
    assert (found.values[0], found.values[-1]) == (X["size"].min(), X["size"].max())
    assert found.counts is None


def test_a_gap_is_the_last_value(regressor, flats):
    found = regressor.partial_dependence(flats[0], "noise", n_values=3)
    assert len(found.values) == 4
    assert found.values[-1] is None
    assert "(gap)" in str(found)


def test_categories_are_listed_by_their_number_of_rows(regressor, flats):
    X, _ = flats
    found = regressor.partial_dependence(X, "town")
    counts = X["town"].value_counts()
    assert dict(zip(found.values, found.counts, strict=True)) == counts.to_dict()
    assert list(found.counts) == sorted(found.counts, reverse=True)
    assert regressor.partial_dependence(X, "lift").values == (False, True)
    assert len(regressor.partial_dependence(X, "number", n_values=3).values) == 3


def test_dates_are_dates(regressor, flats):
    found = regressor.partial_dependence(flats[0], "since", n_values=3)
    assert all(isinstance(value, dt.datetime) for value in found.values)
    assert "2021-" in str(found)
    assert "00:00:00" not in str(found)


def test_given_values_are_used(regressor, flats):
    found = regressor.partial_dependence(flats[0], "size", values=[10, 100.5, None])
    assert found.values == (10.0, 100.5, None)
    town = regressor.partial_dependence(flats[0], "town", values=["Ulm", "elsewhere"])
    assert town.values == ("Ulm", "elsewhere")


def test_conclusion_names_the_lowest_and_the_highest_prediction(regressor, flats):
    X, _ = flats
    found = regressor.partial_dependence(X, "size", n_values=5)
    low, high = (f"{X['size'].min():.4g}", f"{X['size'].max():.4g}")
    assert f"at size = {low}, and highest, " in found.conclusion
    assert found.conclusion.endswith(f"at {high}.")
    assert regressor.partial_dependence(X, "number").conclusion == "The mean prediction does not depend on number."


def test_frame_has_a_row_for_each_value(classifier, flats):
    frame = classifier.partial_dependence(flats[0], "town").to_frame()
    assert list(frame.columns) == [
        "value",
        "probability of 'cheap'",
        "probability of 'cheap': deviation",
        "probability of 'dear'",
        "probability of 'dear': deviation",
        "probability of 'fair'",
        "probability of 'fair': deviation",
        "rows",
    ]
    assert len(frame) == 3


def test_columns_are_also_found_by_number_and_in_other_tables(regressor, flats):
    X, _ = flats
    by_name = regressor.partial_dependence(X, "town")
    np.testing.assert_array_equal(regressor.partial_dependence(X, 1).predictions, by_name.predictions)
    assert regressor.partial_dependence(pl.from_pandas(X), "town").column == "town"


def test_max_rows_limits_the_rows(regressor, flats):
    assert regressor.partial_dependence(flats[0], "size", max_rows=20, random_state=0).n_rows == 20


def test_invalid_columns_and_values_raise_an_error(regressor, flats):
    X, _ = flats
    with pytest.raises(ParameterError, match="unknown column 'sise'"):
        regressor.partial_dependence(X, "sise")
    with pytest.raises(ParameterError, match="a number from 0 to 5, got 6"):
        regressor.partial_dependence(X, 6)
    with pytest.raises(ParameterError, match="values must hold at least one value"):
        regressor.partial_dependence(X, "size", values=[])
    with pytest.raises(ParameterError, match="n_values must be an integer of at least 2"):
        regressor.partial_dependence(X, "size", n_values=1)
    with pytest.raises(InputError, match="X has no column 'number'"):
        regressor.partial_dependence(X.drop(columns="number"), "number")


def test_partial_dependence_of_scikit_learn_agrees(regressor, flats):
    X, _ = flats
    theirs = partial_dependence(regressor, X, ["size"], kind="average", grid_resolution=6)
    ours = regressor.partial_dependence(X, "size", values=theirs["grid_values"][0].tolist())
    np.testing.assert_allclose(ours.predictions[:, 0], theirs["average"][0], rtol=1e-5)


@pytest.mark.parametrize("target", [None, "dear"])
def test_partial_dependence_display_of_scikit_learn_works(regressor, classifier, flats, target):
    X, _ = flats
    model = regressor if target is None else classifier
    display = PartialDependenceDisplay.from_estimator(
        model, X, ["size", "town", "lift"], categorical_features=["town", "lift"], target=target, grid_resolution=5
    )
    assert display.axes_.size == 3


def test_large_amounts_of_a_conclusion_have_commas_and_no_powers_of_ten(regressor, flats):
    found = regressor.partial_dependence(flats[0], "size", n_values=5)
    large = dataclasses.replace(found, predictions=np.full_like(found.predictions, 348_512.7) + np.arange(5)[:, None])
    large.predictions[0] = 1_000_040.0
    assert "lowest, 348,500, at " in large.conclusion
    assert "highest, 1,000,000, at " in large.conclusion
