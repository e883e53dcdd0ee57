"""The scores of a search: the best trials, other models in the same folds, and what to conclude."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from numpy.typing import NDArray

from multilayer.cli._advice import recommend_trials
from multilayer.cli._fold_scores import ROUGH, ModelFolds, compare, scored, signed, spread, verdict
from multilayer.cli._folds import Folds
from multilayer.cli._metrics import Metric
from multilayer.cli._space import Wanted, described, sizes
from multilayer.cli._tables import TextTable, count
from multilayer.cli._task import Task
from multilayer.selection import Fold, Search, Trial

MOST_TRIALS = 10  # that are printed
BEST, SIMPLEST = "best", "1 SE"


def is_whole(trial: Trial, wanted: Wanted) -> bool:
    """Whether longer training would change nothing, or is not wanted."""
    return trial.epochs >= wanted.epochs or (not trial.error and trial.has_ended)


def mark(trial: Trial, result: Search) -> str:
    """Whether it is the best, or the simplest within one standard error of that."""
    return BEST if trial is result.best else SIMPLEST if trial is result.simplest else ""


def fold_scores(trial: Trial, metric: Metric) -> list[float]:
    """As the metric has them: the search has those turned that are better when lower."""
    return [score if metric.greater_is_better else -score for score in trial.fold_scores]


def trials_table(result: Search, wanted: Wanted, metric: Metric) -> TextTable:
    """One line a trial, the best first; of many the best, and the simplest."""
    order = result.ranked
    shown = order[:MOST_TRIALS]
    if result.simplest not in shown:
        shown = [*order[: MOST_TRIALS - 1], result.simplest]
    rows = tuple(_row(trial, result, wanted, metric) for trial in shown)
    headings = ("trial", "hidden", "step\nsize", "alpha", metric.heading, "epochs", "weights", "")
    which = f"The best {len(shown)} of {len(order):,} trials" if len(shown) < len(order) else count(len(order), "trial")
    title = f"{which}, mean ± standard error over {count(len(result.best.fold_scores), 'fold')}"
    return TextTable(title, headings, rows, "llrrrrrl")


def _row(trial: Trial, result: Search, wanted: Wanted, metric: Metric) -> tuple[str, ...]:
    settings = wanted.settings(trial.params)
    mean = spread(fold_scores(trial, metric))
    score = "failed" if math.isnan(trial.mean) else metric.write_with_error(mean.mean, mean.error)
    return (
        f"{trial.number + 1}",
        sizes(settings),
        f"{settings.step_size:.2g}",
        f"{settings.alpha:.2g}",
        score,
        f"{trial.epochs:,}",
        f"{trial.n_weights:,}",
        mark(trial, result),
    )


def models_of(
    task: Task, folds: Folds, y: NDArray[Any], result: Search, linear: Mapping[int, Fold]
) -> tuple[ModelFolds, ...]:
    """The best network, the simplest if that is another, the linear model and the constant answer."""
    names = {"best network": result.best}
    if result.simplest is not result.best:
        names["simplest network"] = result.simplest
    constant = {fold: task.baseline_from(y[train], len(test)) for fold, (train, test) in enumerate(folds.splits)}
    return (
        *(_of_trial(name, trial, task.decisive) for name, trial in names.items()),
        scored(task, task.linear_name, {fold: task.answer_of_fold(one) for fold, one in linear.items()}, folds, y),
        scored(task, task.baseline_name, constant, folds, y),
    )


def _of_trial(name: str, trial: Trial, metric: Metric) -> ModelFolds:
    """Its scores; a search keeps no answers, and no other scores."""
    scores = fold_scores(trial, metric)
    return ModelFolds(name, {}, {fold: SimpleNamespace(**{metric.name: one}) for fold, one in enumerate(scores)})


def models_table(models: Sequence[ModelFolds], metric: Metric, folds: Folds) -> TextTable:
    """The score of each model, and how much more or less that is than the linear model's, fold by fold."""
    linear = models[-2]
    rows = []
    for model in models:
        mean = spread(model.of(metric).values())
        row = (model.name, metric.write_with_error(mean.mean, mean.error))
        if model is linear:
            rows.append((*row, "", ""))
            continue
        compared = compare(model, linear, metric, folds)
        better = f"{compared.n_better} of {count(compared.n_folds, 'fold')}"
        rows.append((*row, signed(compared.difference, metric), better))
    title = f"Models in the same {count(len(folds.splits), 'fold')}, mean ± standard error"
    return TextTable(title, ("model", metric.heading, f"minus\n{linear.name}", "better in"), tuple(rows), "lrrr")


def conclusion(result: Search, wanted: Wanted, metric: Metric, models: Sequence[ModelFolds], folds: Folds) -> str:
    """What was found, whether it is better than a model without a network, and how far to trust it."""
    best, simplest, (*_, linear, constant) = result.best, result.simplest, models
    mean = spread(fold_scores(best, metric))
    means = [spread(model.of(metric).values()).mean for model in (linear, constant)]
    other = constant if metric.better(means[1], means[0]) else linear
    decision = compare(models[0], other, metric, folds)
    parts = [
        f"Best is trial {best.number + 1}, {described(wanted.settings(best.params))}: its {metric.heading} is "
        f"{metric.write_with_error(mean.mean, mean.error)}.",
        verdict(decision, other.name),
    ]
    if not is_whole(best, wanted):
        n_whole = sum(is_whole(trial, wanted) for trial in result.trials)
        others = f", as {n_whole} of the {len(result.trials)} were" if n_whole else ""
        parts.append(
            f"That is after {best.epochs} of {count(wanted.epochs, 'epoch')}: trained to the end{others}, it may be "
            "better or worse."
        )
    elif decision.is_worse:
        parts.append(recommend_trials([_mean(scores) for scores in best.scores]))
    if simplest is not best:
        taken = "it is the one that was chosen" if wanted.simplest else "--simplest chooses it"
        smaller = (
            f"with {simplest.n_weights:,} weights in place of {best.n_weights:,}"
            if simplest.n_weights < best.n_weights
            else "with more regularisation"
        )
        parts.append(
            f"Within one standard error of the best, trial {simplest.number + 1} is the simplest, {smaller}: {taken}."
        )
    if len(result.trials) > 1:
        parts.append(
            f"The best of {len(result.trials)} was chosen for its score, which is therefore a little better than it "
            "will be on new rows."
        )
    parts.append(ROUGH)
    return " ".join(parts)


def _mean(scores: Sequence[Any]) -> float:
    return sum(scored.score for scored in scores) / len(scores)
