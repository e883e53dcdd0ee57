"""Windows: each pass has each row at most once, and the reading ahead gives the rows of the plan."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.exceptions import DataFileError, ParameterError
from multilayer.tables.streaming.rows_file import EncodedRows
from multilayer.tables.streaming.rows_format import Rows, RowsFormat
from multilayer.tables.streaming.rows_writer import EncodedRowsWriter
from multilayer.tables.streaming.windows import BLOCK_ROWS, WindowPlan, Windows, most_window_rows

N_ROWS = 103
X = np.arange(2 * N_ROWS, dtype=np.float32).reshape(-1, 2)


def numbers(plan: WindowPlan, window: int) -> list[int]:
    return [row for start, stop in plan.extents(window) for row in range(start, stop)]


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 50), st.integers(0, 3), st.integers(0, 5))
def test_each_pass_has_each_row_at_most_once(n_rows: int, most: int, block: int, seed: int, of_pass: int) -> None:
    plan = WindowPlan(n_rows, most, block, seed)
    n = plan.windows_per_pass
    windows = [numbers(plan, of_pass * n + place) for place in range(n)]
    assert {len(each) for each in windows} == {plan.window_rows}
    assert plan.window_rows <= most
    rows = [row for each in windows for row in each]
    assert len(set(rows)) == len(rows)
    assert set(rows) <= set(range(n_rows))
    assert n_rows - len(rows) < n
    # The places are whole blocks but for the first and the last of a window, and the end of the file.
    for window in range(of_pass * n, (of_pass + 1) * n):
        for start, stop in plan.extents(window)[1:-1]:
            assert start % block == 0
            assert stop == min(start + block, n_rows)


@given(st.integers(20, 300), st.integers(1, 10))
def test_rows_that_fit_are_one_window_in_their_order(n_rows: int, block: int) -> None:
    assert WindowPlan(n_rows, n_rows, block).extents(5) == [(0, n_rows)]


def test_orders_depend_on_seed_and_pass_only() -> None:
    plan = WindowPlan(1000, 100, 10, seed=1)
    assert plan.extents(57) == WindowPlan(1000, 100, 10, seed=1).extents(57)
    assert plan.extents(57) != plan.extents(47)
    assert plan.extents(57) != WindowPlan(1000, 100, 10, seed=2).extents(57)


def test_rows_left_out_differ_from_pass_to_pass() -> None:
    plan = WindowPlan(11, 2, 1)  # 6 windows of 1 row
    left_out = [set(range(11)) - {numbers(plan, 6 * of_pass + place)[0] for place in range(6)} for of_pass in range(30)]
    assert set.union(*left_out) == set(range(11))
    assert not set.intersection(*left_out)


def test_plan_needs_positive_numbers() -> None:
    for arguments in ((0, 1, 1), (1, 0, 1), (1, 1, 0)):
        with pytest.raises(ParameterError, match="must be a positive integer, got 0"):
            WindowPlan(*arguments)


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[EncodedRows]:
    with EncodedRowsWriter(tmp_path, RowsFormat(2, "classes")) as writer:
        writer.append(X, np.arange(N_ROWS))
        written = writer.finish()
    with written:
        yield written


def test_windows_hold_the_rows_of_the_plan(rows: EncodedRows) -> None:
    plan = WindowPlan(N_ROWS, 30, 4)
    windows = Windows(rows, plan)
    found = []
    for window in windows.ahead(windows.read(2), 11):
        expected = numbers(plan, window.number)
        assert window.rows.y.tolist() == expected
        np.testing.assert_array_equal(window.rows.X, X[expected])
        assert window.rows.X.ctypes.data % 64 == 0
        found.append(window.number)
    assert found == list(range(2, 11))
    assert len(windows._buffers) == 2


def test_single_window_is_read_once(rows: EncodedRows, monkeypatch: pytest.MonkeyPatch) -> None:
    windows = Windows(rows, WindowPlan(N_ROWS, 200))
    first = windows.read(0)
    monkeypatch.setattr(EncodedRows, "read_into", None)
    assert [(each.number, each.rows is first.rows) for each in windows.ahead(first, 3)] == [
        (number, True) for number in range(3)
    ]


def test_window_is_not_changed_while_it_is_used(rows: EncodedRows) -> None:
    plan = WindowPlan(N_ROWS, 30, 4)
    windows = Windows(rows, plan)
    for window in windows.ahead(windows.read(0), 5):
        for thread in threading.enumerate():
            if thread.name.startswith("multilayer-rows"):
                thread.join(0.05)  # the next window is read meanwhile
        assert window.rows.y.tolist() == numbers(plan, window.number)


def test_error_of_the_thread_reaches_the_caller(rows: EncodedRows, monkeypatch: pytest.MonkeyPatch) -> None:
    windows, read_into, calls = Windows(rows, WindowPlan(N_ROWS, 30, 4)), EncodedRows.read_into, [0]

    def failing(self: EncodedRows, extents: Any, buffers: Rows) -> None:
        calls[0] += 1
        if calls[0] == 4:
            raise DataFileError("gone")
        read_into(self, extents, buffers)

    monkeypatch.setattr(EncodedRows, "read_into", failing)
    found: list[int] = []
    with pytest.raises(DataFileError, match="gone"):
        found.extend(window.number for window in windows.ahead(windows.read(0), 9))
    assert found == [0, 1, 2]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("multilayer-rows")]


def test_iterator_that_is_closed_ends_its_thread(rows: EncodedRows) -> None:
    windows = Windows(rows, WindowPlan(N_ROWS, 30, 4))
    ahead = windows.ahead(windows.read(0), 9)
    next(ahead)
    ahead.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("multilayer-rows")]
    assert list(windows.ahead(windows.read(4), 4)) == []


def test_plan_of_another_file_is_refused(rows: EncodedRows) -> None:
    with pytest.raises(ParameterError, match="the plan is of 9 rows, and the file has 103"):
        Windows(rows, WindowPlan(9, 3))


def test_most_rows_of_a_window_fit_the_memory() -> None:
    form = RowsFormat(100, "numbers", 2, has_weights=True)
    n_rows = most_window_rows(form, 50_000_000, n_outputs=2)
    assert 2 * form.n_bytes(n_rows) < 50_000_000 < 3 * form.n_bytes(n_rows)
    with pytest.raises(ParameterError, match=f"{BLOCK_ROWS:,} rows of 100 columns need"):
        most_window_rows(form, 100_000)


@pytest.mark.parametrize(("most_rows", "expected"), [(1000, 64), (100_000, 390), (10**6, 1024)])
def test_windows_have_many_blocks(most_rows: int, expected: int) -> None:
    assert WindowPlan(10**7, most_rows).rows_of_block == expected
    assert WindowPlan(10**7, most_rows, 7).rows_of_block == 7
