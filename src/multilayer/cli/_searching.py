"""The work of ``multilayer search``: candidates and a linear model in the same folds, the best one on all rows."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from multilayer import ConvergenceWarning
from multilayer.cli._deadline import SHARE_OF_TRAINING, Deadline
from multilayer.cli._errors import UnfinishedError
from multilayer.cli._fold_run import FoldRun, encoded_columns, linear_model
from multilayer.cli._folds import Folds
from multilayer.cli._notes import notes_for_warnings
from multilayer.cli._output import Output
from multilayer.cli._problem import Problem, Settings
from multilayer.cli._progress import Watch
from multilayer.cli._reading import in_shell_words
from multilayer.cli._search_progress import SearchProgress, search_progress
from multilayer.cli._search_scores import conclusion, is_whole, models_of, models_table, trials_table
from multilayer.cli._space import FACTOR, IN_WORDS, Wanted, first_rung, sizes, space
from multilayer.cli._tables import TextTable, count, shell_line
from multilayer.cli._task import Task
from multilayer.cli._tasks import TASKS
from multilayer.cli._training import in_words, trained_with_notes
from multilayer.exceptions import (
    DivergenceError,
    InputError,
    InterruptedTrainingError,
    InterruptedTrainingWarning,
    JournalError,
    MissingExtraError,
    MultilayerError,
)
from multilayer.selection import Search, search
from multilayer.tables import ColumnReport

_SHARE = 0.7  # of the time that is left, for the search; the chosen network and the pictures have the rest


@dataclass(frozen=True)
class Found:
    """What a search has found.

    Attributes
    ----------
    task : Task
    folds : Folds
    columns : what is done with each column of the table, all rows taken together
    result : Search
    linear : the decisive score of the linear model in each fold
    settings : of the network that was chosen
    network : that one, trained on all rows; None where Ctrl-C or the end of the time came first
    trained : how, in words; "" for None
    tables : of the best trials, and of the models
    conclusion : in words
    """

    task: Task
    folds: Folds
    columns: Sequence[ColumnReport]
    result: Search
    linear: Mapping[int, float]
    settings: Settings
    network: Any
    trained: str
    tables: tuple[TextTable, ...]
    conclusion: str


class DecisiveScore:
    """The scorer of the search: the score by which the task compares models, such that higher is better."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def __call__(self, model: Any, features: Any, goal: Any) -> float:
        metric = self.task.decisive
        scores = self.task.measure("network", self.task.actual(goal), self.task.answer_for(model, features))
        return metric.of(scores) if metric.greater_is_better else -metric.of(scores)


def wanted_of(
    problem: Problem, folds: Folds, *, epochs: int | None, n_trials: int, no_halving: bool, **options: Any
) -> Wanted:
    """The options of a search, where left out as suits the task and the number of rows."""
    if options["sampler"] == "optuna":
        _require_optuna()
    epochs = epochs or TASKS[problem.info.task].default_epochs
    rung = epochs if no_halving else first_rung(epochs, n_trials, min(len(train) for train, _ in folds.splits))
    return Wanted(n_trials=n_trials, epochs=epochs, first_rung=rung, **options)


def _require_optuna() -> None:
    try:
        import optuna  # noqa: F401
    except ImportError:
        raise MissingExtraError("--sampler optuna", "Optuna", "optuna") from None


def search_for(
    problem: Problem, wanted: Wanted, folds: Folds, n_jobs: int | None, deadline: Deadline, output: Output
) -> Found:
    """Search, print what was found, and train the network that was chosen on all rows."""
    columns = encoded_columns(problem, folds, output)
    run = FoldRun.begun(problem, folds, n_jobs, deadline, output)
    task, y = run.task, problem.info.y
    linear = linear_model(run)
    output.say(in_plan(wanted))
    result = _searched(run, wanted)
    models = models_of(task, folds, y, result, linear)
    tables = (trials_table(result, wanted, task.decisive), models_table(models, task.decisive, folds))
    for table in tables:
        output.table(table, result=True)
    output.blank()
    text = conclusion(result, wanted, task.decisive, models, folds)
    output.say(text)
    output.blank()
    settings = wanted.settings((result.simplest if wanted.simplest else result.best).params)
    network = _on_all_rows(run, settings)
    trained = "" if network is None else f"Trained on all {count(len(y), 'row')}: {in_words(network[-1])}."
    output.say(trained)
    if network is not None:
        for note in task.doubts(y, task.answer_for(network, run.features)):
            output.note(note)
    of_linear = {fold: task.decisive.of(scores) for fold, scores in models[-2].scores.items()}
    return Found(task, folds, columns, result, of_linear, settings, network and network[-1], trained, tables, text)


def in_plan(wanted: Wanted) -> str:
    """What is searched, in a sentence or two."""
    drawn = "drawn by chance" if wanted.sampler == "random" else "that Optuna proposes"
    until = "" if wanted.minutes is None else f" within --minutes {wanted.minutes:g}"
    course = ", the less promising ones for fewer" if wanted.has_halving else ""
    return (
        f"Search: {count(wanted.n_trials, 'trial')} {drawn}{until}, of {IN_WORDS}. Each is trained for up to "
        f"{count(wanted.epochs, 'epoch')}{course}."
    )


def _searched(run: FoldRun, wanted: Wanted) -> Search:
    task, output = run.task, run.output

    def words(warning: Warning) -> str:
        return "" if isinstance(warning, InterruptedTrainingWarning | ConvergenceWarning) else str(warning)

    seconds = run.deadline.seconds_for(_SHARE, "the search began")
    began = time.monotonic()
    with (
        notes_for_warnings(output, words),
        search_progress(output, wanted, len(run.folds.splits), task.decisive, seconds) as bar,
    ):
        bar.on_journal = lambda n_known: output.say(
            f"{wanted.journal} holds {count(n_known, 'result')}: the search goes on from there."
        )
        # Without callbacks: a network that somebody listens to is not put aside and trained on.
        network = task.network_for_folds(**wanted.base())
        try:
            result = search(
                run.pipeline(network),
                space(),
                run.features,
                run.goal,
                cv=run.folds.splits,
                scoring=DecisiveScore(task),
                sampler=wanted.sampler,
                n_trials=wanted.n_trials,
                max_time=seconds,
                halving=wanted.has_halving,
                factor=FACTOR,
                min_epochs=wanted.first_rung if wanted.has_halving else None,
                refit=False,
                baseline=False,
                random_state=wanted.seed,
                journal=wanted.journal,
                n_jobs=run.n_jobs,
                callbacks=[bar],
            )
        except JournalError as error:
            text = str(error).replace("Call search as it was called then", "Give the table and the options of then")
            raise click.ClickException(f"--journal {text.replace('another file', 'another --journal')}") from error
        except (MultilayerError, ValueError) as error:
            is_over = seconds is not None and time.monotonic() - began >= seconds
            raise _no_result(error, bar, wanted, is_over) from error
    is_over = seconds is not None and result.seconds >= seconds
    _tell_of_the_end(result, wanted, is_over, output)
    return result


def _no_result(error: Exception, bar: SearchProgress, wanted: Wanted, is_over: bool) -> Exception:
    """The error of a search without a single score."""
    if bar.n_scored == 0:
        if isinstance(error, InterruptedTrainingError):
            return click.Abort()
        if not is_over:
            return InputError(_what(error))
        return InputError(f"no trial had a score within --minutes {wanted.minutes:g}. Give it more --minutes.")
    return InputError(f"all {count(bar.n_scored, 'trial')} failed, the first: {_what(error)}")


def _what(error: Exception) -> str:
    """What went wrong, without advice about step sizes, which are not the user's to choose here."""
    if isinstance(error, DivergenceError):
        return str(error).partition(". Use ")[0].removesuffix(".") + "."
    return in_shell_words(error)


def _tell_of_the_end(result: Search, wanted: Wanted, is_over: bool, output: Output) -> None:
    n_scored, n_whole = len(result.trials), sum(is_whole(trial, wanted) for trial in result.trials)
    if output.was_interrupted or is_over:
        why = (
            "interrupted"
            if output.was_interrupted
            else f"the time for the search was over (--minutes {wanted.minutes:g})"
        )
        go_on = "" if wanted.journal is None else "; the same command goes on from here"
        output.note(
            f"{why}: {n_scored} of {count(wanted.n_trials, 'trial')} have a score, {n_whole} of them "
            f"{'was' if n_whole == 1 else 'were'} trained to the end{go_on}"
        )
    failed = [trial for trial in result.trials if trial.error]
    if failed:
        what = failed[0].error.partition(": ")[2].partition(". Use ")[0].removesuffix(".")
        output.note(f"{len(failed)} of {count(n_scored, 'trial')} failed, the first: {what}")


def _on_all_rows(run: FoldRun, settings: Settings) -> Any:
    """A pipeline with the chosen network, trained on all rows; None where Ctrl-C or the end of the time came first."""
    if run.output.was_interrupted or run.deadline.is_over:
        run.output.note("the chosen network was not trained on all rows")
        return None
    seconds = run.deadline.seconds_for(SHARE_OF_TRAINING, "the chosen network was trained")
    model: Any = None

    def train(watch: Watch) -> Any:
        nonlocal model
        network = run.task.network_for_folds(**settings.parameters(), callbacks=[watch], max_time=seconds)
        model = run.pipeline(network).fit(run.features, run.goal)
        return model[-1]

    try:
        _, course = trained_with_notes(run.output, train, settings.epochs)
    except UnfinishedError:  # not an epoch in time
        run.output.note("the chosen network was not trained on all rows: the time was over")
        return None
    if course.has_risen:
        run.output.note("the cost has not fallen when the chosen network was trained on all rows")
    return model


def next_steps(problem: Problem, settings: Settings, folds: Folds, task: str) -> list[str]:
    """What to type next: the same parameters in other folds, on rows kept aside, and in Python."""
    table = [*problem.source.words, "--target", problem.target]
    table += [word for name in problem.ignored for word in ("--ignore", name)]
    table += [] if task == "auto" else ["--task", task]
    network = ["--hidden", sizes(settings), "--step-size", f"{settings.step_size:.4g}"]
    network += ["--alpha", f"{settings.alpha:.4g}", "--epochs", str(settings.epochs)]
    divided = [] if problem.group is None else ["--group", problem.group]
    divided += [] if folds.n_folds == 5 else ["--folds", str(folds.n_folds)]
    # Other folds than those that the choice was made in.
    seed = ["--seed", str(settings.seed + 1 if settings.seed < 2**32 - 1 else 0)]
    apart = [] if problem.group is None or problem.group in problem.ignored else ["--ignore", problem.group]
    code = TASKS[problem.info.task].code
    more = f", {code.for_folds}" if code.for_folds else ""
    return [
        shell_line(["multilayer", "cv", *table, *divided, *network, *seed]),
        shell_line(["multilayer", "train", *table, *apart, *network, *seed]),
        f"{code.estimator}({settings.hidden}, learning_rate_init={settings.step_size:.4g}, "
        f"alpha={settings.alpha:.4g}, max_iter={settings.epochs}{more})",
    ]
