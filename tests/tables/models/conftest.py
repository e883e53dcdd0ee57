"""Small tables, and table models that are trained for a few epochs only."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from multilayer.tables.models import TableClassifier, TableRegressor, fitting
from multilayer.tables.models.fitting import Trained


@contextmanager
def few_epochs(n: int = 8) -> Iterator[None]:
    """Train table models for n epochs within the block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("multilayer.tables.models.recipes.n_epochs", lambda recipe, n_rows, batch: n)  # noqa: ARG005
        yield


@contextmanager
def results_of_folds() -> Iterator[list[Trained]]:
    """Collect what each fit within the block trains in its folds, which the fitted model holds in part only."""
    found: list[Trained] = []
    keep = fitting.keep_results

    def collecting(model: Any, problem: Any, trained: Trained, *further: Any) -> None:
        found.append(trained)
        keep(model, problem, trained, *further)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "keep_results", collecting)
        yield found


@pytest.fixture(scope="session")
def short() -> Callable[[int], AbstractContextManager[None]]:
    """Return ``few_epochs``."""
    return few_epochs


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Train table models for a few epochs in the tests here and their fixtures, which test what surrounds training."""
    with few_epochs(40) if Path(__file__).parent in item.path.parents else nullcontext():
        return (yield)


@pytest.fixture(scope="session")
def flats() -> tuple[pd.DataFrame, pd.Series]:
    """Return 160 flats and their rents: the size matters most, then the town; noise and number do not."""
    rng = np.random.RandomState(0)
    m = 160
    frame = pd.DataFrame(
        {
            "size": rng.normal(80, 25, m).round(1),
            "town": rng.choice(["Bonn", "Kiel", "Ulm"], m),
            "noise": [None if i % 13 == 0 else value for i, value in enumerate(rng.normal(size=m))],
            "since": pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.randint(0, 900, m), unit="D"),
            "lift": rng.rand(m) > 0.4,
            "number": [f"flat {i}" for i in range(m)],
        }
    )
    return frame, pd.Series(10 * frame["size"] + 300 * (frame["town"] == "Ulm") + 40 * frame["lift"], name="rent")


@pytest.fixture(scope="session")
def regressor(flats) -> TableRegressor:
    """A regressor with two folds, of which each has two networks."""
    with few_epochs(20):
        return TableRegressor(cv=2, random_state=0).fit(*flats)


@pytest.fixture(scope="session")
def classes(flats) -> np.ndarray:
    """Return three classes, the third one rare."""
    X, y = flats
    return np.where(y > y.quantile(0.85), "dear", np.where(X["lift"], "cheap", "fair"))


@pytest.fixture(scope="session")
def classifier(flats, classes) -> TableClassifier:
    """A classifier of three classes, of which trees are a part."""
    with few_epochs(20):
        return TableClassifier(cv=2, with_trees=True, random_state=0).fit(flats[0], classes)
