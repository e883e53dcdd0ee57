"""The progress bar shows epochs, cost and score in a terminal and nothing elsewhere."""

from __future__ import annotations

import copy
import io
import pickle
import re
import threading
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from multilayer import MLPClassifier
from multilayer.callbacks import LambdaCallback, ProgressBar

# Fits of a fixed number of epochs under warm_start may be some of many, and are warned of.
pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")

rng = np.random.RandomState(0)
X = rng.normal(size=(60, 2))
y = (X[:, 0] > 0).astype(int)


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)


def model(*callbacks: Any, **options: Any) -> MLPClassifier:
    defaults = {"max_iter": 30, "n_iter_no_change": np.inf, "random_state": 0}
    return MLPClassifier((4,), callbacks=callbacks, **(defaults | options))


def last_line(console: Console) -> str:
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", console.file.getvalue())  # type: ignore[attr-defined]
    return [line for line in re.split(r"[\r\n]+", text) if line.strip()][-1]


def test_the_finished_bar_shows_epochs_cost_and_score() -> None:
    console = terminal()
    bar = ProgressBar("fold 1", console)
    fitted = model(bar, early_stopping=True).fit(X, y)
    line = last_line(console)
    assert line.startswith("fold 1 ")
    assert "30/30" in line
    assert f"cost {fitted.loss_:.4g}, validation score {fitted.validation_scores_[-1]:.4g}" in line
    assert bar._progress is None


def test_a_continued_run_counts_its_own_epochs() -> None:
    console = terminal()
    model(ProgressBar(console=console), warm_start=True).fit(X, y).fit(X, y)
    assert "30/30" in last_line(console)


def test_nothing_is_shown_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    file = io.StringIO()
    model(ProgressBar(), ProgressBar(console=Console(file=file))).fit(X, y)
    assert capsys.readouterr() == ("", "")
    assert file.getvalue() == ""


def test_the_bar_only_watches_and_does_not_affect_training() -> None:
    assert ProgressBar().only_watches
    shown, alone = model(ProgressBar(console=terminal())).fit(X, y), model().fit(X, y)
    assert np.array_equal(shown.parameters_, alone.parameters_)


def test_the_bar_is_removed_after_an_error() -> None:
    def fail(_: Any) -> None:
        raise ZeroDivisionError

    bar = ProgressBar(console=terminal())
    with pytest.raises(ZeroDivisionError):
        model(bar, LambdaCallback(on_epoch_end=fail)).fit(X, y)
    assert bar._progress is None
    assert bar._bars == {}


def test_runs_of_several_threads_share_the_display() -> None:
    console = terminal()
    bar = ProgressBar(console=console)
    both = threading.Barrier(2)
    wait = LambdaCallback(on_run_begin=lambda _: both.wait(30), on_run_end=lambda _: both.wait(30))
    fits = [threading.Thread(target=lambda: model(bar, wait, engine="reference").fit(X, y)) for _ in range(2)]
    for thread in fits:
        thread.start()
    for thread in fits:
        thread.join()
    assert bar._progress is None
    assert "30/30" in last_line(console)


def test_a_copy_is_the_bar_itself_and_a_pickle_has_no_console() -> None:
    bar = ProgressBar("words", terminal())
    assert copy.deepcopy(bar) is bar
    other = pickle.loads(pickle.dumps(bar))
    assert (other.description, other.console) == ("words", None)


def test_the_bar_is_drawn_if_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    console = terminal()
    model(ProgressBar("fold 1", console)).fit(X, y)
    assert last_line(console).startswith("fold 1 ")
    assert "30/30" in last_line(console)
