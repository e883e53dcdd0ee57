"""The parts of ``multilayer cv``: folds, their scores, and the bar of a pack."""

from __future__ import annotations

import io
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rich.console import Console
from rich.progress import Progress, TextColumn

from multilayer import MLPClassifier
from multilayer.cli._amount_scores import RMSE, measure
from multilayer.cli._bar import SaidColumn, TimeLeftColumn
from multilayer.cli._fold_scores import Comparison, ModelFolds, Spread, compare, spread, verdict
from multilayer.cli._folds import Folds, divide
from multilayer.cli._output import Output
from multilayer.cli._pack_progress import PackProgress, SoFar, pack_progress
from multilayer.cli._problem import Problem
from multilayer.cli._regression import Regression
from multilayer.cli._source import Source
from multilayer.cli._tables import TextTable
from multilayer.cli._validating import out_of_fold
from multilayer.exceptions import InputError
from multilayer.selection import cross_validate
from multilayer.tables import encode_target


def problem(y, groups=None) -> Problem:
    features = pa.table({"x": range(len(y))})
    column = None if groups is None else pa.chunked_array([pa.array(groups)])
    return Problem(Source(Path("t.csv")), "y", (), features, encode_target(y), groups and "g", column)


class TestFolds:
    @given(
        sizes=st.lists(st.integers(1, 12), min_size=2, max_size=5),
        n_folds=st.integers(2, 5),
        repeats=st.integers(1, 3),
    )
    def test_every_row_is_tested_once_a_repeat_and_every_class_trained_on(self, sizes, n_folds, repeats):
        assume(max(sizes) >= n_folds)
        assume(sum(size for size in sizes if size > 1) > n_folds)
        y = np.repeat([f"class {i}" for i in range(len(sizes))], sizes)
        folds = divide(problem(y), n_folds, repeats, 2**32 - 1)
        assert len(folds.splits) == n_folds * repeats
        times = np.zeros(len(y))
        for train, test in folds.splits:
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
        for train, test in folds.splits:
            assert not {groups[i] for i in train} & {groups[i] for i in test}
        assert folds.name(0) == "1.1"
        assert folds.name(5) == "2.3"

    def test_groups_that_leave_a_fold_without_rows(self):
        """Found by trial: the rows of two groups are dealt to one fold, and none to another."""
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
            "the groups of 'g' cannot be dealt out to 4 folds: a few hold most of the rows. Use fewer --folds."
        }


class TestScores:
    @pytest.mark.parametrize("unit", [1.0, 1e200, 1e-200])
    def test_spread(self, unit):
        found = spread([1.0 * unit, 2.0 * unit, 6.0 * unit, math.nan])
        assert found.mean == pytest.approx(3 * unit, rel=1e-12, abs=0)
        assert found.error == pytest.approx(math.sqrt(7 / 3) * unit, rel=1e-12, abs=0)

    def test_spread_of_one_and_of_none(self):
        assert math.isnan(spread([2.0]).error)
        assert math.isnan(spread([math.nan]).mean)

    def test_compares_the_folds_that_both_have(self):
        rows = (np.arange(8), np.arange(2))
        folds = Folds((rows,) * 4, 4, 1, 0, "KFold", np.arange(0), 0, ())

        def model(name, rmse):
            scores = {fold: measure(name, np.array([0.0, 0.0]), np.array([e, -e])) for fold, e in rmse.items()}
            return ModelFolds(name, {}, scores)

        found = compare(model("a", {0: 1, 1: 2, 2: 3}), model("b", {0: 3, 1: 2, 2: 4, 3: 9}), RMSE, folds)
        assert found.difference.mean == -1.0  # of -2, 0 and -1
        assert found.difference.error == pytest.approx(math.sqrt((1 / 3 + 2 / 8) * 1.0))
        assert (found.n_better, found.n_folds) == (2, 3)
        assert not found.is_beyond_chance

    @pytest.mark.parametrize(
        ("mean", "error", "n", "text"),
        [
            (
                -3.0,
                1.0,
                5,
                "its RMSE is 3.0 ± 1.0 lower than that of it, and better in 4 of 5 folds: the network is better by",
            ),
            (3.0, 1.0, 5, "higher than that of it, and better in 4 of 5 folds: the network is worse by more than"),
            (-1.0, 1.0, 5, "by this score neither of the two is shown to be better."),
            (-1.0, math.nan, 1, "In the one fold that was done its RMSE is 1 lower; one fold decides nothing."),
        ],
    )
    def test_in_words(self, mean, error, n, text):
        assert text in verdict(Comparison(RMSE, Spread(mean, error), 4, n), "it")

    def test_answers_of_several_repeats_are_their_mean(self):
        splits = ((np.array([1, 2]), np.array([0])), (np.array([0, 1]), np.array([2, 0])))
        folds = Folds(splits, 2, 1, 0, "KFold", np.arange(0), 0, ())
        rows, answer = out_of_fold(ModelFolds("m", {0: np.array([1.0]), 1: np.array([5.0, 2.0])}, {}), folds, 3)
        assert rows.tolist() == [0, 2]
        assert answer.tolist() == [1.5, 5.0]

    def test_folds_of_amounts_with_one_value_to_train_on_have_a_baseline(self):
        assert Regression.learn(np.array([1.0, 4.0])).baseline_from(np.array([4.0]), 2).tolist() == [4.0, 4.0]


class Screen:
    """A bar on a screen of 80 columns, and a clock that stands still until it is set."""

    def __init__(self, n_members=4, so_far=None, **options):
        self.now = 0.0
        self.console = Console(file=io.StringIO(), force_terminal=True, width=80)
        self.progress = Progress(TextColumn("{task.description}"), SaidColumn(), TimeLeftColumn(), console=self.console)
        self.bar = PackProgress(self.progress, "4 networks", n_members, so_far, clock=lambda: self.now, **options)

    def ended(self, n_done, value=None, error=None, n_members=4):
        self.bar(SimpleNamespace(outcome=SimpleNamespace(value=value, error=error), n_done=n_done, n_members=n_members))

    def text(self) -> str:
        with self.console.capture() as capture:
            self.console.print(self.progress.make_tasks_table(self.progress.tasks))
        return " ".join(capture.get().split())


class TestPackProgress:
    def test_members_scores_and_time(self):
        screen = Screen(so_far=SoFar("best accuracy", lambda value: value, max))
        assert screen.text() == "4 networks 0/4"
        screen.now = 60.0
        screen.ended(1, 0.5)
        assert screen.text() == "4 networks 1/4 best accuracy 0.5000 3:00 left"
        screen.ended(2, error=ValueError("no"))
        screen.ended(3, 0.25)
        assert screen.text() == "4 networks 3/4 best accuracy 0.5000 0:20 left"
        screen.now = 75.0
        assert "0:05 left" in screen.text()
        screen.ended(4, math.nan)
        assert screen.text() == "4 networks 4/4 best accuracy 0.5000 0:00 left"

    def test_no_longer_than_it_may_take(self):
        screen = Screen(seconds=100.0)
        assert screen.text() == "4 networks 0/4 1:40 left"
        screen.now = 60.0
        screen.ended(1)
        assert screen.text() == "4 networks 1/4 0:40 left"

    def test_moves_while_members_train(self):
        screen = Screen()
        watch = screen.bar.watch(10)
        assert watch.only_watches
        from multilayer.training import EpochEnded

        for epoch in range(1, 6):
            screen.now += 1.0
            watch(EpochEnded(epoch, 0.25, 0.001, float(epoch)))
        task = screen.progress.tasks[0]
        assert task.completed == pytest.approx(0.5)
        assert screen.text() == "4 networks 0/4 0:35 left"

    def test_members_may_end_before_their_last_epoch_or_there_may_be_more(self):
        screen = Screen()
        screen.now = 10.0
        screen.ended(2, n_members=8)
        assert (screen.progress.tasks[0].completed, screen.progress.tasks[0].total) == (2, 8)

    def test_watching_does_not_change_the_training(self, capsys):
        X = np.random.RandomState(0).normal(size=(60, 3))
        y = X[:, 0] > X[:, 1]
        options = {"max_iter": 15, "n_iter_no_change": np.inf, "random_state": 0}
        with pack_progress(Output(), "3 networks", 3) as bar:
            watched = cross_validate(
                MLPClassifier((4,), callbacks=[bar.watch(15)], **options), X, y, cv=3, callbacks=[bar]
            )
        plain = cross_validate(MLPClassifier((4,), **options), X, y, cv=3)
        for ours, theirs in zip(watched["estimator"], plain["estimator"], strict=True):
            np.testing.assert_array_equal(ours.parameters_, theirs.parameters_)
        assert capsys.readouterr().out == ""

    def test_at_a_terminal_it_is_gone_afterwards(self, monkeypatch, capsys):
        monkeypatch.setattr("multilayer.cli._output._is_terminal", lambda: True)
        monkeypatch.setenv("TERM", "xterm")
        with pack_progress(Output(), "3 networks", 3) as bar:
            bar(SimpleNamespace(outcome=SimpleNamespace(value=None, error=None), n_done=1, n_members=3))
        capsys.readouterr()
        with pack_progress(Output(quiet=True), "3 networks", 3) as bar:
            assert bar._bar.progress is None


def test_without_a_terminal_signs_of_ours_are_ascii(capsys):
    output = Output()
    output.table(TextTable("mean ± error", ("name",), (("1 ± 2",), ("±name",)), "l"))
    output.say("0.5 ± 0.1 lower")
    assert capsys.readouterr().out == "mean +- error\nname\n------\n1 +- 2\n±name\n0.5 +- 0.1 lower\n"


def test_at_a_terminal_a_title_is_as_wide_as_it_is(monkeypatch, capsys):
    monkeypatch.setattr("multilayer.cli._output._is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    Output().table(TextTable("A title that is wider than what stands under it", ("n",), (("1 ± 2",),), "r"))
    assert "A title that is wider than what stands under it\n" in capsys.readouterr().out
