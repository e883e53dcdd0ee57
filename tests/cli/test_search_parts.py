"""The parts of ``multilayer search``: its bar, its rungs, and how candidates are described."""

from __future__ import annotations

import io
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.progress import Progress, TextColumn

from multilayer.cli._bar import SaidColumn, TimeLeftColumn
from multilayer.cli._class_scores import LOG_LOSS
from multilayer.cli._fold_scores import ModelFolds
from multilayer.cli._folds import Folds
from multilayer.cli._output import Output
from multilayer.cli._search_progress import SearchProgress, planned_epochs, search_progress
from multilayer.cli._search_scores import conclusion
from multilayer.cli._space import ALPHA, HIDDEN, STEP_SIZE, Wanted, described, first_rung


def wanted(**changes) -> Wanted:
    settings = {
        "n_trials": 9,
        "minutes": None,
        "epochs": 90,
        "first_rung": 10,
        "sampler": "random",
        "journal": None,
        "simplest": False,
        "seed": 0,
    }
    return Wanted(**(settings | changes))


class Screen:
    """A bar on a screen of 80 columns, and a clock that stands still until it is set."""

    def __init__(self, seconds=None, **changes):
        self.now = 0.0
        self.console = Console(file=io.StringIO(), force_terminal=True, width=80)
        self.progress = Progress(TextColumn("{task.description}"), SaidColumn(), TimeLeftColumn(), console=self.console)
        self.bar = SearchProgress(
            self.progress, wanted(**changes), 2, LOG_LOSS, seconds=seconds, clock=lambda: self.now
        )

    def scored(self, number, rung, epochs, n_done, best=-0.25):
        trial = SimpleNamespace(number=number, rung=rung, epochs=epochs)
        found = None if math.isnan(best) else SimpleNamespace(mean=best)
        self.bar(SimpleNamespace(trial=trial, best=found, n_done=n_done))

    def text(self) -> str:
        with self.console.capture() as capture:
            self.console.print(self.progress.make_tasks_table(self.progress.tasks))
        return " ".join(capture.get().split())


class TestProgress:
    def test_trials_networks_best_and_time(self):
        screen = Screen()
        assert screen.text() == "search 0/9 trials, 0 networks"
        # 9 trials of 2 folds for 10 epochs, a third of them for 20 more, and a ninth for another 60.
        screen.now = 42.0
        screen.scored(0, 0, 10, 2)
        assert screen.text() == "search 1/9 trials, 2 networks best log-loss 0.250 14:00 left"
        screen.scored(1, 0, 10, 6, best=-0.125)  # two networks wait for the other fold of their trials
        assert screen.text() == "search 2/9 trials, 6 networks best log-loss 0.125 4:12 left"
        screen.scored(1, 1, 30, 6, best=-0.125)
        assert screen.text().startswith("search 2/9 trials, 6 networks best log-loss 0.125")

    def test_no_longer_than_it_may_take(self):
        screen = Screen(seconds=120.0)
        assert screen.text() == "search 0/9 trials, 0 networks 2:00 left"

    def test_trials_that_fail_count(self):
        screen = Screen()
        screen.scored(0, 0, 0, 2, best=math.nan)
        assert screen.text() == "search 1/9 trials, 2 networks"
        assert screen.bar.n_scored == 1

    def test_more_epochs_than_planned(self):
        screen = Screen(n_trials=1, first_rung=90)
        screen.now = 5.0
        screen.scored(0, 0, 200, 2)
        assert screen.text().endswith("0:00 left")

    def test_no_bar_where_nobody_is_at_a_terminal(self, capsys):
        with search_progress(Output(), wanted(), 2, LOG_LOSS) as bar:
            bar(SimpleNamespace(trial=SimpleNamespace(number=0, rung=0, epochs=3), best=None, n_done=2))
        assert capsys.readouterr().out == ""
        assert bar.n_scored == 1


@given(st.integers(1, 500), st.integers(1, 500), st.integers(1, 10**6))
def test_first_rung_leaves_room_for_another_or_is_a_whole_training(epochs, n_trials, n_rows):
    rung = first_rung(epochs, n_trials, n_rows)
    assert 1 <= rung <= epochs
    assert rung == epochs or rung * math.sqrt(3) < epochs


@given(st.integers(1, 200), st.integers(1, 100), st.integers(1, 300))
def test_no_more_is_planned_than_that_all_are_trained_to_the_end(n, rung, epochs):
    rung = min(rung, epochs)
    assert n * rung <= planned_epochs(n, rung, epochs) <= n * epochs + 1e-6


@pytest.mark.parametrize(("epochs", "has_ended"), [(10, False), (10, True), (90, False)])
def test_best_that_was_not_trained_to_the_end_is_said(epochs, has_ended):
    params = {HIDDEN: (16,), STEP_SIZE: 0.001, ALPHA: 1.0}
    best = SimpleNamespace(number=0, params=params, epochs=epochs, has_ended=has_ended, error="", fold_scores=[-1, -2])
    models = [
        ModelFolds(name, {}, {0: SimpleNamespace(log_loss=1.0), 1: SimpleNamespace(log_loss=high)})
        for name, high in (("best network", 2.0), ("line", 3.0), ("constant", 4.0))
    ]
    splits = ((np.array([0]), np.array([1])), (np.array([1]), np.array([0])))
    folds = Folds(splits, 2, 1, 0, "KFold", np.arange(0), 0, ())
    text = conclusion(SimpleNamespace(trials=[best], best=best, simplest=best), wanted(), LOG_LOSS, models, folds)
    assert text.startswith(
        "Best is trial 1, a hidden layer of 16 units, step size 0.001, alpha 1: its log-loss is 1.5000"
    )
    assert ("That is after 10 of 90 epochs: trained to the end, it may be" in text) == (epochs == 10 and not has_ended)
    assert "was chosen for its score" not in text


@pytest.mark.parametrize(
    ("sizes", "text"),
    [
        ((16,), "a hidden layer of 16 units, step size 0.00123, alpha 2"),
        ((64, 64), "two hidden layers of 64 units, step size 0.00123, alpha 2"),
    ],
)
def test_candidates_in_words(sizes, text):
    assert described(wanted().settings({HIDDEN: sizes, STEP_SIZE: 0.00123, ALPHA: 2.0})) == text
