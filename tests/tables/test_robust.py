"""Robust scaling, the smooth clip, and two values as signs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.preprocessing import RobustScaler

from multilayer.equations.extensions.encodings import smooth_clip
from multilayer.tables import ColumnReport, TableEncoder


def encode(column: Any, rows: Any = None, **options: Any) -> np.ndarray[Any, Any]:
    encoder = TableEncoder(numbers="robust", **options).fit(pa.table({"x": column}))
    return encoder.transform(pa.table({"x": column if rows is None else rows}))


def report(column: Any, **options: Any) -> ColumnReport:
    return TableEncoder(**options).fit(pa.table({"x": column})).columns_[0]


def test_robust_scaling_is_that_of_scikit_learn_with_the_clip() -> None:
    values = np.random.default_rng(0).standard_t(2, size=(201, 3))
    scaled = RobustScaler().fit_transform(values)
    result = TableEncoder(numbers="robust").fit_transform(values)
    np.testing.assert_allclose(result, scaled / np.sqrt(1 + (scaled / 3) ** 2), rtol=1e-12, atol=1e-14)


def test_equal_quartiles_leave_half_of_the_range() -> None:
    # Median 0, quartiles 0 and 0, range 8: the scale is 4.
    expected = np.array([0.0] * 9 + [2.0]) / np.sqrt(1 + np.array([0.0] * 9 + [2.0]) ** 2 / 9)
    np.testing.assert_allclose(encode([0.0] * 9 + [8.0])[:, 0], expected, rtol=1e-14)
    assert report([0.0] * 9 + [8.0], numbers="robust").encoding == "scaled robustly: median 0, range from 0 to 8"


def test_quartiles_that_differ_by_rounding_count_as_equal() -> None:
    values = [0.3] * 20 + [0.1 + 0.2] * 20 + [1.3]
    assert np.abs(encode(values)[:40]).max() < 1e-9


def test_gaps_become_the_median_and_a_mark() -> None:
    np.testing.assert_array_equal(encode([1.0, None, 3.0, 9.0])[1], [0, 1])
    done = "scaled robustly: median 3, quartiles 2 and 6; gaps become the median, and a second column marks them"
    assert report([1, None, 3, 9], numbers="robust") == ColumnReport("x", "number", done, 1, 2)


def test_dates_are_scaled_robustly_and_keep_the_calendar() -> None:
    days = [dt.date(2020, 1, 1) + dt.timedelta(days=13 * i) for i in range(60)]
    table = pa.table({"d": days})
    robust, standard = TableEncoder(numbers="robust"), TableEncoder()
    first, second = robust.fit_transform(table), standard.fit_transform(table)
    np.testing.assert_array_equal(first[:, 1:], second[:, 1:])
    elapsed = RobustScaler().fit_transform(13.0 * np.arange(60)[:, None])[:, 0]
    np.testing.assert_allclose(first[:, 0], smooth_clip(elapsed), rtol=1e-9, atol=1e-12)
    assert robust.columns_[0].encoding.startswith("seconds since 1970 (UTC), scaled robustly, and year, month")


@pytest.mark.parametrize("values", [[1.7e308, -1.7e308, 0.0, 1.0], [1e-300, 0.0, 2e-300], [1e200, 3e200, 2e200]])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_numbers_are_finite(values: list[float], dtype: Any) -> None:
    for piecewise in (None, "quantile"):
        result = encode(values * 10, [np.inf, -np.inf, 1.7e308, None, values[0]], dtype=dtype, piecewise=piecewise)
        assert np.isfinite(result).all()
        assert result[:2, 0].tolist() == [3, -3]


def test_two_values_become_signs() -> None:
    table = pa.table({"b": [True, False, None], "t": ["no", None, "yes"], "three": ["u", "v", "w"]})
    encoder = TableEncoder(two_values="signs")
    expected = [[1, -1, 1, 0, 0], [-1, 0, 0, 1, 0], [0, 1, 0, 0, 1]]
    np.testing.assert_array_equal(encoder.fit_transform(table), expected)
    assert encoder.get_feature_names_out().tolist() == ["b", "t=yes", "three=u", "three=v", "three=w"]
    assert [column.encoding for column in encoder.columns_[:2]] == [
        "-1 and 1; gaps become 0",
        "-1 for 'no', 1 for 'yes'; gaps become 0",
    ]
    unseen = pa.table({"b": [None, True], "t": ["maybe", "yes"], "three": ["x", None]})
    np.testing.assert_array_equal(encoder.transform(unseen), [[0, 0, 0, 0, 0], [1, 1, 0, 0, 0]])
    assert not encoder.number_columns_.any()


def test_number_columns_are_those_of_more_than_two_values() -> None:
    days = [dt.date(2020, 1, 1) + dt.timedelta(days=40 * i) for i in range(30)]
    table = pa.table(
        {
            "number": [None, *range(29)],
            "two": [0, 1] * 15,
            "Boolean": [True, False] * 15,
            "text": ["a", "b", "c"] * 10,
            "day": days,
        }
    )
    encoder = TableEncoder(piecewise="quantile").fit(table)
    names = encoder.get_feature_names_out()[encoder.number_columns_].tolist()
    assert names == ["number", "day", "day=year"]
    assert encoder.number_columns_.shape == (encoder.transform(table).shape[1],)


def test_columns_convert_to_a_frame() -> None:
    encoder = TableEncoder().fit(pa.table({"n": [1.0, None, 3.0], "t": ["a", "b", "a"]}))
    frame = encoder.columns_.to_frame()
    assert list(frame.columns) == ["column", "kind", "encoding", "gaps", "width", "identifier", "low", "high"]
    assert frame["encoding"].tolist() == [column.encoding for column in encoder.columns_]
    assert frame["gaps"].tolist() == [1, 0]
    assert frame["low"].tolist()[0] == -6
    assert np.isnan(frame["low"][1])
