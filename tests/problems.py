"""Data sets and small networks that several test modules share.

Arrays with upper-case names are shared by all tests and must not be modified.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import make_classification, make_moons, make_multilabel_classification, make_regression

from multilayer import MLPClassifier, MLPRegressor

_rng = np.random.RandomState(0)
# 90 rows of 4 columns, and a target of each kind that depends on them.
X = _rng.normal(size=(90, 4))
CLASSES = np.array(["a", "b", "c"])[np.digitize(X[:, 0] + X[:, 1], [-0.7, 0.7])]
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0] + 0.1 * _rng.normal(size=90)
SEVERAL = np.column_stack([NUMBERS, X[:, 0] ** 2])  # two outputs
LABELS = (X[:, :3] > 0).astype(int)  # three labels, of which a row may have several
WEIGHT = _rng.uniform(0.5, 2.0, 90)  # of each row

# 40 points in the plane, on two sides of a line.
POINTS = np.random.RandomState(0).normal(size=(40, 2))
SIDES = (POINTS[:, 0] > 0).astype(int)

# Two classes of two features that overlap slightly.
MOONS = make_moons(120, noise=0.25, random_state=0)

for _array in (X, CLASSES, NUMBERS, SEVERAL, LABELS, WEIGHT, POINTS, SIDES, *MOONS):
    _array.flags.writeable = False

# A few epochs, without a stop rule, so that no warning is raised.
SHORT: dict[str, Any] = {"hidden_layer_sizes": (6,), "max_iter": 8, "n_iter_no_change": None}
KINDS = ("binary", "multiclass", "multilabel", "regression", "two outputs", "poisson")


def classifier(**options: Any) -> MLPClassifier:
    return MLPClassifier(**SHORT | options)


def regressor(**options: Any) -> MLPRegressor:
    return MLPRegressor(**SHORT | options)


def data(kind: str, m: int = 43, seed: int = 0) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return m rows of 5 columns, and targets of one of ``KINDS``."""
    if kind in ("binary", "multiclass"):
        n_classes = 2 if kind == "binary" else 4
        return make_classification(
            m, 5, n_informative=4, n_redundant=0, n_classes=n_classes, n_clusters_per_class=1, random_state=seed
        )
    if kind == "multilabel":
        X, Y = make_multilabel_classification(m, 5, n_classes=3, random_state=seed)
        return X / 10, Y
    X, y = make_regression(m, 5, n_targets=2 if kind == "two outputs" else 1, noise=1.0, random_state=seed)
    y = y / 100
    return X, np.abs(y * 3).round() if kind == "poisson" else y
