"""Models trained in the same folds, behind a bar: what ``multilayer cv`` does, and what a baseline is for a search."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import click
from joblib import cpu_count
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.pipeline import make_pipeline

from multilayer.cli._alike import alike_rows
from multilayer.cli._columns import columns_table
from multilayer.cli._deadline import Deadline
from multilayer.cli._folds import Folds
from multilayer.cli._notes import notes_for_warnings
from multilayer.cli._output import Output
from multilayer.cli._pack_progress import PackProgress, SoFar, pack_progress
from multilayer.cli._problem import Problem
from multilayer.cli._progress import waiting
from multilayer.cli._reading import in_shell_words, rows_as_in_the_file
from multilayer.cli._task import Task
from multilayer.cli._tasks import TASKS
from multilayer.cli._timed_linear import in_time
from multilayer.exceptions import InputError, InterruptedTrainingWarning, MultilayerError
from multilayer.selection import CrossValidation, Fold, cross_validate
from multilayer.tables import ColumnReport


@dataclass(frozen=True)
class FoldsDone:
    """What has become of a model in all folds.

    Attributes
    ----------
    result : CrossValidation
    done : the folds that were trained, by their numbers
    failures : the errors of those that failed; those that were not begun are in neither
    n_out_of_time : networks that the end of the time has ended
    """

    result: CrossValidation
    done: Mapping[int, Fold]
    failures: Mapping[int, Exception]
    n_out_of_time: int


@dataclass(frozen=True)
class FoldRun:
    """What all models are given that are trained in the same folds."""

    problem: Problem
    task: Task
    features: Any
    goal: NDArray[Any]
    folds: Folds
    n_jobs: int | None
    deadline: Deadline
    output: Output

    @classmethod
    def begun(cls, problem: Problem, folds: Folds, n_jobs: int | None, deadline: Deadline, output: Output) -> Self:
        """Of the rows that have a target.

        Amounts are in multiples of their deviation, in which they keep their digits in float32.  The same constants for
        all folds give nothing away: what models take from the targets, they take from each fold's own training rows.
        """
        task = TASKS[problem.info.task].learn(problem.info.y)
        goal = task.goal(problem.info.y)
        return cls(problem, task, problem.features.take(problem.info.rows), goal, folds, n_jobs, deadline, output)

    @property
    def n_waves(self) -> float:
        """How many networks are trained one after another, where as many as possible are trained side by side."""
        return len(self.folds.splits) / self.n_at_a_time

    @property
    def n_at_a_time(self) -> int:
        return min(len(self.folds.splits), self.n_jobs or cpu_count())

    def pipeline(self, estimator: Any) -> Any:
        """An estimator behind an encoder of its own."""
        return make_pipeline(self.problem.encoder(), estimator)

    def of(self, estimator: Callable[[PackProgress], Any], what: str) -> FoldsDone:
        """Train one in each fold."""
        splits = self.folds.splits
        so_far = SoFar(f"mean {self.task.metrics[0].heading}", lambda fold: fold.scores["test_score"], statistics.fmean)
        with pack_progress(self.output, what, len(splits), so_far) as bar:
            model = self.pipeline(estimator(bar))
            result = cross_validate(model, self.features, self.goal, cv=splits, n_jobs=self.n_jobs, callbacks=[bar])
        done = {fold.number: fold for fold in result.folds}
        return FoldsDone(result, done, result.failures, bar.n_out_of_time)


def encoded_columns(problem: Problem, folds: Folds, output: Output) -> Sequence[ColumnReport]:
    """What an encoder makes of the columns, printed; errors in the table come now, not in some fold."""
    features = problem.features.take(problem.info.rows)
    with waiting(output, "looking at the columns"), rows_as_in_the_file(problem.features, problem.encoder()):
        columns = problem.encoder().fit(features).columns_
    alike = alike_rows(features, columns, problem.info.y, folds.splits)
    note = alike.note(
        "Remove them, or keep rows that belong together in one fold: --group COLUMN"
        if problem.group is None
        else f"They are in different groups of {problem.group!r}: remove them"
    )
    if note:
        output.note(note)
    output.table(columns_table(columns))
    output.blank()
    return columns


def linear_model(run: FoldRun) -> Mapping[int, Fold]:
    """The linear model in every fold, by its number; those are missing in which it failed, with a note."""
    name, n = run.task.linear_name, len(run.folds.splits)
    with notes_for_warnings(
        run.output, lambda warning: unless_expected(warning, f"{name}, the baseline, did not settle")
    ):
        try:
            model = in_time(
                run.task.linear_model(), lambda model: _fit_first_fold(run, model), run.deadline, run.n_waves
            )
            found = run.of(lambda _: model, name)
        except MultilayerError:
            raise
        except ValueError as error:
            raise InputError(f"{name}, the baseline, cannot be trained in any fold: {error}") from error
    if len(found.done) + len(found.failures) < n:
        # Nothing is known of the network yet.
        raise click.Abort
    tell_failures(run, found.failures, f"{name}, the baseline,")
    return found.done


def _fit_first_fold(run: FoldRun, model: Any) -> None:
    train, _ = run.folds.splits[0]
    run.pipeline(model).fit(run.features.take(train), run.goal[train])


def unless_expected(warning: Warning, text: str) -> str:
    """No word of what is told otherwise: that it was interrupted, and that scores of single rows are not defined."""
    return "" if isinstance(warning, InterruptedTrainingWarning | UndefinedMetricWarning) else text


def tell_failures(run: FoldRun, failures: Mapping[int, Exception], who: str) -> None:
    for fold, error in failures.items():
        run.output.note(f"{who} failed in fold {run.folds.name(fold)}, which is in no score: {in_shell_words(error)}")
