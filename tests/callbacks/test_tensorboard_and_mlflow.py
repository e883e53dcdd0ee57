"""The TensorBoard and MLflow callbacks, tested with stand-in modules, and the errors if the packages are missing."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from multilayer import MLPClassifier, MLPRegressor
from multilayer.callbacks import LambdaCallback, MLflow, TensorBoard
from multilayer.exceptions import DivergenceError, MissingExtraError

from ..problems import POINTS as X
from ..problems import SIDES as y

# Fits of a fixed number of epochs under warm_start may be some of many, and are warned of.
pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")


def model(*callbacks: Any, **options: Any) -> MLPClassifier:
    defaults = {"max_iter": 3, "n_iter_no_change": np.inf, "random_state": 0}
    return MLPClassifier((4,), callbacks=callbacks, **(defaults | options))


class Writer:
    made: list[Writer] = []  # noqa: RUF012 filled by the tests

    def __init__(self, folder: str) -> None:
        self.folder, self.scalars, self.closed = folder, [], False
        Writer.made.append(self)

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.scalars.append((name, value, step))

    def close(self) -> None:
        self.closed = True


@pytest.fixture(params=["tensorboardX", "torch.utils.tensorboard"])
def board(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    name = request.param
    for part in [name.rsplit(".", n)[0] for n in range(name.count(".") + 1)]:
        monkeypatch.setitem(sys.modules, part, ModuleType(part))
    sys.modules[name].SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setattr(Writer, "made", [])


@pytest.mark.usefixtures("board")
def test_tensorboard_receives_each_epoch(tmp_path: Path) -> None:
    fitted = model(TensorBoard(tmp_path), early_stopping=True).fit(X, y)
    (writer,) = Writer.made
    assert writer.folder == str(tmp_path / "run-1")
    assert writer.closed
    costs = [(value, step) for name, value, step in writer.scalars if name == "cost"]
    assert costs == list(zip(fitted.loss_curve_, [1, 2, 3], strict=True))
    assert {name for name, _, _ in writer.scalars} == {"cost", "step_size", "validation_cost", "validation_score"}


@pytest.mark.usefixtures("board")
def test_each_run_has_its_own_folder_and_continued_runs_keep_theirs(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path)
    model(board, warm_start=True).fit(X, y).fit(X, y)
    model(board).fit(X, y)
    model(TensorBoard(tmp_path)).fit(X, y)
    assert [Path(writer.folder).name for writer in Writer.made] == ["run-1", "run-1", "run-2", "run-3"]


@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
@pytest.mark.usefixtures("board")
def test_missing_values_are_left_out(tmp_path: Path) -> None:
    model(TensorBoard(tmp_path), solver="lbfgs").fit(X, y)
    assert {name for name, _, _ in Writer.made[0].scalars} == {"cost"}


def test_without_tensorboard_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for module in ("tensorboardX", "torch.utils.tensorboard"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r'tensorboardX, .*pip install "multilayer\[tensorboard\]"'):
        TensorBoard(tmp_path)


class Server(ModuleType):
    """A stand-in for MLflow: a stack of active runs with their parameters and metrics."""

    def __init__(self) -> None:
        super().__init__("mlflow")
        self.runs: dict[str, SimpleNamespace] = {}
        self.active: list[str] = []

    def start_run(self, run_id: str | None = None, run_name: str | None = None, nested: bool = False) -> Any:
        assert nested or not self.active, "a run is active already"
        if run_id is None:
            run_id = f"id{len(self.runs)}"
            parent = self.active[-1] if self.active else None
            self.runs[run_id] = SimpleNamespace(name=run_name, parent=parent, params={}, metrics=[], status="RUNNING")
        self.active.append(run_id)
        return SimpleNamespace(info=SimpleNamespace(run_id=run_id))

    def log_params(self, params: dict[str, Any]) -> None:
        self.runs[self.active[-1]].params |= params

    def log_metrics(self, metrics: dict[str, float], step: int) -> None:
        self.runs[self.active[-1]].metrics.append((step, metrics))

    def end_run(self, status: str) -> None:
        self.runs[self.active.pop()].status = status


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setitem(sys.modules, "mlflow", server)
    return server


def test_mlflow_receives_the_network_and_each_epoch(mlflow: Server) -> None:
    fitted = model(MLflow("first")).fit(X, y)
    (run,) = mlflow.runs.values()
    assert run.name == "first"
    assert run.params == {"layer_sizes": "2-4-1", "hidden": "relu", "output": "sigmoid", "n_rows": 40}
    steps = [1, 2, 3]
    assert run.metrics == [
        (step, {"cost": cost, "step_size": 0.001}) for step, cost in zip(steps, fitted.loss_curve_, strict=True)
    ]
    assert run.status == "FINISHED"


def test_runs_are_nested_in_an_active_run_and_continued_runs_keep_their_own(mlflow: Server) -> None:
    mlflow.start_run()
    model(MLflow(), warm_start=True).fit(X, y).fit(X, y)
    assert mlflow.active == ["id0"]
    assert list(mlflow.runs) == ["id0", "id1"]
    assert mlflow.runs["id1"].parent == "id0"
    assert [step for step, _ in mlflow.runs["id1"].metrics] == [1, 2, 3, 4, 5, 6]


def test_failed_runs_have_the_status_failed(mlflow: Server) -> None:
    diverging = MLPRegressor(solver="sgd", learning_rate_init=1e9, callbacks=[MLflow()])
    with pytest.raises(DivergenceError):
        diverging.fit(X, 1e3 * X[:, 0])
    broken = LambdaCallback(on_epoch_end=lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model(MLflow(), broken).fit(X, y)
    assert [run.status for run in mlflow.runs.values()] == ["FAILED", "FAILED"]
    assert mlflow.active == []


def test_without_mlflow_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtraError, match=r'mlflow, .*pip install "multilayer\[mlflow\]"'):
        MLflow()
