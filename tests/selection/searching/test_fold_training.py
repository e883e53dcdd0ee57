"""The training of a fold in another process."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from multilayer.packs import running
from multilayer.selection import search

from ...packs.clusters.here import Here
from ...problems import classifier

ROWS = np.random.RandomState(0).normal(size=(6000, 20))
LABELS = (ROWS[:, 0] > 0).astype(int)
SPACE = {"alpha": [1e-4, 1e-2, 1.0]}


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    """Let packs work on an executor in this process."""
    executor = Here()
    monkeypatch.setattr(running, "executor_of", lambda *_: (executor, None))
    return executor


def scores(steps: Any) -> list[float]:
    model = make_pipeline(steps, classifier(random_state=0, max_iter=9))
    found = search(model, SPACE, ROWS, LABELS, cv=3, refit=False, random_state=0, baseline=False)
    return [trial.mean for trial in found.trials]


def test_networks_return_without_the_prepared_rows_of_their_folds(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    found = scores(StandardScaler())
    assert len(here.replies) > 3
    n_bytes = ROWS.nbytes * 2 // 3  # of a fold
    assert max(len(encoded.data) for reply in here.replies for _, encoded in reply.outcomes) < n_bytes
    monkeypatch.undo()
    assert found == scores(StandardScaler())


def test_a_step_that_fails_is_an_error_of_its_candidates(here: Here) -> None:
    with pytest.raises(ZeroDivisionError):
        scores(FunctionTransformer(_fail))
    assert here.messages  # the members were sent


def _fail(X: Any) -> Any:
    raise ZeroDivisionError(f"{len(X)} rows")
