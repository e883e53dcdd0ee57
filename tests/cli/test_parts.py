"""The parts that the commands share."""

from __future__ import annotations

import io
import os
import warnings

import click
import numpy as np
import pytest
from rich.console import Console
from rich.progress import Progress
from sklearn.base import clone
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from multilayer import ConvergenceWarning, MLPClassifier
from multilayer.cli import _amount_scores
from multilayer.cli._class_scores import class_table, measure
from multilayer.cli._columns import columns_table
from multilayer.cli._files import OutputFolder
from multilayer.cli._notes import notes_for_warnings
from multilayer.cli._output import Output
from multilayer.cli._progress import Watch, _Epochs, training_progress
from multilayer.cli._regression import Regression
from multilayer.cli._report import Section, html_report
from multilayer.cli._split import split_amounts, split_classes
from multilayer.cli._tables import TextTable
from multilayer.exceptions import InputError
from multilayer.tables import ColumnReport


def split_rows(y, test_fraction, seed):
    return split_classes(y, np.arange(len(y)), test_fraction, seed)


class TestSplit:
    def test_keeps_proportions(self):
        y = np.array(["a"] * 80 + ["b"] * 20)
        split = split_rows(y, 0.2, 0)
        assert split.stratified
        assert not split.notes
        assert (y[split.test] == "b").sum() == 4
        assert sorted([*split.train, *split.test]) == list(range(100))

    @pytest.mark.parametrize("fraction", [0.01, 0.3, 0.5, 0.9, 0.999])
    @pytest.mark.parametrize("sizes", [(2, 1), (5, 1, 1), (3, 3, 3, 3), (50, 2), (1, 1, 1, 2)])
    def test_every_class_is_trained_on(self, sizes, fraction):
        y = np.repeat(np.arange(len(sizes)), sizes)
        for seed in range(5):
            split = split_rows(y, fraction, seed)
            assert set(y[split.train]) == set(y)
            assert len(split.test) >= 1
            assert sorted([*split.train, *split.test]) == list(range(len(y)))

    def test_a_row_for_each_class_leaves_none_to_test_on(self):
        with pytest.raises(InputError, match="3 rows in 3 classes cannot be split"):
            split_rows(np.array([1, 2, 3]), 0.2, 0)

    def test_several_single_rows(self):
        assert "2 classes have a single row, such as 'b'" in split_rows(np.array([*"aaaaaabc"]), 0.2, 0).notes[0]

    def test_single_rows_are_called_by_their_place_in_the_file(self):
        split = split_classes(np.array([*"aaaaaab"]), np.array([0, 1, 2, 3, 4, 5, 41]), 0.2, 0)
        assert "class 'b' has a single row, data row 42:" in split.notes[0]

    @pytest.mark.parametrize("fraction", [0.001, 0.3, 0.5, 0.999])
    @pytest.mark.parametrize("n", [3, 4, 10, 101])
    def test_amounts(self, n, fraction):
        split = split_amounts(n, fraction, 0)
        assert len(split.train) >= 2
        assert len(split.test) == min(int(np.ceil(fraction * n)), n - 2)
        assert sorted([*split.train, *split.test]) == list(range(n))
        assert not split.stratified
        assert bool(split.notes) == (len(split.test) < 10)

    def test_amounts_of_two_rows_cannot_be_split(self):
        with pytest.raises(InputError, match="2 rows cannot be split: amounts need two rows to train on and one to"):
            split_amounts(2, 0.2, 0)


class TestScores:
    def test_by_hand(self):
        y = np.array(["a", "a", "a", "b"])
        p = np.array([[0.8, 0.2], [0.6, 0.4], [0.3, 0.7], [0.4, 0.6]], dtype=np.float32)
        score = measure("m", y, p, np.array(["a", "b"]))
        assert score.accuracy == 3 / 4
        assert score.balanced_accuracy == pytest.approx((2 / 3 + 1) / 2)
        assert score.log_loss == pytest.approx(-np.log([0.8, 0.6, 0.3, 0.6]).mean(), rel=1e-6)
        assert score.roc_auc == pytest.approx(2 / 3)

    def test_class_that_is_neither_there_nor_predicted(self):
        classes = np.array(["a", "b", "c"])
        score = measure("m", np.array(["a", "b"]), np.eye(3)[:2] * 0.8 + 0.2 / 3, classes)
        assert score.balanced_accuracy == 1.0
        assert np.isnan(score.roc_auc)
        table = class_table(np.array(["a", "b"]), np.array(["a", "b"]), classes)
        assert table.rows[2] == ("c", "-", "-", "-", "0")

    def test_many_classes_are_shortened(self):
        y = np.repeat(np.arange(40), np.arange(1, 41))
        table = class_table(y, y, np.arange(40))
        assert len(table.rows) == 26
        assert table.rows[-1] == ("... 15 smaller classes", "", "", "", "120")


class TestAmountScores:
    def test_by_hand(self):
        score = _amount_scores.measure("m", np.array([1.0, 2.0, 6.0]), np.array([2.0, 2.0, 4.0]))
        assert score.rmse == pytest.approx((5 / 3) ** 0.5)
        assert score.mae == pytest.approx(1.0)
        assert score.r2 == pytest.approx(1 - 5 / 14)

    def test_as_scikit_learn_has_them(self):
        y, predicted = np.random.RandomState(0).normal(size=(2, 50)) * 300 + 7
        score = _amount_scores.measure("m", y, predicted)
        assert score.r2 == pytest.approx(r2_score(y, predicted))
        assert score.rmse == pytest.approx(mean_squared_error(y, predicted) ** 0.5)
        assert score.mae == pytest.approx(mean_absolute_error(y, predicted))

    @pytest.mark.parametrize("unit", [1e-200, 1.0, 1e200])
    def test_squares_neither_overflow_nor_vanish(self, unit):
        score = _amount_scores.measure("m", np.array([1.0, 2.0, 6.0]) * unit, np.array([2.0, 2.0, 4.0]) * unit)
        assert score.rmse == pytest.approx((5 / 3) ** 0.5 * unit, rel=1e-12, abs=0)
        assert score.r2 == pytest.approx(1 - 5 / 14)

    @pytest.mark.parametrize("y", [[3.0], [3.0, 3.0]])
    def test_amounts_that_are_all_the_same_have_no_r2(self, y):
        score = _amount_scores.measure("m", np.array(y), np.array(y) + 1)
        assert np.isnan(score.r2)
        assert score.rmse == score.mae == 1.0
        assert _amount_scores.score_table("t", [score]).rows == (("m", "-", "1", "1"),)

    def test_perfect(self):
        y = np.array([1.0, 2.0])
        assert _amount_scores.measure("m", y, y) == _amount_scores.Scores("m", 1.0, 0.0, 0.0)


class TestRegression:
    @pytest.mark.parametrize("amounts", [[1e299, 3e299, -1e299], [1e-300, 3e-300, 0.0], [1e9 + 1, 1e9 + 2, 1e9]])
    def test_standardises_amounts_of_any_size_and_takes_answers_back(self, amounts):
        y = np.array(amounts)
        task = Regression.learn(y)
        goal = task.goal(y)
        assert goal.mean() == pytest.approx(0.0, abs=1e-6)
        assert goal.std() == pytest.approx(1.0, rel=1e-6)

        class Model:
            def predict(self, _):
                return goal.astype(np.float32)

        np.testing.assert_allclose(task.answer(Model(), np.zeros((3, 1))), y, rtol=1e-6, atol=1e-6 * np.ptp(y))
        np.testing.assert_allclose(task.baseline(2), [np.mean(y / y.max()) * y.max()] * 2)

    def test_one_amount_in_all_training_rows(self):
        with pytest.raises(InputError, match=r"all 4 rows to train on have the target 2\.5: .* Try another --seed"):
            Regression.learn(np.full(4, 2.5))

    def test_columns_keep_every_digit_of_the_file(self):
        columns = Regression.learn(np.array([0.0, 1.0])).columns(
            np.array([0.1, 15.0, 1e-9, 1234567890.123]), np.zeros(4)
        )
        assert columns["actual"] == ["0.1", "15", "1e-09", "1234567890.123"]


def test_long_tables_of_columns_keep_what_was_left_out():
    reports = [ColumnReport(f"c{i}", "number", "standardised", 0, 1) for i in range(99)]
    reports[70] = ColumnReport("id", "text", "dropped: 99 of 99 values differ", 3, 0)
    rows = columns_table(reports).rows
    assert len(rows) == 22
    assert rows[20] == ("id", "text", "3", "-", "dropped: 99 of 99 values differ")
    assert rows[21][0] == "... 78 more columns"
    assert len(columns_table(reports, most=200).rows) == 99


class TestFiles:
    def test_failure_leaves_nothing_behind_and_the_old_file_in_place(self, tmp_path, monkeypatch):
        folder = OutputFolder(tmp_path)
        folder.write("a.txt", "old")

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "replace", full)
        with pytest.raises(click.ClickException, match=r"a\.txt: cannot be written: no space left on device\."):
            folder.write("a.txt", "new")
        assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "old")]

    @pytest.mark.skipif(os.name != "posix", reason="links and modes of POSIX")
    def test_links_and_modes_stay_and_files_of_the_killed_go(self, tmp_path):
        folder = OutputFolder(tmp_path / "out")
        folder.prepare()
        target = tmp_path / "elsewhere.html"
        target.write_text("old")
        target.chmod(0o600)
        (folder.path / "report.html").symlink_to(target)
        (folder.path / ".cost.png.1-0123abcd.tmp").write_bytes(b"of a run that was killed")
        folder.write("cost.png", b"new")
        folder.write("report.html", "new")
        assert sorted(path.name for path in folder.path.iterdir()) == ["cost.png", "report.html"]
        assert (folder.path / "report.html").is_symlink()
        assert (target.read_text(), target.stat().st_mode & 0o777) == ("new", 0o600)

    def test_prepare_makes_the_folder_and_leaves_it_empty(self, tmp_path):
        folder = OutputFolder(tmp_path / "a" / "b")
        folder.prepare()
        folder.prepare()
        assert list(folder.path.iterdir()) == []


class TestProgress:
    def test_bar_shows_epochs_and_cost(self):
        screen = io.StringIO()
        console = Console(file=screen, force_terminal=True, width=80)
        X = np.linspace(-1, 1, 40).reshape(-1, 1)
        with Progress("{task.description}", _Epochs(), console=console) as progress:
            watch = Watch(progress, "training", n_runs=2)
            model = MLPClassifier((3,), max_iter=20, n_iter_no_change=np.inf, random_state=0, callbacks=[watch])
            for estimator in (model, clone(model)):
                estimator.fit(X, X[:, 0] > 0)
            watch._shown = -1.0
            from multilayer.training import EpochEnded

            watch(EpochEnded(7, 0.25, 0.001, 0.5))
            progress.refresh()
        assert "training, 2 of 2" in screen.getvalue()
        assert "7/20  cost 0.2500" in screen.getvalue()

    def test_watching_does_not_change_the_training(self, capsys):
        X = np.random.RandomState(0).normal(size=(60, 3))
        y = X[:, 0] > X[:, 1]
        options = {"max_iter": 15, "n_iter_no_change": np.inf, "random_state": 0}
        with training_progress(Output(), "training") as watch:
            watched = MLPClassifier((4,), callbacks=[watch], **options).fit(X, y)
        assert watch.only_watches
        np.testing.assert_array_equal(watched.parameters_, MLPClassifier((4,), **options).fit(X, y).parameters_)
        assert capsys.readouterr().out == ""


class TestNotes:
    def test_each_different_warning_is_one_line(self, capsys):
        with notes_for_warnings(Output()):
            for text in ("one\n  thing", "one\n  thing", "another"):
                warnings.warn(text, ConvergenceWarning, stacklevel=1)
            warnings.warn("for programmers", DeprecationWarning, stacklevel=1)
        assert capsys.readouterr().err == "note: one thing\nnote: another\n"


class TestOutput:
    TABLE = TextTable("Title", ("name", "n"), (("a long name of something " * 5, "1"), ("[red]b[/red]", "22")), "lr")

    def test_at_a_terminal_there_are_lines(self, monkeypatch, capsys):
        monkeypatch.setattr("multilayer.cli._output._is_terminal", lambda: True)
        monkeypatch.setenv("COLUMNS", "60")
        output = Output()
        output.table(self.TABLE)
        text = capsys.readouterr().out
        assert "─" in text
        assert "[red]b[/red]" in text

    def test_text_is_wrapped(self, capsys):
        Output().say("word " * 100)
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 7
        assert max(map(len, lines)) <= 80


def test_report_escapes_what_it_is_given():
    table = TextTable("<t>", ("<h>",), (("<c>",),), "l")
    page = html_report("<title>", "<lead>", [Section("<heading>", ["<p>"], [table], code="a < b")])
    for tag in (
        "<title>&lt;title&gt;</title>",
        "&lt;lead&gt;",
        "&lt;heading&gt;",
        "&lt;p&gt;",
        "&lt;t&gt;",
        "a &lt; b",
    ):
        assert tag in page
    assert "<c>" not in page
