"""The loss of a worker or of the driver costs time and changes no result."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import EnsembleClassifier
from multilayer.exceptions import ClusterError
from multilayer.packs.clusters import pack as pack_module
from multilayer.selection import cross_validate, search

from ...problems import CLASSES, X, classifier
from . import driver
from .local import DoomedFold, KillsItsWorker, ScoreThatKills, dask_cluster, n_killed, score, workers_find_the_package
from .test_equal_bits import LARGE, SIGNS, SPACE, same_folds, same_search

Use = Callable[[], AbstractContextManager[Any]]


def test_a_worker_that_dies_in_an_epoch_changes_no_score(executor: Use, tmp_path: Path) -> None:
    with executor():
        found = cross_validate(
            classifier(random_state=0, callbacks=[KillsItsWorker(str(tmp_path))]), LARGE, SIGNS, cv=5
        )
    assert n_killed(tmp_path) == 1
    same_folds(found, cross_validate(classifier(random_state=0), LARGE, SIGNS, cv=5))


def test_a_worker_that_dies_after_training_changes_no_score(executor: Use, tmp_path: Path) -> None:
    with executor():
        found = cross_validate(classifier(random_state=0), X, CLASSES, cv=5, scoring=ScoreThatKills(str(tmp_path)))
    assert n_killed(tmp_path) == 1
    same_folds(found, cross_validate(classifier(random_state=0), X, CLASSES, cv=5))


# Each rung and each executor once: a loss on any rung is a message that is sent again.
@pytest.mark.parametrize(("executor", "epochs"), [("loky", 0), ("dask", 2), ("ray", 6)], indirect=["executor"])
def test_a_worker_that_dies_on_a_rung_changes_no_search(executor: Use, epochs: int, tmp_path: Path) -> None:
    model = classifier(random_state=1, max_iter=18)  # rungs of 2, 6 and 18 epochs
    with executor():
        found = search(model, SPACE, X, CLASSES, cv=3, scoring=ScoreThatKills(str(tmp_path), epochs))
    assert n_killed(tmp_path) == 1
    same_search(found, search(model, SPACE, X, CLASSES, cv=3, scoring=score))


def test_a_worker_that_dies_changes_no_ensemble(executor: Use, tmp_path: Path) -> None:
    callbacks = [KillsItsWorker(str(tmp_path))]
    with executor():
        model = EnsembleClassifier(classifier(callbacks=callbacks), 4, random_state=0).fit(X, CLASSES)
    assert n_killed(tmp_path) == 1
    expected = EnsembleClassifier(classifier(), 4, random_state=0).fit(X, CLASSES)
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


def test_several_workers_that_die_in_turn_change_no_score(executor: Use, tmp_path: Path) -> None:
    """The table is sent again where all workers that had it are lost."""
    model = make_pipeline(StandardScaler(), classifier(random_state=0))
    with executor():
        found = cross_validate(model, LARGE, SIGNS, cv=4, scoring=ScoreThatKills(str(tmp_path), times=3))
    assert n_killed(tmp_path) == 3
    same_folds(found, cross_validate(model, LARGE, SIGNS, cv=4))


def test_a_member_that_kills_each_worker_fails_alone(executor: Use) -> None:
    options: dict[str, Any] = {"cv": KFold(6)}
    with executor():
        found = cross_validate(classifier(random_state=0), X, CLASSES, scoring=DoomedFold(X[0, 0]), **options)
    assert list(found.failures) == [0]
    assert isinstance(found.failures[0], ClusterError)
    assert "the worker of this member was lost" in str(found.failures[0])
    expected = cross_validate(classifier(random_state=0), X, CLASSES, **options)
    np.testing.assert_array_equal(found["test_score"][1:], expected["test_score"][1:])


def start(work: str, name: str, address: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, str(driver.__file__), work, name, address, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def result(program: subprocess.Popen[str]) -> Any:
    out, err = program.communicate(timeout=120)
    assert program.returncode == 0, err
    return json.loads(out.splitlines()[-1])


@pytest.fixture(params=["threads", "loky", "dask", "ray"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Return the name of an executor and the address of its cluster."""
    address = ""
    if request.param == "dask":
        address = request.getfixturevalue("dask_client").scheduler.address
    elif request.param == "ray":
        address = request.getfixturevalue("ray").get_runtime_context().gcs_address
        monkeypatch.setenv("RAY_AUTH_MODE", "token")
    return request.param, address


def test_a_journal_survives_the_driver(place: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "alone").mkdir()
    expected = driver.journal(tmp_path / "alone")
    assert expected["n_known"] == 0
    path = tmp_path / "journal"
    with workers_find_the_package():
        program = start("journal", *place, tmp_path)
        while program.poll() is None and (not path.exists() or path.read_bytes().count(b"\n") < 5):
            time.sleep(0.01)
        assert program.poll() is None, program.communicate()
        program.kill()
        program.wait()
        with suppress(ProcessLookupError):  # processes of loky survive the driver for some minutes
            os.killpg(program.pid, signal.SIGKILL)
        program.communicate()
        found = result(start("journal", *place, tmp_path))
    assert 4 <= found["n_known"] < path.read_bytes().count(b"\n") - 1
    assert found["results"] == json.loads(json.dumps(expected["results"]))


@pytest.mark.parametrize("reaches_workers", [False, True])
def test_an_interruption_keeps_the_finished_folds(
    place: tuple[str, str], reaches_workers: bool, tmp_path: Path
) -> None:
    """A terminal sends Ctrl-C to all processes of the program, and others to it alone."""
    if place[0] == "threads":
        pytest.skip("a metric in a thread of the driver cannot be interrupted.")
    with workers_find_the_package():
        program = start("interrupted", *place, tmp_path)
        while program.poll() is None and not (tmp_path / "arrived").exists():
            time.sleep(0.01)
        assert program.poll() is None, program.communicate()
        began = time.monotonic()
        (os.killpg if reaches_workers else os.kill)(program.pid, signal.SIGINT)
        found = result(program)
        (tmp_path / "over").touch()
    assert time.monotonic() - began < driver.LONG / 2
    assert found == {
        "n": 1,
        "warnings": ["cross-validation was interrupted after 1 of 3 folds; the result holds these."],
    }


def test_the_loss_of_all_workers_raises_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack_module, "SECONDS_WITHOUT_WORKERS", 1.0)
    with dask_cluster() as client:

        def close(_: Any) -> None:
            client.cluster.scale(0)

        with joblib.parallel_config("dask"), pytest.raises(ClusterError, match="dask has had no worker for 1 seconds"):
            cross_validate(classifier(random_state=0), X, CLASSES, cv=20, callbacks=[close], scoring=_slow)


def _slow(model: Any, rows: Any, y: Any) -> float:
    time.sleep(0.5)
    return score(model, rows, y)
