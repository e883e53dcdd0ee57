"""The rows divided into folds: each is tested by networks that are trained on all others."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from multilayer.cli._problem import Problem
from multilayer.cli._split import Rows, single_row_notes
from multilayer.cli._tables import count, shortened
from multilayer.exceptions import InputError

_SEEDS = 2**32
_FEWEST_TO_TRAIN = 2


@dataclass(frozen=True)
class Folds:
    """Which rows of ``TargetInfo.y`` are trained and tested on in each fold, repeat after repeat.

    Attributes
    ----------
    splits : pairs of arrays, (train, test), sorted
    n_folds : int
        Of one repeat.
    repeats : int
    seed : int
        Of the first repeat; each further one has the next.
    splitter : name of the class of scikit-learn that divides the rows
    singles : array of int
        Rows that are alone in their class, which are in the training part of every fold.
    n_groups : number of groups; 0 where rows are on their own
    notes : what the user should know
    """

    splits: tuple[tuple[Rows, Rows], ...]
    n_folds: int
    repeats: int
    seed: int
    splitter: str
    singles: Rows
    n_groups: int
    notes: tuple[str, ...]

    def in_words(self) -> str:
        """How the rows were divided; goes on without a full stop."""
        times = f"{self.repeats} times " if self.repeats > 1 else ""
        alike = " with the classes in the same proportions" if self.splitter == "StratifiedKFold" else ""
        together = f" that keep {self.n_groups:,} groups together" if self.n_groups else ""
        sizes = sorted(len(train) for train, _ in self.splits)
        rows = " to ".join(f"{size:,}" for size in dict.fromkeys((sizes[0], sizes[-1])))
        return f"divided {times}into {self.n_folds} folds{together}{alike}; each network is trained on {rows} rows"

    def name(self, fold: int) -> str:
        """What a fold is called, from 0: ``3``, or ``2.3`` for the third of the second repeat."""
        repeat, number = divmod(fold, self.n_folds)
        return f"{repeat + 1}.{number + 1}" if self.repeats > 1 else f"{number + 1}"


def divide(problem: Problem, n_folds: int, repeats: int, seed: int) -> Folds:
    """Divide the rows that have a target.

    Raises
    ------
    InputError
        There are too few rows, groups, or rows of each class for so many folds, or groups with gaps.
    """
    y, rows = problem.info.y, problem.info.rows
    groups = None if problem.groups is None else _codes_of_groups(problem)
    n_groups = 0 if groups is None else int(groups.max()) + 1
    if groups is not None and n_groups < n_folds:
        raise InputError(
            f"the group column {problem.group!r} holds {count(n_groups, 'group')}, fewer than {n_folds} folds. "
            f"{_fewer(n_groups)}"
        )
    divided, singles = np.arange(len(y)), np.arange(0)
    notes: tuple[str, ...] = ()
    if problem.info.task == "classification":
        classes, codes, sizes = np.unique(y, return_inverse=True, return_counts=True)
        if groups is None:
            divided, singles = (np.flatnonzero(kind) for kind in (sizes[codes] > 1, sizes[codes] == 1))
            notes = single_row_notes(classes, codes, sizes, rows)
        _check_classes(sizes, n_folds)
        notes += _notes_on_few(classes, sizes, n_folds)
    if len(divided) < n_folds:
        raise InputError(f"{count(len(divided), 'row')} cannot be divided into {n_folds} folds. {_fewer(len(divided))}")
    name = _splitter_name(problem)
    splits = [
        (np.union1d(divided[train], singles), divided[test])
        for turn in seeds(seed, repeats)
        for train, test in _split(name, n_folds, turn, divided, y, groups)
    ]
    fewest = min(len(train) for train, _ in splits)
    if fewest < _FEWEST_TO_TRAIN:
        raise InputError(f"a fold of {n_folds} leaves {count(fewest, 'row')} to train on: two are needed. Add rows.")
    if any(len(test) == 0 for _, test in splits):
        raise InputError(
            f"the groups of {problem.group!r} cannot be dealt out to {n_folds} folds: a few hold most of the rows. "
            "Use fewer --folds."
        )
    notes += _notes_on_unseen(y, splits, problem)
    return Folds(tuple(splits), n_folds, repeats, seed, name, singles, n_groups, notes)


def seeds(first: int, repeats: int) -> tuple[int, ...]:
    """One for each repeat."""
    return tuple((first + repeat) % _SEEDS for repeat in range(repeats))


def _splitter_name(problem: Problem) -> str:
    if problem.info.task == "classification":
        return "StratifiedKFold" if problem.groups is None else "StratifiedGroupKFold"
    return "KFold" if problem.groups is None else "GroupKFold"


def _split(
    name: str, n_folds: int, seed: int, divided: Rows, y: NDArray[Any], groups: Rows | None
) -> list[tuple[Rows, Rows]]:
    splitter = {
        "KFold": KFold,
        "StratifiedKFold": StratifiedKFold,
        "GroupKFold": GroupKFold,
        "StratifiedGroupKFold": StratifiedGroupKFold,
    }[name](n_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # Of classes with few rows, which the notes tell of.
        warnings.simplefilter("ignore")
        return list(splitter.split(divided, y[divided], groups))


def _codes_of_groups(problem: Problem) -> Rows:
    """A number from 0 for each row that has a target: that of its group."""
    column = problem.groups.take(problem.info.rows)
    gaps = column.is_null(nan_is_null=True).to_numpy()
    if gaps.any():
        raise InputError(
            f"the group column {problem.group!r} has {count(int(gaps.sum()), 'gap')}, the first in data row "
            f"{problem.info.rows[gaps.argmax()] + 1}. Fill them: each row belongs to a group."
        )
    codes: Rows = np.unique(column.to_numpy(zero_copy_only=False), return_inverse=True)[1]
    return codes


def _check_classes(sizes: Rows, n_folds: int) -> None:
    most = int(sizes.max())
    if most < n_folds:
        raise InputError(
            f"no class has more than {count(most, 'row')}, fewer than {n_folds} folds: there is none that each fold "
            f"can train and test. {_fewer(most)}"
        )


def _fewer(n: int) -> str:
    return f"Use --folds {n}." if n == 2 else f"Use --folds {n} or fewer." if n > 2 else "Add rows."


def _notes_on_few(classes: NDArray[Any], sizes: Rows, n_folds: int) -> tuple[str, ...]:
    few = np.flatnonzero((sizes > 1) & (sizes < n_folds))
    if not len(few):
        return ()
    first = f"{shortened(str(classes[few[0]]), 40)!r} has {count(int(sizes[few[0]]), 'row')}"
    if len(few) == 1:
        return (f"class {first}, fewer than {n_folds} folds: not every fold tests it",)
    return (f"{len(few)} classes have fewer rows than {n_folds} folds, the first, {first}: not every fold tests them",)


def _notes_on_unseen(y: NDArray[Any], splits: list[tuple[Rows, Rows]], problem: Problem) -> tuple[str, ...]:
    """Folds that test classes which their training rows lack, where groups are kept together."""
    if problem.info.task != "classification" or problem.groups is None:
        return ()
    _check_two_classes(y, splits, problem)
    unseen = [label for train, test in splits for label in np.setdiff1d(y[test], y[train])]
    if not unseen:
        return ()
    return (
        f"class {shortened(str(unseen[0]), 40)!r} is in so few groups that a fold tests it without having trained on "
        "it: the log-loss is large there",
    )


def _check_two_classes(y: NDArray[Any], splits: list[tuple[Rows, Rows]], problem: Problem) -> None:
    for train, _ in splits:
        if (y[train] == y[train[0]]).all():
            raise InputError(
                f"with the groups of {problem.group!r} kept together, a fold has class "
                f"{shortened(str(y[train[0]]), 40)!r} only to train on. Use another --group, or more --folds."
            )
