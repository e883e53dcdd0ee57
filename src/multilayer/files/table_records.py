"""The schema of a table model: its parameters and attributes, and the records of what it has learnt.

Letters of shapes: K predictions of a row, O outputs of y, m rows of the fit, w inputs, n nodes, p scaled numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold, TimeSeriesSplit

from multilayer._checks import check_seed
from multilayer.estimators import ConvergenceWarning
from multilayer.exceptions import (
    EngineWarning,
    InterruptedTrainingWarning,
    ModelFileError,
    MultilayerWarning,
    NoveltyWarning,
    ParameterWarning,
)
from multilayer.files import encoders
from multilayer.files.kinds import (
    COUNT,
    Kind,
    Record,
    array,
    either,
    empty,
    flag,
    generator,
    integer,
    mapping,
    nothing,
    number,
    optional,
    pair,
    positive,
    record,
    rows,
    sequence,
    text,
)
from multilayer.files.schema import EstimatorSchema, any_number, checked, folds, labels, weights_of_classes
from multilayer.files.step import MAX_COLUMNS
from multilayer.files.steps import TABLE_ENCODER
from multilayer.files.table_checks import (
    check_conformity,
    check_constant,
    check_forest,
    check_spread,
    check_surroundings,
    check_target_loss,
)
from multilayer.fits.class_weights import BALANCED
from multilayer.fits.errors import FitWarning
from multilayer.fits.losses import QUANTILE, loss_of_numbers
from multilayer.tables.models import TableClassifier, TableRegressor
from multilayer.tables.models.calibration import CALIBRATIONS
from multilayer.tables.models.companions import NAMES
from multilayer.tables.models.conformal import Conformity
from multilayer.tables.models.forest import Forest
from multilayer.tables.models.losses import LOSSES, TargetLoss
from multilayer.tables.models.memory import checked_memory
from multilayer.tables.models.recipes import PRESETS
from multilayer.tables.models.spread import Spread
from multilayer.tables.models.summary import ENDS, MODEL, ModelScore
from multilayer.tables.models.trees import ConstantClasses

_DIGEST = 64  # hexadecimal digits


@dataclass(frozen=True, eq=False)
class MemberPart:
    """A trained network of a fold, without the network; ``encoder`` is a number in the list of encoders."""

    recipe: str
    fold: int
    encoder: int
    mean_row: NDArray[np.float64]
    seconds: float
    warnings: tuple[FitWarning, ...]
    limits: tuple[NDArray[np.float64], NDArray[np.float64]] | None


@dataclass(frozen=True, eq=False)
class TreesPart:
    """The trees of a fold; ``forests`` are those of each output or quantile, or of the classes."""

    fold: int
    encoder: int
    mean_row: NDArray[np.float64]
    forests: tuple[Forest | ConstantClasses, ...]


@dataclass(frozen=True, eq=False)
class RangePart:
    """The range of a column; the column is that of the encoding at the same place."""

    low: float
    high: float
    categories: tuple[str, ...] | None
    never_gaps: bool


@dataclass(frozen=True, eq=False)
class SurroundingsPart:
    """The rows of the fit; ``encoder`` is a number in the list of encoders."""

    encoder: int
    columns: tuple[RangePart, ...]
    centre: NDArray[np.float64]
    root: NDArray[np.float64]
    reach: float


WARNINGS: dict[str, type[MultilayerWarning]] = {
    each.__name__: each
    for each in (
        MultilayerWarning,
        EngineWarning,
        InterruptedTrainingWarning,
        ParameterWarning,
        NoveltyWarning,
        ConvergenceWarning,
    )
}


class _Warnings(Record):
    """A warning, whose category is a name in a file."""

    def parts(self, value: FitWarning) -> dict[str, Any]:
        return super().parts(value) | {"category": value.category.__name__}

    def built(self, parts: Mapping[str, Any]) -> Any:
        return super().built({**parts, "category": WARNINGS[parts["category"]]})


class _Splitter(Record):
    """A splitter of scikit-learn, whose constructor raises an error for parameters that exclude each other."""

    def built(self, parts: Mapping[str, Any]) -> Any:
        try:
            return super().built(parts)
        except (TypeError, ValueError) as error:
            raise ModelFileError(f"{self.name} is inconsistent: {error!s:.200}") from None


class _Forest(Record):
    """Trees, whose numbers of nodes and inputs have 32 bits in a file."""

    def parts(self, value: Forest) -> dict[str, Any]:
        found = super().parts(value)
        return found | {name: found[name].astype(np.int32) for name in NODE_NUMBERS}

    def built(self, parts: Mapping[str, Any]) -> Any:
        return super().built({**parts, **{name: parts[name].astype(np.int64) for name in NODE_NUMBERS}})


NODE_NUMBERS = ("starts", "feature", "left", "right")
WARNING = _Warnings(
    "FitWarning",
    FitWarning,
    {"message": text(), "category": text(*WARNINGS), "summary": text()},
    ("message", "category", "summary"),
)
FOREST = _Forest(
    "Forest",
    Forest,
    {
        "width": integer(1, MAX_COLUMNS),
        "starts": array("i", None),
        **dict.fromkeys(("feature", "left", "right"), array("i", "n")),
        "threshold": array("f", "n"),
        "missing_left": array("b", "n"),
        "value": array("f", "n"),
        "baseline": array("f", None, None),
        "link": text("identity", "log", "logit", "multinomial"),
        "classes": optional(array("i", None)),
    },
    ("width", "starts", "feature", "left", "right", "threshold", "missing_left", "value", "baseline", "link"),
    lengths={"n": "value"},
    check=check_forest,
)
CONSTANT = Record(
    "ConstantClasses",
    ConstantClasses,
    {"classes": array("i", "c"), "shares": array("f", "c")},
    ("classes", "shares"),
    lengths={"c": "classes"},
    check=check_constant,
)
_mean_row = array("f", None)
_amounts = array("f", "O")
MEMBER = Record(
    "TrainedMember",
    MemberPart,
    {
        "recipe": text(),
        "fold": integer(),
        "encoder": integer(),
        "mean_row": _mean_row,
        "seconds": number(0.0),
        "warnings": sequence(record(WARNING), tuple),
        "limits": optional(pair(_amounts, _amounts)),
    },
    ("recipe", "fold", "encoder", "mean_row", "seconds", "warnings", "limits"),
)
TREES = Record(
    "Trees",
    TreesPart,
    {
        "fold": integer(),
        "encoder": integer(),
        "mean_row": _mean_row,
        "forests": sequence(record(FOREST, CONSTANT), tuple),
    },
    ("fold", "encoder", "mean_row", "forests"),
)
RANGE = Record(
    "ColumnRange",
    RangePart,
    {"low": any_number, "high": any_number, "categories": optional(encoders.TEXTS), "never_gaps": flag},
    ("low", "high", "categories", "never_gaps"),
)
SURROUNDINGS = Record(
    "Surroundings",
    SurroundingsPart,
    {
        "encoder": integer(),
        "columns": sequence(record(RANGE), tuple),
        "centre": array("f", "p"),
        "root": array("f", "p", "p"),
        "reach": positive,
    },
    ("encoder", "columns", "centre", "root", "reach"),
    lengths={"p": "centre"},
    check=check_surroundings,
)
CONFORMITY = Record(
    "Conformity",
    Conformity,
    {"scores": array("f", "n"), "below": optional(array("f", "n"))},
    ("scores", "below"),
    lengths={"n": "scores"},
    check=check_conformity,
)
SCORE = Record(
    "ModelScore",
    ModelScore,
    {
        "name": text(MODEL, *NAMES),
        "score": any_number,
        "better": optional(pair(any_number, any_number)),
        "measures": sequence(any_number, tuple),
    },
    ("name", "score", "better", "measures"),
)
TARGET_LOSS = Record(
    "TargetLoss",
    TargetLoss,
    {"name": text(*LOSSES), "levels": sequence(number(), tuple), "centre": _amounts, "unit": _amounts},
    ("name", "levels", "centre", "unit"),
    check=check_target_loss,
)
SPREAD = Record(
    "Spread",
    Spread,
    {"models": sequence(record(FOREST), list, tuple), "scale": positive},
    ("models", "scale"),
    check=check_spread,
)

# The folds.
_seed = either(generator, checked(partial(check_seed, "random_state")))
_OF_FOLDS: dict[str, Kind] = {"n_splits": integer(2), "shuffle": flag, "random_state": _seed}
_OF_SERIES: dict[str, Kind] = {
    "n_splits": integer(2),
    "max_train_size": optional(integer(1)),
    "test_size": optional(integer(1)),
    "gap": integer(),
}
SPLITTERS = (
    *(
        _Splitter(make.__name__, make, _OF_FOLDS, tuple(_OF_FOLDS))
        for make in (KFold, StratifiedKFold, GroupKFold, StratifiedGroupKFold)
    ),
    _Splitter("TimeSeriesSplit", TimeSeriesSplit, _OF_SERIES, tuple(_OF_SERIES)),
)

_PARAMETERS: dict[str, Kind] = {
    "preset": text(*PRESETS),
    "max_time": optional(positive),
    "with_trees": flag,
    "cv": optional(either(integer(2), record(*SPLITTERS), folds)),
    "identifiers": sequence(text()),
    "memory": checked(checked_memory),
    "scratch": nothing,
    "n_jobs": optional(integer(-COUNT)),
    "random_state": _seed,
    "callbacks": empty,
}
_weights = mapping(text(), number(0.0))
_ATTRIBUTES: dict[str, Kind] = {
    "n_features_in_": integer(1, MAX_COLUMNS),
    "weights_": _weights,
    "weights_of_folds": mapping(integer(), _weights),
    "n_training_rows": sequence(integer(1), list),
    "is_series": flag,
    "validation_rows": sequence(rows, list),
    "groups_of_rows": optional(array("i", None)),
    "out_of_fold_predictions": array("f", "m", "K"),
    "targets_digest": text(),
    "conformity": sequence(record(CONFORMITY), tuple),
    "scores": sequence(record(SCORE), list),
    "fit_time_": number(0.0),
}
_OPTIONAL: dict[str, Kind] = {
    "feature_names_in_": array("O", "D"),
    "end": text(*ENDS),
    "sample_rows": integer(1),
}
KINDS = {
    "TableClassifier": EstimatorSchema(
        TableClassifier,
        _PARAMETERS
        | {
            "class_weight": optional(either(weights_of_classes, text(BALANCED))),
            "calibration": optional(text(*CALIBRATIONS)),
        },
        _ATTRIBUTES | {"classes_": labels, "temperature_": positive},
        _OPTIONAL,
    ),
    "TableRegressor": EstimatorSchema(
        TableRegressor,
        _PARAMETERS | {"loss": text(*LOSSES), "quantile": checked(partial(loss_of_numbers, QUANTILE))},
        _ATTRIBUTES
        | {
            "n_outputs": integer(1),
            "is_matrix": flag,
            "target_loss": record(TARGET_LOSS),
            "target_range": pair(_amounts, _amounts),
            "spreads": sequence(record(SPREAD), tuple),
        },
        _OPTIONAL,
    ),
}
OWN_RECORDS = (
    *(WARNING, FOREST, CONSTANT, MEMBER, TREES, RANGE, SURROUNDINGS, CONFORMITY, SCORE, TARGET_LOSS, SPREAD),
    *SPLITTERS,
)
RECORDS = (*OWN_RECORDS, TABLE_ENCODER, *encoders.RECORDS)
