"""The trials of a search beside other models in the same folds, and the conclusion."""

from __future__ import annotations

import math
from collections.abc import Sequence

from multilayer.cli.evaluation.run import Fits, Run
from multilayer.cli.evaluation.scores import ROUGH, ModelScores, better_of, compare, spread, verdict
from multilayer.cli.evaluation.space import SearchOptions, described, sizes
from multilayer.cli.evaluation.splits import Splits
from multilayer.cli.evaluation.tasks import Metric
from multilayer.cli.text import count, text_table
from multilayer.results import Table
from multilayer.selection import Search, Trial

MOST_TRIALS = 10  # that are printed


def is_whole(trial: Trial, options: SearchOptions) -> bool:
    """Whether a trial was trained to the end."""
    return trial.epochs >= options.epochs or (not trial.error and trial.has_ended)


def mark(trial: Trial, result: Search) -> str:
    """Whether it is the best, or the simplest within one standard error of the best."""
    return "best" if trial is result.best else "1 SE" if trial is result.simplest else ""


def fold_scores(trial: Trial, metric: Metric) -> list[float]:
    """The scores of a trial in each fold, without the sign that the search gives them."""
    return [score if metric.greater_is_better else -score for score in trial.fold_scores]


def models_of(run: Run, result: Search, linear: Fits) -> list[ModelScores]:
    """The best network, the simplest if that is another, the linear model and the baseline."""
    task = run.task
    named = {"best network": result.best}
    if result.simplest is not result.best:
        named["simplest network"] = result.simplest
    return [
        *(_of_trial(name, trial, task.decisive) for name, trial in named.items()),
        ModelScores.of(task.linear_name, run, run.predict(linear, list(linear.models))),
        ModelScores.of(task.baseline_name, run, run.baseline(range(len(run.splits)))),
    ]


def _of_trial(name: str, trial: Trial, metric: Metric) -> ModelScores:
    """The decisive scores; a search keeps no predictions and no other scores."""
    return ModelScores(name, {}, {fold: {metric.name: s} for fold, s in enumerate(fold_scores(trial, metric))})


def trials_table(result: Search, options: SearchOptions, metric: Metric) -> Table:
    """One line for each trial, the best first; of many the best, and the simplest."""
    order = result.ranked
    shown = order[:MOST_TRIALS]
    if result.simplest not in shown:
        shown = [*order[: MOST_TRIALS - 1], result.simplest]
    rows = []
    for trial in shown:
        settings = options.settings(trial.params)
        score = "failed" if math.isnan(trial.mean) else metric.write(*spread(fold_scores(trial, metric)))
        numbers = (f"{settings.step_size:.2g}", f"{settings.alpha:.2g}", score, f"{trial.epochs:,}")
        rows.append((str(trial.number + 1), sizes(settings), *numbers, f"{trial.n_weights:,}", mark(trial, result)))
    headings = ("trial", "hidden", "step\nsize", "alpha", metric.heading, "epochs", "weights", "")
    which = f"The best {len(shown)} of {len(order):,} trials" if len(shown) < len(order) else count(len(order), "trial")
    title = f"{which}, mean ± standard error over {count(len(result.best.fold_scores), 'fold')}"
    return text_table(title, headings, rows, "llrrrrrl")


def models_table(models: Sequence[ModelScores], metric: Metric, splits: Splits) -> Table:
    """The score of each model, and its difference from the linear model fold by fold."""
    linear = models[-2]
    rows = []
    for model in models:
        found = compare(model, linear, metric, splits)
        compared = ("", "") if model is linear else (found.in_words(), found.better_in())
        rows.append((model.name, metric.write(*model.spread(metric)), *compared))
    title = f"Models in the same {count(len(splits), 'fold')}, mean ± standard error"
    return text_table(title, ("model", metric.heading, f"minus\n{linear.name}", "better in"), rows, "lrrr")


def conclusion(
    result: Search, options: SearchOptions, metric: Metric, models: Sequence[ModelScores], splits: Splits
) -> str:
    """The best trial, whether it is better than the other models, and how far to trust that."""
    best, simplest = result.best, result.simplest
    other = better_of(models[-2], models[-1], metric)
    decision = compare(models[0], other, metric, splits)
    parts = [
        f"Best is trial {best.number + 1}, {described(options.settings(best.params))}: its {metric.heading} is "
        f"{metric.write(*models[0].spread(metric))}.",
        verdict(decision, other.name),
    ]
    if not is_whole(best, options):
        n_whole = sum(is_whole(trial, options) for trial in result.trials)
        others = f", as {n_whole} of the {len(result.trials)} were" if n_whole else ""
        parts.append(
            f"That is after {best.epochs} of {count(options.epochs, 'epoch')}: trained to the end{others}, it may be "
            "better or worse."
        )
    elif decision.is_worse and decision.n_folds > 1:
        parts.append(advice_on_trials([sum(fold.score for fold in rung) / len(rung) for rung in best.scores]))
    if simplest is not best:
        smaller = (
            f"with {simplest.n_weights:,} weights in place of {best.n_weights:,}"
            if simplest.n_weights < best.n_weights
            else "with more regularisation"
        )
        chosen = "it was chosen" if options.simplest else "--simplest chooses it"
        parts.append(
            f"Within one standard error of the best, trial {simplest.number + 1} is the simplest, {smaller}: {chosen}."
        )
    if len(result.trials) > 1:
        parts.append(
            f"The best of {len(result.trials)} was chosen for its score, which is therefore a little better than on "
            "new rows."
        )
    return " ".join([*parts, ROUGH])


def advice_on_trials(means: Sequence[float]) -> str:
    """What to try where the best trial of a search, trained to the end, is worse than another model.

    ``means`` are its mean scores from rung to rung, of which higher is better.
    """
    still_rises = len(means) > 1 and means[-1] > means[-2]
    return f"More --trials{' or --epochs' if still_rises else ''} may find a better one."
