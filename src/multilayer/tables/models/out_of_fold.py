"""Out-of-fold predictions: those of each kind at their places, and their mean with weights of other folds."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.estimators import NotFittedError
from multilayer.tables.models.folds import N_FOLDS, RowIndices
from multilayer.tables.models.problem import FoldResult, Problem

Floats = NDArray[np.float64]
# From the predictions of each kind for some rows, and the numbers of these rows, to how often each kind counts.
Selection = Callable[[Sequence[Floats], RowIndices], NDArray[np.intp]]


@dataclass(frozen=True, eq=False)
class OutOfFoldRows:
    """The n rows of a fit with out-of-fold predictions.

    Attributes
    ----------
    numbers : array of int of shape (n,)
        Their numbers among all rows.
    y : array of shape (n,) or (n, K)
        Their class numbers or amounts.
    weight, groups : arrays of shape (n,) or None
        Their weights, and the numbers of their groups.
    divisions : sequence of arrays of int
        Their places by fold.
    encoded : array of shape (m, width)
        All rows of the fit as numbers, without the target.
    """

    numbers: RowIndices
    y: NDArray[Any]
    weight: Floats | None
    groups: NDArray[np.intp] | None
    divisions: Sequence[RowIndices]
    encoded: NDArray[Any]

    @classmethod
    def of(
        cls, problem: Problem, numbers: RowIndices, divisions: Mapping[int, RowIndices], encoded: NDArray[Any]
    ) -> OutOfFoldRows:
        """Select the rows of a problem."""
        weight = None if problem.weight is None else problem.weight[numbers]
        groups = None if problem.groups is None else problem.groups[numbers]
        return cls(numbers, problem.y[numbers], weight, groups, list(divisions.values()), encoded)


def digest_of_targets(y: NDArray[Any]) -> str:
    """Return a digest by which the targets of a fit are recognised without being stored."""
    numbers = np.ascontiguousarray(y, dtype="<f8").reshape(len(y), -1 if len(y) else 1) + 0.0  # no negative zero
    return hashlib.blake2b(repr(numbers.shape).encode() + numbers.tobytes(), digest_size=32).hexdigest()


def predictions_of_folds(problem: Problem, results: Sequence[FoldResult[Any]]) -> Floats:
    """Return the predictions for the validation rows of each fold at their places, (m, K); NaN for other rows."""
    predicted = np.full((len(problem.rows), results[0].validated.shape[1]), np.nan)
    for each in results:
        predicted[problem.folds[each.part.fold][1]] = each.validated
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


def of_complete_folds(members: Sequence[FoldResult[Any]], n_recipes: int) -> list[FoldResult[Any]]:
    """Return the members of the folds for which all recipes are trained."""
    n_trained = Counter(member.part.fold for member in members)
    return [member for member in members if n_trained[member.part.fold] == n_recipes]


def of_folds(companions: Sequence[FoldResult[Any]], folds: set[int]) -> dict[str, list[FoldResult[Any]]]:
    """Return the companions by name that are fitted in all of these folds."""
    kept: dict[str, list[FoldResult[Any]]] = {}
    for each in companions:
        if each.part.fold in folds:
            kept.setdefault(each.part.name, []).append(each)
    return {name: results for name, results in kept.items() if len(results) == len(folds)}


def check_has_held_out_rows(model: Any, what: str) -> None:
    """Raise a NotFittedError if a model was fitted by ``partial_fit`` alone."""
    if not model._scores:
        raise NotFittedError(
            f"{what} needs held-out rows, and this {type(model).__name__} was fitted by partial_fit alone, which holds "
            "out none. Call fit(X, y) first, with a table or a dataset; partial_fit then continues its networks."
        )
