"""The schema of the format: every estimator, parameter, attribute and record.

The names are those of the format.  If the library renames an attribute or a field, ``ATTRIBUTES`` or the record's
``attributes`` map the name of the format to the new one.  Letters of shapes: D inputs, K outputs, L layers, P weights
and biases, C classes; for an ensemble k members and m rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from multilayer._checks import check_choice, check_flag, check_seed
from multilayer.engines import ENGINES
from multilayer.engines.protocol import DescentState
from multilayer.ensembles import EnsembleClassifier, EnsembleRegressor
from multilayer.ensembles.base import OutOfFold
from multilayer.ensembles.plans import BOOTSTRAP, FOLD, SEED
from multilayer.equations.activations import ACTIVATIONS
from multilayer.equations.extensions.chosen_costs import (
    AbsoluteError,
    GammaDeviance,
    Huber,
    Quantile,
    SigmoidFocal,
    SoftmaxFocal,
)
from multilayer.equations.initialization import SCHEMES
from multilayer.estimators import MLPClassifier, MLPRegressor
from multilayer.exceptions import ModelFileError, MultilayerError
from multilayer.files.kinds import (
    COUNT,
    LABELS,
    Kind,
    Place,
    Record,
    Stored,
    array,
    curve,
    either,
    empty,
    flag,
    generator,
    integer,
    mapping,
    number,
    optional,
    record,
    rows,
    sequence,
    size,
    text,
)
from multilayer.fits.class_weights import BALANCED
from multilayer.fits.labels import Labels
from multilayer.fits.losses import CLASSIFICATION_LOSSES, QUANTILE, REGRESSION_LOSSES, loss_of_numbers
from multilayer.fits.settings import CHECKS, PERIODIC, check_activation
from multilayer.network import NORMALIZATIONS, Network, PeriodicEmbedding
from multilayer.selection.out_of_fold import Predictions
from multilayer.training import TrainingState
from multilayer.training.schedules import SCHEDULES, Cosine, CosineCycles, OneCycle, Plateau, Schedule, WarmUp
from multilayer.training.starting import DATA, SCIKIT_LEARN
from multilayer.training.state import REASONS, History, StopState

any_number = number(infinite=True, nan=True)
labels = array(LABELS, None)


# Costs and schedules, whose constructors check their ranges.
def _simple(record_name: str, make: Callable[..., Any], **fields: Kind) -> Record:
    return Record(record_name, make, fields)


COSTS = (
    _simple("AbsoluteError", AbsoluteError),
    _simple("Huber", Huber, threshold=number()),
    _simple("Quantile", Quantile, levels=sequence(number(), tuple)),
    _simple("GammaDeviance", GammaDeviance),
    _simple("SigmoidFocal", SigmoidFocal, gamma=number()),
    _simple("SoftmaxFocal", SoftmaxFocal, gamma=number()),
)
_PLAIN_SCHEDULES = (
    Record("Schedule", Schedule, {"name": text(*SCHEDULES), "power": number()}),
    Record("Cosine", Cosine, {"n_epochs": integer(1), "floor": number()}, ("n_epochs",)),
    Record(
        "OneCycle",
        OneCycle,
        {"n_epochs": integer(1), "rise": number(), "first": number(), "last": number()},
        ("n_epochs",),
    ),
    Record("CosineCycles", CosineCycles, {"n_epochs": integer(1), "n_cycles": integer(1)}, ("n_epochs",)),
    _simple("Plateau", Plateau, factor=number(), patience=integer(1), tol=number(), least=number()),
)
_WARM_UP = Record("WarmUp", WarmUp, {"n_updates": integer(), "then": record(*_PLAIN_SCHEDULES)}, ("n_updates",))
ALL_SCHEDULES = (*_PLAIN_SCHEDULES, _WARM_UP)

# The network, and the state of its training.
EMBEDDING = Record(
    "PeriodicEmbedding",
    PeriodicEmbedding,
    {
        "columns": sequence(integer(0), tuple),
        "n_waves": integer(1),
        "n_outputs": integer(1),
        "frequency_scale": number(0.0),
    },
    ("columns", "n_waves", "n_outputs", "frequency_scale"),
)
NETWORK = Record(
    "Network",
    Network,
    {
        "layer_sizes": sequence(integer(1), tuple),
        "hidden": sequence(text(*ACTIVATIONS), tuple),
        "output": text("sigmoid", "softmax", "identity", "exp", "increasing"),
        "cost": optional(record(*COSTS)),
        "normalization": optional(text(*NORMALIZATIONS)),
        "embedding": optional(record(EMBEDDING)),
    },
    ("layer_sizes", "hidden", "output"),
)
weights = array("f", "P")


class _Descent(Record):
    """The state of a descent; weights of float16 become those of the type of ``slots``, which then has no rows."""

    def built(self, parts: Mapping[str, Any]) -> Any:
        parameters, slots = parts["parameters"], parts["slots"]
        if parameters.dtype == np.float16:
            if len(slots) or parts.get("average") is not None or parts.get("t"):
                raise ModelFileError("weights of float16 cannot have a memory of the update rule")
            parameters = parameters.astype(slots.dtype)
        return super().built({**parts, "parameters": parameters})


STATE = _Descent(
    "DescentState",
    DescentState,
    {"parameters": array("fh", "P"), "slots": array("f", None, "P"), "t": integer(), "average": optional(weights)},
    ("parameters", "slots"),
)
STOP = _simple("StopState", StopState, best_cost=any_number, stalled=integer())
HISTORY = _simple(
    "History",
    History,
    costs=curve,
    step_sizes=curve,
    validation_costs=optional(curve),
    validation_scores=optional(curve),
    seconds=number(0.0),
)
TRAINING = Record(
    "Training",
    TrainingState,
    {
        "descent": record(STATE),
        "random_state": generator,
        "rows": optional(rows),
        "held_out": optional(rows),
        "n_divided": integer(),
        "order": optional(rows),
        "seed": optional(integer(0, 2**64 - 1)),
        "rows_seen": integer(),
        "n_cuts": integer(),
        "stop": record(STOP),
        "plateau": record(STOP),
        "watches_score": flag,
        "best": optional(weights),
        "best_score": any_number,
        "history": record(HISTORY),
        "gradient": any_number,
        "reason": text("", *REASONS),
    },
    ("descent", "random_state"),
)
LABELS_OF_Y = Record("Labels", Labels, {"classes": labels, "multilabel": flag, "sparse": flag}, ("classes",))
PREDICTIONS = Record(
    "Predictions",
    Predictions,
    {
        "predicted": either(array(LABELS, "m"), array("if", "m", None)),
        "probabilities": optional(array("f", "m", "C")),
        "classes": optional(labels),
        "n_times": optional(array("i", "m")),
    },
    ("predicted",),
)
OUT_OF_FOLD = Record(
    "OutOfFold",
    OutOfFold,
    {
        "predictions": record(PREDICTIONS),
        "score": any_number,
        "rows": rows,
        "left_out": array("b", "k", None),
        "errors": optional(either(array("f", None), array("f", None, "K"))),
    },
    ("predictions", "score", "rows", "left_out"),
)


def checked(check: Callable[[Any], Any]) -> Kind:
    """Accept a parameter that passes the check of the estimators; it is not converted."""

    def read(value: Any, place: Place) -> Any:
        if _holds_record(value):
            raise place.wrong("a plain value", value)
        try:
            check(value)
        except MultilayerError:
            raise
        except (TypeError, ValueError, OverflowError, AttributeError) as error:
            raise ModelFileError(f"{place.name} cannot be {str(value)[:80]!r}: {error!s:.200}") from None
        return value

    return read


def _holds_record(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_record, (*value, *value.values())))
    return isinstance(value, Stored) or (isinstance(value, list | tuple) and any(map(_holds_record, value)))


def _check_activation(value: Any) -> None:
    n = 1 if isinstance(value, str) else len(value)
    check_activation(value, n)


def _matrix(value: Any, place: Place) -> Any:
    matrix = np.asarray(value) if isinstance(value, list | tuple | np.ndarray) else np.empty(0)
    if matrix.ndim != 2 or matrix.dtype.kind not in "biuf":
        raise place.wrong("a matrix of numbers", value)
    return value


def _matrices(value: Any, place: Place) -> Any:
    if isinstance(value, np.ndarray):
        return array("biuf", None, None, None)(value, place)
    return sequence(_matrix)(value, place)


_label = either(text(), flag, number())
weights_of_classes = mapping(_label, number(0.0))
_indices = either(array("iu", None), sequence(integer()))
folds = sequence(sequence(_indices))

# The parameters of the estimators: their table of constraints, and the parameters that it does not cover.
_OF_NETWORKS: dict[str, Kind] = {
    **{name: checked(partial(check, name)) for name, check in CHECKS.items()},
    "activation": checked(_check_activation),
    "learning_rate": either(record(*ALL_SCHEDULES), checked(partial(CHECKS["learning_rate"], "learning_rate"))),
    "initialization": either(_matrices, text(SCIKIT_LEARN, DATA, *SCHEMES)),
    "embedding": optional(either(record(EMBEDDING), text(PERIODIC))),
    "engine": text(*ENGINES),
    "callbacks": empty,
    "random_state": either(generator, checked(partial(check_seed, "random_state"))),
}
_OF_CLASSIFIERS = _OF_NETWORKS | {
    "loss": either(record(*COSTS), text(*CLASSIFICATION_LOSSES)),
    "output": checked(partial(check_choice, "output", choices=("auto", "softmax", "sigmoid"))),
    "class_weight": optional(either(weights_of_classes, sequence(weights_of_classes), text(BALANCED))),
}
_OF_REGRESSORS = _OF_NETWORKS | {
    "loss": either(record(*COSTS), text(*REGRESSION_LOSSES)),
    "quantile": checked(partial(loss_of_numbers, QUANTILE)),
    "standardize_targets": checked(partial(check_flag, "standardize_targets")),
}
_OF_ENSEMBLES: dict[str, Kind] = {
    "n_members": optional(integer(1)),
    "diversity": text(SEED, BOOTSTRAP, FOLD),
    "cv": optional(either(integer(2), folds)),
    "weights": optional(either(array("iuf", None), sequence(number(0.0)))),
    "random_state": either(generator, checked(partial(check_seed, "random_state"))),
    "n_jobs": optional(integer(-COUNT)),
    "backend": optional(text()),
    "callbacks": empty,
}

_names = either(array("U", "D"), array("O", "D"))
_OUTPUT_CONFIG = mapping(text("transform"), text("default", "pandas", "polars"))
EVERYWHERE: dict[str, Kind] = {"feature_names_in_": _names, "output_config": _OUTPUT_CONFIG}
_TRAINED: dict[str, Kind] = {
    "network_": record(NETWORK),
    "training": record(TRAINING),
    "last_was_partial_fit": flag,
    "n_features_in_": size("D"),
    "n_layers_": size("L"),
    "n_outputs_": size("K"),
    "n_iter_": integer(),
    "t_": integer(),
    "out_activation_": text("logistic", "softmax", "identity", "exp", "increasing"),
    "loss_": any_number,
    "best_loss_": optional(any_number),
    "best_validation_score_": optional(any_number),
    "loss_curve_": curve,
    "validation_loss_curve_": optional(curve),
    "validation_scores_": optional(curve),
}
_OF_LABELS: dict[str, Kind] = {"classes_": labels, "labels": record(LABELS_OF_Y)}
_per_output = optional(array("f", "K"))
_OF_UNITS: dict[str, Kind] = {"target_mean_": _per_output, "target_scale_": _per_output}
_COMBINED: dict[str, Kind] = {
    "n_features_in_": size("D"),
    "n_rows": integer(),
    "weights_": array("f", "k"),
    "row_counts": sequence(optional(array("ui", "m")), list),
    "out_of_fold": optional(record(OUT_OF_FOLD)),
}


@dataclass(frozen=True)
class EstimatorSchema:
    """The parameters and attributes of one class; those in ``optional`` may be missing."""

    make: Any
    parameters: Mapping[str, Kind]
    attributes: Mapping[str, Kind]
    optional: Mapping[str, Kind]


NETWORKS = {
    "MLPClassifier": EstimatorSchema(MLPClassifier, _OF_CLASSIFIERS, _TRAINED | _OF_LABELS, EVERYWHERE),
    "MLPRegressor": EstimatorSchema(MLPRegressor, _OF_REGRESSORS, _TRAINED | _OF_UNITS, EVERYWHERE),
}
_ERRORS = either(array("f", None), array("f", None, "K"))
ENSEMBLES = {
    "EnsembleClassifier": EstimatorSchema(EnsembleClassifier, _OF_ENSEMBLES, _COMBINED | _OF_LABELS, EVERYWHERE),
    "EnsembleRegressor": EstimatorSchema(
        EnsembleRegressor, _OF_ENSEMBLES, _COMBINED, EVERYWHERE | {"calibration_errors_": _ERRORS}
    ),
}
_OF_TRAINING = (NETWORK, STATE, STOP, HISTORY, TRAINING)
RECORDS = (*COSTS, EMBEDDING, *ALL_SCHEDULES, *_OF_TRAINING, LABELS_OF_Y, PREDICTIONS, OUT_OF_FOLD)
# The attributes of estimators that are stored under another name.
ATTRIBUTES = {
    "training": "_training_state",
    "last_was_partial_fit": "_last_was_part",
    "labels": "_labels",
    "n_rows": "_n_rows",
    "row_counts": "_shares",
    "out_of_fold": "_out_of_fold",
    "output_config": "_sklearn_output_config",
    # Of table models.
    "weights_of_folds": "_weights_of_folds",
    "n_training_rows": "_n_training_rows",
    "validation_rows": "_validation_rows",
    "groups_of_rows": "_groups_of_rows",
    "out_of_fold_predictions": "_oof",
    "targets_digest": "_targets_digest",
    "conformity": "_conformity",
    "scores": "_scores",
    "is_series": "_is_series",
    "end": "_end",
    "target_loss": "_loss",
    "target_range": "_range",
    "is_matrix": "_is_matrix",
    "n_outputs": "_n_outputs",
    "spreads": "_spreads",
    "sample_rows": "_sample_rows",
}
# Attributes that are not stored: views of stored arrays, and internals of scikit-learn.
NOT_STORED = (
    "parameters_",
    "estimators_",
    "_skl_callbacks",
    "_parent_callback_ctx",
    "_callback_fit_ctx",
    "_metadata_request",
)


def stored(model: Any, name: str) -> Any:
    """Return the attribute of an estimator that the format stores under this name."""
    return getattr(model, ATTRIBUTES.get(name, name))
