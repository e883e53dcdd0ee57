"""Target encoding of text of many categories: smoothed means of the target and the logarithm of the frequency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from multilayer.equations.extensions.encodings import SMOOTHING, smooth_clip
from multilayer.tables._column_data import ColumnData, Kind
from multilayer.tables._response import Response
from multilayer.tables.column_summaries import TextSummary
from multilayer.tables.encodings import Output, text_codes
from multilayer.tables.reports import ColumnReport

MOST_CATEGORIES, MOST_MEANS = 100_000, 1_000_000
"""The most frequent categories have means, at most a million for all outputs; the others count as unseen."""


class CrossFitting(Protocol):
    """The means of the target for fitting rows, each over rows of other folds."""

    def cross_fitted(self, name: str, codes: NDArray[np.intp], n_categories: int) -> NDArray[np.float64]:
        """Return the mean of each output for each row, (K, m), by the rows' categories in the column ``name``."""


@dataclass(frozen=True)
class TargetMeanEncoding:
    """Text of many categories: a smoothed mean for each output of the target, the frequency, and a column for gaps.

    The means are ``s(d_c / scale)`` with d_c of :func:`smoothed_means`, the deviation ``scale`` of the cross-fitted
    means and the clip s of :func:`smooth_clip`; the frequency is ``s((log n_c - log_centre) / log_scale)``.
    Categories of one fitting row and unseen ones have the overall mean, 0, and n_c = 1; a gap is 0 in both.
    """

    name: str
    kind: Kind
    categories: tuple[str, ...]  # of at least two fitting rows
    counts: tuple[int, ...]
    means: tuple[tuple[float, ...], ...]  # d_c of each output
    scales: tuple[float, ...]
    labels: tuple[str, ...]  # of the outputs
    log_centre: float
    log_scale: float
    has_gaps: bool

    def feature_names(self, name: str) -> list[str]:
        numbered = len(self.labels) > 1
        means = [
            f"{name}=(share of {label})" if label else f"{name}=(mean{f' {i}' if numbered else ''})"
            for i, label in enumerate(self.labels, start=1)
        ]
        return [*means, f"{name}=(frequency)"] + [f"{name}=(gap)"] * self.has_gaps

    def are_numbers(self) -> list[bool]:
        return [False] * (len(self.labels) + 1 + self.has_gaps)

    def encode_into(self, out: Output, column: ColumnData) -> None:
        codes, gaps = text_codes(column, self.categories), column.gaps
        for i, (means, scale) in enumerate(zip(self.means, self.scales, strict=True)):
            # Code -1 is the last entry.
            out[:, i] = smooth_clip(np.array([*means, 0.0]) / scale)[codes]
        self._write_frequency_and_gaps(out, codes, gaps)

    def encode_fitted_into(self, out: Output, column: ColumnData, crossed: CrossFitting) -> None:
        """Write fitting rows to ``out``, with cross-fitted means."""
        codes, gaps = text_codes(column, self.categories), column.gaps
        all_means = crossed.cross_fitted(self.name, codes, len(self.categories))
        for i, (means, scale) in enumerate(zip(all_means, self.scales, strict=True)):
            out[:, i] = smooth_clip(means / scale)
        self._write_frequency_and_gaps(out, codes, gaps)

    def _write_frequency_and_gaps(self, out: Output, codes: NDArray[np.intp], gaps: NDArray[np.bool_]) -> None:
        logs = np.log(np.array([*self.counts, 1.0]))
        at = len(self.labels)
        out[:, at] = smooth_clip((logs - self.log_centre) / self.log_scale)[codes]
        out[gaps, at] = 0
        if self.has_gaps:
            out[gaps, -1] = 1


def fit_target_means(name: str, summary: TextSummary, response: Response) -> tuple[TargetMeanEncoding, ColumnReport]:
    """Fit the encoding of a column of text to its sums of the target; ``response`` describes the outputs."""
    sums = summary.category_sums(min(MOST_CATEGORIES, MOST_MEANS // max(len(response.labels), 1)), response)
    counts = sums.counts.sum(axis=1)
    n_others = summary.n_values - int(counts.sum())  # rows of rare categories
    logs = np.log(np.array([*counts, 1.0]))
    of_rows = np.array([*counts, n_others])
    encoding = TargetMeanEncoding(
        name,
        "text",
        sums.categories,
        tuple(counts.tolist()),
        tuple(map(tuple, sums.means().tolist())),
        tuple(
            _scale(np.append(crossed.ravel(), 0.0), np.append(sums.counts.ravel(), n_others))
            for crossed in sums.cross_fitted()
        ),
        response.labels,
        _mean(logs, of_rows),
        _scale(logs, of_rows),
        has_gaps=summary.n_gaps > 0,
    )
    what = "share of each class" if len(response.labels) > 1 and response.labels[0] else "mean of the target"
    if len(response.labels) == 1 and response.labels[0]:
        what = f"share of {response.labels[0]!r}"
    done = (
        f"the {what} in each of {len(sums.categories):,} categories (cross-fitted, smoothed by {SMOOTHING:.0f} rows) "
        "and the logarithm of their frequency"
    )
    if rare := summary.n_different - len(sums.categories):
        done += f"; {summary.about}{rare:,} rare categories and unseen ones get the overall mean"
    done += "; one column for gaps" if encoding.has_gaps else ""
    return encoding, ColumnReport(name, "text", done, summary.n_gaps, len(encoding.feature_names(name)))


def _mean(values: NDArray[np.float64], counts: NDArray[np.int64]) -> float:
    """Return the mean of values that occur so often, 0 for none."""
    return float(values @ counts / max(int(counts.sum()), 1))


def _scale(values: NDArray[np.float64], counts: NDArray[np.int64]) -> float:
    """Return the deviation of values that occur so often, or 1 if they are equal except for rounding."""
    deviation = float(np.sqrt(_mean((values - _mean(values, counts)) ** 2, counts)))
    return deviation if deviation > 1e-9 else 1.0
