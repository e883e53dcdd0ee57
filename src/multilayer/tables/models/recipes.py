"""The recipes of the table models: which networks they train, on which encoding, and for how long.

The numbers were chosen on public tables by out-of-fold scores; docs/how-to/tables.md has the measurements.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from multilayer.network import PeriodicEmbedding

Preset = Literal["quick", "standard", "best"]
PRESETS = ("quick", "standard", "best")

FEW_ROWS = 1_500
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
    work : float or None
        The most products of the number of updates and the number of weights; None for no limit.
    least_batch : int
        The fewest rows of a batch, if there are so many.
    few_rows : mapping
        Other parameters for fewer than ``FEW_ROWS`` training rows.
    """

    name: str
    encoding: str
    embeds: bool
    parameters: Mapping[str, Any]
    updates: int
    epochs: tuple[int, int]
    patience: int | None = None
    work: float | None = None
    least_batch: int = 1
    few_rows: Mapping[str, Any] = field(default_factory=dict)


WAVES = Recipe(
    "waves",
    "scaled",
    True,
    {
        "hidden_layer_sizes": (128, 128),
        "activation": "silu",
        "learning_rate": "cosine_cycles",
        "learning_rate_init": 0.2,
        "beta_2": 0.95,
        "weight_decay": 0.02,
        "dropout": 0.05,
        "regularization_schedule": "flat_cosine",
        "parametrization": "ntk",
        "initialization": "data",
    },
    updates=8_000,
    epochs=(32, 256),
    work=9e7,
    least_batch=256,
    few_rows={"batch_size": 64, "dropout": 0.15},
)
WIDE_WAVES = replace(
    WAVES,
    name="wide waves",
    parameters={**WAVES.parameters, "hidden_layer_sizes": (256, 128), "dropout": 0.1},
    work=None,
)
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


def _of_classes(waves: Recipe) -> Recipe:
    """Return the recipe for classes: the step size of RealMLP, and more against overfitting, which begins early."""
    parameters = {**waves.parameters, "learning_rate_init": 0.04, "dropout": 0.4, "weight_decay": 0.3}
    return replace(waves, parameters=parameters, updates=4_000, patience=900, few_rows={})


# By preset: the kinds of networks for classes, and those for amounts.
RECIPES: Mapping[str, Mapping[bool, tuple[Recipe, ...]]] = {
    # By out-of-fold scores a single network of classes is best with pieces, one of amounts with waves.
    "quick": {True: (PIECES,), False: (WAVES,)},
    "standard": {True: (_of_classes(WAVES), PIECES), False: (WAVES, PIECES)},
    "best": {
        True: (_of_classes(WAVES), _of_classes(WIDE_WAVES), PIECES, NUMBERS, LINEAR),
        False: (WAVES, WIDE_WAVES, PIECES, NUMBERS, LINEAR),
    },
}


def all_recipes() -> list[Recipe]:
    """Return the kinds of networks of all presets."""
    return [recipe for by_task in RECIPES.values() for recipes in by_task.values() for recipe in recipes]


def recipes_of(preset: Preset, *, classifies: bool) -> tuple[Recipe, ...]:
    """Return the kinds of networks of a preset."""
    return RECIPES[preset][classifies]


def single_kind(*, classifies: bool) -> str:
    """Return the name of the kind that is best alone."""
    return RECIPES["quick"][classifies][0].name


def parameters_of(recipe: Recipe, n_rows: int, n_inputs: int, number_columns: tuple[int, ...]) -> dict[str, Any]:
    """Return the parameters of a network for so many training rows.

    Parameters
    ----------
    recipe : Recipe
        The kind of network.
    n_rows : int
        The number of training rows.
    n_inputs : int
        The number of columns of the encoded table.
    number_columns : tuple of int
        Those of them that hold raw numbers.

    Returns
    -------
    dict
        The parameters.
    """
    embedding = PeriodicEmbedding(number_columns) if recipe.embeds and number_columns else None
    further = recipe.few_rows if n_rows < FEW_ROWS else {}
    batch = min(further.get("batch_size", max(batch_size(n_rows), recipe.least_batch)), n_rows)
    if recipe.work is not None:
        widened = n_inputs if embedding is None else n_inputs + len(number_columns) * embedding.n_outputs
        sizes = (widened, *recipe.parameters["hidden_layer_sizes"], 1)
        n_weights = sum(before * after for before, after in itertools.pairwise(sizes))
        recipe = replace(recipe, updates=min(recipe.updates, round(recipe.work / n_weights)))
    parameters: dict[str, Any] = {
        "alpha": 0.0,
        "max_iter": n_epochs(recipe, n_rows, batch),
        "n_iter_no_change": patience(recipe, n_rows, batch),
        "early_stopping": recipe.patience is not None,
        "early_stopping_metric": "loss",
        "tol": 0.0,
        **recipe.parameters,
        **further,
        "batch_size": batch,
    }
    return parameters if embedding is None else {**parameters, "embedding": embedding}


def batch_size(n_rows: int) -> int:
    """Return the rows of a batch for so many training rows."""
    return next((size for most, size in ((FEW_ROWS, 64), (8_000, 128), (100_000, 256)) if n_rows < most), 1024)


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
