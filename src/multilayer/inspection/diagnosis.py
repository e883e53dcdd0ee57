"""What a diagnosis consists of, and how it prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.results import Column, Result, Table

SEVERITIES = ("problem", "warning", "note")  # the worst first
NO_RESPONSE = 0.01


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be: where, by what evidence, and what to try."""

    name: str  # such as "dead units"
    severity: str  # one of SEVERITIES
    where: str  # such as "layer 2"
    what: str  # a sentence, with the numbers
    advice: str  # what to try
    evidence: Mapping[str, float] = field(default_factory=dict)  # the numbers by name

    def __str__(self) -> str:
        return f"{self.severity}: {self.name}, {self.where}\n  {self.what}\n  Try: {self.advice}"


@dataclass(frozen=True, eq=False)
class LayerVitals:
    """A layer as the rows found it, one entry a unit, and what one more update would do to its weights."""

    layer: int  # the textbook's number: from 2, the first with weights
    activation: str  # or the output unit
    responding: NDArray[np.float64]  # (s_l,): the share of rows in which g'(z) is not near 0; 1 of output units
    min_activation: NDArray[np.float64]  # (s_l,): over the rows
    max_activation: NDArray[np.float64]  # (s_l,)
    weight_size: float  # the norm of the weights that lead into the layer, without biases
    gradient_size: float  # the norm of their derivatives D
    update_ratio: float  # the norm of one more update of them, divided by weight_size; NaN for L-BFGS

    @property
    def silent(self) -> NDArray[np.bool_]:
        """(s_l,): the units that respond to at most 1% of the rows; of relu, to none.

        A relu unit that responds to few rows may be a specialist, and lets a gradient pass whole; other units that
        respond to so few are at a bound in all.
        """
        return self.responding <= (0.0 if self.activation == "relu" else NO_RESPONSE)


@dataclass(frozen=True, eq=False)
class Diagnosis(Result):
    """What :meth:`diagnose` found, the worst first; print it for a report, iterate over it for the findings."""

    findings: tuple[Finding, ...]
    layers: tuple[LayerVitals, ...]
    n_rows: int
    score: float  # on the rows given, weighted as in training: accuracy, share of right labels, or R²
    validation_score: float | None  # on X_val, or on the rows that early stopping holds out

    @property
    def is_healthy(self) -> bool:
        """Whether there is neither a problem nor a warning."""
        return all(finding.severity == "note" for finding in self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    @property
    def summary(self) -> str:
        """The counts of problems, warnings and notes, and the scores, in a line."""
        counts = Counter(finding.severity for finding in self.findings)
        parts = [f"{counts[kind]} {kind}{'s' * (counts[kind] > 1)}" for kind in SEVERITIES if counts[kind]]
        scores = f"score {self.score:.3g}"
        if self.validation_score is not None:
            scores += f", in validation {self.validation_score:.3g}"
        return f"{', '.join(parts) or 'nothing found'}; {self.n_rows:,} rows, {scores}"

    def __repr__(self) -> str:
        return f"<Diagnosis: {self.summary}>"

    @property
    def table(self) -> Table:
        """A row for each layer, and the findings as notes."""
        columns = [Column("layer"), Column("units"), Column("activation"), Column("min", ".3g"), Column("max", ".3g")]
        columns += [Column("responding", ".0%"), Column("update / weight", ".1e")]
        rows = [
            (
                vitals.layer,
                len(vitals.min_activation),
                vitals.activation,
                vitals.min_activation.min(),
                vitals.max_activation.max(),
                vitals.responding.mean(),
                None if np.isnan(vitals.update_ratio) else vitals.update_ratio,
            )
            for vitals in self.layers
        ]
        return Table(tuple(columns), rows, self.summary, [str(finding) for finding in self.findings])

    def to_frame(self) -> Any:
        """The layers as a frame.

        Returns
        -------
        pandas.DataFrame
            A row for each layer.
        """
        return self.table.to_frame()
