"""The candidates and the trials of ``multilayer search``, beside other models in the same folds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from multilayer.cli.evaluation.kinds import DROPOUT, HIDDEN, STEP_SIZE, WEIGHT_DECAY, kind_name, space_of
from multilayer.cli.evaluation.run import Fits, Run
from multilayer.cli.evaluation.scores import ROUGH, ModelScores, best_of, compare, spread, verdict
from multilayer.cli.evaluation.settings import NetworkSettings, TableSettings
from multilayer.cli.evaluation.splits import Splits
from multilayer.cli.evaluation.tasks import Metric
from multilayer.cli.text import count, text_table
from multilayer.results import Table, listing
from multilayer.selection import Search, Trial, rung_epochs
from multilayer.tables.models import NetworkKind

_IN_WORDS = (
    "one or two hidden layers of 64, 128 or 256 units, step sizes within a factor of 4 of the recipe's, weight decay "
    "within a factor of 10, and dropout up to twice the recipe's (at most 0.6)"
)

MOST_TRIALS = 10  # that are printed
FACTOR = 3.0  # successive halving: a third of the trials on a rung are trained three times as long
_LEAST_UPDATES = 300


@dataclass(frozen=True)
class SearchOptions:
    """The options of a search."""

    n_trials: int
    minutes: float | None  # None for no limit
    epochs: int  # of a whole training
    first_rung: int  # the epochs after which less promising trials end; those of a whole training for all to be whole
    sampler: str  # "random" or "optuna"
    journal: Path | None
    simplest: bool  # whether the one-standard-error choice is trained on all rows, not the best trial
    seed: int  # of the folds, the candidates and all networks
    defaults: TableSettings  # trial 1
    kinds: Mapping[str, NetworkKind]  # of the candidates

    @property
    def has_halving(self) -> bool:
        """Whether less promising trials are trained for fewer epochs."""
        return self.first_rung < self.epochs

    def settings(self, params: Mapping[str, Any]) -> NetworkSettings:
        """The settings of a candidate."""
        kind = self.kinds[kind_name(params)]
        given = {
            "hidden": tuple(params[HIDDEN]),
            "step_size": float(params[STEP_SIZE]),
            "weight_decay": float(params[WEIGHT_DECAY]),
            "dropout": float(params[DROPOUT]),
            "epochs": self.epochs,
        }
        return NetworkSettings.of(given, kind, self.epochs, self.seed)

    @property
    def space(self) -> list[dict[str, Any]]:
        """The candidates of each kind."""
        return [space_of(kind, self.encoding) for kind in self.kinds.values()]

    @property
    def encoding(self) -> Mapping[str, Any]:
        """The options of TableEncoder that all kinds have."""
        return self.kinds["numbers"].encoding

    def in_words(self) -> str:
        """What is searched, in a sentence or two."""
        drawn = "drawn at random" if self.sampler == "random" else "proposed by Optuna"
        until = "" if self.minutes is None else f" within --minutes {self.minutes:g}"
        halving = (
            ", the less promising ones for fewer; those trained furthest are ranked first" if self.has_halving else ""
        )
        return (
            f"Search: the defaults, a table model with preset {self.defaults.preset!r}, as trial 1, and "
            f"{count(self.n_trials, 'single network')} {drawn}{until}, around the recipes of the table models: "
            f"of the kinds {listing(list(self.kinds))}, with {_IN_WORDS}. Each is trained for up to "
            f"{count(self.epochs, 'epoch')}{halving}."
        )


def first_rung(epochs: int, n_trials: int, n_rows: int, batch: int) -> int:
    """The epochs, of a training on so many rows in batches, after which trials are compared for the first time.

    A ninth of a whole training, and more with so few trials that too few would be trained to the end.  On a small table
    that is about a hundred updates, which show what learns fast, not what is good.  Where three times as long is no
    shorter than a whole training, all are trained to the end.

    Examples
    --------
    >>> [first_rung(30, 30, n_rows, 200) for n_rows in (40_000, 6_000, 800)], first_rung(30, 5, 40_000, 200)
    ([3, 10, 30], 10)
    """
    updates = math.ceil(n_rows / batch)
    rung = max(rung_epochs(epochs, n_trials, FACTOR)[0], math.ceil(_LEAST_UPDATES / updates))
    return epochs if rung * math.sqrt(FACTOR) >= epochs else rung


def sizes(settings: NetworkSettings) -> str:
    """The value of ``--hidden``."""
    return ",".join(map(str, settings.hidden))


def number_of(trial: Trial) -> int:
    """The number of a trial, of which the defaults are the first."""
    return trial.number + 2


def described(settings: NetworkSettings) -> str:
    """A candidate in words."""
    layers = "a hidden layer of" if len(settings.hidden) == 1 else "two hidden layers of"
    units = settings.hidden[0]  # both have as many
    kind = "" if settings.kind is None else f"kind {settings.kind.name}, "
    return (
        f"{kind}{layers} {units} units, step size {settings.step_size:.4g}, weight decay {settings.weight_decay:.4g}, "
        f"dropout {settings.dropout:g}"
    )


def is_whole(trial: Trial, options: SearchOptions) -> bool:
    """Whether a trial was trained to the end."""
    return trial.epochs >= options.epochs or (not trial.error and trial.has_ended)


def mark(trial: Trial, result: Search) -> str:
    """Whether it is the best, or the simplest within one standard error of the best."""
    return "best" if trial is result.best else "1 SE" if trial is result.simplest else ""


def fold_scores(trial: Trial, metric: Metric) -> list[float]:
    """The scores of a trial in each fold, without the sign that the search gives them."""
    return [score if metric.greater_is_better else -score for score in trial.fold_scores]


def models_of(run: Run, result: Search, defaults: ModelScores, linear: Fits) -> list[ModelScores]:
    """The defaults, the best network, the simplest if that is another, the linear model and the baseline."""
    task = run.task
    named = {"best network": result.best}
    if result.simplest is not result.best:
        named["simplest network"] = result.simplest
    return [
        defaults,
        *(_of_trial(name, trial, task.decisive) for name, trial in named.items()),
        ModelScores.of(task.linear_name, run, run.predict(linear, list(linear.models))),
        ModelScores.of(task.baseline_name, run, run.baseline(range(len(run.splits)))),
    ]


def _of_trial(name: str, trial: Trial, metric: Metric) -> ModelScores:
    """The decisive scores; a search keeps no predictions and no other scores."""
    return ModelScores(name, {}, {fold: {metric.name: s} for fold, s in enumerate(fold_scores(trial, metric))})


def trials_table(result: Search, defaults: ModelScores, options: SearchOptions, metric: Metric) -> Table:
    """One line for each trial, the best first; of many the best, and the simplest.  The defaults are on top."""
    order = result.ranked
    shown = order[:MOST_TRIALS]
    if result.simplest not in shown:
        shown = [*order[: MOST_TRIALS - 1], result.simplest]
    rows = [("1", "defaults", "", "", "", "", metric.write(*defaults.spread(metric)), "")]
    for trial in shown:
        settings = options.settings(trial.params)
        score = "failed" if math.isnan(trial.mean) else metric.write(*spread(fold_scores(trial, metric)))
        numbers = f"{settings.step_size:.2g}", f"{settings.weight_decay:.2g}", f"{settings.dropout:g}"
        kind = kind_name(trial.params)
        rows.append((str(number_of(trial)), kind, sizes(settings), *numbers, score, mark(trial, result)))
    headings = ("trial", "kind", "hidden", "step\nsize", "weight\ndecay", "drop-\nout", metric.heading, "")
    few = len(shown) < len(order)
    networks = f"the best {len(shown)} of {len(order):,} networks" if few else count(len(order), "network")
    title = f"Defaults and {networks}, mean ± standard error over {count(len(result.best.fold_scores), 'fold')}"
    return text_table(title, headings, rows, "lllrrrrl")


def conclusion(
    result: Search,
    chosen: Trial | None,
    options: SearchOptions,
    metric: Metric,
    models: Sequence[ModelScores],
    splits: Splits,
) -> str:
    """The best trial, whether it is better than the other models, and how far to trust that.

    ``chosen`` is None for the defaults.
    """
    best, simplest = result.best, result.simplest
    defaults, network = models[0], models[1]
    first = best_of([defaults, network], metric)
    other = best_of([network if first is defaults else defaults, *models[-2:]], metric)
    decision = compare(first, other, metric, splits)
    named = f"trial {number_of(best)}, {described(options.settings(best.params))}"
    name = "trial 1, the defaults" if first is defaults else named
    parts = [
        f"Best is {name}: its {metric.heading} is {metric.write(*first.spread(metric))}.",
        verdict(decision, f"{'the ' * (other in (defaults, network))}{other.name}", "model"),
    ]
    if first is defaults:
        reached = metric.write(*network.spread(metric))
        parts.append(f"The best of the networks is {named}, with {reached}.")
    if not is_whole(best, options):
        n_whole = sum(is_whole(trial, options) for trial in result.trials)
        others = f", as {n_whole} of the {len(result.trials)} were" if n_whole else ""
        parts.append(
            f"That is after {best.epochs} of {count(options.epochs, 'epoch')}: trained to the end{others}, it may be "
            "better or worse."
        )
    elif first is not defaults and decision.is_worse and decision.n_folds > 1:
        parts.append(advice_on_trials([sum(fold.score for fold in rung) / len(rung) for rung in best.scores]))
    if simplest is not best:
        smaller = (
            f"with {simplest.n_weights:,} weights in place of {best.n_weights:,}"
            if simplest.n_weights < best.n_weights
            else "of the same size"
        )
        # With the defaults ahead by more than that error, --simplest does not choose it either.
        if chosen is simplest or not options.simplest:
            how = "it was chosen" if chosen is simplest else "--simplest chooses it"
            parts.append(
                f"Within one standard error of the best network, trial {number_of(simplest)} is the simplest, "
                f"{smaller}: {how}."
            )
    if first is not defaults and len(result.trials) > 1:
        parts.append(
            f"The best of {len(result.trials)} was chosen for its score, which is therefore a little better than on "
            "new rows."
        )
    parts.append("The networks of the defaults stopped at their best epoch on the rows that score them.")
    return " ".join([*parts, ROUGH])


def chosen_trial(result: Search, defaults: ModelScores, options: SearchOptions, metric: Metric) -> Trial | None:
    """The trial to train on all rows; None for the defaults, where no network has a better score.

    With ``--simplest`` the smallest network is chosen if it is within one standard error of the defaults too.
    """
    mean, error = defaults.spread(metric)
    wanted = result.simplest if options.simplest else result.best
    score = spread(fold_scores(wanted, metric))[0]
    if options.simplest and not math.isnan(error):
        mean += -error if metric.greater_is_better else error
    return wanted if metric.is_better(score, mean) else None


def advice_on_trials(means: Sequence[float]) -> str:
    """What to try where the best trial of a search, trained to the end, is worse than another model.

    ``means`` are its mean scores from rung to rung, of which higher is better.
    """
    still_rises = len(means) > 1 and means[-1] > means[-2]
    return f"More --trials{' or --epochs' if still_rises else ''} may find a better one."
