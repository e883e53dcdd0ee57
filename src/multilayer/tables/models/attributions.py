"""Integrated gradients of a table model, from the encoded columns of all its networks back to columns of the table.

The model is one function of a long row: the encoded row of each encoder, and the weighted predictions of the trees.
Its attributions (V3) are added for each column of the table; those of the trees' predictions are their contribution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.equations.extensions.attributions import integrated_gradients
from multilayer.tables.models.parts import Encoded, Part, answers, columns_in, encode, encoders_of, parts_of

FIRST_NODES, MOST_NODES = 32, 512
TOLERANCE = 1e-4  # of a probability, or of the range of y
MOST_NUMBERS = 4_000_000  # in memory at a time

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Attributions:
    """The attributions of one output for each of m rows; the fields are those of an Explanation."""

    units: NDArray[np.intp]  # (m,), the numbers of the outputs
    contributions: Floats  # (m, n_features)
    baseline: Floats  # (m,)
    prediction: Floats
    trees: Floats
    limits: Floats
    trees_weight: float


def attributions_of(
    model: Any, table: Any, baseline: Any, units_of: Callable[[Floats], NDArray[np.intp]]
) -> Attributions:
    """Return the attributions for the rows of a table.

    Parameters
    ----------
    model : TableClassifier or TableRegressor
        The fitted model.
    table : Columns
        The m rows.
    baseline : Columns or None
        Rows whose encoded mean is the baseline; None for the mean encoded training row.
    units_of : callable
        From predictions of shape (m, K) to the number of the output of each row.

    Returns
    -------
    Attributions
        The attributions.
    """
    parts = parts_of(model)
    encoded, start = encode(parts, table), _mean_rows(parts, baseline)
    joint = _Joint.of(model, parts)
    predicted, of_start = answers(model, parts, encoded), answers(model, parts, start)[0]
    units = units_of(predicted)
    points, origin = joint.rows(encoded), joint.rows(start)[0]
    ends = model._answer(joint.mean(points)), model._answer(joint.mean(origin[np.newaxis]))[0]
    change = (ends[0] - ends[1])[np.arange(len(units)), units]
    prediction, baselines = predicted[np.arange(len(units)), units], of_start[units]
    limits = prediction - baselines - change
    limits[np.abs(limits) <= 1e-6 * (np.abs(prediction) + np.abs(baselines))] = 0.0  # rounding
    found = np.zeros_like(points)
    scale = 1.0 if model._classifies else float(np.max(model._range[1] - model._range[0]))
    for unit in np.unique(units):
        for rows in _blocks(np.flatnonzero(units == unit), points.shape[1]):
            found[rows] = joint.attributions(points[rows], origin, int(unit), change[rows], TOLERANCE * scale)
    weight = float(sum(part.weight for part in parts if part.network is None))
    contributions = joint.by_column(found, model._names)
    return Attributions(
        units, contributions, baselines, prediction, found[:, joint.width :].sum(axis=1), limits, weight
    )


def _mean_rows(parts: Sequence[Part], baseline: Any) -> Encoded:
    """Return the baseline in each encoding, of shape (1, width)."""
    if baseline is None:
        return {id(part.encoder): part.mean_row[np.newaxis] for part in parts}
    return {key: rows.mean(axis=0, keepdims=True, dtype=np.float64) for key, rows in encode(parts, baseline).items()}


def _blocks(rows: NDArray[np.intp], width: int) -> Iterator[NDArray[np.intp]]:
    """Divide rows, so that the first path of each part fits into memory."""
    size = max(MOST_NUMBERS // (FIRST_NODES * width), 1)
    for at in range(0, len(rows), size):
        yield rows[at : at + size]


@dataclass(frozen=True, eq=False)
class _Joint:
    """The model without limits of its predictions, as a function of long rows."""

    model: Any
    parts: Sequence[Part]
    places: dict[int, slice]  # of the networks' encoders in a long row
    width: int  # of all of them; the predictions of the trees follow

    @classmethod
    def of(cls, model: Any, parts: Sequence[Part]) -> _Joint:
        places, start = {}, 0
        for key, encoder in encoders_of([part for part in parts if part.network is not None]).items():
            width = len(encoder.number_columns_)
            places[key] = slice(start, start + width)
            start += width
        return cls(model, parts, places, start)

    @property
    def networks(self) -> list[Part]:
        """The parts that are networks."""
        return [part for part in self.parts if part.network is not None]

    def rows(self, encoded: Encoded) -> Floats:
        """Return long rows of encoded rows."""
        trees: Any = [
            part.weight * part.predict(encoded[id(part.encoder)]) for part in self.parts if part.network is None
        ]
        of_networks = [encoded[key].astype(np.float64) for key in self.places]
        return np.hstack([*of_networks, sum(trees)] if trees else of_networks)

    def mean(self, points: Floats) -> Floats:
        """Return the weighted mean of all parts, (n, K)."""
        total: Any = points[:, self.width :] if points.shape[1] > self.width else 0.0
        for part in self.networks:
            total = total + part.weight * self.model._unlimited(part.network, points[:, self.places[id(part.encoder)]])
        return np.asarray(total)

    def gradient(self, points: Floats, unit: int) -> Floats:
        """Return the derivative of one output of the model by long rows, in their shape."""
        slopes = self.model._answer_gradient(self.mean(points), unit)  # (n, K)
        found = np.zeros_like(points)
        if points.shape[1] > self.width:
            found[:, self.width :] = slopes
        for part in self.networks:
            place = self.places[id(part.encoder)]
            X = points[:, place]
            for k in np.flatnonzero(slopes.any(axis=0)):
                found[:, place] += part.weight * slopes[:, [k]] * self.model._input_gradient(part.network, X, int(k))
        return found

    def attributions(self, points: Floats, origin: Floats, unit: int, change: Floats, tolerance: float) -> Floats:
        """Return (V3) for long rows; the nodes are doubled until (V4) holds, or ``MOST_NODES`` are reached."""
        n_nodes = FIRST_NODES
        while True:
            found = integrated_gradients(lambda path: self.gradient(path, unit), points, origin, n_nodes)
            n_nodes *= 2
            if n_nodes > MOST_NODES or np.abs(found.sum(axis=1) - change).max() <= tolerance:
                return found

    def by_column(self, found: Floats, names: Sequence[str]) -> Floats:
        """Return the sums over the encoded columns of each column of the table, (m, n_features)."""
        sums = np.zeros((len(found), len(names)))
        at = {name: j for j, name in enumerate(names)}
        for key, encoder in encoders_of(self.networks).items():
            of_encoder = found[:, self.places[key]]
            for name, place in columns_in(encoder).items():
                sums[:, at[name]] += of_encoder[:, place].sum(axis=1)
        return sums
