"""The kinds of networks of table models as single networks, and the space of a search around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from scipy.stats import loguniform

from multilayer.tables.models.recipes import COMMON, ENCODINGS, Preset, parameters_of, recipes_of

KINDS = ("pieces", "waves", "numbers")
HIDDEN, STEP_SIZE, WEIGHT_DECAY, DROPOUT = "hidden_layer_sizes", "learning_rate_init", "weight_decay", "dropout"
# Around the recipes, which have two layers of 128 units, a weight decay of 0.02 or 0.3, and a dropout of 0.05 to 0.4.
SIZES = [(64,), (128,), (256,), (64, 64), (128, 128), (256, 256)]
STEP_FACTOR = 4.0  # the step sizes are from the recipe's divided by this to the recipe's times this
WEIGHT_DECAYS = 2e-3, 1.0
DROPOUTS = [0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4]
_OF_ENCODER = "tableencoder__"
_LARGEST_BATCH = 0.8  # of the training rows, some of which are held out to stop the training


@dataclass(frozen=True)
class Kind:
    """A kind of networks for a number of training rows."""

    name: str
    encoding: Mapping[str, Any]  # options of TableEncoder
    parameters: Mapping[str, Any]  # of MLPClassifier or MLPRegressor

    @classmethod
    def of(cls, name: str, n_rows: int, *, classifies: bool) -> Kind:
        """The recipe of table models of this name, for a network that holds out its own rows to stop its training."""
        presets = get_args(Preset)
        recipes = {recipe.name: recipe for preset in presets for recipe in recipes_of(preset, classifies=classifies)}
        recipe = recipes[name]
        # A single network may train as long as its recipe says, however many inputs it has.
        found = parameters_of(replace(recipe, work=None), n_rows, 1, (0,))
        found["batch_size"] = max(min(found["batch_size"], int(_LARGEST_BATCH * n_rows)), 1)
        if "embedding" in found:
            found["embedding"] = "periodic"  # of all inputs with more than two values
        return cls(name, ENCODINGS[recipe.encoding], found)

    def space(self) -> dict[str, Any]:
        """The parameters of the candidates of this kind: lists of values, or distributions."""
        step = self.parameters[STEP_SIZE]
        fixed = {name: [value] for name, value in self.parameters.items() if name != "max_iter"}
        encoding = {name: [value] for name, value in self.encoding.items() if name not in COMMON}
        return {
            **{f"{_OF_ENCODER}{name}": values for name, values in encoding.items()},
            **fixed,
            HIDDEN: SIZES,
            STEP_SIZE: loguniform(step / STEP_FACTOR, step * STEP_FACTOR),
            WEIGHT_DECAY: loguniform(*WEIGHT_DECAYS),
            DROPOUT: DROPOUTS,
        }


def kinds_of(n_rows: int, *, classifies: bool) -> dict[str, Kind]:
    """All kinds by name."""
    return {name: Kind.of(name, n_rows, classifies=classifies) for name in KINDS}


def kind_name(params: Mapping[str, Any]) -> str:
    """The kind of a candidate with these parameters."""
    if params.get("embedding") is not None:
        return "waves"
    return "pieces" if f"{_OF_ENCODER}piecewise" in params else "numbers"
