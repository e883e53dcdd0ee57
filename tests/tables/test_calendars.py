"""Dates: elapsed time, and the calendar parts that vary in the fitted rows."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from multilayer.tables import TableEncoder

START = dt.datetime(2023, 1, 1)


def moments(n: int, **step: float) -> list[dt.datetime]:
    return [START + i * dt.timedelta(**step) for i in range(n)]


def parts(values: Any) -> list[str]:
    """Return the kinds of columns that a column of dates becomes, without repetition."""
    names = TableEncoder().fit(pa.table({"d": values})).get_feature_names_out()
    return list(dict.fromkeys(name.removeprefix("d=").split(" ")[0] for name in names))


WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (moments(30, days=13.5), ["d", "year", "month", "day", *WEEKDAYS, "hour"]),
        (moments(60, days=13), ["d", "year", "month", "day", *WEEKDAYS]),
        (moments(100, days=3), ["d", "day", *WEEKDAYS]),
        (moments(61, days=1), ["d", *WEEKDAYS]),
        (moments(14, days=1) + moments(10, hours=1), ["d", "hour"]),
        (moments(60, days=7), ["d", "year", "month", "day"]),  # only Sundays
        (moments(47, hours=1), ["d"]),
        (moments(20, days=100), ["d"]),  # too few rows
        ([moment.date() for moment in moments(30, days=1)], ["d", *WEEKDAYS]),
        ([moment.time() for moment in moments(24, hours=1)], ["d", "hour"]),
        ([moment.time() for moment in moments(24, minutes=20)], ["d"]),
    ],
)
def test_calendar_parts_are_those_that_vary_in_the_rows(values: Any, expected: list[str]) -> None:
    assert parts(values) == expected


def test_encoded_parts_match_a_calculation_by_hand() -> None:
    fitted = pa.table({"d": pa.array([*moments(60, days=13.25), None], pa.timestamp("us"))})
    encoder = TableEncoder().fit(fitted)
    day = dt.datetime(2024, 7, 1, 6)  # a Monday
    table = pa.table({"d": pa.array([day, None], pa.timestamp("us"))})
    row, gap = (dict(zip(encoder.get_feature_names_out(), values, strict=True)) for values in encoder.transform(table))
    years = np.array([moment.year for moment in fitted["d"].to_pylist()[:-1]])
    seconds = np.array([(moment - dt.datetime(1970, 1, 1)).total_seconds() for moment in moments(60, days=13.25)])
    elapsed = (day - dt.datetime(1970, 1, 1)).total_seconds()
    expected = {
        "d": (elapsed - seconds.mean()) / seconds.std(),
        "d=year": (2024 - years.mean()) / years.std(),
        "d=month (sin)": 0.0,  # half of the year has passed
        "d=month (cos)": -1.0,
        "d=day (sin)": 0.0,
        "d=day (cos)": 1.0,
        **{f"d={name}": float(name == "Monday") for name in WEEKDAYS},
        "d=hour (sin)": 1.0,
        "d=hour (cos)": 0.0,
        "d=(gap)": 0.0,
    }
    assert row == pytest.approx(expected, abs=1e-9)
    assert gap == {name: float(name == "d=(gap)") for name in expected}
    done = encoder.columns_[0].encoding
    assert done.startswith("seconds since 1970 (UTC), standardised, and year, month, day, weekday, hour; gaps become")


def test_hours_are_in_the_time_zone_of_the_column() -> None:
    values = moments(60, hours=5)
    hours = {}
    for zone in (None, "UTC", "Asia/Tokyo", "+09:00"):
        column = pa.array(values, pa.timestamp("s", zone))
        encoder = TableEncoder().fit(pa.table({"d": column}))
        hours[zone] = encoder.transform(pa.table({"d": column}))[:, 1:]
        frame = pd.DataFrame({"d": pd.Series(values).dt.tz_localize("UTC").dt.tz_convert(zone)})
        np.testing.assert_array_equal(TableEncoder().fit_transform(frame)[:, 1:], hours[zone])
    np.testing.assert_array_equal(hours[None], hours["UTC"])
    np.testing.assert_array_equal(hours["+09:00"], hours["Asia/Tokyo"])
    # Nine hours are 3/8 of the circle.
    angles = [np.arctan2(*hours[zone].T) for zone in ("UTC", "Asia/Tokyo")]
    np.testing.assert_allclose((angles[1] - angles[0]) % (2 * np.pi), 0.75 * np.pi, rtol=1e-9)


def test_dates_before_1970_and_outside_the_fitted_range_are_bounded() -> None:
    encoder = TableEncoder().fit(pa.table({"d": [moment.date() for moment in moments(60, days=13)]}))
    result = encoder.transform(pa.table({"d": [dt.date(1, 1, 1), dt.date(9999, 12, 31)]}))
    names = encoder.get_feature_names_out().tolist()
    assert np.isfinite(result).all()
    assert np.abs(result).max() <= 16
    assert result[:, names.index("d=Monday")].tolist() == [1, 0]
    assert result[:, names.index("d=Friday")].tolist() == [0, 1]


def test_dates_and_timestamps_are_interchangeable() -> None:
    encoder = TableEncoder().fit(pa.table({"d": [moment.date() for moment in moments(60, days=13)]}))
    dates, times = pa.table({"d": [dt.date(2024, 5, 6)]}), pa.table({"d": [dt.datetime(2024, 5, 6)]})
    np.testing.assert_array_equal(encoder.transform(dates), encoder.transform(times))
