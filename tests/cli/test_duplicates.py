"""Test rows that are equal to training rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from multilayer.cli.evaluation.run import find_duplicates, note_on_duplicates
from multilayer.tables import ColumnReport, TableEncoder

from .conftest import SMALL, lines_of_people, write


class TestDuplicates:
    REPORTS = (
        ColumnReport("a", "number", "", 0, 1),
        ColumnReport("b", "text", "", 0, 2),
        ColumnReport("id", "text", "", 0, 0),
    )

    def test_rows_equal_in_all_used_columns_and_in_the_target_are_counted(self):
        rng = np.random.RandomState(0)
        a, b = rng.normal(size=100), rng.choice(["x", "y", None], 100)
        a[50:53], b[50:53] = a[:3], b[:3]  # the third has another target
        a[60], a[7] = np.nan, np.nan
        y = np.zeros(100)
        y[52] = 1.0
        features = pa.table({"a": a, "b": b.tolist(), "id": [f"id {i}" for i in range(100)]})
        found = find_duplicates(features, self.REPORTS, y, [(np.arange(50), np.arange(50, 100))])
        n = 2 + (b[60] == b[7])
        assert found[:2] == (n, 50)
        note = note_on_duplicates(*found, "Remove them")
        assert note.startswith(f"{n} of 50 tested rows equal rows to train on in every column")
        assert note.endswith("the scores are too good. Remove them")

    def test_an_identifier_column_is_not_compared(self):
        a = np.tile(np.random.RandomState(0).normal(size=50), 2)
        features = pa.table({"a": a, "number": np.arange(100)})
        encoder = TableEncoder().fit(features)
        assert encoder.columns_[1].is_identifier
        assert encoder.columns_[1].width == 1
        found = find_duplicates(features, encoder.columns_, np.zeros(100), [(np.arange(50), np.arange(50, 100))])
        assert found[:2] == (50, 50)

    def test_equal_rows_of_few_distinct_values_raise_no_note(self):
        rng = np.random.RandomState(0)
        features = pa.table({"a": rng.randint(3, size=400), "b": rng.choice(["x", "y"], 400).tolist()})
        found = find_duplicates(
            features, self.REPORTS[:2], rng.randint(2, size=400), [(np.arange(300), np.arange(300, 400))]
        )
        assert found[0] == 100
        assert note_on_duplicates(*found, "Remove them") == ""

    def test_few_duplicates_in_a_large_table_are_reported_without_advice(self):
        assert note_on_duplicates(1, 1000, 0.0, "Remove") == (
            "1 of 1,000 tested rows equals a row to train on in every column and in the target"
        )

    @pytest.mark.parametrize("command", ["train", "cv"])
    def test_duplicates_are_reported_by_the_command(self, run, tmp_path, command):
        head, *rows = lines_of_people(40)
        path = write(tmp_path / "t.csv", [head, *rows, *rows])
        result = run(command, path, *SMALL)
        note = next(line for line in result.stderr.splitlines() if "tested rows" in line)
        assert "equal rows to train on in every column and in the target: if these are repeats" in note
        assert "--group COLUMN" in note
        n, _, n_tested = note.split()[1:4]
        assert int(n) > 0.6 * int(n_tested)
