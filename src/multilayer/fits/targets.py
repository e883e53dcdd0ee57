"""Adapters between y and the targets of a network: class labels for one estimator, numbers for the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.sparse import issparse

from multilayer._checks import check_choice, check_flag
from multilayer.equations import Cost, Quantile
from multilayer.exceptions import InputError, InputTypeError, ParameterError
from multilayer.fits.class_weights import ClassWeight, ClassWeights, check_not_balanced, class_weights
from multilayer.fits.labels import (
    Labels,
    check_known,
    check_known_to_validation,
    check_same,
    labels_from_classes,
    labels_of,
)
from multilayer.fits.losses import (
    Loss,
    check_targets,
    loss_of_classes,
    loss_of_numbers,
    repeated,
    warn_of_quantiles_without_effect,
)
from multilayer.fits.rows import FitRequest, Table, Targets
from multilayer.fits.scores import accuracy, label_accuracy, pinball_d2, r2, single_class_score
from multilayer.fits.target_scale import (
    TargetScale,
    check_can_standardize,
    check_same_scaling,
    dtype_given,
    rescaled,
    target_scale,
)
from multilayer.network import Floats
from multilayer.training.batching import RowNumbers

# The scale of the targets, or None, and the fitted attributes that describe the outputs.
Settled = tuple[TargetScale | None, dict[str, Any]]


class TargetAdapter(Protocol):
    """The conversion of y to the targets of a network."""

    are_labels: bool

    def encode(self, y: Any, dtype: np.dtype[Any], request: FitRequest) -> Targets:
        """Return the targets of the training rows from a validated y, (m,) or (m, K)."""

    def encode_validation(self, y: Any, dtype: np.dtype[Any], targets: Targets) -> Floats:
        """Return the targets of the validation rows, (m, K)."""

    def class_weights(self, y: Any, weight: Floats | None, targets: Targets, *, is_part: bool) -> ClassWeights | None:
        """Return the weights of the classes; None if all are 1."""

    def settle(self, table: Table, targets: Targets, rows: RowNumbers | None, *, resumes: bool) -> Settled:
        """Return the scale of the targets of the training rows, and the attributes that describe the outputs."""


@dataclass(frozen=True, eq=False)
class ClassAdapter:
    """Class labels as targets, by parameters of MLPClassifier and the labels of the previous fit."""

    loss: str | Cost
    output: str
    class_weight: ClassWeight | None
    known: Labels | None = None
    are_labels = True

    def encode(self, y: Any, dtype: np.dtype[Any], request: FitRequest) -> Targets:
        labels = self.known
        if request.resumes and labels is not None:
            (check_known if request.is_part else check_same)(y, labels)
        else:
            labels = labels_of(y) if request.classes is None else labels_from_classes(y, request.classes)
            if request.is_part:
                check_known(y, labels)
        units, output = self._output_layer(labels)
        score = label_accuracy if labels.multilabel else accuracy if len(labels.classes) > 1 else single_class_score
        loss = Loss(output) if self.loss == "log_loss" else loss_of_classes(self.loss, output)
        return Targets(labels.targets(y, units, dtype), loss, score, stratify=units == 1, labels=labels)

    def encode_validation(self, y: Any, dtype: np.dtype[Any], targets: Targets) -> Floats:
        labels = _labels_of(targets)
        check_known_to_validation(y, labels)
        return labels.targets(y, targets.Y.shape[1], dtype)

    def class_weights(self, y: Any, weight: Floats | None, targets: Targets, *, is_part: bool) -> ClassWeights | None:
        if self.class_weight is None:
            return None
        if is_part:
            check_not_balanced(self.class_weight)
        return class_weights(self.class_weight, y, _labels_of(targets), weight)

    def settle(self, table: Table, targets: Targets, rows: RowNumbers | None, *, resumes: bool) -> Settled:  # noqa: ARG002
        labels = _labels_of(targets)
        return None, {"classes_": labels.classes, "_labels": labels}

    def _output_layer(self, labels: Labels) -> tuple[int, str]:
        """Return the number of output units and their kind."""
        output, n_classes = self.output, len(labels.classes)
        if output != "auto":
            check_choice("output", output, ("auto", "softmax", "sigmoid"))
        if labels.multilabel:
            if output == "softmax":
                raise ParameterError(
                    "output='softmax' gives each row one class, but y is multilabel, with one column per label. "
                    "Use output='sigmoid' or 'auto'."
                )
            return n_classes, "sigmoid"
        if n_classes == 1:
            return 1, "sigmoid"
        if output == "auto":
            return (1, "sigmoid") if n_classes == 2 else (n_classes, "softmax")
        return n_classes, output


@dataclass(frozen=True, eq=False)
class NumberAdapter:
    """Numbers as targets, by parameters of MLPRegressor and the scale of the previous fit."""

    loss: str | Cost
    quantile: float | Sequence[float]
    standardize_targets: bool
    known: TargetScale | None = None
    are_labels = False

    def encode(self, y: Any, dtype: np.dtype[Any], request: FitRequest) -> Targets:  # noqa: ARG002
        loss = loss_of_numbers(self.loss, self.quantile)
        warn_of_quantiles_without_effect(self.loss, self.quantile)
        score = pinball_d2(loss.cost.levels) if isinstance(loss.cost, Quantile) else r2
        Y = self._encoded(y, dtype, loss)
        is_squared = loss.output == "identity" and loss.cost is None
        return Targets(Y, loss, score, cost_divisor=Y.shape[1] if is_squared else 1)

    def encode_validation(self, y: Any, dtype: np.dtype[Any], targets: Targets) -> Floats:
        return self._encoded(y, dtype, targets.loss)

    def class_weights(self, y: Any, weight: Floats | None, targets: Targets, *, is_part: bool) -> None:
        """Return None: numbers have no classes."""

    def settle(self, table: Table, targets: Targets, rows: RowNumbers | None, *, resumes: bool) -> Settled:
        before, given = self.known if resumes else None, dtype_given(table.y)
        if resumes:
            check_same_scaling(before, standardizes=bool(self.standardize_targets))
        if not self.standardize_targets:
            return None, {"target_mean_": None, "target_scale_": None}
        trained_on = table.Y if rows is None else table.Y[rows]
        weight = table.weight if table.weight is None or rows is None else table.weight[rows]
        if before is None:
            scale = target_scale(trained_on, weight, given)
        else:
            scale = rescaled(before, trained_on, weight, given)
        check_targets(targets.loss, self.loss, scale.standardized(table.Y, table.Y.dtype, given))
        return scale, {"target_mean_": scale.mean, "target_scale_": scale.deviation}

    def _encoded(self, y: Any, dtype: np.dtype[Any], loss: Loss) -> Floats:
        standardizes = check_flag("standardize_targets", self.standardize_targets)
        if standardizes:
            check_can_standardize(loss, self.loss)
            dtype = np.dtype(np.float64)  # in float32, subtracting a large mean would lose digits
        y = as_numbers(y)
        with np.errstate(over="ignore"):
            Y = np.ascontiguousarray(y.astype(dtype, copy=False).reshape(len(y), -1))
        if not np.isfinite(Y).all():
            raise InputError(
                f"y must be finite in {dtype}, the dtype of X, got values up to {np.abs(y).max():g}. "
                "Bring y to a scale near 1, or pass X as float64."
            )
        Y = repeated(Y, loss)
        if not standardizes:
            check_targets(loss, self.loss, Y)
        return Y


def as_numbers(y: Any) -> Any:
    """Return y as an array of numbers; raise an input error for text, dates and other objects."""
    if issparse(y):
        return y.toarray()
    if y.dtype.kind in "biuf":
        return y
    try:
        if y.dtype.kind in "Mm":
            raise TypeError(f"got dates or times, {y.dtype}")
        return y.astype(np.float64)
    except (TypeError, ValueError) as error:
        kind = InputTypeError if isinstance(error, TypeError) else InputError
        raise kind(
            f"y must hold numbers: {error}. For classes use MLPClassifier; otherwise convert y to numbers."
        ) from None


def _labels_of(targets: Targets) -> Labels:
    if targets.labels is None:
        raise InputError("the targets are numbers, but a classifier needs labels.")
    return targets.labels
