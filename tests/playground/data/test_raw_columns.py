"""raw_columns: positions of rows on an axis, and the inputs that the network gets for positions."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from multilayer.playground.data.play_data import PlayData, shape_data
from multilayer.playground.data.raw_columns import raw_columns
from multilayer.playground.data.table_data import table_data


def data_of(header: str, rows: list[tuple[Any, ...]], fraction: float = 0.3) -> PlayData:
    lines = [header, *(",".join("" if cell is None else str(cell) for cell in row) for row in rows)]
    return table_data(io.BytesIO("\n".join(lines).encode()), header.split(",")[-1], validation_fraction=fraction)


def all_kinds() -> PlayData:
    rng = np.random.default_rng(0)
    rows = [
        (
            rng.integers(100),
            f'"${rng.integers(1, 9)},{rng.integers(100, 999)}"',
            ["red", "green", "blue"][rng.integers(3)],
            ["true", "false"][rng.integers(2)],
            f"20{10 + rng.integers(14)}-0{1 + rng.integers(9)}-11",
            f"2024-02-{10 + rng.integers(19)} {10 + rng.integers(13)}:15:00+01:00",
            f"{10 + rng.integers(13)}:{10 + rng.integers(49)}:00",
            i % 2,
        )
        for i in range(150)
    ]
    return data_of("number,dollars,text,flag,day,moment,clock,y", rows)


def test_inputs_at_the_positions_of_the_rows_are_those_of_the_rows() -> None:
    data = all_kinds()
    columns = raw_columns(data)
    assert [column.kind for column in columns.values()] == [
        "number", "number", "text", "Boolean", "date", "date", "time",
    ]  # fmt: skip
    assert data.X_val is not None
    for column in columns.values():
        inputs = list(column.inputs)
        np.testing.assert_allclose(column.encoded(column.places), data.X[:, inputs], atol=1e-9)
        np.testing.assert_allclose(column.encoded(column.places_val), data.X_val[:, inputs], atol=1e-9)
        assert column.n_gaps == 0


def test_held_values_are_medians_and_most_frequent_values() -> None:
    data = all_kinds()
    columns = raw_columns(data)
    assert columns["number"].held_text == f"median {np.median(data.table.column('number').to_numpy()):g}"
    texts = data.table.column("text").to_pylist()
    most = max(sorted(set(texts)), key=texts.count)
    assert columns["text"].held_text == f"most frequent value {most!r}"
    assert columns["text"].held.tolist() == [float(word == most) for word in ("blue", "green", "red")]
    assert columns["day"].held_text.startswith("median 20")
    assert columns["clock"].held_text.count(":") == 2
    for column in columns.values():
        if column.categories is None:
            np.testing.assert_allclose(column.held[0], np.median(column.encoded(column.places)[:, 0]), atol=0.1)


def test_gaps_of_text_have_a_place_and_those_of_numbers_have_none() -> None:
    rows = [(None if i % 5 == 0 else "ab"[i % 2], None if i % 7 == 0 else i % 11, i % 2) for i in range(140)]
    columns = raw_columns(data_of("word,size,y", rows, 0))
    assert columns["word"].categories == ("a", "b", "(gap)")
    assert columns["word"].n_gaps == 0
    assert int((columns["word"].places == 2).sum()) == 28
    assert columns["size"].n_gaps == 20
    assert columns["word"].encoded(np.array([0, 2.0])).tolist() == [[1, 0, 0], [0, 0, 1]]


def test_unknown_validation_words_have_no_place() -> None:
    rows = [(f"w{i // 2}" if i < 8 else "ab"[i % 2], i % 3, i % 2) for i in range(100)]
    data = data_of("word,size,y", rows)
    column = raw_columns(data)["word"]
    assert column.categories is not None
    known = [word in column.categories for word in data.table_val.column("word").to_pylist()]
    np.testing.assert_array_equal(np.isfinite(column.places_val), known)


@pytest.mark.parametrize("span", ["minutes", "hours", "days", "years"])
def test_units_of_dates_suit_their_span(span: str) -> None:
    step = {"minutes": 60, "hours": 1800, "days": 20_000, "years": 9_000_000}[span]
    start = np.datetime64("2020-03-05T06:00:00")
    rows = [(str(start + np.timedelta64(step * (i * 37 % 60), "s")).replace("T", " "), i % 2) for i in range(60)]
    column = raw_columns(data_of("when,y", rows, 0))["when"]
    assert column.unit == {"days": "days since 2020-03-05", "years": "years"}.get(span, "hours since 2020-03-05")
    seconds = {"days": 86_400, "years": 365.2425 * 86_400}.get(span, 3600)
    assert np.ptp(column.places) == pytest.approx(59 * step / seconds)


def test_columns_of_a_shape_are_its_inputs() -> None:
    data = shape_data("moons", validation_fraction=0)
    columns = raw_columns(data)
    np.testing.assert_array_equal(columns["y"].places, data.X[:, 1])
    assert columns["x"].places_val.shape == (0,)
    assert columns["x"].encoded(np.array([0.5])).tolist() == [[0.5]]
