"""The rows and splits of a command, and models that are trained on them: on one split or on several."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from joblib import cpu_count
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline, make_pipeline

from multilayer.cli.console import Output
from multilayer.cli.evaluation.problem import Problem, RowNumbers, read_problem
from multilayer.cli.evaluation.settings import NetworkSettings, TableSettings
from multilayer.cli.evaluation.splits import Splits
from multilayer.cli.evaluation.tasks import TASKS, Task
from multilayer.cli.limits import Deadline
from multilayer.cli.progress import Watch, waiting
from multilayer.cli.source import Source
from multilayer.cli.text import count, quoted, shortened, text_table
from multilayer.exceptions import InputError
from multilayer.results import Table
from multilayer.selection import CrossValidation, cross_validate
from multilayer.tables import ColumnReport

_BEYOND_CHANCE = 3.0  # more duplicates than so many times the expected number are not chance
_MANY = 0.01  # share of the tested rows that changes the scores
# An odd number near 2**64 divided by the golden ratio: its products spread over all bits.
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


def note_on_duplicates(n: int, n_tested: int, expected: float, advice: str) -> str:
    """A note, with the advice if there are many duplicates; "" for no more than by chance."""
    if n <= _BEYOND_CHANCE * expected:
        return ""
    fact = (
        f"{n:,} of {count(n_tested, 'tested row')} {'equals a row' if n == 1 else 'equal rows'} to train on in every "
        "column and in the target"
    )
    return fact if n < _MANY * n_tested else f"{fact}: if these are repeats, the scores are too good. {advice}"


def find_duplicates(
    features: Any, reports: Sequence[ColumnReport], y: NDArray[Any], splits: Iterable[tuple[RowNumbers, RowNumbers]]
) -> tuple[int, int, float]:
    """The numbers of duplicates, of tested rows, and of duplicates that independent columns would have.

    A duplicate is a tested row that equals a training row in the target and in all columns that neither are dropped nor
    number rows.  ``features`` is a pyarrow.Table of m rows, ``y`` (m,) the target.
    """
    used = [report for report in reports if report.width > 0 and not report.is_identifier]
    columns = [_codes(features.column(report.name)) for report in used]
    hashed = np.zeros(len(y), dtype=np.uint64)
    chance = 1.0
    for codes in (*columns, np.unique(y, return_inverse=True)[1]):
        hashed = (hashed + codes.astype(np.uint64) + np.uint64(1)) * _SPREAD
        hashed ^= hashed >> _SHIFT
        sizes, m = np.bincount(codes), len(codes)
        # The probability that two different rows have the same value.
        chance *= float(np.sum(sizes * (sizes - 1.0))) / max(m * (m - 1.0), 1.0)
    n, n_tested, expected = 0, 0, 0.0
    for train, test in splits:
        n += int(np.isin(hashed[test], hashed[train]).sum())
        n_tested += len(test)
        expected += -len(test) * math.expm1(-len(train) * chance)
    return n, n_tested, expected


def _codes(column: Any) -> NDArray[np.int64]:
    """A number for each different value of a column, 0 for gaps."""
    chunk = column.combine_chunks()
    indices = chunk.dictionary_encode().indices if not hasattr(chunk, "indices") else chunk.indices
    return np.asarray(indices.cast("int64").fill_null(-1).to_numpy(zero_copy_only=False)) + 1


_LONGEST_NAME = 24
_MOST_COLUMNS = 12  # that are printed


@dataclass(frozen=True)
class Fits:
    """The trained models of one kind, by the number of the fold; folds that were not begun are missing."""

    models: dict[int, Any]  # estimators, or pipelines with an encoder
    seconds: dict[int, float]  # the duration of each training
    failures: Mapping[int, Exception] = field(default_factory=dict)
    result: CrossValidation | None = None  # None for a single fit

    def network(self, fold: int) -> Any:
        model = self.models[fold]
        return model[-1] if isinstance(model, Pipeline) else model

    @property
    def networks(self) -> list[Any]:
        return [self.network(fold) for fold in self.models]


@dataclass(frozen=True)
class Run:
    """The rows of a problem and their splits, on which all models are trained.

    The targets of ``fit`` are amounts in multiples of their deviation, in which they keep their digits in float32.
    Several folds share these constants, which reveals nothing: each network standardises the targets of its own
    training rows.
    """

    problem: Problem
    task: Task
    splits: Splits
    features: Any  # a pyarrow table of the rows that have a target
    y: NDArray[Any]  # their target
    targets: NDArray[Any]  # the same as fit takes it
    columns: Sequence[ColumnReport]  # of all rows; of a single split, of its training rows
    input_names: list[str]  # of the encoded columns
    n_jobs: int | None
    deadline: Deadline
    output: Output

    @property
    def n_at_a_time(self) -> int:
        return min(len(self.splits), self.n_jobs or cpu_count())

    @property
    def n_waves(self) -> float:
        """How many networks are trained one after another."""
        return len(self.splits) / self.n_at_a_time

    def pipeline(self, estimator: Any, encoding: Mapping[str, Any] = MappingProxyType({})) -> Any:
        """The estimator behind an encoder, which is fitted on the same rows; the encoding of a kind of networks."""
        task = {"task": self.problem.info.task} if encoding else {}
        return make_pipeline(self.problem.encoder().set_params(**encoding, **task), estimator)

    def rows(self, fold: int, side: int) -> Any:
        """The rows to train on (side 0) or to test on (side 1)."""
        return self.features.take(self.splits.rows[fold][side])

    def fit(self, estimator: Any, watch: Watch, encoding: Mapping[str, Any] = MappingProxyType({})) -> Fits:
        """Train a model on each split."""
        model = self.pipeline(estimator, encoding)
        if self.splits.is_single:
            began = time.perf_counter()
            model.fit(self.rows(0, 0), self.targets[self.splits.rows[0][0]])
            return Fits({0: model}, {0: time.perf_counter() - began})
        result = cross_validate(
            model, self.features, self.targets, cv=self.splits.rows, n_jobs=self.n_jobs, callbacks=[watch.member_ended]
        )
        models = {fold.number: fold.estimator for fold in result.folds}
        return Fits(models, {fold.number: fold.fit_time for fold in result.folds}, result.failures, result)

    def predict(self, fits: Fits, folds: Sequence[int], side: int = 1) -> dict[int, NDArray[Any]]:
        """The predictions in these folds, for the test rows or, with side 0, for the training rows."""
        return {fold: self.task.predict(fits.models[fold], self.rows(fold, side)) for fold in folds}

    def baseline(self, folds: Iterable[int]) -> dict[int, NDArray[Any]]:
        """The predictions of the baseline in these folds."""
        parts = {fold: self.splits.rows[fold] for fold in folds}
        return {fold: self.task.baseline(self.y[train], len(test)) for fold, (train, test) in parts.items()}

    def table_model(self, settings: TableSettings, watch: Watch, seconds: float | None) -> Any:
        """A table model that is not trained yet."""
        parameters = settings.parameters(self.problem.source)
        return self.task.table_model(
            **parameters, n_jobs=self.n_jobs, max_time=seconds, callbacks=[watch.network_ended]
        )

    def network(self, settings: NetworkSettings, watch: Watch, seconds: float | None) -> Any:
        """A network that is not trained yet."""
        more = {} if self.splits.is_single else self.task.fold_arguments
        return self.task.estimator(**settings.parameters(), **more, callbacks=[watch], max_time=seconds)


def begin_run(
    source: Source, split: Callable[[Problem], Splits], n_jobs: int | None, deadline: Deadline, output: Output
) -> Run:
    """Read the table, divide its rows, and print what is done with its columns.

    Errors in the table are raised here, not in a fold.
    """
    problem = read_problem(source, output)
    info, group = problem.info, source.group
    TASKS[info.task].check(info)
    splits = split(problem)
    output.say(f"{'Split' if splits.is_single else 'Rows'}: {splits.in_words()}.")
    for note in splits.notes:
        output.note(note)
    features, encoder = problem.features.take(info.rows), problem.encoder()
    train = splits.rows[0][0]
    with waiting(output, "encoding"):
        try:
            encoder.fit(features.take(train) if splits.is_single else features)
        except InputError:
            encoder.fit(problem.features)  # its error has the numbers of the rows in the file
            raise
    remedy = f"They are in different groups of {quoted(group)}: remove them"
    if source.test is not None:
        remedy = f"Remove them from {source.tested.name}"
    elif group is None:
        part = "part" if splits.is_single else "fold"
        remedy = f"Remove them, or keep rows that belong together in one {part}: --group COLUMN"
    note = note_on_duplicates(*find_duplicates(features, encoder.columns_, info.y, splits.rows), remedy)
    if note:
        output.note(note)
    # What is known of the amounts of a single split is known of its training rows; classes of test rows have scores.
    is_of_training_rows = splits.is_single and info.task == "regression"
    task = TASKS[info.task].learn(info.y[train] if is_of_training_rows else info.y)
    names = [str(name) for name in encoder.get_feature_names_out()]
    rows = (features, info.y, task.targets(info.y))
    return Run(problem, task, splits, *rows, encoder.columns_, names, n_jobs, deadline, output)


def print_columns(run: Run, reports: Sequence[ColumnReport]) -> None:
    """Print how the columns were encoded; of many columns some, unless all were asked for."""
    most = len(reports) if run.output.has_all_columns else _MOST_COLUMNS
    table = columns_table(reports, most)
    if len(reports) > most:
        table = replace(table, title=f"Columns; --columns prints all {len(reports):,}, and a report has them")
    run.output.table(table)


def columns_table(reports: Sequence[ColumnReport], most: int) -> Table:
    """One line for each column; of more than ``most``, the first ones and those that were dropped."""
    places = range(len(reports))
    late = [place for place in places[most - most // 3 :] if not reports[place].width][: most // 3]
    first = [place for place in places if place not in late][: most - len(late)]
    shown = [reports[place] for place in sorted([*first, *late])]
    rows: list[tuple[str, ...]] = []
    for report in shown:
        n_gaps, width = f"{report.n_gaps:,}" if report.n_gaps else "", f"{report.width}" if report.width else "-"
        rows.append((shortened(report.name, _LONGEST_NAME), report.kind, n_gaps, width, report.encoding))
    if len(shown) < len(reports):
        rows.append((f"... {count(len(reports) - len(shown), 'more column')}", "", "", "", ""))
    return text_table("Columns", ("column", "holds", "gaps", "inputs", "encoding"), rows, "llrrl")
