"""The progress bars of a network, of folds and of a search."""

from __future__ import annotations

import io
import math
from types import SimpleNamespace

import numpy as np
from rich.console import Console
from rich.progress import Progress, TextColumn

from multilayer import MLPClassifier
from multilayer.cli.console import Output
from multilayer.cli.evaluation.search import SearchProgress
from multilayer.cli.evaluation.tasks import LOG_LOSS
from multilayer.cli.progress import TimeLeft, Watch, progress_display, training_progress
from multilayer.selection import cross_validate
from multilayer.training import EpochEnded, RunEnded

from .test_trials import search_options


class Screen:
    """A display of 80 columns, with a clock that the test sets."""

    def __init__(self, end=math.inf):
        self.now = 0.0
        self.console = Console(file=io.StringIO(), force_terminal=True, width=80)
        columns = (TextColumn("{task.description}"), TextColumn("{task.fields[text]}"), TimeLeft(end))
        clock = {"get_time": lambda: self.now, "speed_estimate_period": math.inf}
        self.progress = Progress(*columns, console=self.console, **clock)

    def text(self) -> str:
        with self.console.capture() as capture:
            self.console.print(self.progress.make_tasks_table(self.progress.tasks))
        return " ".join(capture.get().split())


def member(n_done, score=math.nan, error=None):
    value = None if error else SimpleNamespace(scores={"test_score": score})
    return SimpleNamespace(outcome=SimpleNamespace(value=value, error=error), n_done=n_done)


class TestWatch:
    def test_progress_shows_epochs_cost_and_time(self):
        screen = Screen()
        watch = Watch(screen.progress, "training", n_epochs=20)
        for epoch in range(1, 8):
            screen.now += 1.0
            watch(EpochEnded(epoch, 0.25, 0.001, float(epoch)))
        assert screen.text() == "training 7/20 cost 0.2500 0:13 left"

    def test_progress_shows_folds_and_scores(self):
        screen = Screen()
        watch = Watch(screen.progress, "4 networks", n_runs=4, n_epochs=10)
        assert screen.text() == "4 networks"
        for epoch in range(1, 6):
            screen.now += 1.0
            watch(EpochEnded(epoch, 0.25, 0.001, float(epoch)))
        assert screen.progress.tasks[0].completed == 5
        assert screen.text() == "4 networks 0/4 0:35 left"
        watch.member_ended(member(1, 0.5))
        watch.member_ended(member(2, error=ValueError("no")))
        watch.member_ended(member(3, 0.25))
        assert screen.text().startswith("4 networks 3/4 mean score 0.3750")
        assert screen.progress.tasks[0].completed == 30

    def test_runs_that_stop_early_count_as_complete(self):
        screen = Screen()
        watch = Watch(screen.progress, "2 networks", n_runs=2, n_epochs=10)
        watch(EpochEnded(1, 0.25, 0.001, 0.5))
        watch(RunEnded("converged", 1, 0.5))
        screen.now = 1.0
        watch(EpochEnded(1, 0.25, 0.001, 0.5))
        assert screen.progress.tasks[0].completed == 11
        assert watch.reasons == {"converged": 1}

    def test_remaining_time_is_limited_by_the_deadline(self):
        screen = Screen(end=100.0)
        watch = Watch(screen.progress, "training", n_epochs=1000)
        assert screen.text() == "training 1:40 left"
        screen.now = 60.0
        watch(EpochEnded(1, 0.25, 0.001, 0.5))
        assert screen.text().endswith("0:40 left")

    def test_progress_does_not_change_the_training(self, capsys):
        X = np.random.RandomState(0).normal(size=(60, 3))
        y = X[:, 0] > X[:, 1]
        plain = MLPClassifier((4,), max_iter=15, n_iter_no_change=np.inf, random_state=0)
        with training_progress(Output(), "3 networks", 3, 15) as watch:
            watched = cross_validate(
                plain.__class__(**plain.get_params() | {"callbacks": [watch]}),
                X,
                y,
                cv=3,
                callbacks=[watch.member_ended],
            )
        assert watch.only_watches
        assert watch.n_done == 3
        assert watch.reasons == {"max_epochs": 3}
        for ours, theirs in zip(watched["estimator"], cross_validate(plain, X, y, cv=3)["estimator"], strict=True):
            np.testing.assert_array_equal(ours.parameters_, theirs.parameters_)
        assert capsys.readouterr().out == ""


class TestDisplay:
    def test_progress_is_shown_only_in_a_terminal_and_not_with_quiet(self, monkeypatch, capsys):
        with progress_display(Output()) as progress:
            assert progress is None
        monkeypatch.setattr("multilayer.cli.console._is_terminal", lambda: True)
        monkeypatch.setenv("TERM", "xterm")
        with progress_display(Output(quiet=True)) as progress:
            assert progress is None
        with training_progress(Output(), "3 networks", 3) as watch:
            watch.member_ended(member(1, 0.5))
            assert watch._progress is not None
        capsys.readouterr()


class TestSearch:
    def scored(self, bar, number, n_done, best=-0.25, n_planned=18):
        found = None if math.isnan(best) else SimpleNamespace(mean=best)
        trial = SimpleNamespace(number=number)
        bar(SimpleNamespace(trial=trial, best=found, n_done=n_done, n_planned=n_planned))

    def test_progress_shows_trials_networks_best_score_and_time(self):
        screen = Screen()
        bar = SearchProgress(screen.progress, search_options(), 2, LOG_LOSS, Output())
        assert screen.text() == "search 0/9 trials, 0 networks"
        screen.now = 4.0
        self.scored(bar, 0, 2)
        screen.now = 8.0
        self.scored(bar, 1, 4, best=-0.125)
        assert screen.text() == "search 2/9 trials, 4 networks best log-loss 0.125 0:28 left"
        self.scored(bar, 1, 5, best=-0.125, n_planned=24)  # the same trial on the next rung
        assert screen.text().startswith("search 2/9 trials, 5 networks")
        assert screen.progress.tasks[0].total == 24

    def test_failed_trials_are_counted(self):
        screen = Screen()
        bar = SearchProgress(screen.progress, search_options(), 2, LOG_LOSS, Output())
        self.scored(bar, 0, 2, best=math.nan)
        assert screen.text() == "search 1/9 trials, 2 networks"
        assert bar.n_scored == 1

    def test_trials_are_counted_without_a_bar(self):
        bar = SearchProgress(None, search_options(), 2, LOG_LOSS, Output())
        self.scored(bar, 0, 2)
        assert bar.n_scored == 1
