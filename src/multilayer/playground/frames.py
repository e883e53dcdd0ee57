"""Frames: what the page shows of a run at one update, computed from its parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, confusion_matrix, r2_score

from multilayer.network import thetas
from multilayer.playground.data.play_data import PlayData
from multilayer.playground.messages import Reply
from multilayer.playground.planes.construction import Plane
from multilayer.playground.runs.run import Run
from multilayer.playground.runs.setup import CLASSIFICATION

MOST_SCORED = 20_000  # rows of a score in a frame
Arrays = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class View:
    """What the pictures show.

    Attributes
    ----------
    number : int
        Changes with the view.
    plane : Plane or None
        The plane of the maps; None if the data have none.
    resolution, unit_resolution : int
        Points along a side of the map of the outputs, and of those of the units.
    shows_units : bool
        Whether the maps of the units are drawn.
    """

    number: int
    plane: Plane | None
    resolution: int = 80
    unit_resolution: int = 24
    shows_units: bool = True


def frame(run: Run, view: View, have: Mapping[str, Any], numbers: Mapping[str, int]) -> Reply:
    """Return the newest frame for a page that has some epochs of the curves already.

    Parameters
    ----------
    run : Run
        The run.
    view : View
        What the pictures show.
    have : mapping
        The fields ``run`` and ``epochs`` of the request.
    numbers : mapping
        The numbers of scene, run and view, which the frame repeats.

    Returns
    -------
    Reply
        As described in PROTOCOL.md.
    """
    known = have.get("epochs")
    from_epoch = known if isinstance(known, int) and known > 0 and have.get("run") == numbers["run"] else 0
    predicted = _predictions(run, run.data.X[:MOST_SCORED])
    validation = None if run.data.X_val is None else _predictions(run, run.data.X_val[:MOST_SCORED])
    fields = {
        **numbers,
        "update": run.update,
        "epoch": run.epoch,
        "updates_per_epoch": run.updates_per_epoch,
        "last_update": run.last_update,
        "reason": run.reason,
        "message": run.message,
        "seconds": run.seconds,
        "step_size": run.next_step_size(),
        "curves": _curves(run, from_epoch),
        "updates": {"from": run.first_cost, "costs": list(run.costs)},
        **_scores(run.data, predicted, validation),
    }
    arrays = {"thetas": _flat(thetas(run.network, run.parameters))}
    if view.plane is not None:
        arrays |= maps(run, view, view.plane)
        arrays["predicted"] = _shown(run, run.data.X, predicted, view.plane.shown)
        if run.data.X_val is not None and validation is not None:
            shown = view.plane.shown_validation
            arrays["predicted_validation"] = _shown(run, run.data.X_val, validation, shown)
    return Reply(fields, arrays)


def maps(run: Run, view: View, plane: Plane) -> Arrays:
    """Return the outputs over the plane, (K, R, R), and the activations of the hidden units, (n, r, r)."""
    viewer, R, r = run.viewer, view.resolution, view.unit_resolution
    H = outputs(run, plane.rows(R))
    arrays: Arrays = {"outputs": _float32(H.T).reshape(-1, R, R)}
    n_layers = len(run.network.layer_sizes)
    if view.shows_units and n_layers > 2:
        rows = plane.rows(r)
        A = [viewer.transform(rows, layer=layer).T for layer in range(2, n_layers)]
        arrays["units"] = _float32(np.concatenate(A)).reshape(-1, r, r)
    return arrays


def outputs(run: Run, X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities, (m, K), of the second class alone for two classes; or amounts, (m, 1)."""
    if run.data.task != CLASSIFICATION:
        predicted: NDArray[np.float64] = run.viewer.predict(X)
        return predicted[:, np.newaxis]
    H: NDArray[np.float64] = run.viewer.predict_proba(X)
    return H[:, 1:] if H.shape[1] == 2 else H


def confusion(data: PlayData, targets: NDArray[Any], predicted: NDArray[Any]) -> list[list[int]]:
    """Return the counts of true classes, in rows, by predicted classes."""
    counts: list[list[int]] = confusion_matrix(targets, predicted, labels=range(len(data.class_names))).tolist()
    return counts


def score(data: PlayData, targets: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Return the accuracy, or R² of amounts; NaN if a network that diverges predicts numbers that are not finite."""
    if not np.isfinite(predicted).all():
        return math.nan
    if data.task == CLASSIFICATION:
        return float(accuracy_score(targets, predicted))
    with np.errstate(over="ignore", invalid="ignore"):
        return float(r2_score(targets, predicted))


def score_of(run: Run) -> float:
    """Return the score of the validation rows, or of the training rows if there are none."""
    data = run.data
    if data.X_val is not None and data.targets_val is not None:
        return score(data, data.targets_val, _predictions(run, data.X_val))
    return training_score(run)


def training_score(run: Run) -> float:
    """Return the score of the training rows."""
    return score(run.data, run.data.targets, _predictions(run, run.data.X))


def _predictions(run: Run, X: NDArray[np.float64]) -> NDArray[Any]:
    """Return the class numbers or amounts of rows, shape (m,)."""
    H = outputs(run, X)
    if run.data.task != CLASSIFICATION:
        return H[:, 0]
    return (H[:, 0] > 0.5).astype(np.int64) if H.shape[1] == 1 else H.argmax(axis=1)


def _shown(run: Run, X: NDArray[np.float64], predicted: NDArray[Any], shown: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return what is predicted for the points that are drawn, most of which has been predicted for the scores."""
    return _float32(predicted[shown] if len(predicted) == len(X) else _predictions(run, X[shown]))


def _scores(data: PlayData, predicted: NDArray[Any], validation: NDArray[Any] | None) -> dict[str, Any]:
    targets = data.targets[: len(predicted)]
    scores: dict[str, Any] = {"train": score(data, targets, predicted), "validation": None}
    if validation is not None and data.targets_val is not None:
        targets, predicted = data.targets_val[: len(validation)], validation
        scores["validation"] = score(data, targets, predicted)
    if data.task == CLASSIFICATION:
        return {"scores": scores, "confusion": confusion(data, targets, predicted), "worst": None}
    return {"scores": scores, "confusion": None, "worst": float(np.abs(targets - predicted).max())}


def _curves(run: Run, start: int) -> dict[str, Any]:
    """Return the costs and scores from an epoch on; the costs are the mean over the outputs, as the estimator's."""
    curves, divisor = run.timeline.curves, run.cost_divisor
    validation_costs, scores = curves.validation_costs, curves.validation_scores
    return {
        "from": start,
        "costs": [cost / divisor for cost in curves.costs[start:]],
        "validation_costs": None if validation_costs is None else [cost / divisor for cost in validation_costs[start:]],
        "validation_scores": None if scores is None else scores[start:],
    }


def _flat(arrays: list[Any]) -> NDArray[np.float32]:
    return np.concatenate([_float32(each).ravel() for each in arrays])


def _float32(values: Any) -> NDArray[np.float32]:
    # Weights of a run that diverges may be too large for float32; the page draws infinity as the largest.
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(values, dtype=np.float32)
