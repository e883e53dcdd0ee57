"""The recipes of the table models: which networks they train, on which encoding, and for how long.

The numbers were chosen on public tables by out-of-fold scores; docs/tables.md has the measurements.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from multilayer.network import PeriodicEmbedding

Preset = Literal["quick", "standard", "best"]
PRESETS = ("quick", "standard", "best")

# Text of numbers and dates is encoded as such, and columns that only identify rows are dropped.
TYPED: Mapping[str, Any] = {"text": "typed", "row_numbers": "drop"}
COMMON: Mapping[str, Any] = {"numbers": "robust", "two_values": "signs", "many_categories": "target", **TYPED}
# Encodings of the table, by name.
ENCODINGS: Mapping[str, Mapping[str, Any]] = {"scaled": COMMON, "piecewise": {**COMMON, "piecewise": "tree"}}


@dataclass(frozen=True)
class Recipe:
    """One kind of network: its encoding and its parameters.

    Attributes
    ----------
    name : str
        A word for the tables that a user reads.
    encoding : str
        A key of ``ENCODINGS``.
    embeds : bool
        Whether the raw numbers are embedded by trained waves.
    parameters : mapping
        Parameters of MLPClassifier and MLPRegressor.
    updates : int
        About so many updates of the weights are made.
    epochs : pair of int
        But no fewer and no more epochs than these.
    patience : int or None
        Training stops after about so many updates without progress in validation, at least 10 epochs; None for never.
    """

    name: str
    encoding: str
    embeds: bool
    parameters: Mapping[str, Any]
    updates: int
    epochs: tuple[int, int]
    patience: int | None = None


WAVES = Recipe(
    "waves",
    "scaled",
    True,
    {
        "hidden_layer_sizes": (128, 128),
        "activation": "mish",
        "learning_rate": "cosine_cycles",
        "learning_rate_init": 0.2,
        "beta_2": 0.95,
        "weight_decay": 0.02,
        "dropout": 0.15,
        "regularization_schedule": "flat_cosine",
        "parametrization": "ntk",
        "initialization": "data",
    },
    updates=4_000,
    epochs=(24, 128),
)
LONG_WAVES = replace(WAVES, name="long waves", updates=8_000, epochs=(32, 256))
PIECES = Recipe(
    "pieces",
    "piecewise",
    False,
    {
        "hidden_layer_sizes": (128, 128),
        "activation": "silu",
        "learning_rate": "cosine",
        "learning_rate_init": 2e-3,
        "weight_averaging": 0.99,
        "weight_decay": 0.02,
        "dropout": 0.1,
    },
    updates=3_000,
    epochs=(40, 200),
    patience=300,
)
LINEAR = Recipe(
    "linear pieces",
    "piecewise",
    False,
    {
        "hidden_layer_sizes": (),
        "learning_rate": "cosine",
        "learning_rate_init": 4e-3,
        "weight_averaging": 0.99,
        "weight_decay": 0.1,
    },
    updates=3_000,
    epochs=(40, 200),
    patience=300,
)
NUMBERS = Recipe(
    "numbers",
    "scaled",
    False,
    {
        "hidden_layer_sizes": (128, 128),
        "activation": "mish",
        "learning_rate": "cosine",
        "learning_rate_init": 4e-3,
        "beta_2": 0.95,
        "weight_averaging": 0.99,
        "weight_decay": 0.02,
        "dropout": 0.1,
    },
    updates=3_000,
    epochs=(40, 200),
    patience=300,
)
# By out-of-fold scores a single network of classes is best with pieces, one of amounts with waves.
QUICK = {True: PIECES, False: WAVES}
FURTHER: Mapping[str, tuple[Recipe, ...]] = {
    "standard": (WAVES, PIECES, LINEAR),
    "best": (LONG_WAVES, PIECES, NUMBERS, LINEAR),
}
# Networks of classes with waves: the step size is that of RealMLP, and they overfit after a few epochs.
CLASSIFICATION_STEP, CLASSIFICATION_PATIENCE = 0.04, 1_200


def recipes_of(preset: Preset, *, classifies: bool) -> tuple[Recipe, ...]:
    """Return the kinds of networks of a preset."""
    return (QUICK[classifies],) if preset == "quick" else FURTHER[preset]


def parameters_of(recipe: Recipe, n_rows: int, number_columns: tuple[int, ...], *, classifies: bool) -> dict[str, Any]:
    """Return the parameters of a network for so many training rows.

    Parameters
    ----------
    recipe : Recipe
        The kind of network.
    n_rows : int
        The number of training rows.
    number_columns : tuple of int
        The columns of the encoded table that hold raw numbers.
    classifies : bool
        Whether the target holds classes.

    Returns
    -------
    dict
        The parameters.
    """
    batch = batch_size(n_rows)
    if classifies and recipe.parameters.get("parametrization") == "ntk":
        recipe = replace(recipe, patience=CLASSIFICATION_PATIENCE)
    parameters: dict[str, Any] = {
        "alpha": 0.0,
        "batch_size": min(batch, n_rows),
        "max_iter": n_epochs(recipe, n_rows, batch),
        "n_iter_no_change": patience(recipe, n_rows, batch),
        "early_stopping": recipe.patience is not None,
        "early_stopping_metric": "loss",
        "tol": 0.0,
        **recipe.parameters,
    }
    if recipe.embeds and number_columns:
        parameters["embedding"] = PeriodicEmbedding(number_columns)
    if classifies and parameters.get("parametrization") == "ntk":
        parameters["learning_rate_init"] = CLASSIFICATION_STEP
    return parameters


def batch_size(n_rows: int) -> int:
    """Return the rows of a batch for so many training rows."""
    return next((size for most, size in ((1_500, 64), (8_000, 128), (100_000, 256)) if n_rows < most), 1024)


def n_epochs(recipe: Recipe, n_rows: int, batch: int) -> int:
    """Return the largest number of epochs."""
    fewest, most = recipe.epochs
    return min(max(round(recipe.updates / updates_of_epoch(n_rows, batch)), fewest), most)


def patience(recipe: Recipe, n_rows: int, batch: int) -> int | None:
    """Return the epochs without progress after which training ends."""
    if recipe.patience is None:
        return None
    return max(10, math.ceil(recipe.patience / updates_of_epoch(n_rows, batch)))


def updates_of_epoch(n_rows: int, batch: int) -> int:
    """Return the number of batches of an epoch."""
    return max(n_rows // batch, 1)
