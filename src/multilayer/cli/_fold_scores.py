"""Scores of several models over the same folds: their means, how far the folds differ, and who is better."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from multilayer.cli._folds import Folds
from multilayer.cli._metrics import Metric
from multilayer.cli._tables import TextTable, count
from multilayer.cli._task import Answer, Task

# A difference beyond so many of its errors is more than the choice of the rows.
_ERRORS = 2.0
_WIDEST_HEADING = 8
ROUGH = "Folds share training rows: all these errors are rough ones."
WIDENED = (
    "The error of a difference is widened for that by the rule of Nadeau and Bengio (2003), the others are the "
    "standard deviation over the folds / √(number of folds)."
)


@dataclass(frozen=True)
class ModelFolds:
    """One model in all folds that it was trained in: by the number of the fold, from 0."""

    name: str
    answers: Mapping[int, Answer]  # for the test rows
    scores: Mapping[int, Any]

    def mean(self, metrics: Sequence[Metric]) -> Any:
        """The mean of each score, as scores."""
        first = next(iter(self.scores.values()))
        return replace(first, **{metric.name: spread(self.of(metric).values()).mean for metric in metrics})

    def of(self, metric: Metric) -> dict[int, float]:
        """One score of each fold."""
        return {fold: metric.of(scores) for fold, scores in self.scores.items()}


@dataclass(frozen=True)
class Spread:
    """A mean over folds and its error; NaN where there is none."""

    mean: float
    error: float


@dataclass(frozen=True)
class Comparison:
    """How much better or worse the network is than another model, fold by fold."""

    metric: Metric
    difference: Spread  # the network's score less the other's
    n_better: int
    n_folds: int

    @property
    def is_better(self) -> bool:
        return self.metric.better(self.difference.mean, 0.0)

    @property
    def is_worse(self) -> bool:
        """Whether the network is worse by more than the choice of the rows explains."""
        return self.n_folds > 1 and self.is_beyond_chance and not self.is_better

    @property
    def is_beyond_chance(self) -> bool:
        return abs(self.difference.mean) > _ERRORS * self.difference.error


def scored(task: Task, name: str, answers: Mapping[int, Answer], folds: Folds, y: Any) -> ModelFolds:
    """The answers of a model in some folds, held against what is so."""
    scores = {fold: task.measure(name, y[folds.splits[fold][1]], answer) for fold, answer in answers.items()}
    return ModelFolds(name, answers, scores)


def spread(values: Iterable[float]) -> Spread:
    """The mean of those that are known, and its standard error: their standard deviation / √n.

    Examples
    --------
    >>> spread([1.0, 3.0, float("nan")])
    Spread(mean=2.0, error=1.0)
    """
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return Spread(math.nan, math.nan)
    # In multiples of the largest, since squares of amounts may be too large for a float.
    unit = max(map(abs, known)) or 1.0
    error = float(np.std(np.array(known) / unit, ddof=1)) / math.sqrt(len(known)) * unit if len(known) > 1 else math.nan
    return Spread(float(np.mean(known)), error)


def compare(network: ModelFolds, other: ModelFolds, metric: Metric, folds: Folds) -> Comparison:
    """The differences in the folds that both were trained in.

    The error is the standard deviation of the differences times √(1/n + tested/trained), in place of √(1/n): the
    networks of two folds share most of their training rows, and repeats share all rows.

    References
    ----------
    Nadeau and Bengio, Inference for the generalization error, Machine Learning 52 (2003), 239-281.
    """
    ours, theirs = network.of(metric), other.of(metric)
    both = [fold for fold in ours if fold in theirs and not math.isnan(ours[fold] - theirs[fold])]
    plain = spread(ours[fold] - theirs[fold] for fold in both)
    tested = [len(folds.splits[fold][1]) / len(folds.splits[fold][0]) for fold in both]
    widened = plain.error * math.sqrt(1.0 + len(both) * float(np.mean(tested))) if len(both) > 1 else math.nan
    n_better = sum(metric.better(ours[fold], theirs[fold]) for fold in both)
    return Comparison(metric, Spread(plain.mean, widened), n_better, len(both))


def means_table(models: Sequence[ModelFolds], metrics: Sequence[Metric], what: str) -> TextTable:
    """One line a score: the mean of each model and its standard error."""
    rows = [
        (metric.heading, *(_with_error(spread(model.of(metric).values()), metric) for model in models))
        for metric in metrics
    ]
    headings = ("score", *(model.name for model in models))
    return TextTable(f"Scores over {what}, mean ± standard error", headings, tuple(rows), "l" + "r" * len(models))


def comparison_table(comparisons: Sequence[Comparison], other: str) -> TextTable:
    """One line a score."""
    rows = [
        (
            comparison.metric.heading,
            signed(comparison.difference, comparison.metric),
            f"{comparison.n_better} of {count(comparison.n_folds, 'fold')}",
        )
        for comparison in comparisons
    ]
    return TextTable(
        f"Network minus {other}, in the same folds", ("score", "difference", "better in"), tuple(rows), "lrr"
    )


def folds_table(
    model: ModelFolds, metrics: Sequence[Metric], folds: Folds, epochs: Mapping[int, int], most: int
) -> TextTable:
    """One line a fold, of at most so many."""
    shown = list(model.scores)[:most]
    rows = []
    for fold in shown:
        train, test = folds.splits[fold]
        scores = (metric.write(metric.of(model.scores[fold])) for metric in metrics)
        rows.append((folds.name(fold), f"{len(train):,}", f"{len(test):,}", *scores, f"{epochs[fold]:,}"))
    if len(shown) < len(model.scores):
        rows.append((f"... {len(model.scores) - len(shown):,} more", *[""] * (len(metrics) + 3)))
    headings = (
        "fold",
        *map(_narrow, ("trained on", "tested on", *(metric.heading for metric in metrics))),
        "epochs",
    )
    return TextTable("The network, fold by fold", headings, tuple(rows), "l" + "r" * (len(headings) - 1))


def verdict(comparison: Comparison, other: str) -> str:
    """Whether the network is better than another model by more than the choice of the rows explains."""
    metric, difference, n = comparison.metric, comparison.difference, comparison.n_folds
    side = "higher" if difference.mean > 0 else "lower"
    if n == 1:
        amount = metric.write(abs(difference.mean))
        return f"In the one fold that was done its {metric.heading} is {amount} {side}; one fold decides nothing."
    text = (
        f"Fold by fold its {metric.heading} is {_with_error(replace(difference, mean=abs(difference.mean)), metric)} "
        f"{side} than that of {other}, and better in {comparison.n_better} of {n} folds: "
    )
    if not comparison.is_beyond_chance:
        return text + (
            "within what the choice of the rows explains, so that by this score neither of the two is shown to be "
            "better."
        )
    if comparison.is_better:
        return text + "the network is better by more than the choice of the rows explains."
    return f"{text}the network is worse by more than the choice of the rows explains."


def _with_error(value: Spread, metric: Metric) -> str:
    return metric.write_with_error(value.mean, value.error)


def signed(value: Spread, metric: Metric) -> str:
    """A difference and its error, with a sign unless it is nothing."""
    text = _with_error(replace(value, mean=abs(value.mean)), metric)
    if math.isnan(value.mean) or not any(digit in "123456789" for digit in text.partition(" ± ")[0]):
        return text
    return ("+" if value.mean > 0 else "-") + text


def _narrow(heading: str) -> str:
    """In two lines, where the heading is wider than what stands under it."""
    return textwrap.fill(heading, _WIDEST_HEADING, break_on_hyphens=False)
