"""What must be true of an estimator that has come from a file, beside the types of its parts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.estimators.labels import Labels
from multilayer.exceptions import ModelFileError
from multilayer.network import Floats, Network, n_parameters
from multilayer.training import Run

DTYPES = (np.float32, np.float64)


def check_is_finite(model: Any) -> None:
    """An error where weights are not finite: such a network answers nothing."""
    if not _is_finite(model._run, model.parameters_):
        raise ModelFileError("the weights are not finite numbers only, and a model file holds no others. Fit anew.")


def check_model(model: Any) -> None:
    """An error where parts of a model do not fit together; its ``parameters_`` are not there yet."""
    _has(model, "network_", Network)
    _has(model, "_run", Run)
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "n_features_in_"):
        _has(model, name, int)
    _has(model, "_last_was_part", bool)
    network, run = model.network_, model._run
    sizes = network.layer_sizes
    shown = model.n_features_in_, model.n_outputs_, model.n_layers_
    if shown != (sizes[0], sizes[-1], len(sizes)) or model.n_iter_ < 0:
        raise ModelFileError(f"a network of layer sizes {sizes} does not have {shown} inputs, outputs and layers")
    names = getattr(model, "feature_names_in_", None)
    if names is not None and not (isinstance(names, np.ndarray) and names.shape == (sizes[0],)):
        raise ModelFileError(f"a network with {sizes[0]} inputs has as many feature names")
    _check_arrays(network, run)
    _check_rows(run)
    _check_curves(model)
    if "_labels" in vars(model) or hasattr(type(model), "predict_proba"):
        _check_labels(model)
    if not _is_finite(run, run.state.parameters):
        raise ModelFileError("its weights are not finite numbers only")


def _is_finite(run: Run, shown: Floats) -> bool:
    arrays = (shown, run.state.parameters, run.state.average, run.best, run.last)
    return all(array is None or bool(np.isfinite(array).all()) for array in arrays)


def _check_arrays(network: Network, run: Run) -> None:
    state, size = run.state, n_parameters(network)
    for name, array in (
        ("parameters", state.parameters),
        ("average", state.average),
        ("best", run.best),
        ("last", run.last),
    ):
        if array is None:
            continue
        if array.shape != (size,) or array.dtype.type not in DTYPES or array.dtype != state.parameters.dtype:
            raise ModelFileError(
                f"the {name} of a network of layer sizes {network.layer_sizes} are {size} numbers of float32 or "
                f"float64, got {array.dtype} of shape {array.shape}"
            )
    if state.slots.shape != (len(state.slots), size) or state.slots.dtype != state.parameters.dtype or state.t < 0:
        raise ModelFileError(f"the update rule's memory does not belong to {size} parameters: {state.slots.shape}")


def _check_rows(run: Run) -> None:
    if min(run.n_divided, run.rows_seen, run.n_cuts, run.stop.stalled, run.plateau.stalled) < 0:
        raise ModelFileError("it counts something below 0")
    if run.seed is not None and not 0 <= run.seed < 2**64:
        raise ModelFileError(f"a seed of dropout is below 2**64, got {run.seed}")
    if run.order is not None:
        _check_distinct(run.order, len(run.order) if run.rows is None else len(run.rows), whole=True)
    if (run.rows is None) != (run.held_out is None):
        raise ModelFileError("rows are held out, but none are left, or the other way round")
    if run.rows is not None and run.held_out is not None:
        if (run.rows.ndim, run.held_out.ndim) != (1, 1) or not len(run.rows):
            raise ModelFileError("the rows that train and those held out are no two lists")
        _check_distinct(np.concatenate([run.rows, run.held_out]), run.n_divided)


def _check_distinct(rows: NDArray[Any], n_rows: int, *, whole: bool = False) -> None:
    numbers = np.unique(rows) if rows.ndim == 1 else rows[:0]
    is_right = (
        rows.ndim == 1 and len(numbers) == len(rows) and (not len(rows) or 0 <= numbers[0] <= numbers[-1] < n_rows)
    )
    if not is_right or (whole and len(rows) != n_rows):
        raise ModelFileError(f"it has numbers of rows that are not different ones below {n_rows}")


def _check_curves(model: Any) -> None:
    run, history = model._run, model._run.history
    curves = [history.costs, history.step_sizes, model.loss_curve_]
    is_right = isinstance(model.loss_curve_, list) and len({len(curve) for curve in curves}) == 1
    validated = history.validation_costs or [], history.validation_scores or []
    if not is_right or len(validated[0]) != len(validated[1]) or history.seconds < 0 or run.history.n_epochs < 0:
        raise ModelFileError("its curves are not of one length")


def _check_labels(model: Any) -> None:
    _has(model, "_labels", Labels)
    labels, units = model._labels, model.n_outputs_
    n_classes = len(labels.classes) if labels.classes.ndim == 1 else 0
    if not np.array_equal(model.classes_, labels.classes):
        raise ModelFileError("its labels are there twice, and differ")
    if units != n_classes and not (units == 1 and n_classes == 2 and not labels.multilabel):
        raise ModelFileError(f"a network with {units} outputs does not tell {n_classes} classes apart")
    model.classes_ = labels.classes


def _has(model: Any, name: str, kind: type) -> None:
    value = vars(model).get(name)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ModelFileError(f"{name} is missing, or is no {kind.__name__}")
