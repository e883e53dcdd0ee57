"""A class to write callbacks with, and the shortest way to write one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

from multilayer.exceptions import ParameterError
from multilayer.training import CompilationStarted, EpochEnded, Event, RunEnded, RunStarted


class Callback:
    """A listener with one method for each kind of event; those that a subclass does not have do nothing.

    ``on_epoch_end`` is called while the network stands as that epoch left it, and where it returns True the run ends
    there.  An error raised in a callback ends the run too, and leaves the estimator as it was; ``on_run_end`` is called
    then as well, with the reason "error".

    A callback that never ends a run says so by ``only_watches = True``: then many epochs of a small network are trained
    in one go, and it hears of them together.

    Examples
    --------
    >>> from multilayer import MLPClassifier
    >>> class StopBelow(Callback):
    ...     def __init__(self, cost):
    ...         self.cost = cost
    ...     def on_epoch_end(self, event):
    ...         return event.cost < self.cost
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
    >>> options = {"learning_rate_init": 0.1, "max_iter": 500, "random_state": 0}
    >>> model = MLPClassifier((8,), callbacks=[StopBelow(0.2)], **options).fit(X, y)
    >>> model.loss_curve_[-1] < 0.2 < model.loss_curve_[-2]
    True
    """

    only_watches = False

    def for_member(self, number: int) -> Callable[[Event], object]:  # noqa: ARG002 for subclasses
        """What receives the events of member ``number`` of an ensemble that has this callback: the callback itself.

        Called for each member before the first is trained.  Return another object where members must not share one.
        """
        return self

    def on_fit_begin(self, snapshot: Callable[[], Any]) -> object:
        """An estimator is about to train; at the end of an epoch ``snapshot()`` is a fitted copy of it as it stands.

        With validation it holds the best weights so far, as the estimator will.  To copy takes time and memory, and
        with ``only_watches = True`` it may be epochs ahead of the event.
        """

    def on_run_begin(self, event: RunStarted) -> object:
        """Training begins; ``event`` has the network, the number of rows, and the most epochs there will be."""

    def on_compilation(self, event: CompilationStarted) -> object:
        """The engine is about to compile ``event.kernel``, which takes seconds, once on a machine."""

    def on_epoch_end(self, event: EpochEnded) -> object:
        """An epoch, or an iteration of L-BFGS, is done; ``event`` has its cost, step size, time and score."""

    def on_run_end(self, event: RunEnded) -> object:
        """Training is over; ``event`` has the reason, the epochs and the seconds."""

    @final
    def __call__(self, event: Event) -> object:
        if isinstance(event, EpochEnded):
            return self.on_epoch_end(event)
        if isinstance(event, RunStarted):
            return self.on_run_begin(event)
        if isinstance(event, CompilationStarted):
            return self.on_compilation(event)
        return self.on_run_end(event)


class LambdaCallback(Callback):
    """A callback of functions, each called with its kind of event; ``on_epoch_end`` ends the run by returning True.

    Parameters
    ----------
    on_run_begin, on_epoch_end, on_run_end : callable or None, default=None
    only_watches : bool, default=False
        Whether it never ends a run; see :class:`Callback`.

    Raises
    ------
    ParameterError
        For what cannot be called.

    Examples
    --------
    >>> from multilayer import MLPClassifier
    >>> third = LambdaCallback(on_epoch_end=lambda event: event.epoch == 3)
    >>> MLPClassifier((2,), callbacks=[third]).fit([[0.0], [1.0]], [0, 1]).n_iter_
    3
    """

    def __init__(
        self,
        on_run_begin: Callable[[RunStarted], object] | None = None,
        on_epoch_end: Callable[[EpochEnded], object] | None = None,
        on_run_end: Callable[[RunEnded], object] | None = None,
        *,
        only_watches: bool = False,
    ) -> None:
        functions = {"on_run_begin": on_run_begin, "on_epoch_end": on_epoch_end, "on_run_end": on_run_end}
        for name, function in functions.items():
            if function is not None and not callable(function):
                raise ParameterError(f"{name} must be a function of one event or None, got {function!r}.")
        self._begin, self._epoch, self._end = on_run_begin, on_epoch_end, on_run_end
        self.only_watches = only_watches

    def on_run_begin(self, event: RunStarted) -> object:
        return self._begin(event) if self._begin is not None else None

    def on_epoch_end(self, event: EpochEnded) -> object:
        return self._epoch(event) if self._epoch is not None else None

    def on_run_end(self, event: RunEnded) -> object:
        return self._end(event) if self._end is not None else None
