"""The division of the rows into parts to train on and parts to test on: once, or into folds."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    train_test_split,
)

from multilayer.cli.evaluation.problem import Problem, RowNumbers
from multilayer.cli.source import Source
from multilayer.cli.text import count, quoted, shortened
from multilayer.exceptions import InputError
from multilayer.tables import TargetInfo

_FEWEST_TO_TRAIN = 2
_FEW_TO_TEST = 10
_SPLITTERS: dict[str, Any] = {
    splitter.__name__: splitter for splitter in (KFold, StratifiedKFold, GroupKFold, StratifiedGroupKFold)
}


@dataclass(frozen=True)
class Splits:
    """The rows of ``TargetInfo.y`` to train and to test on."""

    rows: Sequence[tuple[RowNumbers, RowNumbers]]  # (train, test), sorted row numbers from 0, repeat after repeat
    seed: int  # of the first repeat; each further repeat has the next seed
    notes: tuple[str, ...] = ()
    test_fraction: float | None = None  # of a single split; None for folds, and for the rows of another file
    stratified: bool = False  # whether all parts hold the classes in the same proportions
    n_folds: int = 1
    repeats: int = 1
    splitter: str = ""  # the name of scikit-learn's class; "" where none divides the rows
    singles: RowNumbers = field(default_factory=lambda: np.arange(0))  # alone in their class: trained on in every fold
    n_groups: int = 0
    by: str = ""  # how the rows of a single split were chosen, in words, or what keeps the folds in order

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def is_single(self) -> bool:
        return self.n_folds == 1

    @property
    def fewest_to_train(self) -> int:
        return min(len(train) for train, _ in self.rows)

    def in_words(self) -> str:
        """The division in words, without a full stop."""
        proportions = " with the classes in the same proportions" if self.stratified else ""
        if self.is_single:
            train, test = self.rows[0]
            return f"{count(len(train), 'row')} to train on, {len(test):,} to test on{self.by}{proportions}"
        times = f"{self.repeats} times " if self.repeats > 1 else ""
        together = f" that keep {self.n_groups:,} groups together" if self.n_groups else ""
        sizes = sorted(len(train) for train, _ in self.rows)
        rows = " to ".join(f"{size:,}" for size in dict.fromkeys((sizes[0], sizes[-1])))
        return (
            f"divided {times}into {self.n_folds} folds{self.by}{together}{proportions}; each model is trained on "
            f"{rows} rows"
        )

    def name(self, fold: int) -> str:
        """The name of a fold, counted from 0: ``3``, or ``2.3`` for the third of the second repeat."""
        repeat, number = divmod(fold, self.n_folds)
        return f"{repeat + 1}.{number + 1}" if self.repeats > 1 else f"{number + 1}"


def split_once(problem: Problem, test_fraction: float, seed: int) -> Splits:
    """One split, with at least two rows of the amounts, or a row of each class, to train on.

    The rows to test on are those of ``--test``, the last ones with ``--time-column``, those of some groups with
    ``--group``, and otherwise drawn at random.
    """
    source = problem.source
    if source.test is not None or source.time_column is not None or source.group is not None:
        return _split_as_given(problem, test_fraction, seed)
    if problem.info.task == "classification":
        return _split_classes(problem.info, test_fraction, seed)
    n = len(problem.info.y)
    if n < _FEWEST_TO_TRAIN + 1:
        raise InputError(
            f"{count(n, 'row')} cannot be split: amounts need two rows to train on and one to test on. Add rows."
        )
    n_test = min(math.ceil(test_fraction * n), n - _FEWEST_TO_TRAIN)
    train, test = train_test_split(np.arange(n), test_size=n_test, random_state=seed)
    notes = (_few(n_test),) * (n_test < _FEW_TO_TEST)
    return Splits([(np.sort(train), np.sort(test))], seed, notes, test_fraction)


def _split_as_given(problem: Problem, test_fraction: float, seed: int) -> Splits:
    source, y, n = problem.source, problem.info.y, len(problem.info.y)
    if problem.n_in_file is not None:
        is_tested = problem.info.rows >= problem.n_in_file
        train, test = np.flatnonzero(~is_tested), np.flatnonzero(is_tested)
        for name, part in ((source.name, train), (f"--test {source.test}", test)):
            if not len(part):
                raise InputError(f"{name} has no row with a target {quoted(problem.target)}. Fill the column.")
        found = Splits([(train, test)], seed, by=f", those of {source.tested.name}")
    elif source.time_column is not None:
        n_test = min(math.ceil(test_fraction * n), n - 1)
        rows = [(np.arange(n - n_test), np.arange(n - n_test, n))]
        found = Splits(rows, seed, (), test_fraction, by=f", the last by {quoted(source.time_column)}")
    else:
        codes = _checked_codes(problem, 2, "the 2 that a split needs", "Add rows of other groups.")
        splitter = GroupShuffleSplit(1, test_size=test_fraction, random_state=seed)
        n_groups = int(codes.max()) + 1
        if not 1 <= math.ceil(test_fraction * n_groups) < n_groups:
            raise InputError(
                f"--test-fraction {test_fraction:g} of {count(n_groups, 'group')} of {quoted(source.group)} leaves no "
                "group to train on. Use a smaller one."
            )
        train, test = next(splitter.split(y, groups=codes))
        together = f", of other groups of {quoted(source.group)}"
        found = Splits([(train, test)], seed, (), test_fraction, splitter="GroupShuffleSplit", by=together)
    train, test = found.rows[0]
    if len(train) < _FEWEST_TO_TRAIN:
        raise InputError(f"a split leaves {count(len(train), 'row')} to train on: two are needed. Add rows.")
    notes = () if problem.info.task == "regression" else _notes_on_unseen(y, found.rows, source)
    return replace(found, notes=(*notes, *[_few(len(test))] * (len(test) < _FEW_TO_TEST)))


def _few(n_test: int) -> str:
    return f"{count(n_test, 'row')} to test on: the scores on other rows may differ much"


def _split_classes(info: TargetInfo, test_fraction: float, seed: int) -> Splits:
    classes, codes, sizes = np.unique(info.y, return_inverse=True, return_counts=True)
    n, n_classes = len(codes), len(classes)
    n_test = math.ceil(test_fraction * n)
    spare = n - n_classes
    if spare < 1:
        raise InputError(
            f"{count(n, 'row')} in {count(n_classes, 'class', 'classes')} cannot be split: with a row of each class to "
            "train on, none is left to test on. Add rows."
        )
    notes = _notes_on_singles(info.rows, classes, codes, sizes)
    repeated = np.flatnonzero(sizes[codes] > 1)  # the rows of classes with at least two
    n_repeated = int(np.sum(sizes > 1))
    if n_test >= n_repeated and len(repeated) - n_test >= n_repeated:
        train, test = train_test_split(repeated, test_size=n_test, stratify=codes[repeated], random_state=seed)
        train = np.concatenate([train, np.flatnonzero(sizes[codes] == 1)])
        if len(np.unique(codes[train])) == n_classes:
            return Splits([(np.sort(train), np.sort(test))], seed, notes, test_fraction, stratified=True)
    few = f"too few rows to keep the proportions of {count(n_classes, 'class', 'classes')} in both parts of the split"
    # At random, with one random row of each class to train on.
    order = np.random.RandomState(seed).permutation(n)
    first = np.unique(codes[order], return_index=True)[1]  # where each class comes first in that order
    test = np.sort(np.delete(order, first)[: min(n_test, spare)])
    return Splits([(np.setdiff1d(order, test), test)], seed, (*notes, few), test_fraction)


def seeds_of(first: int, repeats: int) -> tuple[int, ...]:
    """The seed of each repeat."""
    return tuple((first + repeat) % 2**32 for repeat in range(repeats))


def divide(problem: Problem, n_folds: int, repeats: int, seed: int) -> Splits:
    """Divide the rows that have a target into folds."""
    y, is_classes = problem.info.y, problem.info.task == "classification"
    if problem.source.time_column is not None:
        return _divide_by_time(problem, n_folds, seed)
    groups = None
    if problem.groups is not None:
        groups = _checked_codes(problem, n_folds, f"{n_folds} folds")
    divided, singles = np.arange(len(y)), np.arange(0)
    notes: tuple[str, ...] = ()
    if is_classes:
        classes, codes, sizes = np.unique(y, return_inverse=True, return_counts=True)
        if groups is None:
            divided, singles = np.flatnonzero(sizes[codes] > 1), np.flatnonzero(sizes[codes] == 1)
            notes = _notes_on_singles(problem.info.rows, classes, codes, sizes)
        _check_classes(sizes, n_folds)
        notes += _notes_on_few(classes, sizes, n_folds)
    if len(divided) < n_folds:
        raise InputError(f"{count(len(divided), 'row')} cannot be divided into {n_folds} folds. {_fewer(len(divided))}")
    name = f"{'Stratified' if is_classes else ''}{'' if groups is None else 'Group'}KFold"
    rows: list[tuple[RowNumbers, RowNumbers]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # classes with few rows have notes
        for each in seeds_of(seed, repeats):
            splitter = _SPLITTERS[name](n_folds, shuffle=True, random_state=each)
            folds = splitter.split(divided, y[divided], groups)
            rows += [(np.union1d(divided[train], singles), divided[test]) for train, test in folds]
    _check_parts(rows, n_folds, problem.source.group)
    if is_classes and groups is not None:
        notes += _notes_on_unseen(y, rows, problem.source)
    n_groups, stratified = 0 if groups is None else int(groups.max()) + 1, name == "StratifiedKFold"
    return Splits(rows, seed, notes, None, stratified, n_folds, repeats, name, singles, n_groups)


def _divide_by_time(problem: Problem, n_folds: int, seed: int) -> Splits:
    """Folds of equal size, each tested by models that are trained on all earlier rows."""
    y, n, source = problem.info.y, len(problem.info.y), problem.source
    if n < n_folds + 1:
        raise InputError(
            f"{count(n, 'row')} cannot be divided into {n_folds} folds and the rows before them. {_fewer(n - 1)}"
        )
    rows = list(TimeSeriesSplit(n_folds).split(y))
    _check_parts(rows, n_folds, None)
    notes = () if problem.info.task == "regression" else _notes_on_unseen(y, rows, source)
    by = f" by {quoted(source.time_column)}, each tested after training on all earlier rows"
    return Splits(rows, seed, notes, n_folds=n_folds, splitter="TimeSeriesSplit", by=by)


def _checked_codes(problem: Problem, n_needed: int, what: str, remedy: str = "") -> RowNumbers:
    """The numbers of the groups, of which so many are needed."""
    codes: RowNumbers = np.asarray(problem.group_codes)
    n = int(codes.max()) + 1
    if n < n_needed:
        raise InputError(
            f"the group column {quoted(problem.source.group)} holds {count(n, 'group')}, fewer than {what}. "
            f"{remedy or _fewer(n)}"
        )
    return codes


def _check_parts(rows: list[tuple[RowNumbers, RowNumbers]], n_folds: int, group: str | None) -> None:
    fewest = min(len(train) for train, _ in rows)
    if fewest < _FEWEST_TO_TRAIN:
        raise InputError(f"a fold of {n_folds} leaves {count(fewest, 'row')} to train on: two are needed. Add rows.")
    if any(len(test) == 0 for _, test in rows):
        raise InputError(
            f"the groups of {quoted(group)} cannot be divided into {n_folds} folds: a few hold most of the rows. Use "
            "fewer --folds."
        )


def _check_classes(sizes: RowNumbers, n_folds: int) -> None:
    most = int(sizes.max())
    if most < n_folds:
        smallest = int(sizes[sizes > 1].min()) if most > 1 else most
        raise InputError(
            f"no class has more than {count(most, 'row')}, fewer than {n_folds} folds: each fold needs a class to "
            f"train and test. {_fewer(smallest)}"
        )


def _quoted(label: Any) -> str:
    return repr(shortened(str(label), 40))


def _fewer(n: int) -> str:
    return f"Use --folds {n}." if n == 2 else f"Use --folds {n} or fewer." if n > 2 else "Add rows."


def _notes_on_singles(rows: RowNumbers, classes: NDArray[Any], codes: RowNumbers, sizes: RowNumbers) -> tuple[str, ...]:
    """That classes of one row are not tested; ``rows`` are the numbers of the rows in the file."""
    singles = np.flatnonzero(sizes == 1)
    if not len(singles):
        return ()
    name, row = _quoted(classes[singles[0]]), int(rows[np.argmax(codes == singles[0])]) + 1
    if len(singles) == 1:
        return (f"class {name} has a single row, data row {row}: it is trained on, and not tested",)
    which = f"{len(singles)} classes have a single row, such as {name} in data row {row}"
    return (f"{which}: these are trained on, and not tested",)


def _notes_on_few(classes: NDArray[Any], sizes: RowNumbers, n_folds: int) -> tuple[str, ...]:
    few = np.flatnonzero((sizes > 1) & (sizes < n_folds))
    if not len(few):
        return ()
    first = f"{_quoted(classes[few[0]])} has {count(int(sizes[few[0]]), 'row')}"
    if len(few) == 1:
        return (f"class {first}, fewer than {n_folds} folds: not every fold tests it",)
    return (f"{len(few)} classes have fewer rows than {n_folds} folds, the first, {first}: not every fold tests them",)


def _notes_on_unseen(y: NDArray[Any], rows: Sequence[tuple[RowNumbers, RowNumbers]], source: Source) -> tuple[str, ...]:
    """A note on parts that test a class without training on it; an InputError for parts that train on one class."""
    is_single = len(rows) == 1
    for train, _ in rows:
        if (y[train] == y[train[0]]).all():
            part = "the part to train on" if is_single else "a fold"
            only = f"{part} has only class {_quoted(y[train[0]])} to train on."
            if source.test is not None:
                raise InputError(f"{only} Add rows of another class.")
            if source.group is not None:
                remedy = "Use another --group or --seed." if is_single else "Use another --group, or more --folds."
                raise InputError(f"with the groups of {quoted(source.group)} kept together, {only} {remedy}")
            remedy = "Use a smaller --test-fraction" if is_single else "Use fewer --folds"
            raise InputError(f"in the order of {quoted(source.time_column)}, {only} {remedy}, or omit --time-column.")
    unseen = [label for train, test in rows for label in np.setdiff1d(y[test], y[train])]
    if not unseen:
        return ()
    where = "is in so few groups that a fold tests it" if source.group is not None else "is tested"
    return (f"class {_quoted(unseen[0])} {where} without having trained on it: the log-loss is large there",)
