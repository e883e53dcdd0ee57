"""The division of the rows: a single split, and folds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from multilayer.cli.evaluation.problem import Problem
from multilayer.cli.evaluation.splits import Splits, divide, split_once
from multilayer.cli.source import Source
from multilayer.exceptions import InputError
from multilayer.tables import encode_target


def problem(y, groups=None) -> Problem:
    features = pa.table({"x": range(len(y))})
    column = None if groups is None else pa.chunked_array([pa.array(groups)])
    source = Source(Path("t.csv"), target="y", group=groups and "g")
    return Problem(source, "y", features, encode_target(y, drop_gaps=True), column)


def single(y, test_fraction=0.2, seed=0) -> Splits:
    return split_once(problem(y), test_fraction, seed)


class TestSingleSplit:
    def test_split_preserves_the_class_proportions(self):
        y = np.array(["a"] * 80 + ["b"] * 20)
        split = single(y, 0.2, 0)
        assert split.stratified
        assert not split.notes
        train, test = split.rows[0]
        assert (y[test] == "b").sum() == 4
        assert sorted([*train, *test]) == list(range(100))

    @pytest.mark.parametrize("fraction", [0.01, 0.3, 0.5, 0.9, 0.999])
    @pytest.mark.parametrize("sizes", [(2, 1), (5, 1, 1), (3, 3, 3, 3), (50, 2), (1, 1, 1, 2)])
    def test_every_class_is_in_the_training_rows(self, sizes, fraction):
        y = np.repeat([f"class {i}" for i in range(len(sizes))], sizes)
        for seed in range(5):
            train, test = single(y, fraction, seed).rows[0]
            assert set(y[train]) == set(y)
            assert len(test) >= 1
            assert sorted([*train, *test]) == list(range(len(y)))

    def test_one_row_for_each_class_is_an_error(self):
        with pytest.raises(InputError, match="3 rows in 3 classes cannot be split"):
            single(["x", "y", "z"])

    def test_several_classes_with_a_single_row_are_noted(self):
        assert "2 classes have a single row, such as 'b'" in single([*"aaaaaabc"]).notes[0]

    def test_single_rows_are_identified_by_their_row_in_the_file(self):
        split = single([*"aaaaaa", *[None] * 35, "b"])
        assert "class 'b' has a single row, data row 42:" in split.notes[0]

    @pytest.mark.parametrize("fraction", [0.001, 0.3, 0.5, 0.999])
    @pytest.mark.parametrize("n", [3, 4, 10, 101])
    def test_amounts_are_split_by_the_fraction(self, n, fraction):
        split = single(np.arange(n) / 7, fraction)
        train, test = split.rows[0]
        assert len(train) >= 2
        assert len(test) == min(int(np.ceil(fraction * n)), n - 2)
        assert sorted([*train, *test]) == list(range(n))
        assert not split.stratified
        assert bool(split.notes) == (len(test) < 10)

    def test_two_rows_of_amounts_cannot_be_split(self):
        with pytest.raises(InputError, match="2 rows cannot be split: amounts need two rows to train on and one to"):
            single([0.5, 1.5])


class TestFolds:
    @given(
        sizes=st.lists(st.integers(1, 12), min_size=2, max_size=5),
        n_folds=st.integers(2, 5),
        repeats=st.integers(1, 3),
    )
    def test_every_row_is_tested_once_per_repeat_and_every_class_is_trained_on(self, sizes, n_folds, repeats):
        assume(max(sizes) >= n_folds)
        assume(sum(size for size in sizes if size > 1) > n_folds)
        y = np.repeat([f"class {i}" for i in range(len(sizes))], sizes)
        folds = divide(problem(y), n_folds, repeats, 2**32 - 1)
        assert len(folds) == n_folds * repeats
        times = np.zeros(len(y))
        for train, test in folds.rows:
            assert sorted([*train, *test]) == list(range(len(y))) or len(folds.singles)
            assert set(y[train]) == set(y)
            assert not set(train) & set(test)
            times[test] += 1
        times[folds.singles] += repeats
        assert (times == repeats).all()

    @pytest.mark.parametrize("y", [["a", "b"] * 20, np.arange(40) / 7], ids=["classes", "amounts"])
    def test_groups_stay_together(self, y):
        groups = [f"g{i % 7}" for i in range(40)]
        folds = divide(problem(y, groups), 3, 2, 0)
        assert folds.n_groups == 7
        for train, test in folds.rows:
            assert not {groups[i] for i in train} & {groups[i] for i in test}
        assert folds.name(0) == "1.1"
        assert folds.name(5) == "2.3"

    def test_groups_that_leave_a_fold_without_rows_are_an_error(self):
        """The example was found by trial: the rows of two groups are assigned to one fold, and none to another."""
        y = ["a" if n == "0" else "b" for n in "010111011"]
        groups = list("230003231")
        errors = []
        for seed in range(300):
            try:
                divide(problem(y, groups), 4, 1, seed)
            except InputError as error:
                errors.append(str(error))
        assert errors
        assert set(errors) == {
            "the groups of 'g' cannot be divided into 4 folds: a few hold most of the rows. Use fewer --folds."
        }

    def test_recommended_number_of_folds_follows_from_the_smallest_class(self):
        with pytest.raises(InputError, match=r"no class has more than 4 rows, fewer than 5 folds.* Use --folds 2\."):
            divide(problem([*"aaaabbbcc", "d"]), 5, 1, 0)
