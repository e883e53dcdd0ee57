"""The fingerprint changes with whatever results depend on, and with nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from scipy.stats import loguniform
from sklearn.preprocessing import StandardScaler

from multilayer import MLPClassifier
from multilayer.selection.fitting import Data
from multilayer.selection.searching.fingerprint import fingerprint
from multilayer.selection.searching.trials import Problem, Split

X = np.arange(12.0).reshape(4, 3)
Y = np.array([0, 1, 0, 1])


def of(
    X: Any = X, y: Any = Y, *, estimator: Any = None, train: Any = (0, 1), settings: Any = (), weight: Any = None
) -> str:
    data = Data(X, y, weight)
    split = Split(np.array(train), data, np.array([2, 3]))
    return fingerprint(Problem(estimator or MLPClassifier(), data, [split], len, (1, 3)), (data, None), settings)


CHANGES: list[dict[str, Any]] = [
    {},
    {"X": X + 1e-12},
    {"X": X.astype(np.float32)},
    {"X": csr_matrix(X)},
    {"X": pd.DataFrame(X)},
    {"X": pd.DataFrame(X, columns=list("abc"))},
    {"X": pd.DataFrame({"a": list("wxyz")})},
    {"X": pd.DataFrame({"a": ["w", "x", "y", None]})},
    {"y": Y[::-1]},
    {"weight": np.ones(4)},
    {"train": (1, 0)},
    {"train": (0, 1, 1)},
    {"estimator": MLPClassifier(alpha=0.1)},
    {"estimator": MLPClassifier(random_state=np.random.RandomState(0))},
    {"estimator": MLPClassifier(random_state=np.random.RandomState(1))},
    {"estimator": StandardScaler()},
    {"settings": ({"a": [1, 2]},)},
    {"settings": ({"a": np.array([1, 2])},)},
    {"settings": ({"a": loguniform(1, 2)},)},
    {"settings": ({"a": loguniform(1, 3)},)},
    {"settings": (len,)},
]


def test_each_change_is_seen_and_the_same_is_the_same() -> None:
    found = [of(**change) for change in CHANGES]
    assert len(set(found)) == len(found)
    assert found == [of(**change) for change in CHANGES]


@pytest.mark.parametrize("i", [5, 7, 14, 18])
def test_it_is_the_same_in_another_process(i: int) -> None:
    path = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})"
    code = f"{path}; import test_fingerprint as t; print(t.of(**t.CHANGES[{i}]))"
    there = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert there.stdout.strip() == of(**CHANGES[i])
