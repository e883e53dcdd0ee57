"""Callbacks that send the curves of training to TensorBoard and MLflow."""

from __future__ import annotations

import math
import os
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from multilayer.callbacks.base import Callback
from multilayer.exceptions import MissingExtraError
from multilayer.training import EpochEnded, RunEnded, RunStarted

# tensorboardX first: the other one needs PyTorch.
_WRITERS = ("tensorboardX", "torch.utils.tensorboard")
_MLFLOW_STATUS = {"diverged": "FAILED", "error": "FAILED", "interrupted": "KILLED"}  # else "FINISHED"


class TensorBoard(Callback):
    """Curves for TensorBoard: cost, step size and validation score of each epoch.

    Each run writes to a new subfolder ``run-1``, ``run-2``, ...; a run that continues another one (``warm_start``,
    ``partial_fit``) writes to the same subfolder.  Member i of an ensemble writes to the subfolder ``member-i``.
    ``tensorboard --logdir FOLDER`` shows the curves.

    Parameters
    ----------
    folder : str or path
        The folder of the runs.

    Raises
    ------
    MissingExtraError
        If neither tensorboardX nor PyTorch with tensorboard is installed.
    """

    only_watches = True

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        _summary_writer()
        self.folder = Path(folder)
        self._run: Path | None = None
        self._writer: Any = None

    def for_member(self, number: int) -> Self:
        return type(self)(self.folder / f"member-{number}")

    def on_run_begin(self, event: RunStarted) -> None:
        if self._run is None or event.epochs_before == 0:
            self._run = _new_folder(self.folder)
        # The name of a file ends in its second: without the epochs, two parts of a run in one second were one file.
        self._writer = _summary_writer()(str(self._run), filename_suffix=f".{event.epochs_before:08d}")

    def on_epoch_end(self, event: EpochEnded) -> None:
        if self._writer is not None:
            for name, value in _numbers(event).items():
                self._writer.add_scalar(name, value, event.epoch)

    def on_run_end(self, event: RunEnded) -> None:  # noqa: ARG002 the form of a callback
        if self._writer is not None:
            self._writer.close()
            self._writer = None


class MLflow(Callback):
    """Curves for MLflow: cost, step size and validation score of each epoch, and the network's layers as parameters.

    Each run of training is a run of MLflow, nested if another run is active.  A run that continues another one
    (``warm_start``, ``partial_fit``) continues its run of MLflow.  Each member of an ensemble has a run, whose name
    ends in its number.  Set the server and the experiment by ``mlflow.set_tracking_uri`` and
    ``mlflow.set_experiment``.

    Parameters
    ----------
    run_name : str or None, default=None
        The name of the run; None leaves the name to MLflow.

    Raises
    ------
    MissingExtraError
        If mlflow is not installed.
    """

    only_watches = True

    def __init__(self, run_name: str | None = None) -> None:
        _mlflow()
        self.run_name = run_name
        self._id: str | None = None
        self._is_open = False

    def for_member(self, number: int) -> Self:
        return type(self)(None if self.run_name is None else f"{self.run_name}-{number}")

    def on_run_begin(self, event: RunStarted) -> None:
        mlflow = _mlflow()
        if self._id is not None and event.epochs_before > 0:
            mlflow.start_run(run_id=self._id, nested=True)
        else:
            self._id = mlflow.start_run(run_name=self.run_name, nested=True).info.run_id
            network = event.network
            mlflow.log_params(
                {
                    "layer_sizes": "-".join(str(size) for size in network.layer_sizes),
                    "hidden": ", ".join(g if isinstance(g, str) else type(g).__name__ for g in network.hidden),
                    "output": network.output,
                    "n_rows": event.n_rows,
                }
            )
        self._is_open = True

    def on_epoch_end(self, event: EpochEnded) -> None:
        if self._is_open:
            _mlflow().log_metrics(_numbers(event), step=event.epoch)

    def on_run_end(self, event: RunEnded) -> None:
        if self._is_open:
            self._is_open = False
            _mlflow().end_run(status=_MLFLOW_STATUS.get(event.reason, "FINISHED"))


def _numbers(event: EpochEnded) -> dict[str, float]:
    """Return the values of an epoch that are plotted."""
    values = {name: value for name, value in vars(event).items() if name not in ("epoch", "seconds", "member")}
    return {name: float(value) for name, value in values.items() if value is not None and not math.isnan(value)}


def _new_folder(folder: Path) -> Path:
    """Make the first of the folders run-1, run-2, ... that does not exist."""
    number = 1
    while True:
        run = folder / f"run-{number}"
        try:
            run.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return run


def _summary_writer() -> Any:
    for module in _WRITERS:
        try:
            return import_module(module).SummaryWriter
        except ImportError:
            continue
    raise MissingExtraError("the callback TensorBoard", "tensorboardX", "tensorboard")


def _mlflow() -> Any:
    try:
        return import_module("mlflow")
    except ImportError as error:
        raise MissingExtraError("the callback MLflow", "mlflow", "mlflow") from error
