"""Estimators train on sharded rows within the context."""

from __future__ import annotations

import copy
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import cross_val_score

from multilayer import MLPClassifier, MLPRegressor, resume
from multilayer.callbacks import Callback, Checkpoint
from multilayer.engines import get_engine, sharded_rows
from multilayer.exceptions import MissingExtraError, ParameterError
from multilayer.selection import cross_validate

X, y = load_iris(return_X_y=True)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

FITS: list[dict[str, Any]] = [
    {"solver": "adam"},
    {"solver": "sgd", "momentum": 0.9},
    {"solver": "lbfgs"},
    {"early_stopping": True, "n_iter_no_change": 3},
    {"shuffle": False, "batch_size": 64},
]


def classifier(**options: Any) -> MLPClassifier:
    return MLPClassifier((8,), max_iter=12, random_state=0, **options)


@pytest.mark.parametrize("options", FITS, ids=str)
@pytest.mark.parametrize("weighted", [True, False])
def test_a_classifier_has_the_same_bits_for_any_number_of_workers(options: dict[str, Any], weighted: bool) -> None:
    weight = np.linspace(0.5, 2.0, len(y)) if weighted else None
    plain = classifier(**options).fit(X, y, sample_weight=weight)
    fitted = []
    for k in (1, 3, 7):
        with sharded_rows(k):
            fitted.append(classifier(**options).fit(X, y, sample_weight=weight))
    for each in fitted[1:]:
        np.testing.assert_array_equal(each.parameters_, fitted[0].parameters_)
        assert each.loss_curve_ == fitted[0].loss_curve_
    np.testing.assert_allclose(fitted[0].parameters_, plain.parameters_, rtol=1e-6, atol=1e-9)


def test_a_regressor_in_float32() -> None:
    rows, target = load_diabetes(return_X_y=True)
    rows = rows.astype(np.float32)
    fitted = []
    for k in (1, 2):
        with sharded_rows(k, n_shards=10):
            fitted.append(MLPRegressor((8,), max_iter=5, random_state=0).fit(rows, target))
    assert fitted[0].parameters_.dtype == np.float32
    np.testing.assert_array_equal(fitted[0].parameters_, fitted[1].parameters_)


def test_a_resumed_fit_equals_an_uninterrupted_one() -> None:
    with sharded_rows(2):
        whole = classifier().fit(X, y)
    parts = classifier(warm_start=True).set_params(max_iter=5)
    for k, n_epochs in ((3, 5), (1, 7)):
        with sharded_rows(k):
            parts.set_params(max_iter=n_epochs).fit(X, y)
    np.testing.assert_array_equal(parts.parameters_, whole.parameters_)


def test_a_part_of_the_rows_at_a_time() -> None:
    fitted = []
    for k in (1, 4):
        network = classifier()
        with sharded_rows(k):
            for rows in (slice(0, 150, 2), slice(1, 150, 2)):
                network.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
        fitted.append(network.parameters_)
    np.testing.assert_array_equal(fitted[0], fitted[1])


def test_a_fit_resumes_from_a_checkpoint_with_other_workers(tmp_path: Path) -> None:
    with sharded_rows(2):
        whole = classifier().fit(X, y)

    class Crash(Callback):
        def on_epoch_end(self, event: Any) -> None:
            if event.epoch == 7:
                raise ZeroDivisionError

    path = tmp_path / "run"
    with sharded_rows(3), pytest.raises(ZeroDivisionError):
        classifier(callbacks=[Checkpoint(path, every=1), Crash()]).fit(X, y)
    with sharded_rows(1):
        resumed = resume(path, X, y)
    np.testing.assert_array_equal(resumed.parameters_, whole.parameters_)


def test_networks_that_train_at_the_same_time_share_the_workers() -> None:
    networks = [classifier(alpha=alpha) for alpha in (1e-4, 1.0)]
    with sharded_rows(2):
        expected = [clone(network).fit(X, y).parameters_ for network in networks]
    with sharded_rows(3), ThreadPoolExecutor(2) as pool:
        fitted = list(pool.map(lambda network: network.fit(X, y), networks))
    for received, parameters in zip(fitted, expected, strict=True):
        np.testing.assert_array_equal(received.parameters_, parameters)


def test_the_folds_of_a_cross_validation_share_the_workers() -> None:
    with sharded_rows(2):
        scores = cross_validate(classifier(), X, y, n_jobs=2)["test_score"]
        expected = cross_val_score(classifier(), X, y)
    np.testing.assert_array_equal(scores, expected)


def test_the_context_ends_with_its_block_also_after_an_error() -> None:
    def fail() -> None:
        with sharded_rows(2):
            assert get_engine("cpu").name == "sharded"
            raise KeyError("in the block")

    with pytest.raises(KeyError, match="in the block"):
        fail()
    assert get_engine("cpu").name == "cpu"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks of POSIX")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_trains_without_the_workers() -> None:
    with sharded_rows(2):
        child = os.fork()
        if not child:
            os._exit(0 if get_engine("cpu").name == "cpu" else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert get_engine("cpu").name == "sharded"


def test_the_inner_block_applies() -> None:
    with sharded_rows(2, n_shards=4):
        outer = get_engine("cpu")
        with sharded_rows(1, n_shards=1):
            assert get_engine("cpu") is not outer
            classifier().fit(X, y)
        classifier().fit(X, y)


def test_predictions_are_those_of_the_local_engine() -> None:
    fitted = classifier().fit(X, y)
    expected = fitted.predict_proba(X)
    with sharded_rows(2):
        np.testing.assert_array_equal(fitted.predict_proba(X), expected)
        np.testing.assert_array_equal(copy.deepcopy(fitted).predict_proba(X), expected)


def test_dropout_raises_an_error() -> None:
    with sharded_rows(2), pytest.raises(ParameterError, match="dropout cannot be used with sharded rows"):
        classifier(dropout=0.5).fit(X, y)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"workers": 0}, "workers must be a positive integer, got 0"),
        ({"workers": True}, "workers must be a positive integer, got True"),
        ({"n_shards": 2.5}, r"n_shards must be a positive integer, got 2\.5"),
        ({"threads": "2"}, "threads must be a positive integer, got '2'"),
        ({"workers": 5, "n_shards": 4}, "workers must be at most n_shards=4, got 5"),
        ({"backend": "rays"}, "unknown backend 'rays'"),
    ],
)
def test_wrong_arguments_raise_an_error(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message), sharded_rows(**arguments):
        pass


@pytest.mark.parametrize(("backend", "module"), [("ray", "ray"), ("dask", "distributed")])
def test_a_missing_library_is_named_with_its_extra(backend: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf'install "multilayer\[{backend}\]"'), sharded_rows(backend=backend):
        pass
