"""Encoders that are fitted in one pass equal those fitted in memory, exactly or within the stated errors."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multilayer.exceptions import InputError, ParameterError
from multilayer.tables import TableEncoder, row_identifiers
from multilayer.tables._column_data import ColumnData
from multilayer.tables._frames import Columns, columns_of
from multilayer.tables._response import response_of
from multilayer.tables.models.streamed.encoding import MeansOfFolds
from multilayer.tables.piecewise import PiecewiseEncoding
from multilayer.tables.streaming.summaries import TableSummary
from multilayer.tables.streaming.target_sums import RowTargets
from multilayer.tables.streaming.text_states import TextState
from multilayer.tables.target_means import TargetMeanEncoding

OPTIONS: list[dict[str, Any]] = [
    {},
    {"numbers": "robust"},
    {"numbers": "robust", "piecewise": "quantile", "two_values": "signs"},
    {"piecewise": "tree", "many_categories": "target", "max_categories": 12, "task": "regression"},
    {"text": "typed", "row_numbers": "drop", "min_frequency": 3, "max_categories": 7},
    {"text": "typed", "numbers": "robust", "piecewise": "tree", "many_categories": "target", "max_categories": 10},
    {"identifiers": ["row", "tens"], "min_frequency": 10_000},
    {"identifiers": {"infinite": "it is broken", "normal": "it is not wanted"}, "row_numbers": "drop"},
]


def frame(n: int, seed: int = 0, *, infinite: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    moments = pd.Series(pd.Timestamp("2019-06-01") + pd.to_timedelta(rng.integers(0, 9 * 10**7, n), unit="s"))
    data = {
        "normal": rng.normal(size=n),
        "single": rng.lognormal(size=n).astype(np.float32),
        "huge": rng.normal(size=n) * 1e200,
        "tiny": rng.normal(size=n) * 1e-200,
        "with gaps": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
        "gaps at first": np.where(np.arange(n) < 0.9 * n, np.nan, rng.normal(size=n)),
        "only gaps": np.full(n, np.nan),
        "five": rng.integers(0, 5, n),
        "two": rng.integers(0, 2, n),
        "one": np.full(n, 3.5),
        "rounding": np.where(rng.random(n) < 0.5, 0.3, 0.1 + 0.2),
        "row": rng.permutation(n) + 7,
        "user_id": rng.integers(0, 10**9, n),
        "truth": rng.random(n) < 0.3,
        "truth and gaps": pd.array(np.where(rng.random(n) < 0.1, None, rng.random(n) < 0.4), "boolean"),
        "tens": [f"c{k}" for k in rng.integers(0, 10, n)],
        "many": [f"m{k}" for k in rng.zipf(1.5, n) % 300],
        "unique": [f"u{k}" for k in rng.permutation(n)],
        "words": [None if r < 0.2 else "yes" if r < 0.6 else "no" for r in rng.random(n)],
        "moment": moments,
        "zoned": moments.dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin"),
        "day": moments.dt.floor("D").where(rng.random(n) > 0.1),
        "duration": pd.to_timedelta(rng.integers(0, 10**6, n), unit="s"),
        "spelled": [f"{v:.2f}" if r > 0.02 else "n/a" for v, r in zip(rng.normal(size=n), rng.random(n), strict=True)],
        "amount": [f"${v:,.2f}" for v in rng.random(n) * 1e5],
    }
    if infinite:
        data["infinite"] = np.where(np.arange(n) == n - 2, -np.inf, data["normal"])
    return pd.DataFrame(data)


def target(table: pd.DataFrame) -> Any:
    return (table["normal"] + (table["many"].str.len() == 2) > 0.5).to_numpy()


LABELS = [True, False]  # those of the classes 0 and 1 of "targets_of"


def targets_of(y: Any) -> RowTargets:
    """Return the targets of rows with the folds of an encoder in memory."""
    folds = response_of(y, "regression" if y.dtype == float else "auto", len(y)).folds
    return RowTargets(y, folds, 0) if y.dtype == float else RowTargets(np.where(y, 0, 1), folds, 2)


def summary_of(table: pd.DataFrame, boundaries: list[int] | None = None, y: Any = None, **sizes: Any) -> TableSummary:
    whole = columns_of(table)
    kinds = {name: whole.column(name).kind for name in whole.column_names}
    summary = TableSummary(kinds, **sizes)
    stops = sorted({min(stop, len(table)) for stop in boundaries or []} | {0, len(table)})
    targets = None if y is None else targets_of(y)
    for start, stop in itertools.pairwise(stops):
        part = slice(start, stop)
        summary.update(columns_of(table.iloc[part]), None if targets is None else targets.take(part))
    return summary


def fitted(summary: TableSummary, sample: Any, y: Any = None, **options: Any) -> TableEncoder:
    encoder = TableEncoder(**options)
    labels = LABELS if y is not None and np.asarray(y).dtype == bool else None
    summary.fit(encoder, sample if isinstance(sample, Columns) else columns_of(sample), y, labels=labels)
    return encoder


def without_means(encoder: TableEncoder) -> str:
    """Return the state without means of the target, which depend on the order of sums."""
    encodings = [each for each in encoder.encodings_ if not isinstance(each, TargetMeanEncoding)]
    return repr((encodings, list(encoder.columns_), encoder.number_columns_, encoder.feature_names_in_))


def check_means(encoder: TableEncoder, expected: TableEncoder) -> None:
    for one, other in zip(encoder.encodings_, expected.encodings_, strict=True):
        if isinstance(one, TargetMeanEncoding):
            assert isinstance(other, TargetMeanEncoding)
            assert (one.categories, one.counts, one.labels) == (other.categories, other.counts, other.labels)
            np.testing.assert_allclose(one.means, other.means, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(one.scales, other.scales, rtol=1e-9)
            np.testing.assert_allclose((one.log_centre, one.log_scale), (other.log_centre, other.log_scale), rtol=1e-12)


def state(encoder: TableEncoder) -> str:
    return repr((encoder.encodings_, list(encoder.columns_), encoder.number_columns_, encoder.feature_names_in_))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_small_table_has_the_bits_of_the_encoder_in_memory(options: dict[str, Any]) -> None:
    table = frame(900, infinite="infinite" in options.get("identifiers", ()))
    y = target(table).astype(float) if options.get("task") == "regression" else target(table)
    expected = TableEncoder(**options).fit(table, y)
    for boundaries in ([], [1, 2, 3, 250, 251, 899], [*range(0, 900, 90)]):
        encoder = fitted(summary_of(table, boundaries, y), table, y, **options)
        assert without_means(encoder) == without_means(expected)
        check_means(encoder, expected)
        assert encoder.n_features_in_ == table.shape[1]
    np.testing.assert_allclose(encoder.transform(table[:50]), expected.transform(table[:50]), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n", [2, 15, 25])
def test_a_tiny_table_has_the_bits_of_the_encoder_in_memory(n: int) -> None:
    table = frame(n)
    for options in ({}, {"numbers": "robust", "piecewise": "quantile"}):
        encoder = fitted(summary_of(table, [n // 2]), table, **options)
        assert state(encoder) == state(TableEncoder(**options).fit(table))


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 1000), max_size=12))
def test_the_blocks_change_nothing(boundaries: list[int]) -> None:
    table = frame(1000)
    sizes = {"chunk_rows": 128, "most_categories": 40, "text_bytes": 60_000}
    whole, parts = (summary_of(table, each, target(table), **sizes) for each in ([], boundaries))
    for options in OPTIONS[2:4]:
        given = {"max_categories": 10, **options}
        one, other = (fitted(summary, table[::3], target(table)[::3], **given) for summary in (whole, parts))
        assert state(one) == state(other)


def test_statistics_of_all_rows_are_exact_except_for_rounding() -> None:
    table = frame(4000)
    names = [name for name in table if name not in ("many", "unique", "spelled", "amount")]
    table = table[names]
    encoder = fitted(summary_of(table, chunk_rows=128), table[:20])
    expected = TableEncoder().fit(table)
    np.testing.assert_allclose(encoder.transform(table), expected.transform(table), rtol=1e-7, atol=1e-9)
    assert [report.encoding for report in encoder.columns_] == [report.encoding for report in expected.columns_]
    assert [report.n_gaps for report in encoder.columns_] == [report.n_gaps for report in expected.columns_]


def test_quantiles_are_within_the_error_that_columns_states() -> None:
    table = frame(20_000)[["normal", "single", "huge", "with gaps", "five", "duration", "moment"]]
    encoder = fitted(summary_of(table, chunk_rows=512), table[:20], numbers="robust", piecewise="quantile")
    for encoding, report in zip(encoder.encodings_, encoder.columns_, strict=True):
        error = float(report.encoding.split("rank error at most ")[1].split(" %")[0]) / 100
        assert 0.001 < error < 0.03
        values = np.sort(columns_of(table).column(encoding.name).numbers())
        values = values[~np.isnan(values)]
        raw = getattr(encoding, "elapsed", getattr(encoding, "raw", encoding))
        median = np.ldexp(raw.centre, raw.exponent)
        below, up_to = (np.searchsorted(values, median, side) / len(values) for side in ("left", "right"))
        assert below - error <= 0.5 <= up_to + error
        if isinstance(encoding, PiecewiseEncoding):
            edges = np.ldexp(encoding.edges, raw.exponent)
            assert (edges[0], edges[-1]) == (values[0], values[-1])
            if encoding.name != "five":
                shares = np.searchsorted(values, edges[1:-1]) / len(values)
                expected = np.linspace(0, 1, len(edges))[1:-1]
                assert np.abs(shares - expected).max() <= error + 1e-3


def test_trees_are_those_of_the_sample_and_means_of_the_target_those_of_all_rows() -> None:
    table = frame(3000)[["normal", "tens", "many", "with gaps"]]
    y = target(table)
    options: dict[str, Any] = {"piecewise": "tree", "many_categories": "target", "max_categories": 20}
    encoder = fitted(summary_of(table, [700], y), table[:600], y[:600], **options)
    of_sample, whole = TableEncoder(**options).fit(table[:600], y[:600]), TableEncoder(**options).fit(table, y)
    normal = encoder.encodings_[0]
    assert normal.edges[1:-1] == of_sample.encodings_[0].edges[1:-1]  # type: ignore[attr-defined]
    assert (normal.edges[0], normal.edges[-1]) == (table.normal.min(), table.normal.max())  # type: ignore[attr-defined]
    check_means(encoder, whole)
    words = " (of a sample of 600 rows)"
    assert encoder.columns_[0].encoding.endswith("a decision tree on the target" + words)
    assert encoder.columns_[2] == whole.columns_[2]
    assert words not in encoder.columns_[1].encoding


@pytest.mark.parametrize("kind", ["amounts", "two classes", "three classes"])
def test_the_means_of_training_rows_are_cross_fitted(kind: str) -> None:
    table = frame(2000)[["normal", "many"]]
    table.loc[::9, "many"] = None
    y = {
        "amounts": 1e6 + 1e-3 * table["normal"].to_numpy(),
        "two classes": np.digitize(table["normal"], [0.0]),
        "three classes": np.digitize(table["normal"], [-0.5, 0.5]),
    }[kind]
    response = response_of(y, "auto", len(y))
    labels = None if kind == "amounts" else list(range(3 if kind == "three classes" else 2))
    rows = RowTargets(y, response.folds, len(labels or ()))
    summary = TableSummary({"normal": "number", "many": "text"}, chunk_rows=256)
    summary.update(columns_of(table), rows)
    encoder = TableEncoder(many_categories="target", max_categories=20)
    crossed = summary.fit(encoder, columns_of(table[:500]), y[:500], labels=labels)
    encoding = encoder.encodings_[1]
    assert isinstance(encoding, TargetMeanEncoding)
    codes = columns_of(table).column("many").codes(encoding.categories)
    found = MeansOfFolds(crossed, response.folds).cross_fitted("many", codes, len(encoding.categories))
    assert found.shape == (len(encoding.labels), 2000)
    assert len(encoding.labels) == (3 if kind == "three classes" else 1)
    expected = response.cross_fitted("many", codes, len(encoding.categories))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(encoding.scales, expected[:, ~table["many"].isna()].std(axis=1), rtol=1e-6)


def test_means_need_the_targets_of_the_rows_and_the_labels_of_classes() -> None:
    table = frame(300)[["normal", "many"]]
    y, options = target(table), {"many_categories": "target", "max_categories": 5}
    with pytest.raises(ValueError, match="without their targets"):
        fitted(summary_of(table), table, y, **options)
    with pytest.raises(ValueError, match="classes need their labels"):
        summary_of(table, y=y).fit(TableEncoder(**options), columns_of(table), y)


@pytest.mark.parametrize("n_in_sample", [1, 2])
def test_classes_that_the_sample_lacks_have_means(n_in_sample: int) -> None:
    table = frame(900)[["normal", "many"]]
    y = np.minimum(np.arange(900) // 300, 2)
    response = response_of(y, "classification", 900)
    summary = TableSummary({"normal": "number", "many": "text"})
    summary.update(columns_of(table), RowTargets(2 - y, response.folds, 3))
    encoder = TableEncoder(many_categories="target", max_categories=20, task="classification")
    n = 300 * n_in_sample
    crossed = summary.fit(encoder, columns_of(table[:n]), y[:n], labels=[2, 1, 0])
    check_means(encoder, TableEncoder(many_categories="target", max_categories=20, task="classification").fit(table, y))
    assert len(crossed["many"]) == 3


def test_the_memory_of_text_is_bounded_with_many_classes() -> None:
    rng = np.random.default_rng(0)
    n, n_classes, limit = 30_000, 500, 10_000_000
    table = pd.DataFrame({f"c{i}": [f"t{k}" for k in rng.integers(0, 200, n)] for i in range(5)})
    summary = TableSummary(dict.fromkeys(table, "text"), chunk_rows=2000, text_bytes=limit)
    y = rng.integers(0, n_classes, n)
    for start in range(0, n, 3000):
        part = slice(start, start + 3000)
        rows = RowTargets(y[part], rng.integers(0, 5, 3000), n_classes)
        summary.update(columns_of(table[part]), rows)
        assert summary.n_bytes <= limit
    assert all(state.counts.is_exact for state in summary.states.values())  # type: ignore[union-attr]
    encoder = TableEncoder(many_categories="target", max_categories=64)
    labels = list(range(n_classes))
    summary.fit(encoder, columns_of(table[:5000]), y[:5000], labels=labels)
    assert all(10 < len(each.categories) < 200 for each in encoder.encodings_)  # type: ignore[attr-defined]


def test_the_target_may_be_a_column() -> None:
    table = frame(200)[["normal", "many"]]
    for labels in (target(table), np.where(target(table), "yes", "no"), table["normal"].to_numpy()):
        column = columns_of(pd.DataFrame({"y": labels})).column("y")
        options = {"piecewise": "tree"}
        assert state(fitted(summary_of(table), table, column, **options)) == state(
            TableEncoder(**options).fit(table, labels)
        )


def test_gaps_outside_the_sample_have_a_column() -> None:
    table = frame(100)[["many", "five"]].astype({"five": float})
    table.loc[95:, :] = None
    y = target(frame(100))
    encoder = fitted(summary_of(table, y=y), table[:90], y[:90], many_categories="target", max_categories=5)
    assert encoder.get_feature_names_out().tolist()[-1] == "five=(gap)"
    assert "many=(gap)" in encoder.get_feature_names_out()
    assert [report.n_gaps for report in encoder.columns_] == [5, 5]


def test_text_that_spells_numbers_is_fitted_to_the_sample() -> None:
    table = frame(2000)[["spelled", "amount"]]
    table.loc[1990:, "amount"] = None
    encoder = fitted(summary_of(table), table[:500], text="typed", piecewise="quantile")
    expected = TableEncoder(text="typed", piecewise="quantile").fit(table[:500])
    assert encoder.encodings_[0] == expected.encodings_[0]
    assert encoder.encodings_[1].raw.centre == expected.encodings_[1].raw.centre  # type: ignore[attr-defined]
    assert [report.n_gaps for report in encoder.columns_] == [expected.columns_[0].n_gaps, 10]
    assert encoder.get_feature_names_out()[-1] == "amount=(gap)"
    assert all("(of a sample of 500 rows)" in report.encoding for report in encoder.columns_)
    assert np.isfinite(encoder.transform(table)).all()


def test_a_sample_without_values() -> None:
    table = frame(900)[["gaps at first", "many"]]
    table.loc[:99, "many"] = None
    options: dict[str, Any] = {"piecewise": "tree", "many_categories": "target", "max_categories": 5}
    y = target(frame(900))
    encoder = fitted(summary_of(table, y=y), table[:50], y[:50], **options)
    assert np.isfinite(encoder.transform(table)).all()
    assert "no thresholds by a decision tree on the target (of a sample of 50 rows)" in encoder.columns_[0].encoding


def test_frequent_categories_of_many() -> None:
    rng = np.random.default_rng(0)
    texts = np.where(rng.random(5000) < 0.4, [f"often{k}" for k in rng.integers(0, 3, 5000)],
                     [f"rare{k}" for k in rng.integers(0, 2000, 5000)])  # fmt: skip
    table = pd.DataFrame({"text": texts})
    encoder = fitted(summary_of(table, most_categories=200), table[:10], max_categories=4)
    assert encoder.encodings_[0].categories == ("often0", "often1", "often2")  # type: ignore[attr-defined]
    n_others = len(set(texts)) - 3
    assert f"3 most frequent categories, one for the {n_others} others (counts of rows within" in (
        encoder.columns_[0].encoding
    )
    with pytest.raises(ParameterError, match=r"max_categories=101 needs all rows in memory.* 'text'. Use at most"):
        fitted(summary_of(table, most_categories=200), table[:10], max_categories=101)
    assert fitted(summary_of(table), table[:10], max_categories=10**6).transform(table).shape[1] == len(set(texts))


def test_no_category_is_frequent() -> None:
    table = pd.DataFrame({"text": [f"t{i % 500}" for i in range(1500)], "number": range(1500)})
    # The texts of the only chunk have equal counts, so that none of them keeps a counter.
    encoder = fitted(summary_of(table, chunk_rows=1500, most_categories=20), table[:10], max_categories=5)
    assert encoder.columns_[0].encoding == "dropped: each of the 500 categories has fewer than 4 rows"


@pytest.mark.parametrize("n", [300, 20_000])
def test_identifiers_are_found_as_in_memory(n: int) -> None:
    rng = np.random.default_rng(0)
    numbers = rng.permutation(n) - 50
    table = pd.DataFrame(
        {
            "row": numbers,
            "repeated": np.where(numbers == 7, 8, numbers),
            "user_id": rng.integers(0, 10**12, n),
            "shop_id": rng.integers(0, n // 2, n),
            "code": [f"code {k}" for k in numbers.tolist()],
            "half": [f"half {k // 2}" for k in numbers.tolist()],
            "normal": rng.normal(size=n),
        }
    )
    summary = summary_of(table, [n // 3, n // 2], chunk_rows=100, most_categories=200)
    found = summary.identifiers(columns_of(table[:100]))
    assert tuple(found) == row_identifiers(table) == ("row", "user_id", "code")
    encoder = fitted(summary, table[:100], row_numbers="drop")
    assert [report.name for report in encoder.columns_ if report.is_identifier] == ["row", "user_id", "code"]
    assert found["code"].startswith("about ") == (n > 16_384)


def test_integers_of_which_a_block_has_gaps_only_remain_integers() -> None:
    numbers = pd.array([*range(100), *[None] * 100], "Int64")
    table = pd.DataFrame({"row": numbers, "normal": np.random.default_rng(0).normal(size=200)})
    blocks = [table[:100], table[100:].astype({"row": float})]
    for chunk_rows in (100, 64, 4096):
        summary = TableSummary({"row": "number", "normal": "number"}, chunk_rows=chunk_rows)
        for block in blocks:
            summary.update(columns_of(block))
        assert list(summary.identifiers(columns_of(table))) == ["row"]


def test_infinity_is_an_error_with_its_row() -> None:
    table = frame(300)[["normal", "five"]]
    table.loc[217, "normal"] = np.inf
    with pytest.raises(InputError, match="'normal' holds infinity in data row 218"):
        fitted(summary_of(table, [50, 90], chunk_rows=32), table[:5])


def test_blocks_that_do_not_fit_are_errors() -> None:
    table = frame(30)[["normal", "tens"]]
    summary = summary_of(table)
    with pytest.raises(InputError, match="'tens' is missing in the rows after data row 30"):
        summary.update(columns_of(table[["normal"]]))
    with pytest.raises(InputError, match="'tens' holds numbers in the rows after data row 30, but must hold text"):
        summary.update(columns_of(table.assign(tens=1.0)))
    with pytest.raises(InputError, match="'tens' is missing in the rows of the sample"):
        fitted(summary, table[["normal"]])
    assert summary.n_rows == 30
    with pytest.raises(InputError, match="the sample has no rows"):
        fitted(summary, table[:0])
    with pytest.raises(InputError, match="the table has no rows"):
        fitted(TableSummary({"normal": "number"}), table[:0])
    with pytest.raises(InputError, match="requires y to be passed"):
        fitted(summary, table, piecewise="tree")
    with pytest.raises(InputError, match="inconsistent numbers of samples"):
        fitted(summary, table[:20], np.zeros(30), piecewise="tree")


def test_rows_may_follow_a_fit() -> None:
    table = frame(600)[["normal", "tens", "words"]]
    summary = summary_of(table[:250])
    first = fitted(summary, table[:250])
    assert state(first) == state(TableEncoder().fit(table[:250]))
    summary.update(columns_of(table[250:]))
    second = fitted(summary, table[:250])
    np.testing.assert_allclose(second.transform(table), TableEncoder().fit(table).transform(table), atol=1e-12)


def test_the_memory_is_bounded() -> None:
    sizes = []
    for n in (20_000, 80_000):
        rng = np.random.default_rng(0)
        table = pd.DataFrame({"number": rng.normal(size=n), "text": [f"t{k}" for k in rng.integers(0, 10**9, n)]})
        summary = summary_of(table, list(range(0, n, 5000)), chunk_rows=512, most_categories=1000)
        sizes.append(summary.n_bytes)
    assert max(sizes) < 512 * 8 * 9 + 1000 * 200 + (1 << 18)
    assert sizes[1] - sizes[0] < 20_000


def test_the_memory_of_text_is_shared_by_its_columns() -> None:
    rng = np.random.default_rng(0)
    n = 40_000
    table = pd.DataFrame({name: [f"t{k}" for k in rng.integers(0, most, n)]
                          for name, most in (("few", 500), ("some", 5_000), ("many", 10**9))})  # fmt: skip
    y = rng.normal(size=n)
    limit = 5_000_000
    summary = summary_of(table, list(range(0, n, 3000)), y, chunk_rows=2048, text_bytes=limit)
    assert 0.3 * limit < summary.n_bytes <= limit
    # The largest column gives way, so that the others are exact.
    counts = {name: each.counts for name, each in summary.states.items() if isinstance(each, TextState)}
    assert [each.is_exact for each in counts.values()] == [True, True, False]
    encoder = fitted(summary, table[:2000], y[:2000], many_categories="target", max_categories=64)
    assert sum(counts["some"].counts.values()) == n
    expected = TableEncoder(many_categories="target", max_categories=64).fit(table[["few", "some"]], y)
    check_means(encoder, expected)


def test_columns_without_names() -> None:
    array = np.random.default_rng(0).normal(size=(60, 2))
    summary = TableSummary({"x0": "number", "x1": "number"})
    summary.update(columns_of(array))
    encoder = fitted(summary, columns_of(array))
    assert not hasattr(encoder, "feature_names_in_")
    np.testing.assert_array_equal(encoder.transform(array), TableEncoder().fit_transform(array))


def test_moments_of_several_units_and_gaps_of_unknown_kind() -> None:
    seconds = np.arange(200) * 86_400 * 3
    column = ColumnData.of_ticks("date", seconds, np.zeros(200, dtype=bool), "s")
    micros = ColumnData.of_ticks("date", seconds * 10**6, np.zeros(200, dtype=bool), "us")

    def columns(*parts: ColumnData) -> list[Columns]:
        return [Columns(("at",), len(part), lambda _, part=part: part) for part in parts]

    halves = np.arange(100), np.arange(100, 200)
    for chunk_rows in (4096, 64):
        summary = TableSummary({"at": "date"}, chunk_rows=chunk_rows)
        for block in columns(column.take(halves[0]), micros.take(halves[1])):
            summary.update(block)
        whole = TableSummary({"at": "date"}, chunk_rows=chunk_rows)
        whole.update(columns(column)[0])
        assert state(fitted(summary, columns(column)[0])) == state(fitted(whole, columns(column)[0]))
    summary.update(columns(ColumnData.empty(50))[0])
    assert fitted(summary, columns(column)[0]).columns_[0].n_gaps == 50
