"""Surroundings that are widened by further rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from multilayer.tables._frames import columns_of
from multilayer.tables.models import widening
from multilayer.tables.models.novelty import surroundings_of
from multilayer.tables.models.widening import widened


def frame(m: int = 300) -> pd.DataFrame:
    rng = np.random.RandomState(0)
    return pd.DataFrame({"size": rng.normal(size=m), "town": rng.choice(["Bonn", "Ulm"], m), "new": rng.rand(m) > 0.5})


def test_rows_that_were_far_are_not_after_widening() -> None:
    surroundings, _ = surroundings_of(frame())
    more = frame(20).assign(size=50.0, town="Kiel", new=[None, *[True] * 19])
    assert surroundings.far_rows(more).n_far == 20
    wide = widened(surroundings, columns_of(more))
    assert wide.far_rows(more).n_far == 0
    assert wide.far_rows(frame().assign(size=200.0)).n_far == 300
    by_name = {each.name: each for each in wide.columns}
    assert by_name["size"].high == 50.0
    assert set(by_name["town"].categories or ()) == {"Bonn", "Ulm", "Kiel"}
    assert not by_name["new"].never_gaps


def test_too_many_categories_are_dropped(monkeypatch) -> None:
    monkeypatch.setattr(widening, "MOST_CATEGORIES", 3)
    surroundings, _ = surroundings_of(frame())
    more = frame(20).assign(town=[f"town {i % 10}" for i in range(20)])
    assert {each.name: each.categories for each in widened(surroundings, columns_of(more)).columns}["town"] is None


def test_infinity_and_gaps_do_not_widen_a_range() -> None:
    surroundings, _ = surroundings_of(frame())
    more = frame(20).assign(size=[np.inf, -np.inf] + [np.nan] * 18)
    one, other = surroundings.columns[0], widened(surroundings, columns_of(more)).columns[0]
    assert (one.low, one.high) == (other.low, other.high)
