"""Validation rows by hash."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from multilayer.exceptions import ParameterError
from multilayer.tables.streaming import is_validation
from multilayer.tables.streaming.row_hashes import mixed

HASHES = mixed(np.arange(100_000, dtype=np.uint64))


@pytest.mark.parametrize("share", [0.001, 0.1, 0.25, 0.9])
def test_the_share_is_kept(share):
    n = int(is_validation(HASHES, share).sum())
    assert stats.binomtest(n, len(HASHES), share).pvalue > 1e-3


def test_no_rows_and_all_rows():
    assert not is_validation(HASHES, 0).any()
    assert is_validation(HASHES, 1.0).all()


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1), st.floats(0, 1), st.floats(0, 1), st.data())
def test_a_row_keeps_its_side(hashes, one, other, data):
    all_rows = np.array(hashes, dtype=np.uint64)
    kept = np.array(data.draw(st.lists(st.sampled_from(range(len(hashes))), min_size=1)))
    assert np.array_equal(is_validation(all_rows[kept], one), is_validation(all_rows, one)[kept])
    low, high = sorted((one, other))
    assert not (is_validation(all_rows, low) & ~is_validation(all_rows, high)).any()


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), "0.1", None])
def test_another_share_is_an_error(share):
    with pytest.raises(ParameterError, match="share must be a number from 0 to 1"):
        is_validation(HASHES, share)
