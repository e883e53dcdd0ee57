"""Permutation importance by column of the table: how much worse the score is when a column is shuffled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state, column_or_1d

from multilayer._checks import check_flag, check_integer, check_seed
from multilayer.exceptions import InputError
from multilayer.fits.columns import checked_weight, checked_y
from multilayer.fits.containers import checked_entries
from multilayer.fits.errors import input_errors
from multilayer.results import Column, Result, Table, frame, listing, significant
from multilayer.tables._response import group_numbers
from multilayer.tables.models.means import mean_over_rows
from multilayer.tables.models.out_of_fold import check_has_held_out_rows, digest_of_targets
from multilayer.tables.models.parts import (
    Encoded,
    Part,
    answers,
    columns_in,
    encode,
    encoders_of,
    parts_by_fold,
    parts_of,
)
from multilayer.tables.models.rows import chosen_rows

if TYPE_CHECKING:
    from pandas import DataFrame

MOST_NAMES = 5  # in a sentence
MOST_LINES = 30  # of a printed table


@dataclass(frozen=True, eq=False)
class Importance(Result):
    """Permutation importance of the columns of a table.

    Attributes
    ----------
    names : tuple of str
        The columns, in the order of the table.
    values : array of shape (n_features,)
        How much the score rises when the column is shuffled.
    errors : array of shape (n_features,)
        The standard errors of these means over the rows (T5), or over their groups.
    metric : str
        The name of the score, for which less is better.
    score : float
        The score of the rows as they are.
    n_rows : int
        The number of rows.
    n_repeats : int
        How often each column was shuffled.
    out_of_fold : bool
        Whether each row was predicted by the members that were not trained on it.
    dropped : tuple of str
        The columns that the encoders of all folds drop.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    metric: str
    score: float
    n_rows: int
    n_repeats: int
    out_of_fold: bool
    dropped: tuple[str, ...] = ()

    @property
    def order(self) -> NDArray[np.intp]:
        """The numbers of the columns, the most important first."""
        return np.argsort(-self.values, kind="stable")

    @property
    def is_clear(self) -> NDArray[np.bool_]:
        """Whether the importance of each column is greater than two standard errors."""
        return self.values > 2 * self.errors

    @property
    def conclusion(self) -> str:
        """The important columns and those without an effect, in a few sentences."""
        clear = [self.names[j] for j in self.order if self.is_clear[j]]
        unclear = [name for j in self.order if not self.is_clear[j] and (name := self.names[j]) not in self.dropped]
        said = [f"Most important: {_names(clear)}." if clear else "No column has an effect beyond chance."]
        if clear and unclear:
            said.append(f"May be chance (within two standard errors of 0): {_names(unclear)}.")
        if self.dropped:
            said.append(f"Dropped by the encoder: {_names(self.dropped)}.")
        return " ".join(said)

    @property
    def table(self) -> Table:
        """The most important columns, with the rise of the score and its standard error."""
        rows = "validation rows of the folds" if self.out_of_fold else "rows"
        title = (
            f"{self.metric} of {self.n_rows:,} {rows}: {significant(self.score, 4)}. Its rise when a column is "
            f"shuffled, mean of {self.n_repeats}:"
        )
        listed = [(self.names[j], (self.values[j], self.errors[j])) for j in self.order[:MOST_LINES]]
        n_hidden = len(self.names) - len(listed)
        notes = [f"{n_hidden} more columns are less important; to_frame has them."] if n_hidden else []
        columns = (Column("column", align="left"), Column(f"{self.metric} rises by"))
        return Table(columns, listed, title, [*notes, self.conclusion])

    def to_frame(self) -> DataFrame:
        """Convert the values to a pandas frame, the most important column first.

        Returns
        -------
        pandas.DataFrame
            The columns ``column``, ``importance`` and ``error``.

        Raises
        ------
        MissingExtraError
            If pandas is not installed.
        """
        order = self.order
        return frame(
            {
                "column": [self.names[j] for j in order],
                "importance": self.values[order],
                "error": self.errors[order],
            }
        )


def _names(names: Sequence[str]) -> str:
    rest = len(names) - MOST_NAMES
    return listing([*names[:MOST_NAMES], f"{rest} more"] if rest > 0 else list(names))


def importance_of(
    model: Any,
    table: Any,
    y: Any,
    *,
    sample_weight: Any,
    groups: Any,
    n_repeats: int,
    out_of_fold: bool,
    max_rows: int | None,
    random_state: Any,
) -> Importance:
    """Compute the importance of all columns; the arguments are those of ``BaseTableModel.importance``.

    Encoders treat each row and each column on its own, so that a shuffled column is encoded as its encoded columns are
    shuffled: the table is encoded once.
    """
    check_integer("n_repeats", n_repeats, 1)
    check_flag("out_of_fold", out_of_fold)
    chosen = chosen_rows(table.num_rows, max_rows, random_state)
    rng = check_random_state(check_seed("random_state", random_state))
    targets = targets_of(model, y)
    m = table.num_rows
    if len(targets) != m:
        raise InputError(f"Found input variables with inconsistent numbers of samples: {[m, len(targets)]}")
    weight = None
    if sample_weight is not None:
        weight = np.asarray(checked_weight(sample_weight, m, np.dtype(np.float64), warns=True), np.float64)
    names = tuple(name for name in model._names if name in table.column_names)
    of_rows = None if groups is None else group_numbers(groups, m)
    parts = parts_of(model, out_of_fold=out_of_fold)
    if out_of_fold:
        _check_fitting_rows(model, targets)
        if of_rows is None and model._groups_of_rows is not None:
            of_rows = np.zeros(m, dtype=np.intp)
            of_rows[~np.isnan(model._oof[:, 0])] = model._groups_of_rows
        by_fold = parts_by_fold(parts)
        divisions = [(by_fold[fold], np.intersect1d(model._validation_rows[fold], chosen)) for fold in by_fold]
    else:
        divisions = [(parts, chosen)]
    before, after = [], []
    for of_division, numbers in divisions:
        if len(numbers):
            losses, shuffled = _losses(
                model, of_division, table.take(numbers), targets[numbers], names, (n_repeats, rng)
            )
            before.append(losses)
            after.append(shuffled)
    used = np.concatenate([numbers for _, numbers in divisions])
    kept = {name for encoder in encoders_of(parts).values() for name in columns_in(encoder)}
    weight, of_rows = (None if each is None else each[used] for each in (weight, of_rows))
    values, errors, score = _rises(model, np.concatenate(before), np.concatenate(after, axis=1), weight, of_rows)
    dropped = tuple(name for name in names if name not in kept)
    return Importance(names, values, errors, model._loss_name, score, len(used), n_repeats, out_of_fold, dropped)


def _losses(
    model: Any,
    parts: Sequence[Part],
    table: Any,
    y: NDArray[Any],
    names: Sequence[str],
    repeats: tuple[int, np.random.RandomState],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the loss of each row, (m,), and its mean over the repeats with each column shuffled, (n_features, m)."""
    n_repeats, rng = repeats
    encoded: Encoded = encode(parts, table)
    before = model._losses(answers(model, parts, encoded), y)
    after = np.tile(before, (len(names), 1))
    places = {key: columns_in(encoder) for key, encoder in encoders_of(parts).items()}
    for j, name in enumerate(names):
        of_column = {key: encoded[key][:, places[key][name]] for key in encoded if name in places[key]}
        if not of_column:
            continue
        originals = {key: block.copy() for key, block in of_column.items()}
        total = np.zeros(len(y))
        for _ in range(n_repeats):
            order = rng.permutation(len(y))
            for key, block in of_column.items():
                block[:] = originals[key][order]
            total += model._losses(answers(model, parts, encoded), y)
        for key, block in of_column.items():
            block[:] = originals[key]
        after[j] = total / n_repeats
    return before, after


def _rises(
    model: Any,
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
    groups: NDArray[np.intp] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return the rise of the score for each column, its standard error over the rows, and the score."""
    score = model._score_of_losses(before, weight)
    values, errors = np.zeros(len(after)), np.zeros(len(after))
    for j, losses in enumerate(after):
        shuffled = model._score_of_losses(losses, weight)
        _, error = mean_over_rows(losses - before, weight, groups)
        values[j], errors[j] = shuffled - score, model._score_slope(score, shuffled) * error
    return values, errors, score


def targets_of(model: Any, y: Any) -> NDArray[Any]:
    """Return the class numbers or amounts of y for a fitted model."""
    with input_errors():
        if not model._classifies:
            return np.asarray(checked_y(checked_entries(y, "y"), are_labels=False), dtype=np.float64)
        labels = np.asarray(column_or_1d(checked_y(checked_entries(y, "y"), are_labels=True), warn=True))
    is_known = np.isin(labels, model.classes_)
    if not is_known.all():
        raise InputError(
            f"y holds the class {labels[~is_known][0]!r}, which was not in the fitting table. "
            f"Its classes are {', '.join(map(repr, model.classes_.tolist()))}."
        )
    return np.searchsorted(model.classes_, labels).astype(np.intp)


def _check_fitting_rows(model: Any, targets: NDArray[Any]) -> None:
    check_has_held_out_rows(model, "out_of_fold=True")
    n_fitted = len(model._oof)
    if len(targets) != n_fitted or digest_of_targets(targets) != model._targets_digest:
        raise InputError(
            f"out_of_fold=True needs the fitting table of {n_fitted:,} rows with its target in the same order, got "
            f"{len(targets):,} {'other ' if len(targets) == n_fitted else ''}rows. "
            "Pass the X and y of fit, or held-out rows with out_of_fold=False."
        )
