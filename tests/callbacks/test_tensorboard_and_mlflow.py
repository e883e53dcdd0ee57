"""The TensorBoard and MLflow callbacks with the real packages, and the errors if they are missing."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from multilayer import EnsembleClassifier, MLPClassifier, MLPRegressor
from multilayer.callbacks import LambdaCallback, MLflow, TensorBoard
from multilayer.exceptions import DivergenceError, MissingExtraError

from ..problems import POINTS as X
from ..problems import SIDES as y
from ..stores import local_store

# Fits of a fixed number of epochs under warm_start may be some of many, and are warned of.
pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")


def model(*callbacks: Any, **options: Any) -> MLPClassifier:
    defaults = {"max_iter": 3, "n_iter_no_change": np.inf, "random_state": 0}
    return MLPClassifier((4,), callbacks=callbacks, **(defaults | options))


def curves(run: Path) -> dict[str, list[tuple[int, float]]]:
    """Return the steps and values of each curve of a run, as TensorBoard reads them."""
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = reader.EventAccumulator(str(run)).Reload()
    return {name: [(each.step, each.value) for each in events.Scalars(name)] for name in events.Tags()["scalars"]}


def test_tensorboard_reads_each_epoch(tmp_path: Path) -> None:
    fitted = model(TensorBoard(tmp_path), early_stopping=True).fit(X, y)
    assert [each.name for each in tmp_path.iterdir()] == ["run-1"]
    found = curves(tmp_path / "run-1")
    assert set(found) == {"cost", "step_size", "validation_cost", "validation_score"}
    single = [float(np.float32(cost)) for cost in fitted.loss_curve_]  # TensorBoard stores float32
    assert found["cost"] == list(zip([1, 2, 3], single, strict=True))
    assert [value for _, value in found["validation_score"]] == pytest.approx(fitted.validation_scores_)


def test_each_run_has_its_own_folder_and_continued_runs_keep_theirs(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path)
    model(board, warm_start=True).fit(X, y).fit(X, y)
    model(board).fit(X, y)
    model(TensorBoard(tmp_path)).fit(X, y)
    steps = {each.name: [step for step, _ in curves(each)["cost"]] for each in tmp_path.iterdir()}
    assert steps == {"run-1": [1, 2, 3, 4, 5, 6], "run-2": [1, 2, 3], "run-3": [1, 2, 3]}


def test_missing_values_have_no_curve(tmp_path: Path) -> None:
    model(TensorBoard(tmp_path), solver="lbfgs").fit(X, y)
    assert set(curves(tmp_path / "run-1")) == {"cost"}


def test_each_member_of_an_ensemble_has_a_folder(tmp_path: Path) -> None:
    EnsembleClassifier(model(), 2, callbacks=[TensorBoard(tmp_path)], random_state=0).fit(X, y)
    found = {each.relative_to(tmp_path).as_posix(): len(curves(each)["cost"]) for each in tmp_path.glob("*/run-*")}
    assert found == {"member-0/run-1": 3, "member-1/run-1": 3}


def test_the_writer_of_pytorch_is_the_second_choice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("torch.utils.tensorboard")
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    model(TensorBoard(tmp_path)).fit(X, y)
    assert len(curves(tmp_path / "run-1")["cost"]) == 3


def test_without_tensorboard_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for module in ("tensorboardX", "torch.utils.tensorboard"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r'tensorboardX, .*pip install "multilayer\[tensorboard\]"'):
        TensorBoard(tmp_path)


@pytest.fixture
def mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with local_store(tmp_path, monkeypatch) as module:
        yield module


def runs(mlflow: Any) -> list[Any]:
    """Return all runs, in the order of their start."""
    return list(reversed(mlflow.MlflowClient().search_runs(["0"])))


def history(mlflow: Any, run: Any, name: str) -> list[tuple[int, float]]:
    """Return the steps and values of a metric."""
    return [(each.step, each.value) for each in mlflow.MlflowClient().get_metric_history(run.info.run_id, name)]


def test_mlflow_receives_the_network_and_each_epoch(mlflow: Any) -> None:
    fitted = model(MLflow("first")).fit(X, y)
    (run,) = runs(mlflow)
    assert run.info.run_name == "first"
    assert run.info.status == "FINISHED"
    assert run.data.params == {"layer_sizes": "2-4-1", "hidden": "relu", "output": "sigmoid", "n_rows": "40"}
    assert history(mlflow, run, "cost") == list(zip([1, 2, 3], fitted.loss_curve_, strict=True))
    assert history(mlflow, run, "step_size") == [(1, 0.001), (2, 0.001), (3, 0.001)]
    assert set(run.data.metrics) == {"cost", "step_size"}


def test_runs_are_nested_in_an_active_run_and_continued_runs_are_one_run(mlflow: Any) -> None:
    with mlflow.start_run(run_name="parent") as parent:
        model(MLflow("child"), warm_start=True).fit(X, y).fit(X, y)
        assert mlflow.active_run().info.run_id == parent.info.run_id
    found = {run.info.run_name: run for run in runs(mlflow)}
    assert set(found) == {"parent", "child"}
    assert found["child"].data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert [step for step, _ in history(mlflow, found["child"], "cost")] == [1, 2, 3, 4, 5, 6]
    assert all(math.isfinite(value) for _, value in history(mlflow, found["child"], "cost"))


def test_each_member_of_an_ensemble_is_a_run(mlflow: Any) -> None:
    EnsembleClassifier(model(), 2, callbacks=[MLflow("pair")], random_state=0).fit(X, y)
    found = {run.info.run_name: run for run in runs(mlflow)}
    assert set(found) == {"pair-0", "pair-1"}
    assert {name: len(history(mlflow, run, "cost")) for name, run in found.items()} == {"pair-0": 3, "pair-1": 3}


def test_failed_runs_have_the_status_failed(mlflow: Any) -> None:
    diverging = MLPRegressor(solver="sgd", learning_rate_init=1e9, callbacks=[MLflow()])
    with pytest.raises(DivergenceError):
        diverging.fit(X, 1e3 * X[:, 0])
    broken = LambdaCallback(on_epoch_end=lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model(MLflow(), broken).fit(X, y)
    assert [run.info.status for run in runs(mlflow)] == ["FAILED", "FAILED"]
    assert mlflow.active_run() is None


def test_without_mlflow_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtraError, match=r'mlflow, .*pip install "multilayer\[mlflow\]"'):
        MLflow()
