"""The trials of a search: rungs, conclusions, and descriptions of candidates."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.cli.evaluation.scores import ModelScores
from multilayer.cli.evaluation.settings import TableSettings
from multilayer.cli.evaluation.splits import Splits
from multilayer.cli.evaluation.tasks import LOG_LOSS
from multilayer.cli.evaluation.trials import ALPHA, HIDDEN, STEP_SIZE, SearchOptions, conclusion, described, first_rung


def search_options(**changes) -> SearchOptions:
    settings = {
        "n_trials": 9,
        "minutes": None,
        "epochs": 90,
        "first_rung": 10,
        "sampler": "random",
        "journal": None,
        "simplest": False,
        "seed": 0,
        "defaults": TableSettings("standard", False, 0),
    }
    return SearchOptions(**(settings | changes))


@given(st.integers(1, 500), st.integers(1, 500), st.integers(1, 10**6))
def test_first_rung_leaves_room_for_another_or_is_a_whole_training(epochs, n_trials, n_rows):
    rung = first_rung(epochs, n_trials, n_rows)
    assert 1 <= rung <= epochs
    assert rung == epochs or rung * math.sqrt(3) < epochs


@pytest.mark.parametrize(("epochs", "has_ended"), [(10, False), (10, True), (90, False)])
def test_a_best_trial_with_fewer_epochs_is_reported(epochs, has_ended):
    params = {HIDDEN: (16,), STEP_SIZE: 0.001, ALPHA: 1.0}
    best = SimpleNamespace(number=0, params=params, epochs=epochs, has_ended=has_ended, error="", fold_scores=[-1, -2])
    models = [
        ModelScores(name, {}, {0: {"log_loss": 1.0}, 1: {"log_loss": high}})
        for name, high in (("defaults", 5.0), ("best network", 2.0), ("line", 3.0), ("constant", 4.0))
    ]
    splits = ((np.array([0]), np.array([1])), (np.array([1]), np.array([0])))
    folds = Splits(splits, 0, n_folds=2)
    text = conclusion(
        SimpleNamespace(trials=[best], best=best, simplest=best), best, search_options(), LOG_LOSS, models, folds
    )
    assert text.startswith(
        "Best is trial 2, a hidden layer of 16 units, step size 0.001, alpha 1: its log-loss is 1.5000"
    )
    assert ("That is after 10 of 90 epochs: trained to the end, it may be" in text) == (epochs == 10 and not has_ended)
    assert "was chosen for its score" not in text


@pytest.mark.parametrize(
    ("sizes", "text"),
    [
        ((16,), "a hidden layer of 16 units, step size 0.00123, alpha 2"),
        ((64, 64), "two hidden layers of 64 units, step size 0.00123, alpha 2"),
    ],
)
def test_candidates_are_described(sizes, text):
    assert described(search_options().settings({HIDDEN: sizes, STEP_SIZE: 0.00123, ALPHA: 2.0})) == text
