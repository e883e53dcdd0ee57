"""Class weights, by which the weights of rows are multiplied."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputError, ParameterError, unknown_name
from multilayer.fits.columns import as_dense
from multilayer.fits.labels import Labels, current_known_classes
from multilayer.fits.sample_weights import product_of_weights, scaled_weights
from multilayer.network import Floats

BALANCED = "balanced"
ClassWeight = Mapping[Any, float] | Sequence[Mapping[Any, float]] | str


@dataclass(frozen=True)
class ClassWeights:
    """The weight of each class; for a multilabel y, the weights of 0 and 1 for each label."""

    labels: Labels
    columns: list[NDArray[np.float64]]

    def of_rows(self, y: Any) -> NDArray[np.float64]:
        """Return the weight of each row, (m,); for a multilabel y the product over its labels."""
        codes = _class_codes(y, self.labels)
        return product_of_weights([weight[code] for weight, code in zip(self.columns, codes, strict=True)])


def class_weights(class_weight: ClassWeight, y: Any, labels: Labels, sample_weight: Floats | None) -> ClassWeights:
    """Return the weights of the classes in y.

    "balanced" is scikit-learn's: the class k has the weight m / (n_classes m_k), so that all classes weigh the same
    and the mean weight of a row is 1.  Rows count by their sample weight; rows of weight 0 do not count.
    """
    codes = _class_codes(y, labels)
    sizes = [2] * len(codes) if labels.multilabel else [len(labels.classes)]
    if isinstance(class_weight, str):
        if class_weight != BALANCED:
            raise unknown_name("class_weight", class_weight, (BALANCED,))
        return ClassWeights(
            labels, [_balanced(code, size, sample_weight) for code, size in zip(codes, sizes, strict=True)]
        )
    if not labels.multilabel:
        classes = labels.classes.tolist()
        return ClassWeights(labels, [_from_dict("class_weight", class_weight, classes, _all_labels(classes))])
    if isinstance(class_weight, Mapping) or not isinstance(class_weight, Sequence) or len(class_weight) != len(codes):
        raise ParameterError(
            f"class_weight must be 'balanced' or a list of {len(codes)} dicts, one for each label of a multilabel y, "
            f"got {class_weight!r}. Write [{{0: 1, 1: 5}}, ...]: the weights of rows without and with the label."
        )
    return ClassWeights(labels, [_from_dict(f"class_weight[{k}]", each, [0, 1]) for k, each in enumerate(class_weight)])


def with_class_weights(
    weights: ClassWeights | None, y: Any, sample_weight: Floats | None, dtype: np.dtype[Any], *, warns: bool = False
) -> Floats | None:
    """Return the sample weights times the class weights, if there are any; ``warns`` as in :func:`scaled_weights`."""
    if weights is None:
        return sample_weight
    of_rows = weights.of_rows(y)
    product = of_rows if sample_weight is None else product_of_weights([of_rows, sample_weight])
    if not product.any():
        raise InputError(
            "class_weight gives every row the weight 0: its classes occur only in rows of weight 0. "
            "Give a positive weight to a class that occurs in y."
        )
    return scaled_weights(product, dtype, "class_weight", warns=warns)


def check_not_balanced(class_weight: ClassWeight | None) -> None:
    if isinstance(class_weight, str) and class_weight == BALANCED:
        raise ParameterError(
            "class_weight='balanced' cannot be used with partial_fit: it depends on how often each class occurs in all "
            "of the data, which is unknown from a part. Pass a dict with the weight of each label, such as "
            "dict(zip(classes, sklearn.utils.class_weight.compute_class_weight('balanced', classes=classes, y=y)))."
        )


def _class_codes(y: Any, labels: Labels) -> list[NDArray[np.intp]]:
    """Return the class number of each row, for one column of labels or for each column of zeros and ones."""
    if not labels.multilabel:
        return [np.searchsorted(labels.classes, y)]
    return list(as_dense(y).T.astype(np.intp))


def _balanced(codes: NDArray[np.intp], n_classes: int, sample_weight: Floats | None) -> NDArray[np.float64]:
    totals = np.bincount(codes, sample_weight, minlength=n_classes).astype(np.float64)
    present = totals > 0
    weights = np.ones(n_classes)
    weights[present] = totals.sum() / (present.sum() * totals[present])
    return weights


def _all_labels(classes: list[Any]) -> list[Any]:
    """Return the classes of the fit and, if its rows are part of a larger table, those of the whole table."""
    known = current_known_classes()
    return classes if known is None or known.values is None else list(dict.fromkeys([*classes, *known.values.tolist()]))


def _from_dict(name: str, weights: Any, classes: list[Any], labels: list[Any] | None = None) -> NDArray[np.float64]:
    """Return the weights of a dict in the order of the classes, 1 by default; ``labels`` are the allowed keys."""
    if not isinstance(weights, Mapping):
        raise ParameterError(f"{name} must be None, 'balanced' or a dict of labels and their weights, got {weights!r}.")
    expected = classes if labels is None else labels
    unknown = [label for label in weights if label not in expected]
    # If every class has a weight, another label is not misspelt: a fold may lack its class.
    if unknown and (labels is None or any(label not in weights for label in expected)):
        raise ParameterError(
            f"{name} has labels that are not in y: {unknown!r}. The labels of y are {expected!r}. "
            "Remove them, or write them as they are in y. If a fold may lack a class, give every class a weight."
        )
    for label, weight in weights.items():
        is_number = isinstance(weight, numbers.Real) and not isinstance(weight, bool)
        if not is_number or not math.isfinite(weight) or weight < 0:
            raise ParameterError(
                f"{name} must give each label a finite non-negative number, got {weight!r} for {label!r}."
            )
    return np.array([float(weights.get(label, 1.0)) for label in classes])
