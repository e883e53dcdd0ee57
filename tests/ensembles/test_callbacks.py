# ruff: noqa: ARG002 the signatures of callbacks and hooks are fixed
"""Callbacks of ensembles, ours and scikit-learn's: the events that they receive, and how they stop training."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import EnsembleClassifier, EnsembleRegressor, load_model, save_model
from multilayer.callbacks import Callback, Checkpoint, CSVLog, JSONLinesLog
from multilayer.ensembles.callbacks import MemberCallbacks
from multilayer.exceptions import ParameterError, ParameterWarning
from multilayer.training import CompilationStarted, EpochEnded, RunEnded, RunStarted

from ..problems import CLASSES, NUMBERS, X, classifier, regressor

theirs = pytest.importorskip("sklearn.callback")


class Recorder(Callback):
    """A callback that records all events and fails if two arrive at the same time."""

    def __init__(self, stop: int | None = None, fail: int | None = None) -> None:
        self.events: list[Any] = []
        self.snapshots: list[Any] = []
        self.stop, self.fail = stop, fail
        self.busy = threading.Lock()

    def _note(self, event: Any) -> None:
        assert self.busy.acquire(blocking=False)
        time.sleep(0.001)  # gives a second thread time to find the lock taken
        self.events.append(event)
        self.busy.release()

    def on_fit_begin(self, snapshot: Any) -> None:
        self.snapshots.append(snapshot)

    def on_run_begin(self, event: RunStarted) -> None:
        self._note(event)

    def on_epoch_end(self, event: EpochEnded) -> bool:
        self._note(event)
        if event.member == self.fail:
            raise ZeroDivisionError("mine")
        return event.member == self.stop

    def on_run_end(self, event: RunEnded) -> None:
        self._note(event)


def of_member(recorder: Recorder, number: int) -> list[type]:
    return [type(event) for event in recorder.events if event.member == number]


@pytest.mark.parametrize("diversity", ["seed", "bootstrap", "fold"])
@pytest.mark.parametrize("in_pipeline", [False, True])
def test_callbacks_receive_the_events_of_every_member_one_at_a_time(diversity: str, in_pipeline: bool) -> None:
    recorder = Recorder()
    network = make_pipeline(StandardScaler(), classifier()) if in_pipeline else classifier()
    options: dict[str, Any] = {"n_members": 3, "diversity": diversity, "random_state": 0, "n_jobs": 3}
    model = EnsembleClassifier(network, callbacks=[recorder], **options).fit(X, CLASSES)
    for number in range(3):
        assert of_member(recorder, number) == [RunStarted, *[EpochEnded] * 8, RunEnded]
    assert len(recorder.snapshots) == 3
    alone = EnsembleClassifier(network, **options).fit(X, CLASSES)
    np.testing.assert_array_equal(model.predict_proba(X), alone.predict_proba(X))
    for member in model.estimators_:
        assert (member[-1] if in_pipeline else member).callbacks == ()


def test_a_callback_can_stop_the_training_of_one_member() -> None:
    model = EnsembleRegressor(regressor(), 3, random_state=0, callbacks=[Recorder(stop=1)]).fit(X, NUMBERS)
    assert [member.n_iter_ for member in model.estimators_] == [8, 1, 8]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_error_in_a_callback_ends_the_training_of_all_members(n_jobs: int) -> None:
    recorder = Recorder(fail=0)
    model = EnsembleRegressor(regressor(max_iter=10_000), 4, random_state=0, n_jobs=n_jobs, callbacks=[recorder])
    with pytest.raises(ZeroDivisionError, match="mine"):
        model.fit(X, NUMBERS)
    assert not hasattr(model, "estimators_")
    started = [event.member for event in recorder.events if isinstance(event, RunStarted)]
    ended = [event for event in recorder.events if isinstance(event, RunEnded)]
    assert sorted(started) == sorted(event.member for event in ended)
    assert {event.reason for event in ended} == {"error"}
    assert 3 not in started


def test_an_event_within_a_callback_does_not_deadlock() -> None:
    class Predicts(Callback):
        def on_epoch_end(self, event: EpochEnded) -> None:
            self.inner(CompilationStarted("forward"))

        def on_compilation(self, event: CompilationStarted) -> None:
            assert event.member == 0

    predicts = Predicts()
    callbacks = MemberCallbacks([predicts], [network := classifier()])
    with callbacks.called_by(0, network):
        (predicts.inner,) = network.callbacks  # type: ignore[attr-defined]
        predicts.inner(EpochEnded(1, 0.5, 0.1, 0.0))  # type: ignore[attr-defined]


def test_logs_distinguish_the_members(tmp_path: Path) -> None:
    callbacks = [CSVLog(tmp_path / "log.csv"), JSONLinesLog(tmp_path / "log.jsonl")]
    model = EnsembleRegressor(regressor(), 3, random_state=0, n_jobs=3, callbacks=callbacks).fit(X, NUMBERS)
    log = pd.read_csv(tmp_path / "log.csv")
    records = pd.read_json(tmp_path / "log.jsonl", lines=True)
    assert len(log) == 24
    assert log["run"].nunique() == 3
    for number, member in enumerate(model.estimators_):
        assert log["cost"][log["run"].str.endswith(f"-{number}")].tolist() == member.loss_curve_
        epochs = records[(records["event"] == "epoch_ended") & (records["member"] == number)]
        assert epochs["cost"].tolist() == pytest.approx(member.loss_curve_)


def test_each_member_writes_its_own_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    model = EnsembleRegressor(regressor(), 2, random_state=0, callbacks=[Checkpoint(path)]).fit(X, NUMBERS)
    assert not path.exists()
    for number, member in enumerate(model.estimators_):
        stored = load_model(tmp_path / f"run-{number}.safetensors")
        np.testing.assert_array_equal(stored.predict(X), member.predict(X))


def test_saved_ensembles_do_not_contain_callbacks(tmp_path: Path) -> None:
    model = EnsembleRegressor(regressor(), 2, random_state=0, callbacks=[Recorder()]).fit(X, NUMBERS)
    model.callbacks[0].events.clear()
    save_model(model, tmp_path / "model.safetensors")
    assert load_model(tmp_path / "model.safetensors").callbacks == []


def test_members_without_events_warn() -> None:
    model = EnsembleClassifier([LogisticRegression(), classifier()], callbacks=[recorder := Recorder()])
    with pytest.warns(ParameterWarning, match="not networks of this library, got LogisticRegression"):
        model.fit(X, CLASSES)
    assert {event.member for event in recorder.events} == {1}


def test_invalid_callbacks_raise_errors() -> None:
    with pytest.raises(ParameterError, match="callbacks must be a sequence of callables, got 5"):
        EnsembleClassifier(classifier(), 2, callbacks=5).fit(X, CLASSES)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"Pass it to set_callbacks"):
        EnsembleClassifier(classifier(), 2, callbacks=[Tasks()]).fit(X, CLASSES)


class Tasks:
    """A callback with scikit-learn's protocol that records its tasks; a subclass also receives the members' epochs."""

    def __init__(self, stop_at: str = "", fail_at: str = "") -> None:
        self.seen: list[tuple[str, str, Any]] = []
        self.stop_at, self.fail_at = stop_at, fail_at
        self.busy = threading.Lock()

    def setup(self, estimator: Any, context: Any) -> None:
        self.seen.append(("setup", context.task_name, None))

    def teardown(self, estimator: Any, context: Any) -> None:
        self.seen.append(("teardown", context.task_name, None))

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        self._note("begin", context)

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, X: Any = None, metadata: Any = None, fitted_estimator: Any = None
    ) -> bool:
        self._note("end", context, (X, metadata, fitted_estimator))
        return context.task_name == self.stop_at

    def _note(self, what: str, context: Any, data: Any = None) -> None:
        assert self.busy.acquire(blocking=False)
        time.sleep(0.001)
        name = context.source_task_name or context.task_name
        self.seen.append((f"{what} {context.estimator_name}", name, data))
        self.busy.release()
        if what == "begin" and context.task_name == self.fail_at:
            raise ZeroDivisionError("mine")


class DeepTasks(Tasks):
    max_propagation_depth = None


class TestScikitLearnCallbacks:
    def test_callbacks_receive_the_tasks_of_the_fit_and_of_each_member(self) -> None:
        tasks = Tasks()
        model = EnsembleClassifier(classifier(), 3, random_state=0, n_jobs=3).set_callbacks(tasks)
        model.fit(X, CLASSES, np.ones(90))
        names = [(what, name) for what, name, _ in tasks.seen]
        name = "EnsembleClassifier"
        assert names[:2] == [("setup", "fit"), (f"begin {name}", "fit")]
        assert sorted(names[2:-2]) == sorted([(f"begin {name}", "member"), (f"end {name}", "member")] * 3)
        assert names[-2:] == [(f"end {name}", "fit"), ("teardown", "fit")]
        rows, metadata, fitted = tasks.seen[-2][2]
        assert rows is X
        assert metadata["sample_weight"].tolist() == [1.0] * 90
        np.testing.assert_array_equal(fitted.predict_proba(X), model.predict_proba(X))

    @pytest.mark.parametrize("in_pipeline", [False, True])
    def test_propagating_callbacks_receive_the_epochs_of_the_members(self, in_pipeline: bool) -> None:
        tasks = DeepTasks()
        network = make_pipeline(StandardScaler(), classifier()) if in_pipeline else classifier()
        model = EnsembleClassifier(network, 2, random_state=0, n_jobs=2).set_callbacks(tasks).fit(X, CLASSES)
        names = [(what, name) for what, name, _ in tasks.seen]
        assert names.count(("end MLPClassifier", "epoch")) == 2 * 8
        alone = clone(model).set_callbacks().fit(X, CLASSES)
        np.testing.assert_array_equal(model.predict_proba(X), alone.predict_proba(X))
        for member in model.estimators_:
            left = vars(member[-1] if in_pipeline else member)
            assert not {"_skl_callbacks", "_parent_callback_ctx"} & set(left)

    def test_a_callback_can_stop_the_ensemble_after_a_member(self) -> None:
        model = EnsembleClassifier(classifier(), 4, diversity="fold", random_state=0, n_jobs=1)
        model.set_callbacks(Tasks(stop_at="member")).fit(X, CLASSES)
        assert len(model.estimators_) == len(model.estimators_samples_) == 1
        assert model.weights_.tolist() == [1.0]

    def test_an_error_in_a_callback_runs_teardown_and_leaves_the_ensemble_unfitted(self) -> None:
        tasks = Tasks(fail_at="member")
        model = EnsembleClassifier(classifier(), 2, random_state=0).set_callbacks(tasks)
        with pytest.raises(ZeroDivisionError, match="mine"):
            model.fit(X, CLASSES)
        assert tasks.seen[-1][:2] == ("teardown", "fit")
        assert not {"estimators_", "_callback_fit_ctx"} & set(vars(model))

    def test_progress_bar_and_scoring_monitor_of_scikit_learn_work(self, capsys: pytest.CaptureFixture[str]) -> None:
        monitor = theirs.ScoringMonitor(scoring="accuracy")
        model = EnsembleClassifier(classifier(), 2, random_state=0)
        model.set_callbacks(monitor, theirs.ProgressBar(max_propagation_depth=None)).fit(X, CLASSES)
        assert "EnsembleClassifier - member | MLPClassifier - fit #1" in capsys.readouterr().out
        (row,) = monitor.get_logs().data
        assert row["accuracy"] == model.score(X, CLASSES)

    def test_callbacks_of_a_pipeline_receive_the_epochs_of_an_ensemble(self) -> None:
        tasks = DeepTasks()
        pipeline = make_pipeline(StandardScaler(), EnsembleClassifier(classifier(), 2, random_state=0))
        pipeline.set_callbacks(tasks).fit(X, CLASSES)
        assert [(what, name) for what, name, _ in tasks.seen].count(("end MLPClassifier", "epoch")) == 2 * 8
