"""Training by windows: equal to a fit in memory for one window, resumed with equal bits, and refused where it cannot be
right.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from multilayer import MLPClassifier, MLPRegressor
from multilayer.exceptions import DataFileError, InterruptedTrainingWarning, ParameterError
from multilayer.network import PeriodicEmbedding
from multilayer.tables.streaming.checkpoints import Checkpoint
from multilayer.tables.streaming.rows_file import EncodedRows
from multilayer.tables.streaming.rows_format import Rows, RowsFormat
from multilayer.tables.streaming.rows_writer import EncodedRowsWriter
from multilayer.tables.streaming.training import WindowTraining, train_by_windows
from multilayer.tables.streaming.windows import WindowPlan
from multilayer.training import EpochEnded, RunEnded, RunStarted

N_ROWS, WIDTH, BATCH = 600, 4, 64
RNG = np.random.default_rng(0)
X = RNG.standard_normal((N_ROWS, WIDTH)).astype(np.float32)
AMOUNTS = 50.0 + 9.0 * X[:, 0].astype(np.float64) + X[:, 1] ** 2
CLASSES = (X[:, 0] > 0).astype(np.int64) + (X[:, 1] > 0)
WEIGHTS = RNG.uniform(0.5, 2.0, N_ROWS)
VALIDATING = slice(0, 100)
ALL: dict[str, Any] = {"batch_size": BATCH, "random_state": 0, "n_iter_no_change": None, "alpha": 0.0}
WAVES: dict[str, Any] = {
    **ALL,
    "hidden_layer_sizes": (12, 8),
    "activation": "silu",
    "learning_rate": "cosine_cycles",
    "learning_rate_init": 0.05,
    "beta_2": 0.95,
    "weight_decay": 0.02,
    "dropout": 0.1,
    "regularization_schedule": "flat_cosine",
    "parametrization": "ntk",
    "initialization": "data",
    "embedding": PeriodicEmbedding((0, 1)),
}
PIECES: dict[str, Any] = {
    **ALL,
    "hidden_layer_sizes": (12,),
    "learning_rate": "cosine",
    "weight_averaging": 0.9,
    "dropout": 0.1,
    "early_stopping": True,
    "early_stopping_metric": "loss",
    "n_iter_no_change": 10,
    "tol": 0.0,
}
VALIDATION = Rows(X[VALIDATING], AMOUNTS[VALIDATING])
VALIDATION_OF_CLASSES = Rows(X[VALIDATING], CLASSES[VALIDATING])


def written(folder: Path, y: Any, weight: Any = None, rows: Any = X, *, keep: bool = False) -> EncodedRows:
    form = RowsFormat(WIDTH, "classes" if y.dtype.kind == "i" else "numbers", has_weights=weight is not None)
    with EncodedRowsWriter(folder, form, keep=keep) as writer:
        for start in range(0, len(rows), 97):
            part = slice(start, start + 97)
            writer.append(rows[part], y[part], None if weight is None else weight[part])
        return writer.finish()


@pytest.fixture
def amounts(tmp_path: Path) -> Iterator[EncodedRows]:
    with written(tmp_path, AMOUNTS) as rows:
        yield rows


@pytest.fixture
def classes(tmp_path: Path) -> Iterator[EncodedRows]:
    with written(tmp_path, CLASSES) as rows:
        yield rows


def assert_same(first: Any, second: Any) -> None:
    np.testing.assert_array_equal(first.parameters_, second.parameters_)
    assert first.loss_curve_ == second.loss_curve_
    assert first.validation_scores_ == second.validation_scores_
    assert first.n_iter_ == second.n_iter_


@pytest.mark.parametrize("recipe", [WAVES, PIECES], ids=["waves", "pieces"])
def test_one_window_equals_a_fit_in_memory(amounts: EncodedRows, recipe: dict[str, Any]) -> None:
    network = MLPRegressor(max_iter=6, standardize_targets=True, **recipe)
    found = train_by_windows(network, WindowTraining(amounts, WindowPlan(N_ROWS, 1000), VALIDATION))
    expected = network.fit(X, AMOUNTS, X_val=VALIDATION.X, y_val=VALIDATION.y)
    assert_same(found, expected)
    np.testing.assert_array_equal(found.target_mean_, expected.target_mean_)


def test_one_window_of_weighted_classes_equals_a_fit_in_memory(tmp_path: Path) -> None:
    network = MLPClassifier((8,), max_iter=4, class_weight="balanced", **ALL)
    with written(tmp_path, CLASSES, WEIGHTS) as rows:
        found = train_by_windows(network, WindowTraining(rows, WindowPlan(N_ROWS, 1000)))
    assert_same(found, network.fit(X, CLASSES, WEIGHTS))


@pytest.mark.parametrize("recipe", [WAVES, PIECES], ids=["waves", "pieces"])
def test_windows_learn_as_well_as_a_fit_in_memory(amounts: EncodedRows, recipe: dict[str, Any]) -> None:
    options = {**recipe, "dropout": 0.0, "learning_rate_init": 0.02}
    network = MLPRegressor(max_iter=60, standardize_targets=True, **options)
    found = train_by_windows(network, WindowTraining(amounts, WindowPlan(N_ROWS, 250, block_rows=16), VALIDATION))
    assert found.n_iter_ == 60
    assert found.score(VALIDATION.X, VALIDATION.y) > 0.95
    # The scale of all rows, not of the first window.
    np.testing.assert_allclose(found.target_mean_, AMOUNTS.mean(), rtol=1e-12)
    np.testing.assert_allclose(found.target_scale_, AMOUNTS.std(), rtol=1e-12)


def test_windows_without_some_classes_train_for_all_classes(tmp_path: Path) -> None:
    order = np.argsort(CLASSES, kind="stable")  # each window has one or two of the three classes
    network = MLPClassifier((8,), max_iter=30, learning_rate_init=0.01, **ALL)
    with written(tmp_path, CLASSES[order], rows=X[order]) as rows:
        training = WindowTraining(rows, WindowPlan(N_ROWS, 200, block_rows=200), VALIDATION_OF_CLASSES)
        found = train_by_windows(network, training)
    assert found.classes_.tolist() == [0, 1, 2]
    assert found.predict_proba(X[:2]).shape == (2, 3)


def test_class_that_no_training_row_has_can_be_given(classes: EncodedRows) -> None:
    training = WindowTraining(classes, WindowPlan(N_ROWS, 250), classes=(0, 1, 2, 3))
    found = train_by_windows(MLPClassifier((8,), max_iter=2, **ALL), training)
    assert found.classes_.tolist() == [0, 1, 2, 3]


def test_weights_belong_to_their_rows(tmp_path: Path) -> None:
    # Rows of weight 0 with absurd targets: they must have no influence, wherever their block is.
    weight = (np.arange(N_ROWS) % 3 > 0).astype(float)
    absurd = np.where(weight > 0, AMOUNTS, -1e4)
    options = {**PIECES, "dropout": 0.0, "learning_rate_init": 0.02}
    network = MLPRegressor(max_iter=60, standardize_targets=True, **options)
    with written(tmp_path, absurd, weight) as rows:
        found = train_by_windows(network, WindowTraining(rows, WindowPlan(N_ROWS, 250, 16), VALIDATION))
    assert found.score(VALIDATION.X, VALIDATION.y) > 0.9
    np.testing.assert_allclose(found.target_mean_, AMOUNTS[weight > 0].mean(), rtol=1e-12)


def test_same_seed_gives_the_same_network_and_another_seed_another(amounts: EncodedRows) -> None:
    network = MLPRegressor((8,), max_iter=5, standardize_targets=True, **ALL)
    first, again, other = (
        train_by_windows(network, WindowTraining(amounts, WindowPlan(N_ROWS, 200, 16, seed))) for seed in (1, 1, 2)
    )
    assert_same(first, again)
    assert (first.parameters_ != other.parameters_).any()


def test_fewer_validation_rows_are_scored(amounts: EncodedRows) -> None:
    network = MLPRegressor((8,), max_iter=3, **ALL)
    plan, some = WindowPlan(N_ROWS, 250), np.linspace(0, 99, 10).astype(int)
    bounded = train_by_windows(network, WindowTraining(amounts, plan, VALIDATION, most_validation_rows=10))
    passed = Rows(VALIDATION.X[some], VALIDATION.y[some])
    assert_same(bounded, train_by_windows(network, WindowTraining(amounts, plan, passed)))


def test_listeners_receive_one_run(amounts: EncodedRows) -> None:
    events: list[Any] = []
    of_network: list[Any] = []
    network = MLPRegressor((8,), max_iter=4, callbacks=[of_network.append], **ALL)
    train_by_windows(network, WindowTraining(amounts, WindowPlan(N_ROWS, 250), listeners=[events.append]))
    seen: list[Any] = [each for each in events if isinstance(each, RunStarted | EpochEnded | RunEnded)]
    assert [type(each) for each in seen] == [RunStarted, *[EpochEnded] * 4, RunEnded]
    assert (seen[0].max_epochs, seen[-1].reason, seen[-1].epochs) == (4, "max_epochs", 4)
    assert of_network == events


def test_listener_stops_the_training(amounts: EncodedRows) -> None:
    def stop(event: Any) -> bool:
        return isinstance(event, EpochEnded) and event.epoch == 2

    network = MLPRegressor((8,), max_iter=9, **ALL)
    found = train_by_windows(network, WindowTraining(amounts, WindowPlan(N_ROWS, 250), listeners=[stop]))
    assert found.n_iter_ == 2


def test_interrupt_keeps_the_result_so_far(amounts: EncodedRows) -> None:
    def press(event: Any) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 3:
            signal.raise_signal(signal.SIGINT)

    network = MLPRegressor((8,), max_iter=9, **ALL)
    with pytest.warns(InterruptedTrainingWarning):
        found = train_by_windows(network, WindowTraining(amounts, WindowPlan(N_ROWS, 250), listeners=[press]))
    assert found.n_iter_ == 3


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
def test_interrupt_while_rows_are_read_keeps_the_result_so_far(
    amounts: EncodedRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_into, calls, is_waiting = EncodedRows.read_into, [0], threading.Event()

    def pressed(self: EncodedRows, extents: Any, rows: Rows) -> None:
        calls[0] += 1
        if calls[0] == 4:  # the main thread has trained on three windows and waits for this one
            is_waiting.wait(10)
            time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
        read_into(self, extents, rows)

    def note(event: Any) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 3:
            is_waiting.set()

    monkeypatch.setattr(EncodedRows, "read_into", pressed)
    network = MLPRegressor((8,), max_iter=9, **ALL)
    with pytest.warns(InterruptedTrainingWarning):
        found = train_by_windows(network, WindowTraining(amounts, WindowPlan(N_ROWS, 250), listeners=[note]))
    assert 3 <= found.n_iter_ <= 4


def test_deadline_reduces_the_number_of_windows(amounts: EncodedRows) -> None:
    network = MLPRegressor((8,), max_iter=10**6, learning_rate="cosine", **ALL)
    plan = WindowPlan(N_ROWS, 250)
    found = train_by_windows(network, WindowTraining(amounts, plan, deadline=time.monotonic() + 0.5))
    assert 1 <= found.n_iter_ < 10**5
    past = train_by_windows(network, WindowTraining(amounts, plan, deadline=time.monotonic() - 1.0))
    assert past.n_iter_ == 1


def test_settings_that_need_all_rows_are_refused(amounts: EncodedRows, classes: EncodedRows) -> None:
    plan = WindowPlan(N_ROWS, 250)
    with pytest.raises(ParameterError, match="solver='lbfgs' needs all rows"):
        train_by_windows(MLPRegressor(solver="lbfgs"), WindowTraining(amounts, plan))
    with pytest.raises(ParameterError, match="early_stopping=True would hold out rows of the first window"):
        train_by_windows(MLPRegressor(early_stopping=True), WindowTraining(amounts, plan))
    with pytest.raises(ParameterError, match="class_weight='balanced' depends on all rows"):
        train_by_windows(MLPClassifier(class_weight="balanced"), WindowTraining(classes, plan))


class CrashError(Exception):
    """Ends a training."""


def crash_after(n: int) -> Any:
    def listener(event: Any) -> None:
        if isinstance(event, EpochEnded) and event.epoch == n:
            raise CrashError

    return listener


@pytest.mark.parametrize("recipe", [WAVES, PIECES], ids=["waves", "pieces"])
@pytest.mark.parametrize("n_before", [2, 3, 4])  # the checkpoint is one window older
def test_resumed_training_has_equal_bits(
    amounts: EncodedRows, tmp_path: Path, recipe: dict[str, Any], n_before: int
) -> None:
    network = MLPRegressor(max_iter=9, standardize_targets=True, **recipe)
    plan, checkpoint = WindowPlan(N_ROWS, 250, 16), Checkpoint(tmp_path / "state", seconds=0)
    expected = train_by_windows(network, WindowTraining(amounts, plan, VALIDATION))
    crashing = WindowTraining(amounts, plan, VALIDATION, checkpoint=checkpoint, listeners=[crash_after(n_before)])
    with pytest.raises(CrashError):
        train_by_windows(network, crashing)
    events: list[Any] = []
    training = WindowTraining(amounts, plan, VALIDATION, checkpoint=checkpoint, listeners=[events.append])
    found = train_by_windows(network, training)
    assert_same(found, expected)
    assert events[0].epochs_before == n_before - 1
    # A training that has ended is not trained again.
    events.clear()
    assert_same(train_by_windows(network, training), expected)
    assert [type(each) for each in events] == [RunStarted, RunEnded]


def test_resumed_training_keeps_the_number_of_windows_that_a_deadline_gave(
    amounts: EncodedRows, tmp_path: Path
) -> None:
    network = MLPRegressor((8,), max_iter=10**6, learning_rate="cosine", **ALL)
    plan, checkpoint = WindowPlan(N_ROWS, 250), Checkpoint(tmp_path / "state", seconds=0)
    counts = []

    def note(event: Any) -> None:
        if isinstance(event, RunStarted):
            counts.append(event.max_epochs)

    options: dict[str, Any] = {"checkpoint": checkpoint, "deadline": time.monotonic() + 0.5}
    with pytest.raises(CrashError):
        train_by_windows(network, WindowTraining(amounts, plan, listeners=[note, crash_after(2)], **options))
    train_by_windows(network, WindowTraining(amounts, plan, listeners=[note], **options))
    assert counts[0] == counts[1] < 10**5


def test_checkpoint_of_another_training_is_refused(amounts: EncodedRows, tmp_path: Path) -> None:
    network, plan = MLPRegressor((8,), max_iter=2, **ALL), WindowPlan(N_ROWS, 250)
    checkpoint = Checkpoint(tmp_path / "state", seconds=0)
    train_by_windows(network, WindowTraining(amounts, plan, checkpoint=checkpoint))
    of_another = "of a training on other rows or with other settings"
    with pytest.raises(DataFileError, match=of_another):
        train_by_windows(network.set_params(alpha=1.0), WindowTraining(amounts, plan, checkpoint=checkpoint))
    network.set_params(alpha=0.0)
    with pytest.raises(DataFileError, match=of_another):
        train_by_windows(network, WindowTraining(amounts, plan, VALIDATION, checkpoint=checkpoint))
    with pytest.raises(DataFileError, match=of_another):
        train_by_windows(network, WindowTraining(amounts, WindowPlan(N_ROWS, 250, seed=1), checkpoint=checkpoint))
    with (
        written(tmp_path, AMOUNTS + 1.0) as others,
        pytest.raises(DataFileError, match=f"{of_another}.*remove the file to start again"),
    ):
        train_by_windows(network, WindowTraining(others, plan, checkpoint=checkpoint))


PROGRAM = """
import sys
import numpy as np
from pathlib import Path
sys.path.insert(0, {here!r})
from test_training import *

folder = Path(sys.argv[1])
rows = EncodedRows.open(folder) if EncodedRows.are_in(folder) else written(folder, AMOUNTS, keep=True)
network = MLPRegressor(max_iter=40, standardize_targets=True, **WAVES)
def report(event):
    if isinstance(event, EpochEnded):
        print(event.epoch, flush=True)
        time.sleep(0.02 if len(sys.argv) > 2 else 0)
training = WindowTraining(rows, WindowPlan(N_ROWS, 250, 16), VALIDATION, listeners=[report],
                          checkpoint=Checkpoint(folder / "state", seconds=0))
found = train_by_windows(network, training)
np.save(folder / "found.npy", found.parameters_)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
def test_killed_program_continues_with_equal_bits(tmp_path: Path) -> None:
    program = [sys.executable, "-c", PROGRAM.format(here=str(Path(__file__).parent))]
    with subprocess.Popen([*program, str(tmp_path), "slowly"], stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        for line in killed.stdout:
            if int(line) == 7:
                os.kill(killed.pid, signal.SIGKILL)
                break
    assert not (tmp_path / "found.npy").exists()
    again = subprocess.run([*program, str(tmp_path)], capture_output=True, text=True, check=True)
    first = int(again.stdout.split()[0])
    assert 1 < first < 40
    network = MLPRegressor(max_iter=40, standardize_targets=True, **WAVES)
    with EncodedRows.open(tmp_path) as rows:
        expected = train_by_windows(network, WindowTraining(rows, WindowPlan(N_ROWS, 250, 16), VALIDATION))
    np.testing.assert_array_equal(np.load(tmp_path / "found.npy"), expected.parameters_)
    assert math.isfinite(expected.loss_)
