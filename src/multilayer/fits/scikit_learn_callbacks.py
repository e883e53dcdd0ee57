"""Support for the callbacks of ``sklearn.callback`` and ``set_callbacks``, which scikit-learn has from 1.9.

scikit-learn represents training as a tree of tasks: the fit, and below it one task per epoch.  A listener opens and
closes these tasks at our events, and scikit-learn calls the hooks of its callbacks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import Any

from sklearn.utils import _safe_indexing

from multilayer.fits.fit import Fit
from multilayer.network import Floats, Network
from multilayer.training import EpochEnded, Event, RunEnded, RunStarted

__all__ = ["CallbackSupportMixin", "EnsembleTasks", "ScikitLearnTasks", "may_have_callbacks", "torn_down"]

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """An empty class: this scikit-learn has no callbacks."""

    def with_callbacks(method: Callable[..., Any]) -> Callable[..., Any]:
        """Return the method unchanged."""
        return method


# Attributes of an estimator with callbacks, or inside an estimator with callbacks.
CALLBACK_ATTRIBUTES = frozenset({"_skl_callbacks", "_parent_callback_ctx"})
# Held while hooks are called for estimators that are fitted in several threads, as in an ensemble or a search.
_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def torn_down(estimator: Any) -> Iterator[None]:
    """Tear down scikit-learn's callbacks after this block, even after an error.

    This is done by scikit-learn's decorator on an empty method: around training, warnings would point at its frame.
    """
    try:
        yield
    finally:
        with_callbacks(lambda _: None)(estimator)


def may_have_callbacks(estimator: Any) -> bool:
    """Return whether an estimator has callbacks of scikit-learn, or is inside an estimator that may have some."""
    return any(hasattr(estimator, name) for name in CALLBACK_ATTRIBUTES)


class ScikitLearnTasks:
    """The training of a fit as scikit-learn's tree of tasks.

    The task of an epoch begins at the end of the one before, so that its hook is called before training.  The task that
    is open at the end of training ends without a fitted estimator, as in scikit-learn.

    ``estimator`` is the one whose ``fit`` was called; the fit trains a copy of it.
    """

    def __init__(self, fit: Fit, estimator: Any) -> None:
        self.estimator, self.model, self.state = estimator, fit.model, fit.state
        table, X = fit.problem.table, fit.request.X  # X as passed: a frame keeps its column names
        y, weight = table.y, table.weight
        # scikit-learn calls these functions if a callback uses their values.
        self.data = {
            "X": cache(lambda: self._trained_on(X)),
            "y": cache(lambda: self._trained_on(y)),
            "metadata": cache(lambda: None if weight is None else {"sample_weight": self._trained_on(weight)}),
        }
        self.only_watches = not hasattr(self.estimator, "_skl_callbacks")
        self.turn = _ONE_AT_A_TIME if hasattr(self.estimator, "_parent_callback_ctx") else nullcontext()
        self.left = 0  # epochs that may still follow
        self.network: Network | None = None
        self.fit: Any = None
        self.epoch: Any = None

    def __call__(self, event: Event) -> bool:
        with self.turn:
            if isinstance(event, RunStarted):
                self._begin(event)
            elif isinstance(event, EpochEnded):
                return self._epoch_ended()
            elif isinstance(event, RunEnded) and event.reason not in ("diverged", "error"):
                self._end()
        return False

    def _begin(self, event: RunStarted) -> None:
        self.left, self.network = event.max_epochs, event.network
        self.fit = self.estimator._init_callback_context(task_name="fit", max_subtasks=event.max_epochs)
        self.fit.call_on_fit_task_begin(estimator=self.estimator, **self.data)
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        self.epoch = None
        if self.left > 0 and not self.only_watches:
            self.left -= 1
            self.epoch = self.fit.subcontext(task_name="epoch")
            self.epoch.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def _epoch_ended(self) -> bool:
        if self.epoch is None:
            return False
        now = self.state.last
        stop = self.epoch.call_on_fit_task_end(
            estimator=self.estimator, reconstruction_attributes=lambda: self._fitted(now), **self.data
        )
        self._begin_epoch()
        return bool(stop)

    def _end(self) -> None:
        if self.epoch is not None:
            self.epoch.call_on_fit_task_end(estimator=self.estimator)
        kept = self.state.shown
        self.fit.call_on_fit_task_end(
            estimator=self.estimator, reconstruction_attributes=lambda: self._fitted(kept), **self.data
        )

    def _fitted(self, parameters: Floats) -> dict[str, Any]:
        """Return the attributes that an estimator needs to predict with these parameters."""
        network = self.network
        sizes = network.layer_sizes if network is not None else ()
        before = vars(self.estimator)
        changed = {name: value for name, value in vars(self.model).items() if before.get(name, self) is not value}
        return changed | {
            "network_": network,
            "parameters_": parameters.copy(),
            "n_layers_": len(sizes),
            "n_outputs_": sizes[-1],
        }

    def _trained_on(self, table: Any) -> Any:
        """Return the training rows, without those held out."""
        return table if self.state.rows is None else _safe_indexing(table, self.state.rows)


class EnsembleTasks:
    """The fit of an ensemble as scikit-learn's tree of tasks: the fit, its members, and their epochs.

    Callbacks that propagate to inner estimators, such as ProgressBar, are also called for the epochs of the members;
    others only for the fit and the members.
    """

    def __init__(self, ensemble: Any, n_members: int, X: Any, y: Any, weight: Any) -> None:
        self.ensemble = ensemble
        self.data = {"X": X, "y": y, "metadata": None if weight is None else {"sample_weight": weight}}
        self.is_stopped = False  # whether a callback has requested the end
        self.fit = ensemble._init_callback_context("fit", max_subtasks=n_members, sequential_subtasks=False)
        self.fit.call_on_fit_task_begin(estimator=ensemble, **self.data)
        self.members = [self.fit.subcontext("member", task_id=i) for i in range(n_members)]

    @staticmethod
    def of(ensemble: Any, n_members: int, X: Any, y: Any, weight: Any) -> EnsembleTasks | None:
        """Return the tasks of an ensemble with callbacks; None without callbacks."""
        return EnsembleTasks(ensemble, n_members, X, y, weight) if may_have_callbacks(ensemble) else None

    @contextmanager
    def member(self, number: int, network: Any) -> Iterator[None]:
        """Open the task of a member for this block, which fits its network."""
        if not any(hasattr(each, "_skl_callbacks") for each in (self.ensemble, network)):
            yield  # the ensemble is a step of a pipeline without callbacks
            return
        task = self.members[number]
        with task.propagate_callback_context(network):
            with _ONE_AT_A_TIME:
                task.call_on_fit_task_begin(estimator=self.ensemble, **self.data)
            yield
        with _ONE_AT_A_TIME:
            self.is_stopped |= bool(task.call_on_fit_task_end(estimator=self.ensemble, **self.data))

    def end(self) -> None:
        """End the tasks of the fitted ensemble."""
        self.fit.call_on_fit_task_end(estimator=self.ensemble, reconstruction_attributes=dict, **self.data)
