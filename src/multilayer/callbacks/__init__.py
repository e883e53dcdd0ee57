"""Callbacks for the ``callbacks=`` of the estimators.

A callback is any callable that takes an event of :mod:`multilayer.training`; it stops the run by returning True.
:class:`Callback` is the base class of custom callbacks, with one method for each kind of event.
"""

from multilayer.callbacks.base import Callback, LambdaCallback
from multilayer.callbacks.boards import MLflow, TensorBoard
from multilayer.callbacks.checkpoint import Checkpoint
from multilayer.callbacks.logs import CSVLog, JSONLinesLog
from multilayer.callbacks.progress import ProgressBar

__all__ = ["CSVLog", "Callback", "Checkpoint", "JSONLinesLog", "LambdaCallback", "MLflow", "ProgressBar", "TensorBoard"]
