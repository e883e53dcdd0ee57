"""The novelty of rows."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.exceptions import NoveltyWarning, named_as_options
from multilayer.tables.models.novelty import Surroundings, distances, surroundings_of


def table_of(m: int = 400, seed: int = 0) -> pa.Table:
    rng = np.random.RandomState(seed)
    size = rng.normal(size=m)
    return pa.table(
        {
            "size": size,
            "weight": 2.0 * size + 0.1 * rng.normal(size=m),
            "age": rng.randint(20, 61, size=m),
            "town": rng.choice(["Ulm", "Bonn", "Kiel"], size=m),
            "day": [dt.date(2020, 1, 1) + dt.timedelta(days=int(n)) for n in rng.randint(0, 1001, size=m)],
            "owner": rng.permutation([f"owner {n % 300}" for n in range(m)]),
        }
    )


def with_value(table: pa.Table, name: str, value: object) -> pa.Table:
    """Return the first row with another value in a column."""
    row = table.slice(0, 1)
    return row.set_column(row.column_names.index(name), name, pa.array([value], table.schema.field(name).type))


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return table_of()


@pytest.fixture(scope="module")
def surroundings(table: pa.Table) -> Surroundings:
    return surroundings_of(table)[0]


def test_fitting_rows_and_new_rows_like_them_are_not_far(table: pa.Table, surroundings: Surroundings) -> None:
    for rows in (table, table_of(400, seed=1)):
        score = surroundings.novelty(rows)
        assert score.shape == (400,)
        assert (score >= 0).all()
        assert (score < 1).all()
        surroundings.warn_of_far_rows(rows)  # warnings are errors


@pytest.mark.parametrize(
    ("name", "value"),
    [("age", 90), ("age", -10), ("size", 30.0), ("size", np.inf), ("day", dt.date(2026, 1, 1)), ("town", "Rome")],
)
def test_values_far_outside_a_column_are_far(
    table: pa.Table, surroundings: Surroundings, name: str, value: object
) -> None:
    row = with_value(table, name, value)
    assert surroundings.novelty(row)[0] >= 1
    with pytest.warns(NoveltyWarning, match=rf"1 of 1 rows is far outside the rows of the fit.*'{name}' \(1\)"):
        surroundings.warn_of_far_rows(row)


@pytest.mark.parametrize(("name", "value"), [("age", 65), ("owner", "nobody"), ("day", dt.date(2022, 12, 1))])
def test_values_slightly_outside_and_usual_new_categories_are_not_far(
    table: pa.Table, surroundings: Surroundings, name: str, value: object
) -> None:
    row = with_value(table, name, value)
    assert surroundings.novelty(row)[0] < 1
    surroundings.warn_of_far_rows(row)


@given(st.floats(0.0, 1e300), st.floats(0.0, 1e300))
def test_novelty_rises_with_the_distance_from_the_range(
    table: pa.Table, surroundings: Surroundings, one: float, other: float
) -> None:
    near, far = sorted((one, other))
    scores = [surroundings.by_column(with_value(table, "size", 10.0 + x))[0].max() for x in (near, far)]
    assert scores[0] <= scores[1]


def test_distance_is_counted_in_halves_of_the_range(table: pa.Table, surroundings: Surroundings) -> None:
    outside, _ = surroundings.by_column(with_value(table, "age", 100))  # 20 to 60 in the fit
    assert outside.max() == pytest.approx(2.0)


def test_unusual_combinations_are_novel_without_a_warning(table: pa.Table, surroundings: Surroundings) -> None:
    row = with_value(with_value(table, "size", 1.5), "weight", -3.0)
    row = row.set_column(0, "size", pa.array([1.5]))
    assert surroundings.novelty(row)[0] > 1
    surroundings.warn_of_far_rows(row)


def test_gaps_are_new_in_columns_without_gaps(table: pa.Table, surroundings: Surroundings) -> None:
    row = with_value(table, "age", None)
    assert surroundings.novelty(row)[0] >= 1
    few = table.slice(0, 50)  # too few rows to know
    of_few = surroundings_of(few)[0]
    assert of_few.novelty(with_value(few, "age", None))[0] < 1
    gaps = pa.table({"a": [1.0, None] * 100, "b": np.arange(200.0)})
    assert surroundings_of(gaps)[0].novelty(pa.table({"a": [None], "b": [5.0]}))[0] < 1


def test_one_new_category_among_many_columns_is_not_far() -> None:
    rng = np.random.RandomState(0)
    columns = {f"c{j}": rng.choice(["a", "b", "c"], size=200) for j in range(30)}
    surroundings = surroundings_of(pa.table(columns))[0]
    row = {name: ["z" if j < 1 else "a"] for j, name in enumerate(columns)}
    assert surroundings.novelty(pa.table(row))[0] == pytest.approx(1 / 3)
    row = {name: ["z" if j < 3 else "a"] for j, name in enumerate(columns)}
    assert surroundings.novelty(pa.table(row))[0] == pytest.approx(1.0)


def test_distances_equal_those_of_the_covariance_matrix() -> None:
    rng = np.random.RandomState(0)
    S = np.cov(rng.normal(size=(3, 50)))
    Z, centre = rng.normal(size=(9, 3)), rng.normal(size=3)
    expected = [np.sqrt((z - centre) @ np.linalg.inv(S) @ (z - centre) / 3) for z in Z]
    np.testing.assert_allclose(distances(Z, centre, np.linalg.cholesky(S)), expected)


def test_more_columns_than_rows_and_text_only() -> None:
    rng = np.random.RandomState(0)
    wide = pa.table({f"x{j}": rng.normal(size=20) for j in range(300)})
    surroundings = surroundings_of(wide)[0]
    assert (surroundings.novelty(wide) < 1).all()
    text = pa.table({"t": ["a", "b"] * 60})
    assert surroundings_of(text)[0].novelty(text).tolist() == [0.0] * 120


def test_messages_agree_in_number_and_name_no_python_on_the_command_line() -> None:
    fitted = surroundings_of(pa.table({name: np.arange(50.0) for name in "abcde"}), ())[0]
    for n_far, n_columns, message in (
        (1, 3, r"1 of 9 rows is far .* by values in 'a' \(1\), 'b' \(1\), 'c' \(1\)\. Check"),
        (1, 4, r"1 of 9 rows is far .*, 'c' \(1\) and 1 more column\. Check"),
        (2, 5, r"2 of 9 rows are far .*, 'c' \(2\) and 2 more columns\. Check"),
    ):
        rows = {name: [1e3 if j < n_columns and i < n_far else 3.5 for i in range(9)] for j, name in enumerate("abcde")}
        with pytest.warns(
            NoveltyWarning, match=message + r".* are guesses\. novelty\(X\) returns a score for each row\.$"
        ):
            fitted.warn_of_far_rows(pa.table(rows))
        with (
            pytest.warns(NoveltyWarning, match=message + r".* are guesses\.$"),
            named_as_options({"max_iter": "--epochs"}),
        ):
            fitted.warn_of_far_rows(pa.table(rows))
