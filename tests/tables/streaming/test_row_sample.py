"""RowSample: the rows with the smallest keys, whatever the blocks are."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from multilayer.exceptions import InputError, ParameterError
from multilayer.tables._frames import columns_of
from multilayer.tables._series import column_data
from multilayer.tables.streaming import Block, RowHasher, RowSample, is_validation
from multilayer.tables.streaming.row_hashes import mixed
from multilayer.tables.streaming.row_sample import _OF_SAMPLE

M = 3000
RANDOM = np.random.default_rng(0)
TABLE = pa.table({
    "a": pa.array(RANDOM.normal(size=M), mask=RANDOM.random(M) < 0.1),
    "town": [None if i % 11 == 0 else f"town {i % 7}" for i in range(M)],
    "user": [f"user {i}" for i in range(M)],
    "when": pa.array(np.arange(M), pa.timestamp("s")),
})  # fmt: skip
TARGET = np.arange(M) % 3


def blocks(table, target, cuts):
    hasher = RowHasher()
    edges = [0, *sorted(cuts), table.num_rows]
    for start, stop in itertools.pairwise(edges):
        if start < stop:
            columns, y = columns_of(table.slice(start, stop - start)), column_data(target[start:stop], "y")
            yield Block(start, columns, y, hasher.hashes(columns))


def sampled(n_rows, cuts=(), table=TABLE, target=TARGET, **options):
    sample = RowSample(n_rows, **options)
    for block in blocks(table, target, cuts):
        sample.update(block)
    return sample


def test_the_sample_holds_the_smallest_keys():
    (block,) = blocks(TABLE, TARGET, ())
    keys = mixed(block.hashes ^ mixed(np.arange(M, dtype=np.uint64) ^ _OF_SAMPLE))
    rows = np.sort(np.argsort(keys)[:100])
    sample = sampled(100, range(0, M, 37))
    assert sample.numbers.tolist() == rows.tolist()
    assert sample.columns.to_pylist() == TABLE.take(rows).to_pylist()
    assert sample.target.to_pylist() == TARGET[rows].tolist()
    assert sample.hashes.tolist() == block.hashes[rows].tolist()


@given(st.lists(st.integers(0, M), max_size=30), st.integers(1, 2 * M), st.sampled_from([2000, 40_000, 10**9]))
def test_blocks_do_not_matter(cuts, n_rows, memory):
    one, other = sampled(n_rows, memory=memory), sampled(n_rows, cuts, memory=memory)
    assert one.numbers.tolist() == other.numbers.tolist()
    assert one.columns.to_pylist() == other.columns.to_pylist()
    for name in ("town", "user"):
        assert list(one.columns.column(name).words) == list(other.columns.column(name).words)
    assert 1 <= len(one.numbers) <= n_rows


def test_memory_bounds_the_sample_and_its_candidates():
    memory = 100_000
    sample = RowSample(M, memory=memory)
    longest = 0
    for block in blocks(TABLE, TARGET, range(0, M, 20)):
        sample.update(block)
        longest = max(longest, sample._n_held)
    bytes_of_row = 24 + 4 * 9 + 17 + 64 + 2 * len("user 1234")  # and a few words more
    assert 0.8 * memory / 4 / bytes_of_row < len(sample.numbers) < memory / 4 / bytes_of_row * 1.1
    assert longest < 3 * len(sample.numbers)


def test_at_least_one_row_is_kept():
    assert len(sampled(10, range(0, M, 500), memory=1).numbers) == 1


def test_equal_rows_are_drawn_uniformly():
    """Rows of the same content are not drawn together."""
    table = pa.table({"a": np.arange(M) % 2})
    sample = sampled(400, table=table, target=np.zeros(M))
    ones = sum(sample.columns.column("a").values.tolist())
    assert stats.binomtest(ones, 400, 0.5).pvalue > 1e-3
    assert stats.kstest(sample.numbers / M, "uniform").pvalue > 1e-3


def test_the_sample_is_independent_of_validation_rows():
    sample = sampled(1000)
    n = int(is_validation(sample.hashes, 0.2).sum())
    assert stats.binomtest(n, 1000, 0.2).pvalue > 1e-3


def test_quantiles_are_within_the_stated_error():
    sample = sampled(500)
    values = np.sort(TABLE["a"].drop_null().to_numpy())
    drawn = np.sort(sample.columns.column("a").present())
    ranks = np.searchsorted(values, drawn) / len(values)
    assert np.abs(ranks - (np.arange(len(drawn)) + 0.5) / len(drawn)).max() < sample.rank_error(0.999)
    assert sample.rank_error(0.99) == pytest.approx(np.sqrt(np.log(200) / 1000))


def test_whole_numbers_stay_whole_unless_a_block_has_fractions():
    whole = pa.table({"a": np.arange(40)})
    assert sampled(5, [20], table=whole, target=np.zeros(40)).columns.column("a").is_integer
    sample = RowSample(1)
    parts = [(0, pa.array(np.arange(20))), (20, pa.array(np.arange(20) + 0.5))]
    for first, values in parts:
        columns, y = columns_of(pa.table({"a": values})), column_data(np.zeros(20), "y")
        sample.update(Block(first, columns, y, RowHasher().hashes(columns)))
    assert not sample.columns.column("a").is_integer


@pytest.mark.parametrize("options", [{"n_rows": 0}, {"n_rows": 1.5}, {"n_rows": 1, "memory": -1}, {"n_rows": True}])
def test_invalid_options_are_errors(options):
    with pytest.raises(ParameterError, match="must be a positive whole number, got"):
        RowSample(**options)


def test_a_sample_of_no_rows_is_an_error():
    with pytest.raises(InputError, match="the sample has no rows"):
        _ = RowSample(3).columns
    with pytest.raises(ParameterError, match="confidence must be a number between 0 and 1, got 1"):
        sampled(3).rank_error(1)
