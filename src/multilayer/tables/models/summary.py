"""The summary of a table model: its out-of-fold score beside those of other models in the same folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from multilayer.results import Column, Table, listing
from multilayer.tables.models.companions import NAMES, TREES
from multilayer.tables.models.fitting import MODEL
from multilayer.tables.models.means import mean_over_rows
from multilayer.tables.reports import notes_in_words

# The difference of two scores and its standard error.
Pair = tuple[float, float]
BEST_EPOCHS = "The score of the model is slightly too good: each network stopped at its best epoch on these rows."
SERIES = (
    "The standard errors assume independent rows; those of a series that resemble their neighbours make them too small."
)


def summary_of(model: Any) -> Table:
    """Return a table with a line for each model, and notes: a verdict, the weights, and what the score leaves out."""
    losses, weight = model._oof_losses, model._weight_of_rows
    of_model = model._score_of_losses(losses[MODEL], weight)
    rows: list[Sequence[object]] = [(MODEL, of_model, None, *model._measures[MODEL])]
    compared: dict[str, Pair] = {}
    for name, of_rows in losses.items():
        if name != MODEL:
            score = model._score_of_losses(of_rows, weight)
            slope = model._score_slope(of_model, score)
            mean, error = mean_over_rows(of_rows - losses[MODEL], weight, model._groups_of_rows)
            compared[name] = slope * mean, slope * error
            rows.append((name, score, compared[name], *model._measures[name]))
    columns = (
        Column("name", align="left"),
        Column(model._loss_name, ".4g"),
        Column("model better by"),
        *model._measure_columns,
    )
    notes = [verdict(compared, with_trees=model.with_trees), BEST_EPOCHS]
    if len(model.weights_) > 1:
        notes.insert(1, weights_in_words(model.weights_))
    if model._is_series:
        notes.append(SERIES)
    n, planned = len({member.fold for member in model.members_}), len(model._n_training_rows)
    partial = [f"Only {n} of {planned} folds are complete, because {model._end}."] * (n < planned)
    return Table(columns, rows, notes=[*notes, *partial, *notes_in_words(model.columns_.notes)])


def weights_in_words(weights: Mapping[str, float]) -> str:
    """Return a sentence of the weight of each kind.

    Examples
    --------
    >>> weights_in_words({"waves": 0.7, "gradient-boosted trees": 0.3})
    'Weights: waves 0.70, gradient-boosted trees 0.30.'
    """
    return f"Weights: {', '.join(f'{name} {weight:.2f}' for name, weight in weights.items())}."


def verdict(compared: Mapping[str, Pair], *, with_trees: bool) -> str:
    """Return sentences that say whether the model is worth it.

    Parameters
    ----------
    compared : mapping of str to pair of float
        For each other model, how much the model is better, and the standard error of that.
    with_trees : bool
        Whether trees are a part of the model.

    Returns
    -------
    str
        One or two sentences.

    Examples
    --------
    >>> compared = {"constant": (0.9, 0.1), "linear model": (0.3, 0.1), "gradient-boosted trees": (0.1, 0.1)}
    >>> verdict(compared, with_trees=False)
    'The difference between the model and the gradient-boosted trees may be chance.'
    """
    missing = [name for name in NAMES if name not in compared]
    rest = f" Not fitted for lack of time: {listing(missing)}." if missing else ""
    if not compared:
        return f"There is no other model to compare it with.{rest}"
    better = [name for name, (mean, error) in compared.items() if mean + 2 * error < 0]
    if better:
        remedy = "" if with_trees or TREES not in better else " Set with_trees=True to combine both."
        return f"Better than the model by more than chance explains: {listing(better)}.{remedy}{rest}"
    unclear = [name for name, (mean, error) in compared.items() if not mean - 2 * error > 0]
    if len(unclear) == 1:
        return f"The difference between the model and the {unclear[0]} may be chance.{rest}"
    if unclear:
        others = listing([f"the {name}" for name in unclear])
        return f"Chance may explain how the model differs from {others}.{rest}"
    others = listing([f"the {name}" for name in compared])
    return f"The model is better than {others} by more than chance explains.{rest}"
