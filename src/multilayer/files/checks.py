"""Consistency checks of loaded networks and ensembles, beyond the kinds of single values."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.ensembles import EnsembleClassifier
from multilayer.estimators import MLPClassifier, MLPRegressor
from multilayer.exceptions import ModelFileError
from multilayer.files.schema import stored
from multilayer.fits.labels import Labels
from multilayer.network import Floats
from multilayer.training import TrainingState

OUTPUTS = {True: ("sigmoid", "softmax"), False: ("identity", "exp", "increasing")}  # of classifiers, of regressors
SPARSE = 8  # rows of the table for each row number, above which sorting is faster than marking
MAX_SLOTS = 2  # arrays of memory of an update rule; a second one is Adam's mean of squares


def check_network(model: Any) -> None:
    """Raise an error if the parts of a network are inconsistent; its ``parameters_`` are set later."""
    network, state = model.network_, stored(model, "training")
    is_classifier = isinstance(model, MLPClassifier)
    shown = "logistic" if network.output == "sigmoid" else network.output
    if network.output not in OUTPUTS[is_classifier] or model.out_activation_ != shown:
        raise ModelFileError(f"{type(model).__name__} has no {network.output!r} outputs")
    _check_arrays(state)
    _check_rows(state)
    _check_curves(model)
    if is_classifier:
        _check_labels(model)
    else:
        _check_units(model.target_mean_, model.target_scale_)


def check_labels(labels: Labels, classes: Any, whose: str) -> None:
    """Raise an error for labels that are not sorted and distinct, and for a second copy that differs."""
    known = labels.classes
    if known.dtype != classes.dtype or not np.array_equal(classes, known):
        raise ModelFileError(f"the two copies of the labels of {whose} differ")
    try:
        values = known.tolist()
        is_sorted = all(low < high for low, high in itertools.pairwise(values))
    except TypeError:
        is_sorted = False
    if not len(known) or not is_sorted or (labels.multilabel and values != list(range(len(values)))):
        raise ModelFileError(f"the labels of {whose} are not sorted and distinct")
    if labels.sparse and not labels.multilabel:
        raise ModelFileError(f"the labels of {whose} are one column, which cannot be sparse")


def check_distinct(numbers: NDArray[Any], n_rows: int, *, whole: bool = False) -> None:
    """Raise an error for row numbers that are not distinct or not in the table."""
    n = len(numbers)
    is_right = not n or int(numbers.max()) < n_rows
    if is_right and n_rows <= SPARSE * n:  # marking each row is faster than sorting
        marks = np.zeros(n_rows, dtype=bool)
        marks[numbers] = True
        is_right = np.count_nonzero(marks) == n
    elif is_right:
        is_right = len(np.unique(numbers)) == n
    if not is_right or (whole and n != n_rows):
        raise ModelFileError(f"it has row numbers that are not distinct or not below {n_rows}")


def _check_arrays(state: TrainingState) -> None:
    descent = state.descent
    arrays = (descent.parameters, descent.slots, descent.average, state.best)
    if len({array.dtype for array in arrays if array is not None}) > 1:
        raise ModelFileError("its arrays are partly float32 and partly float64")
    weights = (descent.parameters, descent.average, state.best)
    if not all(array is None or bool(np.isfinite(array).all()) for array in weights):
        raise ModelFileError("the weights are not all finite")
    # An update with a gradient that overflows leaves an infinity, from which training can continue.
    least = [float(slot.min()) for slot in descent.slots[: MAX_SLOTS + 1]]  # NaN if any is NaN
    is_memory = len(least) <= MAX_SLOTS and not any(map(math.isnan, least))
    if not is_memory or (len(least) == MAX_SLOTS and least[1] < 0):
        raise ModelFileError("the update rule's memory must be at most two arrays of numbers, the second of squares")


def _check_rows(state: TrainingState) -> None:
    if state.order is not None:
        check_distinct(state.order, len(state.order) if state.rows is None else len(state.rows), whole=True)
    if (state.rows is None) != (state.held_out is None):
        raise ModelFileError("it has held-out rows without training rows, or training rows without held-out rows")
    if state.rows is not None and state.held_out is not None:
        if not len(state.rows):
            raise ModelFileError("it has no training rows")
        check_distinct(np.concatenate([state.rows, state.held_out]), state.n_divided)


def _check_curves(model: Any) -> None:
    state = stored(model, "training")
    history = state.history
    validated = history.validation_costs or [], history.validation_scores or []
    curves = [history.costs, history.step_sizes, model.loss_curve_]
    if len({len(each) for each in curves}) > 1 or len(validated[0]) != len(validated[1]):
        raise ModelFileError("its curves differ in length")
    n = history.n_epochs
    shown = (model.validation_loss_curve_ or [], model.validation_scores_ or [])
    if len(validated[0]) > n or any(len(each) > len(validated[0]) for each in shown):
        raise ModelFileError("its curves of validation are longer than the others")
    # In each epoch the stop rule and the plateau may each reduce the step size.
    if model.n_iter_ > n or max(state.stop.stalled, state.plateau.stalled) > n or state.n_cuts > 2 * n:
        raise ModelFileError(f"its counts are too large for {n} epochs")


def _check_labels(model: Any) -> None:
    labels, units = stored(model, "labels"), model.n_outputs_
    check_labels(labels, model.classes_, "the network")
    n_classes = len(labels.classes)
    is_one_unit = units == 1 and n_classes == 2 and not labels.multilabel
    if (units != n_classes and not is_one_unit) or (units == 1 and model.network_.output != "sigmoid"):
        raise ModelFileError(f"a network with {units} outputs cannot have {n_classes} classes")
    if labels.multilabel and model.network_.output != "sigmoid":
        raise ModelFileError("a multilabel network must have 'sigmoid' outputs")
    model.classes_ = labels.classes


def _check_units(mean: Floats | None, scale: Floats | None) -> None:
    if (mean is None) != (scale is None):
        raise ModelFileError("it has a mean of the targets without a scale, or a scale without a mean")
    if mean is None or scale is None:
        return
    if not (np.isfinite(mean).all() and np.isfinite(scale).all() and (scale >= 0).all()):
        raise ModelFileError("mean and scale of the targets are not finite, or the scale is negative")


def check_ensemble(model: Any) -> None:
    """Raise an error if the parts of an ensemble are inconsistent; its members are checked before."""
    kind = MLPClassifier if isinstance(model, EnsembleClassifier) else MLPRegressor
    members = model.estimators_
    if not all(type(member) is kind for member in members):
        raise ModelFileError(f"each member of this ensemble must be an {kind.__name__}")
    n = model.n_features_in_
    if any(member.n_features_in_ != n for member in members):
        raise ModelFileError(f"its members were not trained on the {n} columns of the ensemble")
    if not _are_shares(model.weights_):
        raise ModelFileError("the weights of its members are not positive numbers that sum to 1")
    if len(stored(model, "row_counts")) != len(members):
        raise ModelFileError("its row counts are not one for each member")
    if kind is MLPClassifier:
        _check_ensemble_labels(model)
    elif len({member.n_outputs_ for member in members}) > 1:
        raise ModelFileError("its members have different numbers of outputs")
    if stored(model, "out_of_fold") is not None:
        _check_out_of_fold(model, stored(model, "n_rows"))
    errors = getattr(model, "calibration_errors_", None)
    if errors is not None and not (_is_prediction(model, errors) and np.isfinite(errors).all() and (errors >= 0).all()):
        raise ModelFileError("its calibration errors must be non-negative numbers in the shape of its predictions")


def _check_ensemble_labels(model: Any) -> None:
    labels = stored(model, "labels")
    check_labels(labels, model.classes_, "the ensemble")
    known = set(labels.classes.tolist())
    for member in model.estimators_:
        if stored(member, "labels").multilabel != labels.multilabel or not set(member.classes_.tolist()) <= known:
            raise ModelFileError("a member has labels that the ensemble does not have")
        if labels.multilabel and len(member.classes_) != len(labels.classes):
            raise ModelFileError("a member has other columns of labels than the ensemble")
    model.classes_ = labels.classes


def _check_out_of_fold(model: Any, n_rows: int) -> None:
    kept = stored(model, "out_of_fold")
    check_distinct(kept.rows, n_rows)
    found, is_classifier = kept.predictions, isinstance(model, EnsembleClassifier)
    if kept.left_out.shape[1] != len(kept.rows) or not kept.left_out.any(axis=0).all():
        raise ModelFileError("its out-of-fold rows do not match the members that were not trained on them")
    if is_classifier:
        is_right = found.probabilities is not None and kept.errors is None
    else:
        is_right = _is_prediction(model, found.predicted, n_rows)
        is_right = is_right and (kept.errors is None or _is_prediction(model, kept.errors, len(kept.rows)))
    if not is_right:
        raise ModelFileError("its out-of-fold predictions do not have the shape of its predictions")


def _is_prediction(model: Any, value: Any, n: int | None = None) -> bool:
    """Return whether it is an array of floats with n rows and the columns of a regressor's predictions."""
    outputs = model.estimators_[0].n_outputs_
    n = len(value) if n is None and isinstance(value, np.ndarray) and value.ndim else n
    return _is_array(value, "f", (n,) if outputs == 1 else (n, outputs))


def _is_array(value: Any, kinds: str, shape: tuple[Any, ...]) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in kinds and value.shape == shape


def _are_shares(weights: Any) -> bool:
    return bool(np.isfinite(weights).all() and (weights > 0).all() and abs(weights.sum() - 1.0) < 1e-6)
