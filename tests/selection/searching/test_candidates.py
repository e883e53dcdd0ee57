"""Candidates of the grid and the sampler of scikit-learn, and of Optuna."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest
from scipy.stats import loguniform, norm, randint, uniform
from sklearn.model_selection import ParameterGrid, ParameterSampler

from multilayer.exceptions import MissingExtraError, ParameterError
from multilayer.selection.searching.candidates import candidates

SPACE = {"a": [1, 2, 3], "b": ["x", "y"]}


def drawn(proposed: Any, n: int = 100) -> list[Any]:
    found = []
    while len(found) < n and (params := proposed.next()) is not None:
        found.append(params)
        proposed.tell(len(found) - 1, float(len(found)))
    return found


def test_a_space_of_lists_gives_a_grid() -> None:
    assert drawn(candidates(SPACE, "auto", None, 0)) == list(ParameterGrid(SPACE))
    assert drawn(candidates(SPACE, "auto", 50, 0)) == list(ParameterGrid(SPACE))
    assert drawn(candidates(SPACE, "grid", 4, 0)) == list(ParameterGrid(SPACE))[:4]
    parts = [{"a": [1, 2]}, {"b": np.array([3, 4])}]
    assert drawn(candidates(parts, "auto", None, 0)) == list(ParameterGrid(parts))


def test_random_candidates_equal_those_of_scikit_learn() -> None:
    expected = list(ParameterSampler(SPACE, 4, random_state=np.random.RandomState(0)))
    assert drawn(candidates(SPACE, "auto", 4, 0)) == expected
    assert len(drawn(candidates(SPACE, "random", None, 0))) == 6  # each once
    space = {"a": uniform(0, 1), "b": ["x"]}
    expected = list(ParameterSampler(space, 7, random_state=np.random.RandomState(0)))
    assert drawn(candidates(space, "random", 7, 0)) == expected
    assert candidates(space, "random", None, 0).n_trials is None
    assert len(drawn(candidates(space, "random", None, 0), 25)) == 25


def test_optuna_learns_from_the_scores_and_is_reproducible() -> None:
    pytest.importorskip("optuna")
    space = {"x": uniform(-5, 10), "n": randint(1, 9), "rate": loguniform(1e-4, 1), "sizes": [(4,), (8, 8)]}

    def play() -> list[Any]:
        proposed, found = candidates(space, "optuna", 60, 0), []
        while (params := proposed.next()) is not None:
            found.append(params)
            proposed.tell(len(found) - 1, math.nan if len(found) == 3 else -((params["x"] - 2) ** 2))
        return found

    found = play()
    assert len(found) == 60
    assert found == play()
    assert all(-5 <= p["x"] <= 5 and 1 <= p["n"] <= 8 and 1e-4 <= p["rate"] <= 1 for p in found)
    assert {p["sizes"] for p in found} == {(4,), (8, 8)}
    distance = [abs(p["x"] - 2) for p in found]
    assert np.mean(distance[30:]) < 0.5 * np.mean(distance[:10])


@pytest.mark.parametrize(
    ("space", "options", "message"),
    [
        (5, {}, "space must be a dict of parameter names and their values, or a list of such dicts, got 5"),
        ({}, {}, "space has no parameter to search"),
        ([{"a": [1]}, {}], {}, "space has no parameter to search"),
        ({"a": 3}, {}, r"space\['a'\] must be a list of values or a distribution of scipy.stats, got 3. Write \[3\]"),
        ({"a": "relu"}, {}, r"space\['a'\] must be a list"),
        ({"a": []}, {}, r"space\['a'\] must be a list"),
        (SPACE, {"sampler": "gird"}, "Did you mean 'grid'"),
        (SPACE, {"n_trials": 0}, "n_trials must be a positive integer, got 0"),
        ({"a": norm()}, {"sampler": "grid"}, "sampler='grid' takes lists of values, got a distribution for 'a'"),
    ],
)
def test_invalid_spaces_raise_errors(space: Any, options: Any, message: str) -> None:
    options = {"sampler": "auto", "n_trials": None} | options
    with pytest.raises(ParameterError, match=message):
        candidates(space, random_state=0, **options)


def test_unsupported_spaces_and_a_missing_optuna_raise_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("optuna")
    with pytest.raises(ParameterError, match="sampler='optuna' knows uniform, loguniform and randint"):
        candidates({"a": norm()}, "optuna", 3, 0)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r'pip install "multilayer\[optuna\]"'):
        candidates(SPACE, "optuna", 3, 0)


def test_optuna_chooses_among_the_dicts_of_a_list() -> None:
    pytest.importorskip("optuna")
    space = [{"a": uniform(0, 1), "b": [(1,), (2,)]}, {"a": loguniform(2, 3), "c": randint(5, 9)}]
    drawn = []
    for _ in range(2):
        proposed, found = candidates(space, "optuna", 60, 0), []
        while (params := proposed.next()) is not None:
            found.append(params)
            proposed.tell(len(found) - 1, params["a"])  # the second dict is better
        drawn.append(found)
    assert drawn[0] == drawn[1]
    for params in drawn[0]:
        if "b" in params:
            assert set(params) == {"a", "b"}
            assert 0 <= params["a"] <= 1
            assert params["b"] in [(1,), (2,)]
        else:
            assert set(params) == {"a", "c"}
            assert 2 <= params["a"] <= 3
            assert 5 <= params["c"] <= 9
    n_second = sum("c" in params for params in drawn[0][30:])
    assert 15 < n_second <= 30
    assert any("b" in params for params in drawn[0])
