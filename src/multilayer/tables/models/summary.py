"""The summary of a table model: its out-of-fold score beside those of other models in the same folds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from multilayer.results import Column, Table
from multilayer.tables.models.calibration import mean_and_error
from multilayer.tables.models.companions import NAMES, TREES

# The difference of two scores and its standard error.
Pair = tuple[float, float]


def summary_of(model: Any) -> Table:
    """Return a table with a line for each model, and a sentence that says whether the network is worth it."""
    losses, weight = model._oof_losses, model._weight_of_rows
    of_network = model._score_of_losses(losses["network"], weight)
    rows: list[Sequence[object]] = [("network", of_network, None, *model._measures["network"])]
    compared: dict[str, Pair] = {}
    for name, of_rows in losses.items():
        if name != "network":
            score = model._score_of_losses(of_rows, weight)
            slope = model._score_slope(of_network, score)
            mean, error = mean_and_error(of_rows - losses["network"], weight)
            compared[name] = slope * mean, slope * error
            rows.append((name, score, compared[name], *model._measures[name]))
    columns = (
        Column("model", align="left"),
        Column(model._loss_name, ".4g"),
        Column("network better by"),
        *model._measure_columns,
    )
    n, planned = len({member.fold for member in model.members_}), len(model._n_training_rows)
    partial = [f"Only {n} of {planned} folds are complete, because training was interrupted."] * (n < planned)
    return Table(columns, rows, notes=[verdict(compared, with_trees=model.with_trees), *partial])


def verdict(compared: dict[str, Pair], *, with_trees: bool) -> str:
    """Return sentences that say whether the network is worth it.

    Parameters
    ----------
    compared : dict of str to pair of float
        For each other model, how much the network is better, and the standard error of that.
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
    'The difference between the network and the gradient-boosted trees may be chance.'
    """
    missing = [name for name in NAMES if name not in compared]
    rest = f" Not fitted for lack of time: {_listed(missing)}." if missing else ""
    if not compared:
        return f"There is no other model to compare the network with.{rest}"
    better = [name for name, (mean, error) in compared.items() if mean + 2 * error < 0]
    if better:
        remedy = "" if with_trees or TREES not in better else " Set with_trees=True to combine both."
        return f"Better than the network by more than chance explains: {_listed(better)}.{remedy}{rest}"
    unclear = [name for name, (mean, error) in compared.items() if not mean - 2 * error > 0]
    if len(unclear) == 1:
        return f"The difference between the network and the {unclear[0]} may be chance.{rest}"
    if unclear:
        return f"The differences between the network and these models may be chance: {_listed(unclear)}.{rest}"
    others = _listed([f"the {name}" for name in compared])
    return f"The network is better than {others} by more than chance explains.{rest}"


def _listed(words: Sequence[str]) -> str:
    """Return words as in a sentence: "a", "a and b", "a, b and c"."""
    return " and ".join([*([", ".join(words[:-1])] if words[1:] else []), words[-1]])
