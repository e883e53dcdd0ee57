"""Partial dependence: the mean prediction if all rows had one value in a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from multilayer._checks import check_integer
from multilayer.exceptions import InputError, ParameterError, unknown_name
from multilayer.results import Column, Result, Table, frame, significant
from multilayer.tables._column_data import ColumnData, Kind
from multilayer.tables._fitted_columns import number_of
from multilayer.tables._series import column_data
from multilayer.tables._spelled import spelled_cells
from multilayer.tables.models.parts import columns_in, encode, encoders_of, mean_of, parts_by_fold, parts_of
from multilayer.tables.models.rows import chosen_rows

if TYPE_CHECKING:
    from pandas import DataFrame

GAP = "(gap)"


@dataclass(frozen=True, eq=False)
class PartialDependence(Result):
    """The mean prediction of some rows as a function of one column.

    Attributes
    ----------
    column : str
        The column.
    kind : {"number", "Boolean", "text", "date", "time", "duration", "empty"}
        The kind of its values.
    values : tuple
        The n values for which the prediction was computed; None is a gap, the last one.
    predictions : array of shape (n, K)
        The mean predictions: probabilities of the classes, or amounts in the units of y.
    deviations : array of shape (n, K)
        The standard deviation of the mean predictions of the members of each fold; NaN for a single fold.
    counts : array of int of shape (n,) or None
        The number of rows with each value; None for numbers, dates and times.
    outputs : tuple
        The classes, or the numbers of the outputs.
    classifies : bool
        Whether the predictions are probabilities of classes.
    n_rows : int
        The number of rows over which is averaged.
    """

    column: str
    kind: Kind
    values: tuple[Any, ...]
    predictions: NDArray[np.float64]
    deviations: NDArray[np.float64]
    counts: NDArray[np.intp] | None
    outputs: tuple[Any, ...]
    classifies: bool
    n_rows: int

    @property
    def shown(self) -> list[int]:
        """The numbers of the outputs that are shown: of two classes the second."""
        return [1] if self.classifies and len(self.outputs) == 2 else list(range(len(self.outputs)))

    @property
    def labels(self) -> list[str]:
        """The values as text."""
        return [as_text(value) for value in self.values]

    @property
    def names(self) -> list[str]:
        """The name of each output: "probability of 'yes'", "prediction", or "prediction 0"."""
        if self.classifies:
            return [f"probability of {output!r}" for output in self.outputs]
        return [f"prediction {output}" for output in self.outputs] if len(self.outputs) > 1 else ["prediction"]

    @property
    def conclusion(self) -> str:
        """Where the mean prediction is lowest and highest, for the output that changes most."""
        k = max(self.shown, key=lambda k: float(np.ptp(self.predictions[:, k])))
        curve = self.predictions[:, k]
        low, high = int(curve.argmin()), int(curve.argmax())
        if np.ptp(curve) <= 1e-12 * max(float(np.abs(curve).max()), 1e-300):
            return f"The mean {self.names[k]} does not depend on {self.column}."
        return (
            f"The mean {self.names[k]} is lowest, {significant(curve[low], 4)}, at {self.column} = {self.labels[low]}, "
            f"and highest, {significant(curve[high], 4)}, at {self.labels[high]}."
        )

    @property
    def table(self) -> Table:
        """The mean predictions, with their deviations over the folds."""
        columns = [Column(self.column, align="left" if self.counts is not None else "right")]
        columns += [Column("rows", ",d")] if self.counts is not None else []
        columns += [Column(f"mean {self.names[k]}") for k in self.shown]
        rows = []
        for i, label in enumerate(self.labels):
            of_counts = [int(self.counts[i])] if self.counts is not None else []
            pairs = [(float(self.predictions[i, k]), float(self.deviations[i, k])) for k in self.shown]
            rows.append([label, *of_counts, *pairs])
        title = f"Mean prediction of {self.n_rows:,} rows if all had this value in {self.column}:"
        has_folds = bool(np.isfinite(self.deviations).all())
        notes = ["After ± stands the deviation between the networks of the folds."] if has_folds else []
        return Table(tuple(columns), rows, title, [*notes, self.conclusion])

    def to_frame(self) -> DataFrame:
        """Convert the values to a pandas frame.

        Returns
        -------
        pandas.DataFrame
            The column ``value``; then the mean prediction of each output and its deviation between the folds; then
            ``rows`` if the values were counted.

        Raises
        ------
        MissingExtraError
            If pandas is not installed.
        """
        columns: dict[str, Any] = {"value": list(self.values)}
        for k, name in enumerate(self.names):
            columns[name] = self.predictions[:, k]
            columns[f"{name}: deviation"] = self.deviations[:, k]
        return frame(columns if self.counts is None else {**columns, "rows": self.counts})


def as_text(value: Any) -> str:
    """Return a value of a table as text: numbers to four digits, gaps as "(gap)"."""
    if value is None or value != value:
        return GAP
    if isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool)):
        return f"{value:,.0f}" if abs(value) >= 1e4 and float(value).is_integer() else f"{value:.4g}"
    return str(value).removesuffix(" 00:00:00")


def dependence_of(
    model: Any,
    table: Any,
    column: str | int,
    *,
    values: Sequence[Any] | None,
    n_values: int,
    max_rows: int | None,
    random_state: Any,
) -> PartialDependence:
    """Compute the partial dependence; the arguments are those of ``BaseTableModel.partial_dependence``."""
    check_integer("n_values", n_values, 2)
    name = _name_of(model, table, column)
    report = next(report for report in model.columns_ if report.name == name)
    given = table.column(name)
    if report.kind in ("number", "date") and given.kind == "text":
        encodings = {each.name: each for each in model.members_[0].encoder.encodings_}
        number = number_of(encodings[name]) if name in encodings else None
        given = spelled_cells(given, report.kind, None if number is None else number.form)
    counts = None
    if values is not None:
        grid = column_data(list(values), "values")
        if not len(grid):
            raise ParameterError("values must hold at least one value, got none. Omit it for a choice from the rows.")
    else:
        grid, counts = _grid(given, n_values, report.kind)
    table = table.take(chosen_rows(table.num_rows, max_rows, random_state))
    predictions, deviations = _curves(model, table, name, grid)
    outputs = tuple(model.classes_.tolist()) if model._classifies else tuple(range(predictions.shape[1]))
    return PartialDependence(
        name,
        report.kind,
        tuple(grid.to_pylist()),
        predictions,
        deviations,
        counts,
        outputs,
        model._classifies,
        int(table.num_rows),
    )


def _name_of(model: Any, table: Any, column: str | int) -> str:
    names = model._names
    if isinstance(column, int | np.integer) and not isinstance(column, bool):
        if not 0 <= column < len(names):
            raise ParameterError(f"column must be a name or a number from 0 to {len(names) - 1}, got {column}.")
        column = names[column]
    if column not in names:
        raise unknown_name("column", column, list(names))
    if column not in table.column_names:
        raise InputError(f"X has no column {column!r}, whose values are needed. Pass a table that has it.")
    return str(column)


def _grid(column: ColumnData, n_values: int, kind: Kind) -> tuple[ColumnData, NDArray[np.intp] | None]:
    """Return some values of a column, and the number of rows of each if they are categories; a gap is the last one.

    Categories are the most frequent ones; other values are quantiles that occur in the column.
    """
    present, gap = np.flatnonzero(~column.gaps), np.flatnonzero(column.gaps)[:1]
    values = column.values[present]
    distinct, first, counts = np.unique(values, return_index=True, return_counts=True)
    if kind in ("text", "Boolean", "empty"):
        order = np.lexsort((first, -counts))[:n_values]
        if kind == "Boolean":
            order = np.sort(order)
        of_rows = np.append(counts[order], [column.n_gaps] * len(gap)).astype(np.intp)
        return column.take(np.append(present[first[order]], gap)), of_rows
    if len(distinct) > n_values:
        places = np.linspace(0, len(values) - 1, n_values).round().astype(np.intp)
        first = first[np.searchsorted(distinct, np.unique(np.sort(values)[places]))]
    return column.take(np.append(present[first], gap)), None


def _curves(model: Any, table: Any, name: str, grid: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean predictions for each value of the grid, (n, K), and their deviations between the folds."""
    parts = parts_of(model)
    folds = parts_by_fold(parts)
    by_fold = list(folds.values())
    shares = [sum(part.weight for part in parts if part.fold == fold) for fold in folds]
    encoded = encode(parts, table)
    at = table.column_names.index(name)
    single = table.take(np.zeros(len(grid), dtype=np.intp)).set_column(at, name, grid)
    places = {key: columns_in(encoder).get(name) for key, encoder in encoders_of(parts).items()}
    of_grid = encode(parts, single)
    curves, by_folds = [], []
    for i in range(len(grid)):
        for key, place in places.items():
            if place is not None:
                encoded[key][:, place] = of_grid[key][i, place]
        of_folds = [mean_of(each, encoded) for each in by_fold]
        by_folds.append([model._answer(each).mean(axis=0) for each in of_folds])
        curves.append(model._answer(np.average(of_folds, axis=0, weights=shares)).mean(axis=0))
    nan = np.full((len(grid), curves[0].shape[0]), np.nan)
    return np.array(curves), np.std(by_folds, axis=1, ddof=1) if len(by_fold) > 1 else nan
