"""The table that verbose=True prints: its columns, its epochs and its header."""

from __future__ import annotations

import math

import numpy as np
import pytest

from multilayer import MLPClassifier, MLPRegressor
from multilayer.estimators.printing import _REASONS, EpochTable
from multilayer.network import Network
from multilayer.training import EpochEnded, Event, RunEnded, RunStarted
from multilayer.training.state import REASONS

NETWORK = Network((1, 1), (), "identity")
X = np.arange(8.0).reshape(-1, 1) / 8
y = [0, 0, 0, 0, 1, 1, 1, 1]


def run(seconds: list[float], first: int = 1, max_epochs: int | None = None) -> list[Event]:
    n = len(seconds)
    epochs = [EpochEnded(i, 0.5, 0.1, s) for i, s in enumerate(seconds, start=first)]
    return [
        RunStarted(NETWORK, 8, max_epochs or n, first - 1),
        *epochs,
        RunEnded("max_epochs", first + n - 1, seconds[-1]),
    ]


def printed(
    events: list[Event], capsys: pytest.CaptureFixture[str], *, every_epoch: bool = False, divisor: int = 1
) -> list[str]:
    table = EpochTable(divisor, every_epoch=every_epoch)
    for event in events:
        table(event)
    return capsys.readouterr().out.splitlines()


def first_words(lines: list[str]) -> list[str]:
    return [line.split()[0] for line in lines]


def test_fast_training_prints_round_epochs_and_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(run([0.0] * 123), capsys)
    assert first_words(lines) == ["Iteration", "1", "2", "5", "10", "20", "50", "100", "123", "Ended"]


def test_slow_training_prints_a_line_each_half_second(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(run([0.2 * i for i in range(1, 13)]), capsys)
    assert first_words(lines) == ["Iteration", "1", "2", "5", "8", "10", "12", "Ended"]


def test_every_epoch_is_printed_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(run([0.0] * 7), capsys, every_epoch=True)
    assert first_words(lines) == ["Iteration", *"1234567", "Ended"]


def test_the_columns_depend_on_the_recorded_values(capsys: pytest.CaptureFixture[str]) -> None:
    begin, end = RunStarted(NETWORK, 8, 2), RunEnded("converged", 1, 0.25)
    plain = printed([begin, EpochEnded(1, 0.5, math.nan, 0.25), end], capsys)
    assert plain[0].split() == ["Iteration", "loss", "seconds"]
    assert plain[1].split() == ["1", "0.50000000", "0.25"]
    assert plain[2] == "Ended after 1 iterations and 0.25 s: no more progress"
    scored = printed([begin, EpochEnded(1, 0.5, 1e-3, 0.25, 0.875), end], capsys, divisor=2)
    assert scored[0].split() == ["Iteration", "loss", "validation", "score", "step", "size", "seconds"]
    assert scored[1].split() == ["1", "0.25000000", "0.875000", "0.001", "0.25"]
    assert len(scored[0]) == len(scored[1])


def test_partial_fit_prints_one_header_and_one_line_per_call(capsys: pytest.CaptureFixture[str]) -> None:
    model = MLPClassifier((2,), verbose=True, random_state=0)
    for _ in range(3):
        model.partial_fit(X, y, classes=[0, 1])
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("Compiling")]
    assert first_words(lines) == ["Iteration", "1", "2", "3"]


@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_every_solver_prints_the_table(solver: str, capsys: pytest.CaptureFixture[str]) -> None:
    model = MLPRegressor((2,), solver=solver, max_iter=3, tol=0, verbose=2, random_state=0).fit(X, y)
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("Compiling")]
    assert first_words(lines) == ["Iteration", "1", "2", "3", "Ended"]
    assert [float(line.split()[1]) for line in lines[1:4]] == pytest.approx(model.loss_curve_, abs=1e-8)


def test_every_stop_reason_has_a_description() -> None:
    assert set(_REASONS) == set(REASONS)
