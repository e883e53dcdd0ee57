"""The scores of several models on the same splits: means, errors, tables, and which model is better."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from multilayer.cli.evaluation.problem import RowNumbers
from multilayer.cli.evaluation.run import Run
from multilayer.cli.evaluation.splits import Splits
from multilayer.cli.evaluation.tasks import TREES_NAME, Metric, Predictions
from multilayer.cli.text import count, text_table
from multilayer.results import Table
from multilayer.selection import mean_and_error

ERRORS = 2.0  # a difference of more standard errors than this is no chance
_WIDEST_HEADING = 8
_WIDEST_NAME = 12  # of a model
MOST_FOLDS = 20  # that are printed
ROUGH = "Folds share training rows: all these errors are approximate."
WIDENED = (
    "The error of a difference is widened for that by the rule of Nadeau and Bengio (2003), the others are the "
    "standard deviation over the folds / √(number of folds)."
)


@dataclass(frozen=True)
class ModelScores:
    """The predictions and scores of one model, by the number of the fold from 0."""

    name: str
    predictions: Mapping[int, Predictions]  # for the test rows
    scores: Mapping[int, dict[str, float]]  # by the name of the metric

    @classmethod
    def of(cls, name: str, run: Run, predictions: Mapping[int, Predictions], side: int = 1) -> ModelScores:
        """The scores on the test rows of the folds or, with side 0, on their training rows."""
        tested = {fold: run.y[run.splits.rows[fold][side]] for fold in predictions}
        return cls(name, predictions, {fold: run.task.score(tested[fold], predictions[fold]) for fold in predictions})

    def by_fold(self, metric: Metric) -> dict[int, float]:
        return {fold: scores[metric.name] for fold, scores in self.scores.items()}

    def spread(self, metric: Metric) -> tuple[float, float]:
        """The mean over the folds and its standard error."""
        return spread(self.by_fold(metric).values())


@dataclass(frozen=True)
class Comparison:
    """The differences between the network and another model in the same folds."""

    metric: Metric
    difference: float  # the mean of the network's score less the other's
    error: float  # its standard error
    n_better: int
    n_folds: int

    @property
    def is_worse(self) -> bool:
        """Whether the network is worse; in several folds by more than chance."""
        return self.metric.is_better(0.0, self.difference) and (self.n_folds == 1 or self.is_beyond_chance)

    @property
    def is_beyond_chance(self) -> bool:
        return abs(self.difference) > ERRORS * self.error

    def in_words(self) -> str:
        """The difference and its error, with a sign unless it is 0."""
        text = self.metric.write(abs(self.difference), self.error)
        if math.isnan(self.difference) or not any(digit in "123456789" for digit in text.partition(" ± ")[0]):
            return text
        return ("+" if self.difference > 0 else "-") + text

    def better_in(self) -> str:
        return f"{self.n_better} of {count(self.n_folds, 'fold')}"


def spread(values: Iterable[float]) -> tuple[float, float]:
    """The mean of the values that are not NaN, and its standard error.

    Examples
    --------
    >>> spread([1.0, 3.0, float("nan")])
    (2.0, 1.0)
    """
    known = np.array([value for value in values if not math.isnan(value)])
    if not len(known):
        return math.nan, math.nan
    # In multiples of the largest, since squares of amounts may be too large for a float.
    unit = float(np.abs(known).max()) or 1.0
    return float(known.mean()), float(mean_and_error(known / unit)[1]) * unit


def compare(network: ModelScores, other: ModelScores, metric: Metric, splits: Splits) -> Comparison:
    """Compare two models in the folds that both were trained in.

    The error is the standard deviation of the differences times √(1/n + tested/trained), in place of √(1/n): the
    networks of two folds share most of their training rows, and repeats share all rows.

    References
    ----------
    Nadeau and Bengio, Inference for the generalization error, Machine Learning 52 (2003), 239-281.
    """
    ours, theirs = network.by_fold(metric), other.by_fold(metric)
    both = [fold for fold in ours if fold in theirs and not math.isnan(ours[fold] - theirs[fold])]
    mean, error = spread(ours[fold] - theirs[fold] for fold in both)
    tested = [len(splits.rows[fold][1]) / len(splits.rows[fold][0]) for fold in both]
    widened = error * math.sqrt(1.0 + len(both) * float(np.mean(tested))) if len(both) > 1 else math.nan
    n_better = sum(metric.is_better(ours[fold], theirs[fold]) for fold in both)
    return Comparison(metric, mean, widened, n_better, len(both))


def best_of(models: Sequence[ModelScores], metric: Metric) -> ModelScores:
    """The model that the network is compared with."""
    best = models[0]
    for model in models[1:]:
        if metric.is_better(model.spread(metric)[0], best.spread(metric)[0]):
            best = model
    return best


def verdict(comparison: Comparison, other: str, model: str = "network") -> str:
    """Whether the network, or another kind of model, is better than a model by more than chance, over several folds."""
    metric, n = comparison.metric, comparison.n_folds
    side = "higher" if comparison.difference > 0 else "lower"
    if n == 1:
        amount = metric.write(abs(comparison.difference))
        return f"In the only fold that was completed its {metric.heading} is {amount} {side}, which proves nothing."
    amount = metric.write(abs(comparison.difference), comparison.error)
    text = (
        f"Fold by fold its {metric.heading} is {amount} {side} than that of {other}, and better in "
        f"{comparison.n_better} of {n} folds: "
    )
    if not comparison.is_beyond_chance:
        return f"{text}this may be chance, so that neither of the two is shown to be better."
    better = "worse" if comparison.is_worse else "better"
    return f"{text}the {model} is {better} by more than chance explains."


def scores_table(title: str, models: Sequence[ModelScores], metrics: Sequence[Metric]) -> Table:
    """One line for each score: the mean of each model, over several folds with its standard error."""
    several = len(models[0].scores) > 1

    def written(model: ModelScores, metric: Metric) -> str:
        return metric.write(*model.spread(metric)) if several else metric.write(model.spread(metric)[0])

    rows = [(metric.heading, *(written(model, metric) for model in models)) for metric in metrics]
    names = [model.name for model in models]
    if TREES_NAME in names:  # more models than one line has room for
        names = [textwrap.fill(name, _WIDEST_NAME, break_long_words=False, break_on_hyphens=False) for name in names]
    return text_table(title, ("score", *names), rows, "l" + "r" * len(models))


def comparison_table(comparisons: Sequence[Comparison], other: str) -> Table:
    """One line for each score."""
    rows = [(found.metric.heading, found.in_words(), found.better_in()) for found in comparisons]
    n = max(found.n_folds for found in comparisons)
    return text_table(
        f"Network minus {other}, in the same {count(n, 'fold')}", ("score", "difference", "better in"), rows, "lrr"
    )


def models_table(models: Sequence[ModelScores], reference: ModelScores, metric: Metric, splits: Splits) -> Table:
    """The score of each model, and its difference from one of them fold by fold."""
    rows = []
    for model in models:
        found = compare(model, reference, metric, splits)
        compared = ("", "") if model is reference else (found.in_words(), found.better_in())
        rows.append((model.name, metric.write(*model.spread(metric)), *compared))
    n, planned = len(reference.scores), len(splits)
    which = count(n, "fold") if n == planned else f"{n} of {planned} folds"
    title = f"Models in the same {which}, mean ± standard error"
    return text_table(title, ("model", metric.heading, f"minus\n{reference.name}", "better in"), rows, "lrrr")


def folds_table(
    model: ModelScores, metrics: Sequence[Metric], splits: Splits, last: str, size: Callable[[int], int]
) -> Table:
    """One line for each of the first folds; the last column has the ``size`` of its training."""
    rows = []
    for fold, scores in list(model.scores.items())[:MOST_FOLDS]:
        sizes = (f"{len(part):,}" for part in splits.rows[fold])
        rows.append((splits.name(fold), *sizes, *(m.write(scores[m.name]) for m in metrics), f"{size(fold):,}"))
    if len(rows) < len(model.scores):
        rows.append((f"... {len(model.scores) - len(rows):,} more", *[""] * (len(metrics) + 3)))
    # Headings are wrapped where they are wider than the cells below them.
    wide = ("trained on", "tested on", *(metric.heading for metric in metrics))
    headings = ("fold", *(textwrap.fill(each, _WIDEST_HEADING, break_on_hyphens=False) for each in wide), last)
    return text_table("The network, fold by fold", headings, rows, "l" + "r" * (len(headings) - 1))


def out_of_fold(model: ModelScores, splits: Splits, m: int) -> tuple[RowNumbers, Predictions]:
    """The tested rows, and the prediction for each by a model that was not trained on it; over repeats, the mean."""
    n_times = np.zeros(m)
    total = np.zeros((m, *next(iter(model.predictions.values())).shape[1:]))
    for fold, predictions in model.predictions.items():
        n_times[splits.rows[fold][1]] += 1
        total[splits.rows[fold][1]] += predictions
    rows = np.flatnonzero(n_times)
    means: Predictions = total[rows] / n_times[rows].reshape(-1, *[1] * (total.ndim - 1))
    return rows, means
