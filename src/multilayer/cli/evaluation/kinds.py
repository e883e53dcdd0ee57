"""The kinds of single networks, and the space of a search around the recipes of table models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scipy.stats import loguniform

from multilayer.cli.evaluation.run import Run
from multilayer.cli.options import KINDS
from multilayer.tables.models import NetworkKind, network_kinds

HIDDEN, STEP_SIZE, WEIGHT_DECAY, DROPOUT = "hidden_layer_sizes", "learning_rate_init", "weight_decay", "dropout"
# Around the recipes, which have two layers of 128 units; the others are multiples of the recipe's values.
SIZES = [(64,), (128,), (256,), (64, 64), (128, 128), (256, 256)]
STEP_FACTOR = 4.0
DECAY_FACTOR = 10.0
DROPOUT_FACTORS = 0.0, 0.5, 1.0, 1.5, 2.0
_LARGEST_DROPOUT = 0.6
_OF_ENCODER = "tableencoder__"


def kinds_of(run: Run) -> dict[str, NetworkKind]:
    """The kinds of single networks by name, for the training rows and columns of a run."""
    n_numbers = sum(report.kind == "number" and report.width > 0 for report in run.columns)
    classifies = run.problem.info.task == "classification"
    found = network_kinds(run.splits.fewest_to_train, len(run.input_names), n_numbers, classifies=classifies)
    return {name: found[name] for name in KINDS}


def space_of(kind: NetworkKind, common: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of the candidates of a kind: lists of values, or distributions.

    ``common`` are the options of the encoder that need not be set.
    """
    step, decay, dropout = (float(kind.parameters[name]) for name in (STEP_SIZE, WEIGHT_DECAY, DROPOUT))
    fixed = {name: [value] for name, value in kind.parameters.items() if name != "max_iter"}
    encoding = {f"{_OF_ENCODER}{name}": [value] for name, value in kind.encoding.items() if name not in common}
    dropouts = dict.fromkeys(min(round(factor * dropout, 3), _LARGEST_DROPOUT) for factor in DROPOUT_FACTORS)
    return {
        **encoding,
        **fixed,
        HIDDEN: SIZES,
        STEP_SIZE: loguniform(step / STEP_FACTOR, step * STEP_FACTOR),
        WEIGHT_DECAY: loguniform(decay / DECAY_FACTOR, decay * DECAY_FACTOR),
        DROPOUT: list(dropouts),
    }


def kind_name(params: Mapping[str, Any]) -> str:
    """The kind of a candidate with these parameters."""
    if params.get("embedding") is not None:
        return "waves"
    return "pieces" if f"{_OF_ENCODER}piecewise" in params else "numbers"
