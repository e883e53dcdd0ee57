"""Models trained in the same folds, behind a bar: what ``multilayer cv`` does, and what a baseline is for a search."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import click
import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.pipeline import make_pipeline

from multilayer.cli._columns import columns_table
from multilayer.cli._folds import Folds
from multilayer.cli._notes import notes_for_warnings
from multilayer.cli._output import Output
from multilayer.cli._pack_progress import PackProgress, SoFar, pack_progress
from multilayer.cli._problem import Problem
from multilayer.cli._progress import waiting
from multilayer.cli._reading import in_shell_words, rows_as_in_the_file
from multilayer.cli._task import Task
from multilayer.cli._tasks import TASKS
from multilayer.exceptions import InputError, InterruptedTrainingWarning, MultilayerError
from multilayer.selection import CrossValidation, Fold, cross_validate
from multilayer.tables import ColumnReport, TableEncoder


@dataclass(frozen=True)
class FoldRun:
    """What all models are given that are trained in the same folds."""

    task: Task
    features: Any
    goal: NDArray[Any]
    folds: Folds
    n_jobs: int | None
    output: Output

    @classmethod
    def begun(cls, problem: Problem, folds: Folds, n_jobs: int | None, output: Output) -> Self:
        """Of the rows that have a target.

        Amounts are in multiples of their deviation, in which they keep their digits in float32.  The same constants for
        all folds give nothing away: what models take from the targets, they take from each fold's own training rows.
        """
        task = TASKS[problem.info.task].learn(problem.info.y)
        goal = task.goal(problem.info.y)
        return cls(task, problem.features.take(problem.info.rows), goal, folds, n_jobs, output)

    def pipeline(self, estimator: Any) -> Any:
        """An estimator behind an encoder of its own."""
        # Half the memory and time of float64, and far finer than any table is measured.
        return make_pipeline(TableEncoder(dtype=np.float32), estimator)

    def of(
        self, estimator: Callable[[PackProgress], Any], what: str
    ) -> tuple[CrossValidation, dict[int, Fold], dict[int, Exception]]:
        """The result, the folds that were done and the errors of those that failed; nothing of those not begun."""
        splits = self.folds.splits
        so_far = SoFar(f"mean {self.task.metrics[0].heading}", lambda fold: fold.scores["test_score"], statistics.fmean)
        with pack_progress(self.output, what, len(splits), so_far) as bar:
            model = self.pipeline(estimator(bar))
            result = cross_validate(model, self.features, self.goal, cv=splits, n_jobs=self.n_jobs, listener=bar)
        return result, {fold.number: fold for fold in result.folds}, result.failures


def encoded_columns(problem: Problem, output: Output) -> Sequence[ColumnReport]:
    """What an encoder makes of the columns, printed; errors in the table come now, not in some fold."""
    with waiting(output, "looking at the columns"), rows_as_in_the_file(problem.features):
        columns = TableEncoder().fit(problem.features.take(problem.info.rows)).columns_
    output.table(columns_table(columns))
    output.blank()
    return columns


def linear_model(run: FoldRun) -> dict[int, Fold]:
    """The linear model in every fold, by its number; those are missing in which it failed, with a note."""
    name, n = run.task.linear_name, len(run.folds.splits)
    with notes_for_warnings(
        run.output, lambda warning: unless_expected(warning, f"{name}, the baseline, did not settle")
    ):
        try:
            _, done, failures = run.of(lambda _: run.task.linear_model(), name)
        except MultilayerError:
            raise
        except ValueError as error:
            raise InputError(f"{name}, the baseline, cannot be trained in any fold: {error}") from error
    if len(done) + len(failures) < n:
        # Nothing has been learned of the network yet.
        raise click.Abort
    tell_failures(run, failures, f"{name}, the baseline,")
    return done


def unless_expected(warning: Warning, text: str) -> str:
    """No word of what is told otherwise: that it was interrupted, and that scores of single rows are not defined."""
    return "" if isinstance(warning, InterruptedTrainingWarning | UndefinedMetricWarning) else text


def tell_failures(run: FoldRun, failures: Mapping[int, Exception], who: str) -> None:
    for fold, error in failures.items():
        run.output.note(f"{who} failed in fold {run.folds.name(fold)}, which is in no score: {in_shell_words(error)}")
