"""An interrupted training is resumed and ends like an uninterrupted one."""

from __future__ import annotations

import copy
import math
import os
import pickle
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.model_selection import GroupShuffleSplit

from multilayer import MLPClassifier, MLPRegressor, load_model, resume, save_model
from multilayer.callbacks import Callback, Checkpoint
from multilayer.exceptions import DivergenceError, InputError, ModelFileError, ParameterError
from multilayer.network import Network
from multilayer.training import RunStarted

from . import killed_trainings
from .comparison import assert_same
from .test_models import ENGINES, TRAININGS

X, Y = make_classification(90, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=0)
X_TRAIN, Y_TRAIN, OWN = X[:70], Y[:70], {"X_val": X[70:], "y_val": Y[70:]}
pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")


class Crash(Callback):
    """An exception that leaves the file as a lost machine would."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_epoch_end(self, event: Any) -> None:
        if event.epoch == self.epoch:
            raise MemoryError


def model(callbacks: Any = (), **options: Any) -> MLPClassifier:
    defaults: dict[str, Any] = {"max_iter": 13, "random_state": 3, "n_iter_no_change": math.inf}
    defaults |= {"learning_rate_init": 0.05, "hidden_layer_sizes": (6, 4), "batch_size": 16}
    return MLPClassifier(callbacks=callbacks, **(defaults | options))


def interrupt(path: Path, epoch: int, every: int = 1, data: Any = (X_TRAIN, Y_TRAIN), **options: Any) -> None:
    own = OWN if options.pop("own", False) else {}
    with pytest.raises(MemoryError):
        model([Checkpoint(path, every), Crash(epoch)], **options).fit(*data, **own)


@ENGINES
@pytest.mark.parametrize("training", TRAININGS)
def test_a_resumed_training_equals_an_uninterrupted_one(training: str, engine: str, tmp_path: Path) -> None:
    options = TRAININGS[training] | {"engine": engine}
    if training == "a plan" or training == "cosine":
        options["max_iter"] = 11
    own = {name: value for name, value in OWN.items() if options.get("own")}
    whole = model(**{name: value for name, value in options.items() if name != "own"}).fit(X_TRAIN, Y_TRAIN, **own)
    for epoch in (2, 3, 7):
        path = tmp_path / f"run-{epoch}"
        interrupt(path, epoch, every=2, **options)
        loaded = load_model(path)
        assert loaded.n_iter_ == epoch // 2 * 2
        resumed = resume(path, X_TRAIN, Y_TRAIN, **own)
        assert resumed.n_iter_ == whole.n_iter_
        assert_same(resumed, copy.deepcopy(whole))


def test_a_resumed_training_stops_early_at_the_same_epoch(tmp_path: Path) -> None:
    options: dict[str, Any] = {"early_stopping": True, "n_iter_no_change": 4, "max_iter": 300, "tol": 0.0}
    whole = model(**options).fit(X_TRAIN, Y_TRAIN)
    assert 5 < whole.n_iter_ < 300
    for epoch in (whole.n_iter_ - 1, whole.n_iter_):
        interrupt(tmp_path / "run", epoch, **options)
        assert_same(resume(tmp_path / "run", X_TRAIN, Y_TRAIN), copy.deepcopy(whole))


@pytest.mark.parametrize("training", ["adaptive", "plateau"])
def test_a_step_size_reduced_in_the_last_epoch_is_in_the_checkpoint(training: str, tmp_path: Path) -> None:
    options = TRAININGS[training] | {"max_iter": 30}
    steps = model(**options).fit(X_TRAIN, Y_TRAIN)._training_state.history.step_sizes
    cuts = [epoch for epoch in range(1, 30) if steps[epoch] < steps[epoch - 1]]
    assert cuts
    interrupt(tmp_path / "run", cuts[0], **options)
    assert resume(tmp_path / "run", X_TRAIN, Y_TRAIN)._training_state.history.step_sizes == steps


def test_a_training_can_be_interrupted_several_times(tmp_path: Path) -> None:
    path, options = tmp_path / "run", {"early_stopping": True, "dropout": 0.2}
    interrupt(path, 3, **options)
    for epoch in (5, 6, 11):
        with pytest.raises(MemoryError):
            resume(path, X_TRAIN, Y_TRAIN, callbacks=[Checkpoint(path), Crash(epoch)])
    whole = model(**options).fit(X_TRAIN, Y_TRAIN)
    resumed = resume(path, X_TRAIN, Y_TRAIN, callbacks=[Checkpoint(path)])
    assert_same(resumed, copy.deepcopy(whole))
    assert_same(load_model(path), copy.deepcopy(whole))
    assert resumed.get_params() | {"callbacks": ()} == whole.get_params()


def test_resume_accepts_weights_and_class_weights_but_a_splitter_cannot_be_stored(tmp_path: Path) -> None:
    """A splitter cannot be stored; the numbers of held-out rows are stored and used again."""
    data: dict[str, Any] = {"sample_weight": np.linspace(0.1, 2, 70)}
    options: dict[str, Any] = {"class_weight": "balanced", "early_stopping": True, "validation_fraction": 20}
    whole = model(**options).fit(X_TRAIN, Y_TRAIN, **data)
    with pytest.raises(MemoryError):
        model([Checkpoint(tmp_path / "run"), Crash(5)], **options).fit(X_TRAIN, Y_TRAIN, **data)
    assert_same(resume(tmp_path / "run", X_TRAIN, Y_TRAIN, **data), whole)
    splits = model([Checkpoint(tmp_path / "groups")], early_stopping=True, validation_fraction=GroupShuffleSplit(1))
    with pytest.raises(ParameterError, match="the parameter validation_fraction cannot be stored in a file"):
        splits.fit(X_TRAIN, Y_TRAIN, groups=np.arange(70) // 5)


def test_a_warm_started_fit_can_be_resumed(tmp_path: Path) -> None:
    whole = model(warm_start=True).fit(X_TRAIN, Y_TRAIN).fit(X_TRAIN, Y_TRAIN)
    begun = model(warm_start=True).fit(X_TRAIN, Y_TRAIN)
    with pytest.raises(MemoryError):
        begun.set_params(callbacks=[Checkpoint(tmp_path / "run"), Crash(17)]).fit(X_TRAIN, Y_TRAIN)
    assert load_model(tmp_path / "run").n_iter_ == 4
    resumed = resume(tmp_path / "run", X_TRAIN, Y_TRAIN)
    assert (resumed.n_iter_, len(resumed.loss_curve_)) == (13, 26)
    assert_same(resumed, whole)


def test_a_regressor_in_float32_can_be_resumed(tmp_path: Path) -> None:
    A, b = make_regression(60, 4, n_targets=2, random_state=0)
    A, b = A.astype(np.float32), b / 100
    options: dict[str, Any] = {"max_iter": 9, "random_state": 0, "loss": "huber", "weight_averaging": 0.7}
    whole = MLPRegressor(**options).fit(A, b)
    with pytest.raises(MemoryError):
        MLPRegressor(callbacks=[Checkpoint(tmp_path / "run"), Crash(4)], **options).fit(A, b)
    assert_same(resume(tmp_path / "run", A, b), whole)


def test_lbfgs_resumes_from_its_last_weights(tmp_path: Path) -> None:
    interrupt(tmp_path / "run", 5, solver="lbfgs", batch_size="auto", learning_rate_init=0.001)
    loaded = load_model(tmp_path / "run")
    resumed = resume(tmp_path / "run", X_TRAIN, Y_TRAIN)
    assert resumed.n_iter_ == 13
    assert resumed.loss_curve_[:5] == loaded.loss_curve_
    assert resumed.loss_ < loaded.loss_


def test_resuming_a_finished_training_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "run"
    whole = model([Checkpoint(path, every=100)]).fit(X_TRAIN, Y_TRAIN)
    for _ in range(2):
        resumed = resume(path, X_TRAIN, Y_TRAIN)
        assert_same(resumed, copy.deepcopy(whole))
    save_model(whole, path)
    assert_same(resume(path, X_TRAIN, Y_TRAIN), whole)


def test_an_interrupted_training_resumes_from_its_last_checkpoint(tmp_path: Path) -> None:
    class Press(Callback):
        def on_epoch_end(self, event: Any) -> None:
            if event.epoch == 5:
                signal.raise_signal(signal.SIGINT)

    with pytest.warns(match="training was interrupted after 5 of 13 epochs"):
        stopped = model([Press()]).fit(X_TRAIN, Y_TRAIN)
    save_model(stopped, tmp_path / "model")
    with pytest.warns(match="training was interrupted after 5 of 13 epochs"):
        model([Checkpoint(tmp_path / "run", every=2), Press()]).fit(X_TRAIN, Y_TRAIN)
    assert load_model(tmp_path / "run").n_iter_ == 4
    whole = model().fit(X_TRAIN, Y_TRAIN)
    for name in ("model", "run"):
        assert_same(resume(tmp_path / name, X_TRAIN, Y_TRAIN), copy.deepcopy(whole))


def test_a_diverging_training_leaves_the_last_finite_weights(tmp_path: Path) -> None:
    A, b = make_regression(60, 4, random_state=0)
    options: dict[str, Any] = {"solver": "sgd", "momentum": 0.0, "random_state": 0, "batch_size": 60, "alpha": 0.0}
    callbacks = [Checkpoint(tmp_path / "run")]
    with pytest.raises(DivergenceError), np.errstate(all="ignore"):
        MLPRegressor(
            (), learning_rate_init=3.0, max_iter=2000, n_iter_no_change=math.inf, callbacks=callbacks, **options
        ).fit(A, b)
    assert np.isfinite(load_model(tmp_path / "run").parameters_).all()


def test_partial_fit_writes_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "run"
    parts = MLPClassifier((4,), random_state=0, callbacks=[Checkpoint(path, every=2)])
    for _ in range(3):
        parts.partial_fit(X_TRAIN, Y_TRAIN, classes=[0, 1, 2])
    loaded = load_model(path)
    assert_same(loaded.partial_fit(X_TRAIN, Y_TRAIN), parts.set_params(callbacks=()).partial_fit(X_TRAIN, Y_TRAIN))
    with pytest.raises(ParameterError, match=r"run was trained by partial_fit, which has no end to resume to"):
        resume(path, X_TRAIN, Y_TRAIN)


def test_resuming_with_other_rows_raises_an_error(tmp_path: Path) -> None:
    interrupt(tmp_path / "run", 3)
    interrupt(tmp_path / "held", 3, early_stopping=True)
    for name in ("run", "held"):
        with pytest.raises(InputError, match="X has 69 rows, and the training to resume had 70"):
            resume(tmp_path / name, X_TRAIN[1:], Y_TRAIN[1:])
    with pytest.raises(ModelFileError, match="no such file"):
        resume(tmp_path / "nowhere", X_TRAIN, Y_TRAIN)


def test_checkpoints_do_not_change_the_training(tmp_path: Path) -> None:
    written, plain = model([Checkpoint(tmp_path / "run")]).fit(X_TRAIN, Y_TRAIN), model().fit(X_TRAIN, Y_TRAIN)
    assert_same(written, plain)


def test_checkpoints_are_written_at_the_stated_intervals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    moved = 0.0

    class Look(Callback):
        def on_epoch_end(self, _: Any) -> None:
            nonlocal moved
            moved += 1.0
            seen.append(load_model(tmp_path / "run").n_iter_ if (tmp_path / "run").exists() else 0)

    model([Checkpoint(tmp_path / "run", every=3), Look()], max_iter=8).fit(X_TRAIN, Y_TRAIN)
    assert seen == [0, 0, 3, 3, 3, 6, 6, 6]
    assert load_model(tmp_path / "run").n_iter_ == 8
    (tmp_path / "run").unlink()
    seen.clear()
    monkeypatch.setattr(time, "monotonic", lambda: moved)
    model([Checkpoint(tmp_path / "run", seconds=2.5), Look()], max_iter=8).fit(X_TRAIN, Y_TRAIN)
    assert seen == [0, 0, 0, 4, 4, 4, 7, 7]


def test_previous_checkpoints_are_kept_on_request(tmp_path: Path) -> None:
    model([Checkpoint(tmp_path / "run", every=2, keep=3)], max_iter=9).fit(X_TRAIN, Y_TRAIN)
    assert sorted(os.listdir(tmp_path)) == ["run", "run.1", "run.2"]
    assert [load_model(tmp_path / name).n_iter_ for name in ("run", "run.1", "run.2")] == [9, 8, 6]


def test_parameters_that_cannot_be_stored_raise_an_error_before_the_first_epoch(tmp_path: Path) -> None:
    epochs: list[Any] = []
    refused = model([Checkpoint(tmp_path / "run"), epochs.append], learning_rate=lambda _: 1.0)
    with pytest.raises(ParameterError, match="the parameter learning_rate cannot be stored in a file"):
        refused.fit(X_TRAIN, Y_TRAIN)
    assert not any(hasattr(event, "cost") for event in epochs)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"every": 0}, "every must be a positive integer, got 0"),
        ({"every": True}, "every must be a positive integer, got True"),
        ({"keep": 1.5}, "keep must be a positive integer, got 1.5"),
        ({"seconds": -1}, "seconds must be a non-negative number or None, got -1"),
        ({"seconds": "5"}, "seconds must be a non-negative number or None, got '5'"),
    ],
)
def test_invalid_parameters_raise_errors(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Checkpoint("run", **arguments)


def test_a_training_without_an_estimator_raises_an_error(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="stores an estimator, and this training has none"):
        Checkpoint(tmp_path / "run")(RunStarted(Network((1, 1), (), "identity"), 5, 5))


def test_checkpoint_callbacks_can_be_copied_and_pickled(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "run", every=3, seconds=1.0, keep=2)
    for copied in (copy.deepcopy(checkpoint), pickle.loads(pickle.dumps(checkpoint))):
        assert vars(copied) == vars(checkpoint)
    fitted = clone(model([checkpoint], max_iter=2)).fit(X_TRAIN, Y_TRAIN)
    assert_same(load_model(tmp_path / "run"), fitted)


def test_any_callback_can_take_a_snapshot_of_the_estimator() -> None:
    class Scores(Callback):
        def __init__(self) -> None:
            self.models: list[Any] = []

        def on_fit_begin(self, snapshot: Any) -> None:
            self.snapshot = snapshot

        def on_epoch_end(self, _: Any) -> None:
            self.models.append(self.snapshot())

    scores = Scores()
    model([scores], max_iter=3).fit(X_TRAIN, Y_TRAIN)
    for n, snapshot in enumerate(scores.models, start=1):
        np.testing.assert_array_equal(snapshot.parameters_, model(max_iter=n).fit(X_TRAIN, Y_TRAIN).parameters_)
        assert snapshot.n_iter_ == n


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
@pytest.mark.parametrize(
    ("scenario", "seconds"), [("dropout, early stopping", 0.1), ("normalised, cosine", 0.2), ("ensemble", 0.05)]
)
def test_a_killed_training_leaves_complete_files_and_can_be_resumed(
    scenario: str, seconds: float, tmp_path: Path
) -> None:
    """benchmarks/kills.py repeats this any number of times."""
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    undisturbed = killed_trainings.train(scenario, tmp_path / "whole" / killed_trainings.FILE)
    with killed_trainings.Reader(tmp_path / "killed"):
        killed_trainings.kill(scenario, tmp_path / "killed", seconds, after_first_file=True)
    assert load_model(tmp_path / "killed" / killed_trainings.FILE)
    killed_trainings.check(scenario, tmp_path / "killed", undisturbed)
