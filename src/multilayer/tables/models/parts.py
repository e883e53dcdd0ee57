"""The weighted parts of a table model: its networks, and its trees if they have a weight, with their encoders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.tables.encoder import TableEncoder
from multilayer.tables.models.companions import TREES
from multilayer.tables.models.problem import Limits

Encoded = dict[int, NDArray[Any]]  # the rows in the encoding of each encoder, by its id


@dataclass(frozen=True, eq=False)
class Part:
    """One part of the weighted mean.

    Attributes
    ----------
    fold : int
        The number of its fold.
    weight : float
        Its weight; those of all parts sum to 1.
    encoder : TableEncoder
        The encoder of its rows.
    mean_row : array of shape (width,)
        The mean of its encoded training rows.
    network : MLPClassifier, MLPRegressor or None
        The network; None for trees.
    predict : callable
        From encoded rows to (m, K).
    trees : TreeModel or None
        The trees; None for a network.
    """

    fold: int
    weight: float
    encoder: TableEncoder
    mean_row: NDArray[np.float64]
    network: Any
    predict: Callable[[NDArray[Any]], NDArray[np.float64]]
    trees: Any = None


def parts_of(model: Any, *, out_of_fold: bool = False) -> list[Part]:
    """Return the parts of a fitted model with a positive weight.

    Folds count by their number of training rows.  Rows after a series are predicted by the members that are trained on
    all of it alone, and its out-of-fold rows by those of the folds.

    Parameters
    ----------
    model : TableClassifier or TableRegressor
        The fitted model.
    out_of_fold : bool, default=False
        Whether to return the members of the folds, also for a series, with the weights that were selected without the
        rows that they validate.

    Returns
    -------
    list of Part
        The parts.
    """
    parts, last = [], len(model._validation_rows)
    in_the_end = model._predicts_with_all_rows and not out_of_fold
    folds = [last] if in_the_end else sorted({member.fold for member in model.members_ if member.fold < last})
    n_rows = sum(model._n_training_rows[fold] for fold in folds)
    shares = {fold: model._n_training_rows[fold] / n_rows for fold in folds}
    of_folds = model._weights_of_folds if out_of_fold else {}
    by_fold = {fold: of_folds.get(fold, model.weights_) for fold in folds}
    for member in model.members_:
        weight = shares.get(member.fold, 0.0) * by_fold.get(member.fold, model.weights_)[member.recipe]
        if weight > 0:
            predict = _predicts(model, member.network, member.limits if out_of_fold else None)
            parts.append(Part(member.fold, weight, member.encoder, member.mean_row, member.network, predict))
    for each in model._trees:
        weight = shares.get(each.fold, 0.0) * by_fold.get(each.fold, model.weights_)[TREES]
        if weight > 0:
            parts.append(Part(each.fold, weight, each.encoder, each.mean_row, None, each.predict, each.model))
    return parts


def _predicts(model: Any, network: Any, limits: Limits | None) -> Callable[[NDArray[Any]], NDArray[np.float64]]:
    def predict(X: NDArray[Any]) -> NDArray[np.float64]:
        predicted: NDArray[np.float64] = model._predicted(network, X)
        return predicted if limits is None else np.clip(predicted, *limits)

    return predict


def parts_by_fold(parts: Sequence[Part]) -> dict[int, list[Part]]:
    """Return the parts of each fold, with weights that sum to 1."""
    found = {}
    for fold in sorted({part.fold for part in parts}):
        of_fold = [part for part in parts if part.fold == fold]
        total = sum(part.weight for part in of_fold)
        found[fold] = [replace(part, weight=part.weight / total) for part in of_fold]
    return found


def encode(parts: Sequence[Part], table: Any) -> Encoded:
    """Encode the rows of a table once for each encoder."""
    return {key: encoder.transform(table) for key, encoder in encoders_of(parts).items()}


def encoders_of(parts: Sequence[Part]) -> dict[int, TableEncoder]:
    """Return the distinct encoders by their ids."""
    return {id(part.encoder): part.encoder for part in parts}


def mean_of(parts: Sequence[Part], encoded: Mapping[int, NDArray[Any]]) -> NDArray[np.float64]:
    """Return the weighted mean of the predictions, (m, K)."""
    total: Any = 0.0
    for part in parts:
        total = total + part.weight * part.predict(encoded[id(part.encoder)])
    return np.asarray(total)


def answers(model: Any, parts: Sequence[Part], encoded: Mapping[int, NDArray[Any]]) -> NDArray[np.float64]:
    """Return the answers of the model for encoded rows, (m, K)."""
    found: NDArray[np.float64] = model._answer(mean_of(parts, encoded))
    return found


def columns_in(encoder: TableEncoder) -> dict[str, slice]:
    """Return the encoded columns of each column of the table; dropped columns are absent."""
    places, start = {}, 0
    for report in encoder.columns_:
        if report.width:
            places[report.name] = slice(start, start + report.width)
            start += report.width
    return places
