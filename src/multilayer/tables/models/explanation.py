"""Explanations of single predictions: the contribution of each column, by integrated gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from multilayer._checks import check_integer
from multilayer.exceptions import ParameterError, unknown_name
from multilayer.results import Column, Result, Table, frame, listing, significant
from multilayer.tables.models.attributions import attributions_of
from multilayer.tables.models.dependence import as_text

if TYPE_CHECKING:
    from pandas import DataFrame

TREES, LIMITS = "(gradient-boosted trees)", "(limits of the prediction)"
MOST_LINES = 20  # of a printed table
LEAST_SHARE = 0.005  # of the sum of all absolute contributions, for a column that a sentence names


class Contribution(NamedTuple):
    """A line of an explanation; the value is None for contributions that belong to no single column."""

    name: str
    value: str | None
    contribution: float


@dataclass(frozen=True, eq=False)
class Explanation(Result):
    """The contribution of each column to the predictions of some rows.

    ``contributions.sum(axis=1) + trees + limits`` is ``prediction - baseline``, except for the ``errors``.

    Attributes
    ----------
    names : tuple of str
        The columns.
    values : tuple of tuples
        The values of each row.
    contributions : array of shape (m, n_features)
        The contributions, in units of the prediction.
    baseline : array of shape (m,)
        The prediction for the baseline.
    prediction : array of shape (m,)
        The prediction: the probability of the class, or the amount.
    trees : array of shape (m,)
        The contribution of the trees, which is not divided among the columns.
    limits : array of shape (m,)
        The change by the limits of the predictions, the range of the training targets.
    targets : tuple
        The class of each row, or the number of the output.
    classifies : bool
        Whether the predictions are probabilities.
    trees_weight : float
        The weight of the trees.
    is_mean_row : bool
        Whether the baseline is the mean training row.
    """

    names: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]
    contributions: NDArray[np.float64]
    baseline: NDArray[np.float64]
    prediction: NDArray[np.float64]
    trees: NDArray[np.float64]
    limits: NDArray[np.float64]
    targets: tuple[Any, ...]
    classifies: bool
    trees_weight: float
    is_mean_row: bool

    def __len__(self) -> int:
        return len(self.prediction)

    def __getitem__(self, row: int) -> Explanation:
        """Return the explanation of one row."""
        if not -len(self) <= row < len(self):
            raise IndexError(f"row {row} of {len(self)}")
        at = slice(row % len(self), row % len(self) + 1)
        return Explanation(
            self.names,
            self.values[at],
            self.contributions[at],
            self.baseline[at],
            self.prediction[at],
            self.trees[at],
            self.limits[at],
            self.targets[at],
            self.classifies,
            self.trees_weight,
            self.is_mean_row,
        )

    @property
    def errors(self) -> NDArray[np.float64]:
        """The part of each prediction that the contributions miss, because the integral is computed approximately."""
        return self.prediction - self.baseline - self.contributions.sum(axis=1) - self.trees - self.limits

    @property
    def order(self) -> NDArray[np.intp]:
        """The numbers of the columns, those with the largest absolute contributions first."""
        return np.argsort(-np.abs(self.contributions).mean(axis=0), kind="stable")

    @property
    def rests(self) -> list[tuple[str, NDArray[np.float64]]]:
        """The contributions that belong to no column, if there are any."""
        return [(name, rest) for name, rest in ((TREES, self.trees), (LIMITS, self.limits)) if np.any(rest)]

    @property
    def baseline_name(self) -> str:
        """The name of the baseline."""
        return "mean training row" if self.is_mean_row else "mean of the given rows"

    @property
    def conclusion(self) -> str:
        """The prediction, the baseline and the largest contributions, in a few sentences."""
        if len(self) > 1:
            first = listing([self.names[j] for j in self.order[:3]])
            said = [f"The largest contributions over {len(self):,} rows are those of {first}."]
        else:
            what = f"probability of {self.targets[0]!r}" if self.classifies else "prediction"
            predicted, before = (significant(values[0], 4) for values in (self.prediction, self.baseline))
            said = [f"The {what} is {predicted}, and {before} for the {self.baseline_name}."]
            least = LEAST_SHARE * np.abs(self.contributions).sum()
            for word, sign in (("Up", 1.0), ("Down", -1.0)):
                columns = [j for j in self.order if sign * self.contributions[0, j] > least][:3]
                if columns:
                    pairs = [f"{self.names[j]} ({significant(self.contributions[0, j], 3, '+')})" for j in columns]
                    said.append(f"{word}: {listing(pairs)}.")
        if np.any(self.trees):
            said.append(f"The trees, whose weight is {self.trees_weight:.2g}, are not divided among the columns.")
        worst = float(np.abs(self.errors).max())
        if worst > 0.01 * float(np.abs(self.contributions).max(initial=0.0)):
            said.append(f"The contributions are approximate: their sum misses the change by up to {worst:.2g}.")
        return " ".join(said)

    def lines(self, most: int) -> list[Contribution]:
        """Return the contributions to the prediction of the first row.

        Parameters
        ----------
        most : int
            The largest number of columns; the contributions of the others are added.

        Returns
        -------
        list of Contribution
            The columns with the largest contributions, then the rest.
        """
        row, order = self.contributions[0], self[0].order
        lines = [Contribution(self.names[j], as_text(self.values[0][j]), float(row[j])) for j in order[:most]]
        if len(order) > most:
            lines.append(Contribution(f"({len(order) - most} other columns)", None, float(row[order[most:]].sum())))
        return lines + [Contribution(name, None, float(rest[0])) for name, rest in self.rests]

    @property
    def table(self) -> Table:
        """The contributions to the prediction of one row, or the mean absolute contributions for several."""
        if len(self) > 1:
            means_of = np.abs(self.contributions).mean(axis=0)
            rows: list[Sequence[object]] = [
                (self.names[j], significant(means_of[j], 4)) for j in self.order[:MOST_LINES]
            ]
            rows += [(name, significant(float(np.abs(rest).mean()), 4)) for name, rest in self.rests]
            means = Column("column", align="left"), Column("mean absolute contribution")
            return Table(means, rows, f"Contributions in {len(self):,} rows", [self.conclusion])
        rows = [(line.name, line.value, significant(line.contribution, 4, "+")) for line in self.lines(MOST_LINES)]
        change = float(self.prediction[0] - self.baseline[0])
        rows.append(("prediction - baseline", "", significant(change, 4, "+")))
        columns = (Column("column", align="left"), Column("value"), Column("contribution"))
        return Table(columns, rows, notes=[self.conclusion], n_summary_rows=1)

    def to_frame(self) -> DataFrame:
        """Convert the contributions to a pandas frame, one row for each explained row.

        Returns
        -------
        pandas.DataFrame
            A column of contributions for each column of the table; then ``(gradient-boosted trees)`` and ``(limits of
            the prediction)``, if there are any, ``(baseline)`` and ``(prediction)``; for classes also ``(class)``.

        Raises
        ------
        MissingExtraError
            If pandas is not installed.
        """
        columns: dict[str, Any] = {name: self.contributions[:, j] for j, name in enumerate(self.names)}
        columns |= dict(self.rests)
        columns |= {"(baseline)": self.baseline, "(prediction)": self.prediction}
        return frame({**columns, "(class)": list(self.targets)} if self.classifies else columns)


def explanation_of(model: Any, table: Any, *, target: Any, baseline: Any) -> Explanation:
    """Explain predictions; the arguments are those of ``BaseTableModel.explain``."""
    found = attributions_of(model, table, baseline, units_for(model, target))
    labels = model.classes_[found.units] if model._classifies else found.units
    return Explanation(
        model._names,
        tuple(tuple(row.get(name) for name in model._names) for row in table.to_pylist()),
        found.contributions,
        found.baseline,
        found.prediction,
        found.trees,
        found.limits,
        tuple(labels.tolist()),
        model._classifies,
        found.trees_weight,
        baseline is None,
    )


def units_for(model: Any, target: Any) -> Callable[[NDArray[np.float64]], NDArray[np.intp]]:
    """Return a function from predictions, (m, K), to the number of the explained output of each row."""
    if model._classifies:
        if target is None:
            return lambda predicted: predicted.argmax(axis=1)
        found = np.flatnonzero(model.classes_ == target)
        if len(found) != 1:
            raise unknown_name("class", target, model.classes_.tolist())
        return lambda predicted: np.full(len(predicted), found[0])

    def numbered(predicted: NDArray[np.float64]) -> NDArray[np.intp]:
        K = predicted.shape[1]
        if target is None and K > 1:
            raise ParameterError(f"target must be the number of an output from 0 to {K - 1}, got None.")
        unit = 0 if target is None else check_integer("target", target, 0)
        if unit >= K:
            raise ParameterError(f"target must be the number of an output from 0 to {K - 1}, got {unit}.")
        return np.full(len(predicted), unit)

    return numbered
