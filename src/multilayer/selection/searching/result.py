"""The result of a search."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from multilayer.results import Column, Result, Table, frame, plus_minus
from multilayer.selection.data import network_of
from multilayer.selection.searching.trials import SearchProblem, Trial

MAX_ROWS = 10  # of a printed table
MAX_ERROR = 200  # characters of a printed error


@dataclass(frozen=True, eq=False)
class Search(Result):
    """The result of :func:`multilayer.selection.search`; print it, or draw it by ``multilayer.plots.plot_search``.

    Attributes
    ----------
    trials : list of Trial
        All candidates that have a score, in the order in which they started.
    baseline : Trial or None
        A linear model on the same folds.
    best : Trial
        The trial with the highest mean score among those trained longest.
    simplest : Trial
        The one-standard-error choice: among the equally long trained trials whose mean is within one standard error of
        the best, the one with the fewest weights; among several of them, the one with the largest ``alpha``.
    estimator : estimator or None
        Fitted on all rows with the parameters of ``best`` or ``simplest``; None with ``refit=False``.
    n_epochs : int
        The total number of epochs of all networks, without the linear model.
    seconds : float
        The time of the search.
    metric : str
        The name of the score.
    problem : SearchProblem
        The estimator, the data and the splits.
    """

    trials: Sequence[Trial]
    baseline: Trial | None
    best: Trial
    simplest: Trial
    estimator: Any
    n_epochs: int
    seconds: float
    metric: str
    problem: SearchProblem

    @property
    def ranked(self) -> list[Trial]:
        """The trials, best first: those trained longest by mean score, then the others, then failed ones."""
        return sorted(self.trials, key=rank, reverse=True)

    @property
    def conclusion(self) -> str:
        """The best and the simplest trial, compared with the linear model."""
        best, parts = self.best, [f"Best, with {self.metric} {_numbers(self.best)}: {_described(self.best)}."]
        if self.simplest is not best:
            simplest = f"with {_numbers(self.simplest)}: {_described(self.simplest)}"
            parts.append(f"Simplest within one standard error, {simplest}.")
        if self.baseline is not None:
            parts.append(self._linear_comparison(self.baseline))
        n_failed = sum(math.isnan(trial.mean) for trial in self.trials)
        if n_failed:
            reason = next((trial.error for trial in self.trials if math.isnan(trial.mean) and trial.error), "")
            first = (
                f", the first: {textwrap.shorten(reason, MAX_ERROR, placeholder=' ...').rstrip('.')}" if reason else ""
            )
            parts.append(f"{n_failed} of {len(self.trials)} trials failed{first}.")
        return " ".join(parts)

    def _linear_comparison(self, linear: Trial) -> str:
        if math.isnan(linear.mean):
            return f"The linear model failed: {linear.error or 'its score is not a number'}."
        gain, spread = self.best.mean - linear.mean, math.hypot(self.best.standard_error, linear.standard_error)
        if gain <= 0:
            return f"No network is better than the linear model, which has {_numbers(linear)}."
        if gain > spread or math.isnan(spread):
            return f"The best network is better than the linear model, which has {_numbers(linear)}."
        return f"The linear model has {_numbers(linear)}: the difference is within the standard errors."

    def to_frame(self) -> Any:
        """The trials as a frame.

        Returns
        -------
        pandas.DataFrame
            A row for each trial, the best first.
        """
        ranked = self.ranked
        columns: dict[str, list[Any]] = {"trial": [trial.number for trial in ranked]}
        columns |= {name: [trial.params.get(name) for trial in ranked] for name in self._names()}
        columns["score"] = [trial.mean for trial in ranked]
        names = ("standard_error", "epochs", "rung", "n_weights", "seconds", "error")
        return frame(columns | {name: [getattr(trial, name) for trial in ranked] for name in names})

    @property
    def table(self) -> Table:
        """The best trials as a table.

        A row for each of the ten best trials and for the linear model, with the conclusion below.
        """
        names = self._names()
        columns = [Column("trial"), *(Column(name) for name in names), Column(self.metric), Column("epochs", ",")]
        columns += [Column("weights", ","), Column("", align="left")]
        rows: list[list[object]] = []
        for trial in self.ranked[:MAX_ROWS]:
            marks = [mark for mark, marked in (("best", self.best), ("simplest", self.simplest)) if trial is marked]
            score = "failed" if math.isnan(trial.mean) else (trial.mean, trial.standard_error)
            values = [_value(trial.params.get(name, "")) for name in names]
            rows.append([trial.number, *values, score, trial.epochs, trial.n_weights, ", ".join(marks)])
        if self.baseline is not None:
            score = (self.baseline.mean, self.baseline.standard_error)
            rows.append(["linear", *[None] * len(names), score, None, self.baseline.n_weights, None])
        n_hidden = len(self.trials) - MAX_ROWS
        notes = [f"{n_hidden} more trials are not shown."] if n_hidden > 0 else []
        notes.append(self.conclusion)
        title = f"{len(self.trials)} trials, {self.n_epochs:,} epochs"
        return Table(tuple(columns), rows, title, notes, n_summary_rows=int(self.baseline is not None))

    def __repr__(self) -> str:
        return f"<Search: {len(self.trials)} trials, {self.n_epochs:,} epochs. {self.conclusion}>"

    def _names(self) -> list[str]:
        return list(dict.fromkeys(name for trial in self.trials for name in trial.params))


def rank(trial: Trial) -> tuple[bool, int, float, int]:
    """Return a sort key: by the length of training, then by mean score; failed trials are lowest."""
    has_failed = math.isnan(trial.mean)
    return not has_failed, trial.rung, 0.0 if has_failed else trial.mean, -trial.number


def best_and_simplest(trials: Sequence[Trial]) -> tuple[Trial, Trial]:
    """Return the best trial, and the simplest within one standard error of it."""
    best = max(trials, key=rank)
    if math.isnan(best.standard_error):
        return best, best
    limit = best.mean - best.standard_error
    as_good = [trial for trial in trials if trial.rung == best.rung and trial.mean >= limit]
    alphas = {trial.number: float(getattr(network_of(trial.model), "alpha", 0.0)) for trial in as_good}
    return best, min(as_good, key=lambda each: (each.n_weights, -alphas[each.number], -each.mean, each.number))


def _described(trial: Trial) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in trial.params.items())


def _value(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _numbers(trial: Trial) -> str:
    return plus_minus(trial.mean, trial.standard_error)
