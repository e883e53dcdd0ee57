"""Out-of-fold predictions: those of each kind at their places, and their mean with weights of other folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from multilayer.tables.models.companions import Companion
from multilayer.tables.models.folds import N_FOLDS, RowIndices
from multilayer.tables.models.problem import Problem
from multilayer.tables.models.training import TrainedMember

Floats = NDArray[np.float64]
# From the predictions of each kind for some rows, and the numbers of these rows, to how often each kind counts.
Selection = Callable[[Sequence[Floats], RowIndices], NDArray[np.intp]]


def predictions_of_folds(problem: Problem, parts: Sequence[TrainedMember | Companion]) -> Floats:
    """Return the predictions for the validation rows of each fold at their places, (m, K); NaN for other rows."""
    predicted = np.full((len(problem.rows), parts[0].validated.shape[1]), np.nan)
    for part in parts:
        predicted[problem.folds[part.fold][1]] = part.validated
    return predicted


def divisions_of(m: int, rows: RowIndices, problem: Problem) -> dict[int, RowIndices]:
    """Divide the out-of-fold rows by their folds; those of a single fold into five parts, by groups if there are any.

    Parameters
    ----------
    m : int
        The number of rows of the fit.
    rows : array of int of shape (n,)
        The rows with out-of-fold predictions, in ascending order.
    problem : Problem
        The folds and the groups.

    Returns
    -------
    dict of int to array of int
        Places among ``rows`` by the number of the fold; each place is in one array.  The parts of a single fold have
        the numbers -1 to -5.
    """
    n = len(rows)
    place = np.full(m, -1)
    place[rows] = np.arange(n)
    last_of = np.full(n, -1)  # a row may be in several folds, of which the last one predicted it
    for fold, (_, validating) in enumerate(problem.folds):
        last_of[place[validating[place[validating] >= 0]]] = fold
    if len(np.unique(last_of)) > 1:
        return {int(fold): np.flatnonzero(last_of == fold) for fold in np.unique(last_of)}
    units = np.arange(n)
    if problem.groups is not None:
        units = np.unique(problem.groups[rows], return_inverse=True)[1]
    return {-1 - int(part): np.flatnonzero(units % N_FOLDS == part) for part in np.unique(units % N_FOLDS)}


def weighted_mean(predictions: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Return the mean of the kinds, which does not touch kinds of weight 0."""
    return np.asarray(sum(weight * predictions[name] for name, weight in weights.items() if weight > 0))


def selected_weights(predictions: Mapping[str, Floats], rows: RowIndices, select: Selection) -> dict[str, float]:
    """Return the weight of each kind by a selection on some rows."""
    counts = select([each[rows] for each in predictions.values()], rows)
    return {name: float(count) / float(counts.sum()) for name, count in zip(predictions, counts, strict=True)}


def cross_fitted_weights(
    predictions: Mapping[str, Floats], rows: RowIndices, divisions: Mapping[int, RowIndices], select: Selection
) -> dict[int, dict[str, float]]:
    """Return the weights of the kinds for each division, which are selected on the rows of the others.

    Weights that are selected on the same rows make their mean better than on new rows.

    Parameters
    ----------
    predictions : mapping of str to array of shape (m, K)
        The out-of-fold predictions of each kind.
    rows : array of int of shape (n,)
        The rows that they are known for.
    divisions : mapping of int to array of int
        Places among ``rows``.
    select : callable
        The selection.

    Returns
    -------
    dict of int to dict
        The weights by the number of the division.
    """
    found = {}
    for number, division in divisions.items():
        others = np.setdiff1d(np.arange(len(rows)), division) if len(divisions) > 1 else division
        found[number] = selected_weights(predictions, rows[others], select)
    return found


def mean_of_divisions(
    predictions: Mapping[str, Floats],
    rows: RowIndices,
    divisions: Mapping[int, RowIndices],
    weights: Mapping[int, Mapping[str, float]],
) -> Floats:
    """Return the mean of the kinds with the weights of each division, (m, K); NaN for rows of none."""
    found = np.full_like(next(iter(predictions.values())), np.nan)
    for number, division in divisions.items():
        of_division = {name: each[rows[division]] for name, each in predictions.items()}
        found[rows[division]] = weighted_mean(of_division, weights[number])
    return found


def of_complete_folds(members: Sequence[TrainedMember], n_recipes: int) -> list[TrainedMember]:
    """Return the members of the folds for which all recipes are trained."""
    folds = {member.fold for member in members}
    whole = {fold for fold in folds if sum(member.fold == fold for member in members) == n_recipes}
    return [member for member in members if member.fold in whole]


def of_folds(companions: Sequence[Companion], folds: set[int]) -> dict[str, list[Companion]]:
    """Return the companions by name that are fitted in all of these folds."""
    kept: dict[str, list[Companion]] = {}
    for each in companions:
        if each.fold in folds:
            kept.setdefault(each.name, []).append(each)
    return {name: parts for name, parts in kept.items() if len(parts) == len(folds)}
