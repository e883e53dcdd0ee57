"""The summary of a table model: its out-of-fold score beside those of other models in the same folds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from multilayer.results import Column, Table, listing
from multilayer.tables.models.companions import LINEAR_MODEL, NAMES, TREES
from multilayer.tables.models.means import mean_over_rows
from multilayer.tables.models.out_of_fold import OutOfFoldRows
from multilayer.tables.reports import notes_in_words

MODEL = "model"  # the name of the table model beside its companions
# Why some folds are not complete.
INTERRUPTED, OVER = ENDS = ("training was interrupted", "the time was over")
# The difference of two scores and its standard error.
Pair = tuple[float, float]
BEST_EPOCHS = "The score of the model is slightly too good: each network stopped at its best epoch on these rows."
SERIES = (
    "The standard errors assume independent rows; those of a series that resemble their neighbours make them too small."
)


@dataclass(frozen=True)
class ModelScore:
    """The out-of-fold score of a model.

    Attributes
    ----------
    name : str
        ``MODEL``, or the name of the companion.
    score : float
        Its score.
    better : pair of float or None
        How much the table model is better, and the standard error of that; None for the table model.
    measures : tuple of float
        More measures, such as the calibration error.
    """

    name: str
    score: float
    better: Pair | None
    measures: tuple[float, ...]


def scores_of(model: Any, beside: Mapping[str, NDArray[Any]], held: OutOfFoldRows) -> list[ModelScore]:
    """Return the scores of a model and of the out-of-fold predictions beside it, (m, K) each."""
    of_model, weight = model._losses(model._oof[held.numbers], held.y), held.weight
    score = model._score_of_losses(of_model, weight)
    found = [ModelScore(MODEL, score, None, model._more_measures(model._oof[held.numbers], held))]
    for name, predictions in beside.items():
        predicted = predictions[held.numbers]
        losses = model._losses(predicted, held.y)
        of_other = model._score_of_losses(losses, weight)
        slope = model._score_slope(score, of_other)
        mean, error = mean_over_rows(losses - of_model, weight, held.groups)
        better = slope * mean, slope * error
        found.append(ModelScore(name, of_other, better, model._more_measures(predicted, held)))
    return found


def summary_of(model: Any) -> Table:
    """Return a table with a line for each model, and notes: a verdict, the weights, and what the score leaves out."""
    scores: list[ModelScore] = model._scores
    # What users call the linear model of classes and of amounts.
    linear = "logistic regression" if model._classifies else "linear regression"
    names = {each.name: linear if each.name == LINEAR_MODEL else each.name for each in scores}
    rows = [(names[each.name], each.score, each.better, *each.measures) for each in scores]
    compared = {each.name: each.better for each in scores if each.better is not None}
    columns = (
        Column("name", align="left"),
        Column(model._loss_name, ".4g"),
        Column("model better by"),
        *model._measure_columns,
    )
    told = verdict(compared, with_trees=model.with_trees)
    notes = [told.replace(f"the {LINEAR_MODEL}", linear).replace(LINEAR_MODEL, linear), BEST_EPOCHS]
    if len(model.weights_) > 1:
        notes.insert(1, weights_in_words(model.weights_))
    if model._is_series:
        notes.append(SERIES)
    if (sample := getattr(model, "_sample_rows", None)) is not None:
        notes.append(
            f"The other models are fitted on a sample of {sample:,} of the {model._n_training_rows[0]:,} training rows."
        )
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
