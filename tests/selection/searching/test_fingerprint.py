"""The fingerprint changes with everything that results depend on, and with nothing else."""

from __future__ import annotations

import datetime
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.metrics import make_scorer, mean_absolute_error, mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import MLPClassifier
from multilayer.selection.data import Data
from multilayer.selection.searching.fingerprint import candidate, fingerprint
from multilayer.selection.searching.trials import ScoredSplit, SearchProblem
from multilayer.training import Cosine

X = np.arange(12.0).reshape(4, 3)
Y = np.array([0, 1, 0, 1])


def of(
    X: Any = X, y: Any = Y, *, estimator: Any = None, train: Any = (0, 1), scoring: Any = None, weight: Any = None
) -> str:
    data = Data(X, y, weight)
    split = ScoredSplit(np.array(train), data, np.array([2, 3]))
    return fingerprint(SearchProblem(estimator or MLPClassifier(), data, [split], len, (1, 3)), (data, None), scoring)


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
    {"scoring": "accuracy"},
    {"scoring": make_scorer(mean_squared_error)},
    {"scoring": make_scorer(mean_absolute_error)},
    {"scoring": lambda *_: 1.0},
    {"scoring": lambda *_: (lambda x: x)(2.0)},
    {"scoring": lambda *_: 1.0 if "a" in {"a", "b", "c", "d"} else 2.0},
    {"scoring": partial(max, 1.0)},
    {"scoring": partial(max, 2.0)},
]


def test_every_change_changes_the_fingerprint_and_equal_problems_have_equal_ones() -> None:
    found = [of(**change) for change in CHANGES]
    assert len(set(found)) == len(found)
    assert found == [of(**change) for change in CHANGES]


def test_fingerprint_depends_on_the_closure_of_a_scorer() -> None:
    def holding(number: float) -> Any:
        return lambda *_: number

    assert of(scoring=holding(1.0)) == of(scoring=holding(1.0)) != of(scoring=holding(2.0))


def test_candidates_differ_by_their_parameters() -> None:
    models = [
        MLPClassifier(),
        MLPClassifier(alpha=0.1),
        MLPClassifier((8, 8)),
        MLPClassifier(learning_rate=Cosine(5)),
        MLPClassifier(learning_rate=Cosine(6)),
        make_pipeline(StandardScaler(), MLPClassifier()),
        make_pipeline(StandardScaler(with_mean=False), MLPClassifier()),
    ]
    assert len({candidate(model) for model in models}) == len(models)
    assert candidate(clone(models[-1])) == candidate(models[-1])


def test_fingerprint_is_the_same_in_another_process() -> None:
    path = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})"
    code = f"{path}; import test_fingerprint as t; [print(t.of(**change)) for change in t.CHANGES]"
    there = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert there.stdout.split() == [of(**change) for change in CHANGES]


def test_tables_of_pyarrow_with_dates_beside_numbers_have_a_fingerprint() -> None:
    columns: dict[str, Any] = {
        "day": [datetime.date(2024, 5, i + 1) for i in range(4)],
        "size": [1.0, 2.0, None, 4.0],
        "town": ["Ulm", None, "Bonn", "Ulm"],
    }
    first = of(X=pa.table(columns))
    assert first == of(X=pa.table(columns))
    for name, value in (("day", datetime.date(2024, 6, 1)), ("size", 3.0), ("town", "Rom")):
        assert of(X=pa.table(columns | {name: [value, *columns[name][1:]]})) != first
