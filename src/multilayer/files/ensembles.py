"""What must be true of an ensemble that has come from a file, beside what must be of each of its members."""

from __future__ import annotations

from typing import Any

import numpy as np

from multilayer.ensembles import EnsembleClassifier
from multilayer.ensembles.base import OutOfFold
from multilayer.estimators import MLPClassifier, MLPRegressor
from multilayer.estimators.labels import Labels
from multilayer.exceptions import ModelFileError


def check_ensemble(model: Any) -> None:
    """An error where parts of an ensemble do not fit together; its members are checked already."""
    kind = MLPClassifier if isinstance(model, EnsembleClassifier) else MLPRegressor
    members, own = model.estimators_, vars(model)
    if not members or not all(type(member) is kind for member in members):
        raise ModelFileError(f"an ensemble of this kind has members that are each an {kind.__name__}")
    n, n_rows = own.get("n_features_in_"), own.get("_n_rows")
    if any(member.n_features_in_ != n for member in members) or not _is_count(n_rows):
        raise ModelFileError(f"its members have not been trained on the {n} columns that the ensemble has")
    names = own.get("feature_names_in_")
    if names is not None and not (isinstance(names, np.ndarray) and names.shape == (n,)):
        raise ModelFileError(f"an ensemble with {n} inputs has as many feature names")
    if not _is_array(own.get("weights_"), "f", (len(members),)) or not _are_shares(model.weights_):
        raise ModelFileError("the weights of its members are no shares of 1")
    shares = own.get("_shares")
    is_right = isinstance(shares, list) and len(shares) == len(members)
    if not is_right or not all(each is None or _is_array(each, "ui", (n_rows,)) for each in shares or ()):
        raise ModelFileError("it does not say how often each member was trained on each row")
    if kind is MLPClassifier:
        _check_classes(model)
    elif len({member.n_outputs_ for member in members}) > 1:
        raise ModelFileError("its members answer with different numbers of outputs")
    _check_out_of_fold(model, n_rows)
    errors = own.get("calibration_errors_")
    if errors is not None and not (_is_answer(model, errors) and np.isfinite(errors).all() and (errors >= 0).all()):
        raise ModelFileError("the errors that it was calibrated by are not those of its answers")


def _check_classes(model: Any) -> None:
    labels = vars(model).get("_labels")
    if not isinstance(labels, Labels) or not isinstance(model.classes_, np.ndarray) or labels.classes.ndim != 1:
        raise ModelFileError("its labels are missing")
    known = labels.classes.tolist()
    if model.classes_.tolist() != known or sorted(set(known)) != known:
        raise ModelFileError("its labels are there twice, and differ, or are out of order")
    for member in model.estimators_:
        has = member.classes_.tolist()
        if member._labels.multilabel != labels.multilabel or not set(has) <= set(known) or sorted(set(has)) != has:
            raise ModelFileError("a member has labels that the ensemble does not have")
    model.classes_ = labels.classes


def _check_out_of_fold(model: Any, n_rows: int) -> None:
    kept = vars(model).get("_out_of_fold", ...)
    if kept is None:
        return
    if not isinstance(kept, OutOfFold):
        raise ModelFileError("it does not say what its members answer for rows that they have not seen")
    rows, found = kept.rows, kept.predictions
    is_numbers = rows.ndim == 1 and rows.dtype.kind == "i" and len(np.unique(rows)) == len(rows)
    if not is_numbers or (len(rows) and not 0 <= rows.min() <= rows.max() < n_rows):
        raise ModelFileError(f"it has numbers of rows that are not different ones below {n_rows}")
    if not _is_array(kept.left_out, "b", (len(model.estimators_), len(rows))) or not kept.left_out.any(axis=0).all():
        raise ModelFileError("it does not say which members have not seen a row")
    if isinstance(model, EnsembleClassifier):
        is_right = _is_array(found.probabilities, "f", (n_rows, len(model.classes_))) and kept.errors is None
    else:
        is_right = _is_answer(model, found.predicted, n_rows)
        is_right = is_right and (kept.errors is None or _is_answer(model, kept.errors, len(rows)))
    if not is_right:
        raise ModelFileError("the answers for rows that members have not seen are not of the form of its answers")


def _is_answer(model: Any, value: Any, n: int | None = None) -> bool:
    """Whether it is an array of numbers, of one row for each of n, with the columns that a regressor answers with."""
    outputs = model.estimators_[0].n_outputs_
    n = len(value) if n is None and isinstance(value, np.ndarray) and value.ndim else n
    return _is_array(value, "f", (n,) if outputs == 1 else (n, outputs))


def _is_array(value: Any, kinds: str, shape: tuple[Any, ...]) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in kinds and value.shape == shape


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are_shares(weights: Any) -> bool:
    return bool(np.isfinite(weights).all() and (weights > 0).all() and abs(weights.sum() - 1.0) < 1e-6)
