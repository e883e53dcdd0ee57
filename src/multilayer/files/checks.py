"""What must be true of a network that has come from a file, beyond the kinds of its parts: that they fit together."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.estimators import MLPClassifier
from multilayer.exceptions import ModelFileError
from multilayer.fits.labels import Labels
from multilayer.network import Floats
from multilayer.training import Run

OUTPUTS = {True: ("sigmoid", "softmax"), False: ("identity", "exp", "increasing")}  # of classifiers, of regressors
SPARSE = 8  # rows of a table for each number of one
MAX_SLOTS = 2  # arrays that an update rule remembers; the second of two is Adam's mean of squares


def check_network(model: Any) -> None:
    """An error where parts of a model do not fit together; its ``parameters_`` are not there yet."""
    network, run = model.network_, model._run
    is_classifier = isinstance(model, MLPClassifier)
    shown = "logistic" if network.output == "sigmoid" else network.output
    if network.output not in OUTPUTS[is_classifier] or model.out_activation_ != shown:
        raise ModelFileError(f"{type(model).__name__} has no {network.output!r} outputs")
    _check_arrays(run)
    _check_rows(run)
    _check_curves(model)
    if is_classifier:
        _check_labels(model)
    else:
        _check_units(model.target_mean_, model.target_scale_)


def check_labels(labels: Labels, classes: Any, whose: str) -> None:
    """An error for labels that are not sorted and distinct, and for a second copy that differs."""
    known = labels.classes
    if known.dtype != classes.dtype or not np.array_equal(classes, known):
        raise ModelFileError(f"the labels of {whose} are there twice, and differ")
    try:
        values = known.tolist()
        is_sorted = all(low < high for low, high in itertools.pairwise(values))
    except TypeError:
        is_sorted = False
    if not len(known) or not is_sorted or (labels.multilabel and values != list(range(len(values)))):
        raise ModelFileError(f"the labels of {whose} are not sorted, different ones")
    if labels.sparse and not labels.multilabel:
        raise ModelFileError(f"the labels of {whose} are one column, which is never sparse")


def check_distinct(numbers: NDArray[Any], n_rows: int, *, whole: bool = False) -> None:
    """An error for numbers of rows that are not different ones of a table."""
    n = len(numbers)
    is_right = not n or int(numbers.max()) < n_rows
    if is_right and n_rows <= SPARSE * n:  # a mark for each row of the table takes less time than to sort
        marks = np.zeros(n_rows, dtype=bool)
        marks[numbers] = True
        is_right = np.count_nonzero(marks) == n
    elif is_right:
        is_right = len(np.unique(numbers)) == n
    if not is_right or (whole and n != n_rows):
        raise ModelFileError(f"it has numbers of rows that are not different ones below {n_rows}")


def _check_arrays(run: Run) -> None:
    state = run.state
    arrays = (state.parameters, state.slots, state.average, run.best, run.last)
    if len({array.dtype for array in arrays if array is not None}) > 1:
        raise ModelFileError("its arrays are float32 and float64 at once")
    answering = (state.parameters, state.average, run.best, run.last)
    if not all(array is None or bool(np.isfinite(array).all()) for array in answering):
        raise ModelFileError("the weights are not finite numbers only, and such a network answers nothing")
    # An update of a gradient that overflows leaves an infinity, which training can go on from.
    least = [float(slot.min()) for slot in state.slots[: MAX_SLOTS + 1]]  # NaN where there is any
    is_memory = len(least) <= MAX_SLOTS and not any(map(math.isnan, least))
    if not is_memory or (len(least) == MAX_SLOTS and least[1] < 0):
        raise ModelFileError("the update rule's memory does not hold two arrays of numbers, the second of squares")


def _check_rows(run: Run) -> None:
    if run.order is not None:
        check_distinct(run.order, len(run.order) if run.rows is None else len(run.rows), whole=True)
    if (run.rows is None) != (run.held_out is None):
        raise ModelFileError("rows are held out, but none are left, or the other way round")
    if run.rows is not None and run.held_out is not None:
        if not len(run.rows):
            raise ModelFileError("no row is left to train on")
        check_distinct(np.concatenate([run.rows, run.held_out]), run.n_divided)


def _check_curves(model: Any) -> None:
    run, history = model._run, model._run.history
    validated = history.validation_costs or [], history.validation_scores or []
    curves = [history.costs, history.step_sizes, model.loss_curve_]
    if len({len(each) for each in curves}) > 1 or len(validated[0]) != len(validated[1]):
        raise ModelFileError("its curves are not of one length")
    n = history.n_epochs
    shown = (model.validation_loss_curve_ or [], model.validation_scores_ or [])
    if len(validated[0]) > n or any(len(each) > len(validated[0]) for each in shown):
        raise ModelFileError("its curves of validation are longer than the others")
    # In an epoch the stop rule may cut the step size, and so may a plateau.
    if model.n_iter_ > n or max(run.stop.stalled, run.plateau.stalled) > n or run.n_cuts > 2 * n:
        raise ModelFileError(f"it counts more than can have happened in {n} epochs")


def _check_labels(model: Any) -> None:
    labels, units = model._labels, model.n_outputs_
    check_labels(labels, model.classes_, "the network")
    n_classes = len(labels.classes)
    is_one_unit = units == 1 and n_classes == 2 and not labels.multilabel
    if (units != n_classes and not is_one_unit) or (units == 1 and model.network_.output != "sigmoid"):
        raise ModelFileError(f"a network with {units} outputs does not tell {n_classes} classes apart")
    if labels.multilabel and model.network_.output != "sigmoid":
        raise ModelFileError("a network of several labels a row has 'sigmoid' outputs")
    model.classes_ = labels.classes


def _check_units(mean: Floats | None, scale: Floats | None) -> None:
    if (mean is None) != (scale is None):
        raise ModelFileError("it has a mean of the targets without a scale, or the other way round")
    if mean is None or scale is None:
        return
    if not (np.isfinite(mean).all() and np.isfinite(scale).all() and (scale >= 0).all()):
        raise ModelFileError("mean and scale of the targets are not finite, or the scale is negative")
