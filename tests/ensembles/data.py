"""Small tables and networks that the tests of ensembles share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from multilayer import MLPClassifier, MLPRegressor

rng = np.random.RandomState(0)
X = rng.normal(size=(90, 4))
CLASSES = np.array(["a", "b", "c"])[np.digitize(X[:, 0] + X[:, 1], [-0.7, 0.7])]
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0] + 0.3 * rng.normal(size=90)
SEVERAL = np.column_stack([NUMBERS, X[:, 0] ** 2])
LABELS = (X[:, :3] > 0).astype(int)
WEIGHT = rng.uniform(0.5, 2.0, 90)


def classifier(**options: Any) -> MLPClassifier:
    return MLPClassifier(**({"hidden_layer_sizes": (6,)} | {"max_iter": 8, "n_iter_no_change": math.inf} | options))


def regressor(**options: Any) -> MLPRegressor:
    return MLPRegressor(**({"hidden_layer_sizes": (6,)} | {"max_iter": 8, "n_iter_no_change": math.inf} | options))
