"""What must be true of an ensemble that has come from a file, beside what must be of each of its members."""

from __future__ import annotations

from typing import Any

import numpy as np

from multilayer.ensembles import EnsembleClassifier
from multilayer.estimators import MLPClassifier, MLPRegressor
from multilayer.exceptions import ModelFileError
from multilayer.files.checks import check_distinct, check_labels


def check_ensemble(model: Any) -> None:
    """An error where parts of an ensemble do not fit together; its members are checked already."""
    kind = MLPClassifier if isinstance(model, EnsembleClassifier) else MLPRegressor
    members = model.estimators_
    if not all(type(member) is kind for member in members):
        raise ModelFileError(f"an ensemble of this kind has members that are each an {kind.__name__}")
    n = model.n_features_in_
    if any(member.n_features_in_ != n for member in members):
        raise ModelFileError(f"its members have not been trained on the {n} columns that the ensemble has")
    if not _are_shares(model.weights_):
        raise ModelFileError("the weights of its members are no shares of 1")
    if len(model._shares) != len(members):
        raise ModelFileError("it does not say how often each member was trained on each row")
    if kind is MLPClassifier:
        _check_classes(model)
    elif len({member.n_outputs_ for member in members}) > 1:
        raise ModelFileError("its members answer with different numbers of outputs")
    if model._out_of_fold is not None:
        _check_out_of_fold(model, model._n_rows)
    errors = getattr(model, "calibration_errors_", None)
    if errors is not None and not (_is_answer(model, errors) and np.isfinite(errors).all() and (errors >= 0).all()):
        raise ModelFileError("the errors that it was calibrated by are not those of its answers")


def _check_classes(model: Any) -> None:
    labels = model._labels
    check_labels(labels, model.classes_, "the ensemble")
    known = set(labels.classes.tolist())
    for member in model.estimators_:
        if member._labels.multilabel != labels.multilabel or not set(member.classes_.tolist()) <= known:
            raise ModelFileError("a member has labels that the ensemble does not have")
        if labels.multilabel and len(member.classes_) != len(labels.classes):
            raise ModelFileError("a member has other columns of labels than the ensemble")
    model.classes_ = labels.classes


def _check_out_of_fold(model: Any, n_rows: int) -> None:
    kept = model._out_of_fold
    check_distinct(kept.rows, n_rows)
    found, is_classifier = kept.predictions, isinstance(model, EnsembleClassifier)
    if kept.left_out.shape[1] != len(kept.rows) or not kept.left_out.any(axis=0).all():
        raise ModelFileError("it does not say which members have not seen a row")
    if is_classifier:
        is_right = found.probabilities is not None and kept.errors is None
    else:
        is_right = _is_answer(model, found.predicted, n_rows)
        is_right = is_right and (kept.errors is None or _is_answer(model, kept.errors, len(kept.rows)))
    if not is_right:
        raise ModelFileError("the answers for rows that members have not seen are not of the form of its answers")


def _is_answer(model: Any, value: Any, n: int | None = None) -> bool:
    """Whether it is an array of numbers, of one row for each of n, with the columns that a regressor answers with."""
    outputs = model.estimators_[0].n_outputs_
    n = len(value) if n is None and isinstance(value, np.ndarray) and value.ndim else n
    return _is_array(value, "f", (n,) if outputs == 1 else (n, outputs))


def _is_array(value: Any, kinds: str, shape: tuple[Any, ...]) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in kinds and value.shape == shape


def _are_shares(weights: Any) -> bool:
    return bool(np.isfinite(weights).all() and (weights > 0).all() and abs(weights.sum() - 1.0) < 1e-6)
