"""Drift: which columns of new rows differ from the rows that a table model was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from multilayer.results import Column, Result, Table, frame, listing
from multilayer.tables.encodings import Encoding, NumberEncoding, SignEncoding, TextEncoding

if TYPE_CHECKING:
    from pandas import DataFrame

SMALL = 0.2  # standard deviations, a small effect by Cohen (1988)
BEYOND_CHANCE = 4.0  # standard errors; many columns are compared at once
LEAST_DEVIATION = 0.02  # of an encoded column, so that a constant one has finite changes
MOST_LINES = 20  # of a printed table
FEWEST_LINES = 5  # where fewer columns have changed
MOST_NAMES = 5  # in a sentence
FEWEST_ROWS = 20  # for a verdict


@dataclass(frozen=True, eq=False)
class Drift(Result):
    """How far the columns of new rows are from those of training.

    Attributes
    ----------
    names : tuple of str
        The columns that are used, in the order of the table.
    changes : array of shape (n_columns,)
        For each, the change (O4) of the mean of that encoded column that changed most, in standard deviations.
    errors : array of shape (n_columns,)
        Their standard errors.
    words : tuple of str
        What changed.
    n_rows : int
        The number of new rows.
    """

    names: tuple[str, ...]
    changes: NDArray[np.float64]
    errors: NDArray[np.float64]
    words: tuple[str, ...]
    n_rows: int

    @property
    def order(self) -> NDArray[np.intp]:
        """The numbers of the columns, the largest changes first."""
        return np.argsort(-np.abs(self.changes), kind="stable")

    @property
    def changed(self) -> tuple[str, ...]:
        """The columns that changed by more than a small effect and more than chance, the largest changes first."""
        if self.n_rows < FEWEST_ROWS:
            return ()
        sizes = np.abs(self.changes)
        has_changed = (sizes >= SMALL) & (sizes > BEYOND_CHANCE * self.errors)
        return tuple(self.names[j] for j in self.order if has_changed[j])

    @property
    def conclusion(self) -> str:
        """Which columns have changed, in a sentence."""
        changed = self.changed
        if self.n_rows < FEWEST_ROWS:
            return f"Fewer than {FEWEST_ROWS} rows do not show whether columns have changed."
        if not changed:
            return f"No column of these {self.n_rows:,} rows differs much from the training rows."
        named = listing([repr(name) for name in changed[:MOST_NAMES]])
        rest = f" ({len(changed) - MOST_NAMES} more)" if len(changed) > MOST_NAMES else ""
        have = "has" if len(changed) == 1 else "have"
        return f"{len(changed)} of {len(self.names)} columns {have} changed since the training: {named}{rest}."

    @property
    def table(self) -> Table:
        """The columns with the largest changes."""
        changed = set(self.changed)
        rows = [
            (self.names[j], f"{abs(self.changes[j]):.2f} ± {self.errors[j]:.2f}", self.words[j])
            for j in self.order[: min(max(len(changed), FEWEST_LINES), MOST_LINES)]
            if self.words[j]
        ]
        columns = (Column("column", align="left"), Column("change"), Column("what changed", align="left"))
        notes = [self.conclusion, "Changes are those of means, in standard deviations of the rows."]
        left_out = len(self.names) - len(rows)
        notes += [f"{left_out} more column{'s' * (left_out > 1)} changed less."] * (left_out > 0)
        return Table(columns, rows, "Columns compared with those of the training rows", notes)

    def to_frame(self) -> DataFrame:
        """Return a frame with a row for each column, in the order of the table.

        Returns
        -------
        pandas.DataFrame
            The columns "column", "change", "error" and "words".
        """
        return frame({"column": self.names, "change": self.changes, "error": self.errors, "words": self.words})


def drift(model: Any, X: Any) -> Drift:
    r"""Compare the columns of new rows with those that a table model was trained on.

    The rows are encoded as the first network of the model sees them.  With the mean :math:`\bar z_j` and the variance
    :math:`v_j` of an encoded column in the n new rows, and its mean :math:`\mu_j` in the N training rows, the change is

    .. math:: d_j = \frac{\bar z_j - \mu_j}{\sqrt{v_j}}, \quad \mathrm{SE} = \sqrt{1 / n + 1 / N} \qquad (O4)

    For columns of two values, such as those of categories, the larger of the variances of new and training rows is
    used; the deviation is at least 0.02.  The change of a column of the table is that of its encoded column with the
    largest :math:`|d_j|`.

    Parameters
    ----------
    model : TableClassifier or TableRegressor
        The fitted model.
    X : table or array of shape (m, n_features)
        The new rows.

    Returns
    -------
    Drift
        The changes by column.

    Raises
    ------
    InputError
        If a column is missing or of another kind than in fitting.

    References
    ----------
    Cohen, J. (1988). Statistical Power Analysis for the Behavioral Sciences, 2nd edition.

    Examples
    --------
    >>> from multilayer import TableRegressor
    >>> rows = [{"size": i % 10, "town": "Ulm" if i % 4 else "Bonn"} for i in range(400)]
    >>> model = TableRegressor("quick", max_time=1.0, random_state=0).fit(rows, [float(i % 10) for i in range(400)])
    >>> found = drift(model, [{"size": i % 10, "town": "Ulm" if i % 2 else "Bonn"} for i in range(400)])
    >>> found.changed, found.words[1]
    (('town',), "share of 'Ulm' from 75 % to 50 %")
    """
    table = model._table_to_predict(X)
    member = model.members_[0]
    Z = member.encoder.transform(table).astype(np.float64)
    n, N = len(Z), model._n_training_rows[member.fold]
    means, before = Z.mean(axis=0), member.mean_row.astype(np.float64)
    levels = [level for encoding in member.encoder.encodings_ for level in _levels(encoding)]
    d = np.array([_change(Z[:, j].var(), before[j], means[j], levels[j]) for j in range(Z.shape[1])])
    names, changes, words, start = [], [], [], 0
    for encoding in member.encoder.encodings_:
        outputs = encoding.feature_names(encoding.name)
        j = start + int(np.argmax(np.abs(d[start : start + len(outputs)])))
        names.append(encoding.name)
        changes.append(d[j])
        level, both = levels[j], np.array([before[j], means[j]])
        shares = None if level is None else ((both - level[0]) / (level[1] - level[0])).tolist()
        words.append(_in_words(encoding, outputs[j - start], d[j], shares))
        start += len(outputs)
    errors = np.full(len(names), np.sqrt(1.0 / n + 1.0 / N))
    return Drift(tuple(names), np.array(changes), errors, tuple(words), n)


def _levels(encoding: Encoding) -> list[tuple[float, float] | None]:
    """Return the two values of each output column that has only two, such as those of a category; None for others."""
    outputs = encoding.feature_names(encoding.name)
    if isinstance(encoding, TextEncoding):
        return [(0.0, 1.0)] * len(outputs)
    if isinstance(encoding, SignEncoding):
        return [(-1.0, 1.0)]
    both = None
    if isinstance(encoding, NumberEncoding) and encoding.kind == "Boolean":
        flags = encoding.standardised(np.array([0.0, 1.0])).tolist()
        both = flags[0], flags[1]
    return [(0.0, 1.0) if output.endswith("=(gap)") else both for output in outputs]


def _change(variance: float, before: float, after: float, levels: tuple[float, float] | None) -> float:
    """(O4) Return the change of the mean of an encoded column, in standard deviations."""
    if levels is not None:
        low, high = levels
        of_training = (before - low) * (high - before)  # of a column of two values
        variance = max(variance, of_training)
    return float((after - before) / max(np.sqrt(max(variance, 0.0)), LEAST_DEVIATION))


def _in_words(encoding: Encoding, output: str, d: float, shares: Sequence[float] | None) -> str:
    """Describe the change of one encoded column; ``shares`` are those of its larger value before and now."""
    what = output.removeprefix(encoding.name).removeprefix("=")
    if shares is not None:
        named = {"(gap)": "gaps", "(other)": "other categories", "": "True"}.get(what, repr(what))
        return f"share of {named} from {100 * shares[0]:.3g} % to {100 * shares[1]:.3g} %"
    if encoding.kind == "text":
        return "another mix of categories"
    if encoding.kind == "date" and not what:
        return "later" if d > 0 else "earlier"
    side = "higher" if d > 0 else "lower"
    return f"{side}, most between {what.strip('()').replace(' to ', ' and ')}" if " to " in what else side
