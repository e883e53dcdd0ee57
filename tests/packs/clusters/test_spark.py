"""A backend of joblib that this package does not know: Spark, where it is installed with Java."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from typing import Any

import joblib
import numpy as np
import pytest

from multilayer import EnsembleClassifier
from multilayer.selection import cross_validate, search

from ...problems import CLASSES, X, classifier
from .local import workers_find_the_package

pytest.importorskip("pyspark")
joblibspark = pytest.importorskip("joblibspark")

SPACE = {"hidden_layer_sizes": [(3,), (8,)], "alpha": [1e-3, 1.0]}


@pytest.fixture(scope="module", autouse=True)
def _spark() -> Iterator[None]:
    from pyspark.sql import SparkSession

    with warnings.catch_warnings(), workers_find_the_package(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        session: Any = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
        joblibspark.register_spark()
        yield
        session.stop()


@pytest.mark.filterwarnings("ignore")  # those of Spark
def test_spark_gives_the_bits_of_threads() -> None:
    def results() -> list[Any]:
        folds = cross_validate(classifier(random_state=0), X, CLASSES, cv=3)["estimator"]
        found = search(classifier(random_state=0), SPACE, X, CLASSES, cv=3, n_trials=4, random_state=0)
        ensemble = EnsembleClassifier(classifier(), n_members=3, random_state=0).fit(X, CLASSES)
        return [*(each.parameters_ for each in folds), found.best.fold_scores, ensemble.predict_proba(X)]

    expected = results()
    with joblib.parallel_config("spark", n_jobs=2):
        found = results()
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
