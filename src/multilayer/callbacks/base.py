"""The base class of callbacks, and a callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

from multilayer.exceptions import ParameterError
from multilayer.training import CompilationStarted, EpochEnded, Event, RunEnded, RunStarted


class Callback:
    """A callback with one method for each kind of event; by default the methods do nothing.

    ``on_epoch_end`` is called before the next epoch begins, and stops the run if it returns True.  An error in a
    callback also stops the run and leaves the estimator unchanged; ``on_run_end`` is then called with the reason
    "error".

    Set ``only_watches = True`` for a callback that never stops a run.  Several epochs of a small network are then
    trained at once, and the callback receives their events together.

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
        """Return the callback for one member of an ensemble; by default all members share this object.

        It is called for each member before the first is trained.

        Parameters
        ----------
        number : int
            The number of the member, from 0.

        Returns
        -------
        callable
            A callback that receives the events of this member.
        """
        return self

    def on_fit_begin(self, snapshot: Callable[[], Any]) -> object:
        """Receive a function that copies the estimator, before its training begins.

        Parameters
        ----------
        snapshot : callable
            Called at the end of an epoch, it returns a fitted copy of the estimator at that time; with validation the
            copy has the best weights so far.  A copy takes time and memory.  With ``only_watches = True`` it may
            be some epochs ahead of the event.
        """

    def on_run_begin(self, event: RunStarted) -> object:
        """Receive the start of a run.

        Parameters
        ----------
        event : RunStarted
            The network, the number of rows and the maximum number of epochs.
        """

    def on_compilation(self, event: CompilationStarted) -> object:
        """Receive the start of a compilation, which takes seconds and is needed once per machine.

        Parameters
        ----------
        event : CompilationStarted
            The name of the kernel.
        """

    def on_epoch_end(self, event: EpochEnded) -> object:
        """Receive the end of an epoch, or of an iteration of L-BFGS; return True to stop the run.

        Parameters
        ----------
        event : EpochEnded
            Its cost, step size, time and validation score.
        """

    def on_run_end(self, event: RunEnded) -> object:
        """Receive the end of a run.

        Parameters
        ----------
        event : RunEnded
            The reason, the number of epochs and the seconds.
        """

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
    """A callback made of functions.

    Parameters
    ----------
    on_run_begin, on_epoch_end, on_run_end : callable or None, default=None
        Functions of one event; ``on_epoch_end`` stops the run by returning True.
    only_watches : bool, default=False
        Whether the callback never stops a run; see :class:`Callback`.

    Raises
    ------
    ParameterError
        If one of the functions is not callable.

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
