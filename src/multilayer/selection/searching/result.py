"""What a search has found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from multilayer.exceptions import MissingExtraError
from multilayer.selection.fitting import network_of
from multilayer.selection.searching.trials import Problem, Trial

MOST_ROWS = 10  # of a printed table


@dataclass(frozen=True, eq=False)
class Search:
    """The result of :func:`multilayer.selection.search`; print it, or draw it by ``multilayer.plots.plot_search``.

    Attributes
    ----------
    trials : list of Trial
        All candidates that have a score, in the order in which they began: ``params``, ``mean`` and
        ``standard_error`` of the score over the folds, ``fold_scores``, ``epochs``, ``n_weights``, ``seconds``,
        ``error``.
    baseline : Trial or None
        A linear model on the same folds.
    best : Trial
        Of those trained to the end, or as far as any, the one of the highest mean score.
    simplest : Trial
        The one-standard-error choice: of those trained as far whose mean is less than one standard error below the
        best, the network of the fewest weights; of several, that of the strongest regularisation.
    estimator
        Fitted on all rows with the parameters of ``best`` or ``simplest``; None if that was not asked for.
    n_epochs : int
        Epochs trained in all, by all networks but the linear one.
    problem : Problem
        What was searched on: ``estimator``, ``data``, ``splits``.
    """

    trials: Sequence[Trial]
    baseline: Trial | None
    best: Trial
    simplest: Trial
    estimator: Any
    n_epochs: int
    seconds: float
    metric: str
    problem: Problem

    @property
    def ranked(self) -> list[Trial]:
        """The trials, the best first: those trained furthest, by their mean score; failed ones last."""
        return sorted(self.trials, key=rank, reverse=True)

    @property
    def conclusion(self) -> str:
        """What to make of it, in a few sentences."""
        best, parts = self.best, [f"Best, with {self.metric} {_numbers(self.best)}: {_described(self.best)}."]
        if self.simplest is not best:
            simplest = f"with {_numbers(self.simplest)}: {_described(self.simplest)}"
            parts.append(f"Simpler and within one standard error, {simplest}.")
        if self.baseline is not None:
            parts.append(self._beside_the_linear_model(self.baseline))
        n_failed = sum(math.isnan(trial.mean) for trial in self.trials)
        if n_failed:
            parts.append(f"{n_failed} of {len(self.trials)} trials failed.")
        return " ".join(parts)

    def _beside_the_linear_model(self, linear: Trial) -> str:
        if math.isnan(linear.mean):
            return f"The linear model failed: {linear.error or 'its score is not a number'}."
        gain, spread = self.best.mean - linear.mean, math.hypot(self.best.standard_error, linear.standard_error)
        if gain <= 0:
            return f"No network is better than a linear model, which has {_numbers(linear)}."
        if gain > spread or math.isnan(spread):
            return f"A linear model has {_numbers(linear)}: the best network is better."
        return f"A linear model has {_numbers(linear)}: the lead of the best network is within the standard errors."

    def to_frame(self) -> Any:
        """A pandas frame with a row a trial, the best first."""
        try:
            import pandas as pd
        except ImportError:
            raise MissingExtraError("to_frame", "pandas", "frames") from None
        names = self._names()
        rows = [
            {"trial": trial.number}
            | {name: trial.params.get(name) for name in names}
            | {"score": trial.mean, "standard_error": trial.standard_error, "epochs": trial.epochs}
            | {"rung": trial.rung, "n_weights": trial.n_weights, "seconds": trial.seconds, "error": trial.error}
            for trial in self.ranked
        ]
        return pd.DataFrame(rows)

    def __rich__(self) -> Any:
        from rich.table import Table

        names = self._names()
        table = Table("trial", *names, self.metric, "epochs", "weights", "", caption=self.conclusion)
        for trial in self.ranked[:MOST_ROWS]:
            values = [_value(trial.params.get(name, "")) for name in names]
            marks = [mark for mark, marked in (("best", self.best), ("1 SE", self.simplest)) if trial is marked]
            score = "failed" if math.isnan(trial.mean) else _numbers(trial)
            table.add_row(
                f"{trial.number}", *values, score, f"{trial.epochs}", f"{trial.n_weights:,}", ", ".join(marks)
            )
        if len(self.trials) > MOST_ROWS:
            table.add_row(f"and {len(self.trials) - MOST_ROWS} more", *[""] * (len(names) + 4))
        if self.baseline is not None:
            table.add_section()
            table.add_row("linear", *[""] * len(names), _numbers(self.baseline), "", f"{self.baseline.n_weights:,}", "")
        return table

    def __str__(self) -> str:
        return f"{len(self.trials)} trials, {self.n_epochs:,} epochs. {self.conclusion}"

    __repr__ = __str__

    def _names(self) -> list[str]:
        return list(dict.fromkeys(name for trial in self.trials for name in trial.params))


def rank(trial: Trial) -> tuple[bool, int, float, int]:
    """The higher the better: those trained furthest, by their mean score; failed ones lowest."""
    has_failed = math.isnan(trial.mean)
    return not has_failed, trial.rung, 0.0 if has_failed else trial.mean, -trial.number


def best_and_simplest(trials: Sequence[Trial]) -> tuple[Trial, Trial]:
    """The best of the trials, and the simplest that is as good but for one standard error."""
    best = max(trials, key=rank)
    if math.isnan(best.standard_error):
        return best, best
    limit = best.mean - best.standard_error
    as_good = [trial for trial in trials if trial.rung == best.rung and trial.mean >= limit]
    return best, min(as_good, key=lambda trial: (trial.n_weights, -_regularisation(trial), -trial.mean, trial.number))


def _regularisation(trial: Trial) -> float:
    return float(getattr(network_of(trial.model), "alpha", 0.0))


def _described(trial: Trial) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in trial.params.items())


def _value(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _numbers(trial: Trial) -> str:
    error = "" if math.isnan(trial.standard_error) else f" ± {trial.standard_error:.4f}"
    return f"{trial.mean:.4f}{error}"
