"""The result of a diagnosis: findings, and the vital signs of each layer."""

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
    """One fault of a network, with evidence and advice.

    Attributes
    ----------
    name : str
        Such as "dead units".
    severity : {"problem", "warning", "note"}
        How bad it is.
    where : str
        Such as "hidden layer 1 (layer 2)"; empty if the finding concerns no particular place.
    what : str
        A sentence with the numbers.
    advice : str
        What to try.
    evidence : dict of {str: float}
        The numbers by name.
    """

    name: str
    severity: str
    where: str
    what: str
    advice: str
    evidence: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.severity}: {self.heading}\n  {self.what}\n  Try: {self.advice}"

    @property
    def heading(self) -> str:
        """The name and the place, such as "dead units in hidden layer 1 (layer 2)"."""
        return f"{self.name} in {self.where}" if self.where else self.name


@dataclass(frozen=True, eq=False)
class LayerVitals:
    """Measurements of a layer.

    Attributes
    ----------
    layer : int
        The textbook's number, from 2.
    activation : str
        The activation, or the output unit.
    responding : array of shape (s_l,)
        For each unit, the share of rows in which g'(z) is not near 0; 1 for output units.
    min_activation, max_activation : array of shape (s_l,)
        The range of each unit over the rows.
    weight_size : float
        The norm of the weights into the layer, without biases.
    gradient_size : float
        The norm of their gradient.
    update_ratio : float
        The norm of one more update of them, divided by ``weight_size``; NaN for L-BFGS.
    """

    layer: int
    activation: str
    responding: NDArray[np.float64]
    min_activation: NDArray[np.float64]
    max_activation: NDArray[np.float64]
    weight_size: float
    gradient_size: float
    update_ratio: float

    @property
    def silent(self) -> NDArray[np.bool_]:
        """Whether each unit responds to at most 1% of the rows, or a relu unit to none.

        A relu unit that responds to few rows may be specialised, and its gradient in these is not small.
        """
        return self.responding <= (0.0 if self.activation == "relu" else NO_RESPONSE)


@dataclass(frozen=True, eq=False)
class Diagnosis(Result):
    """The findings of ``diagnose``; print it for a report, iterate over it for the findings.

    Attributes
    ----------
    findings : tuple of Finding
        The worst first.
    layers : tuple of LayerVitals
        Measurements of each layer.
    n_rows : int
        The number of rows.
    score : float
        Accuracy, share of correct labels or R² of these rows, weighted as in training.
    validation_score : float or None
        The same for X_val, or for the rows that early stopping holds out.
    """

    findings: tuple[Finding, ...]
    layers: tuple[LayerVitals, ...]
    n_rows: int
    score: float
    validation_score: float | None

    @property
    def is_healthy(self) -> bool:
        """Whether no finding is a problem or a warning."""
        return all(finding.severity == "note" for finding in self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    @property
    def summary(self) -> str:
        """The counts of problems, warnings and notes, and the scores, in one line."""
        counts = Counter(finding.severity for finding in self.findings)
        parts = [f"{counts[kind]} {kind}{'s' * (counts[kind] > 1)}" for kind in SEVERITIES if counts[kind]]
        scores = f"score {self.score:.3g}"
        if self.validation_score is not None:
            scores += f", in validation {self.validation_score:.3g}"
        return f"{', '.join(parts) or 'nothing found'}; {self.n_rows:,} row{'s' * (self.n_rows != 1)}, {scores}"

    def __repr__(self) -> str:
        return f"<Diagnosis: {self.summary}>"

    @property
    def table(self) -> Table:
        """A table with one row per layer, and the findings as notes."""
        columns = [Column("layer"), Column("units"), Column("activation"), Column("min", ".3g"), Column("max", ".3g")]
        columns += [Column("responding", ".0%"), Column("update_ratio", ".1e")]
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
        """Return the layers as a frame.

        Returns
        -------
        pandas.DataFrame
            One row per layer.
        """
        return self.table.to_frame()
