"""Instruments: the vital signs of the layers, and the diagnosis of a run."""

from __future__ import annotations

from typing import Any

import numpy as np

from multilayer.inspection import Diagnosis
from multilayer.playground.runs.run import Run

MOST_ROWS = 1_000  # of a measurement
BOUNDED = ("sigmoid", "tanh")  # activations whose silent units are saturated, not dead


def diagnosis(run: Run) -> Diagnosis:
    """Return the diagnosis of the network at the present update, by its first training rows."""
    data = run.data
    validation: dict[str, Any] = {}
    if data.X_val is not None and data.y_val is not None:
        validation = {"X_val": data.X_val[:MOST_ROWS], "y_val": data.y_val[:MOST_ROWS]}
    # The weights of a run that diverges may be so large that sums overflow.
    with np.errstate(over="ignore", invalid="ignore"):
        found: Diagnosis = run.snapshot().diagnose(data.X[:MOST_ROWS], data.y[:MOST_ROWS], **validation)
    return found


def vital_signs(run: Run) -> list[dict[str, Any]]:
    """Return the measurements of each layer from layer 2 on, as the page shows them.

    A unit that does not respond to the rows is saturated if its activation is bounded, and dead otherwise: the rule of
    ``diagnose``.
    """
    signs = []
    for layer in diagnosis(run).layers:
        silent = np.flatnonzero(layer.silent).tolist()
        is_bounded = layer.activation in BOUNDED
        signs.append(
            {
                "dead": [] if is_bounded else silent,
                "saturated": silent if is_bounded else [],
                "gradient_norm": layer.gradient_size,
                "update_ratio": layer.update_ratio,
                "weight_norm": layer.weight_size,
            }
        )
    return signs


def diagnosis_json(run: Run) -> dict[str, Any]:
    """Return the findings as the page shows them."""
    found = diagnosis(run)
    findings = [
        {name: getattr(finding, name) for name in ("name", "severity", "where", "what", "advice")} for finding in found
    ]
    return {"summary": found.summary, "findings": findings}
