"""Rows are divided into shards, and batches into the rows of each worker."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.engines import Objective
from multilayer.engines.sharded.shards import divide_batch, ranges, shards_of
from multilayer.network import Network


@given(n=st.integers(0, 500), n_parts=st.integers(1, 70))
def test_parts_are_consecutive_and_of_about_equal_size(n: int, n_parts: int) -> None:
    parts = ranges(n, n_parts)
    assert [i for start, stop in parts for i in range(start, stop)] == list(range(n))
    sizes = [stop - start for start, stop in parts]
    assert len(sizes) == n_parts
    assert max(sizes) - min(sizes) <= 1


@given(data=st.data(), n_rows=st.integers(1, 50), n_shards=st.integers(1, 20))
def test_each_row_of_a_batch_goes_to_its_shard_in_the_order_of_the_batch(
    data: st.DataObject, n_rows: int, n_shards: int
) -> None:
    n_workers = data.draw(st.integers(1, n_shards))
    batch = np.array(data.draw(st.lists(st.integers(0, n_rows - 1))), dtype=np.intp)  # rows may repeat
    workers, bounds = ranges(n_shards, n_workers), ranges(n_rows, n_shards)
    parts = divide_batch(batch, n_rows, n_shards, workers)
    for (first, stop), part in zip(workers, parts, strict=True):
        for shard in range(first, stop):
            start, end = bounds[shard]
            rows = part.of_shard(shard - first)
            assert not isinstance(rows, slice)
            assert (rows + start).tolist() == [row for row in batch if start <= row < end]


def test_a_slice_is_the_same_as_its_row_numbers() -> None:
    workers = ranges(4, 2)
    by_slice, by_numbers = divide_batch(slice(3, 9), 10, 4, workers), divide_batch(np.arange(3, 9), 10, 4, workers)
    for one, other in zip(by_slice, by_numbers, strict=True):
        np.testing.assert_array_equal(one.rows, other.rows)
        np.testing.assert_array_equal(one.stops, other.stops)


def test_a_batch_of_all_rows_sends_no_row_numbers() -> None:
    assert [part.rows for part in divide_batch(None, 10, 4, ranges(4, 2))] == [None, None]


@pytest.mark.parametrize("weighted", [True, False])
def test_shards_are_views_that_cover_all_rows(weighted: bool) -> None:
    X, Y, weight = np.arange(14.0).reshape(7, 2), np.arange(7.0).reshape(7, 1), np.arange(7.0)
    objective = Objective(Network((2, 1), (), "identity"), X, Y, sample_weight=weight if weighted else None)
    shards = list(shards_of(objective, 3))
    np.testing.assert_array_equal(np.concatenate([shard.X for shard in shards]), X)
    np.testing.assert_array_equal(np.concatenate([shard.Y for shard in shards]), Y)
    assert all(np.shares_memory(shard.X, X) for shard in shards)
    for shard in shards:
        assert (shard.sample_weight is not None) == weighted
        if shard.sample_weight is not None:
            np.testing.assert_array_equal(shard.sample_weight, shard.Y[:, 0])
