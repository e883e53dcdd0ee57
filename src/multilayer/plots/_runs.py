"""Training runs as pictures of them need them: read from an estimator, a history or plain costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from multilayer.exceptions import InputError, ShapeError
from multilayer.plots._inputs import FloatArray, check_fitted, innermost, read_names


@dataclass(frozen=True)
class Run:
    """The costs (T,) of one run of T iterations, those on validation data and the scores there, if it had any.

    Of validation there may be fewer, V: a run that goes on may have been validated in its last epochs alone.
    """

    label: str
    costs: FloatArray
    validation: FloatArray | None
    scores: FloatArray | None = None

    @property
    def best(self) -> tuple[int, float] | None:
        """The iteration and value of the highest finite score, the first of equals: the weights kept are its."""
        return None if self.scores is None else _extreme(self, self.scores, -1.0)

    @property
    def lowest(self) -> tuple[int, float] | None:
        """The iteration (from 1) and value of the lowest finite validation cost, the first of equals."""
        return None if self.validation is None else _extreme(self, self.validation, 1.0)

    @property
    def final(self) -> float:
        """The last validation cost, or the last cost; infinite if the run diverged."""
        last = float((self.costs if self.validation is None else self.validation)[-1])
        return last if np.isfinite(last) else float("inf")


def _extreme(run: Run, values: FloatArray, sign: float) -> tuple[int, float] | None:
    """The iteration (from 1) and value of the least finite ``sign`` times value."""
    if not np.isfinite(values).any():
        return None
    i = int(np.argmin(np.where(np.isfinite(values), sign * values, np.inf)))
    return i + 1 + skipped(run, values), float(values[i])


def skipped(run: Run, values: FloatArray) -> int:
    """How many iterations came before the first that was validated."""
    return max(len(run.costs) - len(values), 0)


def read_runs(runs: Any, labels: Sequence[str] | None) -> list[Run]:
    """`runs` in any of the forms it may have, as a list."""
    if isinstance(runs, Mapping):
        keys, items = [str(key) for key in runs], list(runs.values())
    elif isinstance(runs, (list, tuple)) and not all(isinstance(item, Real) for item in runs):
        keys, items = [f"run {i}" for i in range(1, len(runs) + 1)], list(runs)
    else:
        keys, items = ["training"], [runs]
    if not items:
        raise InputError("runs is empty. Pass at least one fitted estimator, history or list of costs.")
    keys = read_names("labels", labels, len(items)) or keys
    return [_read_run(label, item) for label, item in zip(keys, items, strict=True)]


def _read_run(label: str, run: Any) -> Run:
    if hasattr(run, "costs"):
        costs, validation = run.costs, getattr(run, "validation_costs", None)
        scores = getattr(run, "validation_scores", None)
    elif hasattr(run, "fit"):
        check_fitted(run)
        network = innermost(run)
        costs = getattr(network, "loss_curve_", None)
        validation = getattr(network, "validation_loss_curve_", None)
        scores = getattr(network, "validation_scores_", None)
        if costs is None:
            raise InputError(
                f"{type(network).__name__} has no loss_curve_: it kept no costs. Pass an estimator that keeps them, "
                "such as an MLPClassifier, or the costs themselves."
            )
    else:
        costs, validation, scores = run, None, None
    given = (None if values is None else _read_costs(label, values) for values in (validation, scores))
    return Run(label, _read_costs(label, costs), *given)


def _read_costs(label: str, costs: Any) -> FloatArray:
    """`costs` as a float64 array (T,), T at least 1; NaN stays, since a diverged run is worth seeing."""
    try:
        values = np.asarray(costs, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the costs of {label!r} are not numbers: {error}. Pass a fitted estimator, a history or a 1-D array."
        ) from error
    if values.ndim != 1:
        raise ShapeError(
            f"the costs of {label!r} must be of shape (T,), got {values.shape}. "
            "Pass several runs as a list of 1-D arrays."
        )
    if not len(values):
        raise InputError(f"the costs of {label!r} are empty. Train for at least one iteration.")
    return values
