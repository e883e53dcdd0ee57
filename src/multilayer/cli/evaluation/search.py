"""A search for good parameters, and the training of the chosen network on all rows."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from multilayer import ConvergenceWarning
from multilayer.cli.console import Output
from multilayer.cli.evaluation.kinds import kinds_of
from multilayer.cli.evaluation.run import Run, print_columns
from multilayer.cli.evaluation.scores import ModelScores, models_table
from multilayer.cli.evaluation.settings import Settings, TableSettings
from multilayer.cli.evaluation.table_models import (
    check_table_model,
    fit_in_folds,
    table_models_in_words,
)
from multilayer.cli.evaluation.tasks import Metric, Task
from multilayer.cli.evaluation.training import fit_on_all_rows, fit_other_model, networks_in_words
from multilayer.cli.evaluation.trials import (
    FACTOR,
    SearchOptions,
    chosen_trial,
    conclusion,
    first_rung,
    is_whole,
    models_of,
    trials_table,
)
from multilayer.cli.limits import UnfinishedError
from multilayer.cli.progress import progress_display
from multilayer.cli.text import count
from multilayer.exceptions import (
    DivergenceError,
    InputError,
    InterruptedTrainingError,
    InterruptedTrainingWarning,
    JournalError,
    MultilayerError,
)
from multilayer.results import Table
from multilayer.selection import Search, TrialScored, search
from multilayer.tables import ColumnReport

_SHARE = 0.7  # of the time that is left, for the search; the chosen network and the pictures have the rest


@dataclass(frozen=True)
class Found:
    """The result of a search."""

    run: Run
    options: SearchOptions
    result: Search
    linear: ModelScores  # in the same folds
    settings: Settings  # of the chosen trial
    defaults: ModelScores  # trial 1
    model: Any  # the chosen one, trained on all rows; None where Ctrl-C or the end of the time came first
    training: str  # in words; "" for None
    tables: list[Table]
    conclusion: str
    columns: Sequence[ColumnReport]  # of all rows


class DecisiveScore:
    """The scorer of the search: the score by which models are compared, with a sign such that higher is better."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def __call__(self, model: Any, features: Any, targets: Any) -> float:
        metric = self.task.decisive
        score = self.task.score(self.task.actual(targets), self.task.predict(model, features))[metric.name]
        return score if metric.greater_is_better else -score


class SearchProgress:
    """A callback of a search that moves a bar; ``n_scored`` trials have a score, or have failed."""

    def __init__(self, progress: Any, options: SearchOptions, n_folds: int, metric: Metric, output: Output) -> None:
        self._progress, self._metric, self._n_trials = progress, metric, options.n_trials
        self._numbers: set[int] = set()
        self._n_planned = options.n_trials * n_folds
        self._task = progress and progress.add_task("search", total=self._n_planned, text=self._text(math.nan, 0))
        self._journal, self._output = options.journal, output

    @property
    def n_scored(self) -> int:
        return len(self._numbers)

    def __call__(self, event: TrialScored) -> None:
        self._numbers.add(event.trial.number)
        if self._progress is not None:
            best = math.nan if event.best is None else abs(event.best.mean)
            total = max(self._n_planned, event.n_planned)
            text = self._text(best, event.n_done)
            self._progress.update(self._task, completed=event.n_done, total=total, text=text)

    def on_journal(self, n_known: int) -> None:
        """Receive the number of results in the journal."""
        self._output.say(f"{self._journal} holds {count(n_known, 'result')}: the search resumes from there.")

    def _text(self, best: float, n_networks: int) -> str:
        text = f"{self.n_scored:,}/{self._n_trials:,} trials, {n_networks:,} networks"
        return text if math.isnan(best) else f"{text}  best {self._metric.heading} {self._metric.write(best)}"


def options_of(
    run: Run, *, epochs: int | None, n_trials: int, no_halving: bool, preset: str, with_trees: bool, **options: Any
) -> SearchOptions:
    """The options as typed, with defaults that suit the task and the number of rows."""
    kinds = kinds_of(run)
    epochs = epochs or max(kind.parameters["max_iter"] for kind in kinds.values())
    batch = max(kind.parameters["batch_size"] for kind in kinds.values())
    rung = epochs if no_halving else first_rung(epochs, n_trials, run.splits.fewest_to_train, batch)
    minutes, defaults = run.deadline.minutes, TableSettings(preset, with_trees, options["seed"])
    return SearchOptions(
        n_trials=n_trials, minutes=minutes, epochs=epochs, first_rung=rung, defaults=defaults, kinds=kinds, **options
    )


def run_search(run: Run, options: SearchOptions) -> Found:
    """Search, print what was found, and train the chosen network on all rows."""
    task, splits, output = run.task, run.splits, run.output
    columns = run.pipeline(None, options.encoding)[0].fit(run.features, run.y).columns_
    for train, _ in splits.rows:
        check_table_model(run, train)
    linear = fit_other_model(run, task.linear_name, task.linear_model())
    output.say(options.in_words())
    table_model, defaults, seconds = fit_in_folds(run, options.defaults)
    output.say(f"Trial 1: {table_models_in_words({0: table_model}, {0: seconds})}.")
    result = _searched(run, options)
    models = models_of(run, result, defaults, linear)
    chosen = chosen_trial(result, defaults, options, task.decisive)
    tables = [
        trials_table(result, defaults, options, task.decisive),
        models_table(models, models[-2], task.decisive, splits),
    ]
    output.blank()
    text = conclusion(result, chosen, options, task.decisive, models, splits)
    output.say(text)
    for table in tables:
        output.table(table, result=True)
    output.blank()
    settings: Settings = options.defaults
    model, training = table_model, f"Trained {table_models_in_words({0: table_model}, {0: seconds})}."
    if chosen is not None:
        settings = options.settings(chosen.params)
        model = fit_on_all_rows(run, settings, "the chosen network")
        training = "" if model is None else networks_in_words([model[-1]])
        training = training and f"Trained on all {count(len(run.y), 'row')}: {training}."
    if model is not None:
        output.say(training)
        with output.noting_warnings():
            predicted = task.predict(model, run.features)
        for note in task.doubts(run.y, predicted):
            output.note(note)
    print_columns(run, columns)
    return Found(run, options, result, models[-2], settings, defaults, model, training, tables, text, columns)


def _searched(run: Run, options: SearchOptions) -> Search:
    task, output = run.task, run.output
    seconds = run.deadline.seconds_for(_SHARE, "the search began")
    began = time.monotonic()
    # Without callbacks, because a network with callbacks is not put aside and resumed.
    candidate = task.estimator(max_iter=options.epochs, random_state=options.seed, **task.fold_arguments)
    with output.noting_warnings(_wording), progress_display(output, seconds) as progress:
        bar = SearchProgress(progress, options, len(run.splits), task.decisive, output)
        try:
            result = search(
                run.pipeline(candidate, options.encoding),
                options.space,
                run.features,
                run.targets,
                cv=run.splits.rows,
                scoring=DecisiveScore(task),
                sampler=options.sampler,
                n_trials=options.n_trials,
                max_time=seconds,
                halving=options.has_halving,
                factor=FACTOR,
                min_epochs=options.first_rung if options.has_halving else None,
                refit=False,
                baseline=False,
                random_state=options.seed,
                journal=options.journal,
                n_jobs=run.n_jobs,
                callbacks=[bar],
            )
        except (MultilayerError, ValueError) as error:
            is_over = seconds is not None and time.monotonic() - began >= seconds
            raise _no_result(error, bar.n_scored, options, is_over) from error
    _note_end(result, options, seconds is not None and result.seconds >= seconds, output)
    return result


def _wording(warning: Warning) -> str:
    return "" if isinstance(warning, InterruptedTrainingWarning | ConvergenceWarning) else str(warning)


def _no_result(error: Exception, n_scored: int, options: SearchOptions, is_over: bool) -> Exception:
    """The error of a search without a single score."""
    # Without advice on step sizes, which the user does not choose here.
    reason = error.finding if isinstance(error, DivergenceError) else str(error)
    if isinstance(error, JournalError):
        return click.ClickException(str(error))
    if n_scored:
        return InputError(f"all {count(n_scored, 'network')} failed, the first: {reason}")
    if isinstance(error, InterruptedTrainingError):
        return click.Abort()
    if is_over:
        return UnfinishedError(f"no trial had a score within --minutes {options.minutes:g}. Increase --minutes.")
    return InputError(reason)


def _note_end(result: Search, options: SearchOptions, is_over: bool, output: Output) -> None:
    n_scored, n_whole = len(result.trials), sum(is_whole(trial, options) for trial in result.trials)
    if output.was_interrupted or is_over:
        over = f"the time for the search was over (--minutes {options.minutes})"
        resume = "" if options.journal is None else "; the same command resumes from here"
        output.note(
            f"{'interrupted' if output.was_interrupted else over}: {n_scored} of {count(options.n_trials, 'network')} "
            f"have a score, {n_whole} of them {'was' if n_whole == 1 else 'were'} trained to the end{resume}"
        )
    failed = [trial for trial in result.trials if trial.error]
    if failed:
        output.note(f"{len(failed)} of {count(n_scored, 'network')} failed, the first: {failed[0].error}")
