"""From files to an encoder: the blocks of a stream, their summary and a sample of rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from multilayer.tables import TableEncoder, read_table
from multilayer.tables.streaming import open_stream
from multilayer.tables.streaming.row_sample import RowSample
from multilayer.tables.streaming.sampling import folds_of
from multilayer.tables.streaming.summaries import TableSummary
from multilayer.tables.streaming.target_sums import RowTargets
from multilayer.tables.target_means import TargetMeanEncoding


@pytest.fixture(scope="module")
def table() -> pa.Table:
    rng = np.random.default_rng(0)
    n = 3000
    moments = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 10**8, n), unit="s")
    return pa.table(
        {
            "size": rng.normal(size=n).round(4),
            "gaps": pa.array(np.where(rng.random(n) < 0.2, np.nan, rng.integers(0, 9, n)), from_pandas=True),
            "row": rng.permutation(n),
            "town": [f"town {k}" for k in rng.zipf(1.5, n) % 90],
            "code": [f"{k:05d}" for k in rng.integers(0, 40, n)],
            "truth": rng.random(n) < 0.2,
            "at": moments.to_numpy().astype("datetime64[s]"),
            "y": rng.normal(size=n).round(3),
        }
    )


def encoder_of(path: Path, n_sample: int, **options: Any) -> TableEncoder:
    stream = open_stream(path, "y", block_rows=700)
    summary, sample = TableSummary(stream.kinds), RowSample(n_sample)
    for block in stream.blocks():
        amounts = block.target.numbers()
        summary.update(block.columns, RowTargets(amounts, folds_of(block.hashes), 0))
        sample.update(block)
    encoder = TableEncoder(**options)
    summary.fit(encoder, sample.columns, sample.target)
    return encoder


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"numbers": "robust", "piecewise": "quantile"},
        {"piecewise": "tree", "many_categories": "target", "max_categories": 30, "task": "regression"},
    ],
    ids=str,
)
def test_an_encoder_of_a_file_equals_one_of_its_table(
    table: pa.Table, tmp_path: Path, kind: str, options: dict[str, Any]
) -> None:
    path = tmp_path / f"table.{kind}"
    if kind == "csv":
        table.to_pandas().to_csv(path, index=False)
    else:
        parquet.write_table(table, path, row_group_size=500)
    whole = read_table(path)
    features, y = whole.drop_columns(["y"]), whole.column("y").to_numpy()
    expected = TableEncoder(**options).fit(features, y)
    encoder = encoder_of(path, 5000, **options)
    for one, other in zip(encoder.encodings_, expected.encodings_, strict=True):
        if isinstance(one, TargetMeanEncoding) and isinstance(other, TargetMeanEncoding):
            # The folds, and with them the scale, differ.
            np.testing.assert_allclose(one.means, other.means, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(one.scales, other.scales, rtol=0.1)
            assert (one.categories, one.counts) == (other.categories, other.counts)
        else:
            assert one == other
    assert [report.encoding for report in encoder.columns_] == [report.encoding for report in expected.columns_]
    sampled = encoder_of(path, 1000, **options)
    assert np.isfinite(sampled.transform(features)).all()
    if "many_categories" not in options:
        assert sampled.encodings_ == expected.encodings_
