"""The trials of a search: rungs, conclusions, and descriptions of candidates."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.cli.evaluation.kinds import DROPOUT, HIDDEN, KINDS, STEP_SIZE, WEIGHT_DECAY, kind_name, space_of
from multilayer.cli.evaluation.scores import ModelScores
from multilayer.cli.evaluation.settings import TableSettings
from multilayer.cli.evaluation.splits import Splits
from multilayer.cli.evaluation.tasks import LOG_LOSS
from multilayer.cli.evaluation.trials import SearchOptions, conclusion, described, first_rung
from multilayer.tables.models import network_kinds


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
        "kinds": network_kinds(100, 5, 2, classifies=True),
    }
    return SearchOptions(**(settings | changes))


@given(st.integers(1, 500), st.integers(1, 500), st.integers(1, 10**6), st.integers(1, 1024))
def test_first_rung_leaves_room_for_another_or_is_a_whole_training(epochs, n_trials, n_rows, batch):
    rung = first_rung(epochs, n_trials, n_rows, batch)
    assert 1 <= rung <= epochs
    assert rung == epochs or rung * math.sqrt(3) < epochs


@pytest.mark.parametrize(("epochs", "has_ended"), [(10, False), (10, True), (90, False)])
def test_a_best_trial_with_fewer_epochs_is_reported(epochs, has_ended):
    params = {HIDDEN: (64,), STEP_SIZE: 0.001, WEIGHT_DECAY: 0.5, DROPOUT: 0.1}
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
        "Best is trial 2, kind numbers, a hidden layer of 64 units, step size 0.001, weight decay 0.5, dropout 0.1: "
        "its log-loss is 1.5000"
    )
    assert ("That is after 10 of 90 epochs: trained to the end, it may be" in text) == (epochs == 10 and not has_ended)
    assert "was chosen for its score" not in text


@pytest.mark.parametrize(
    ("kind", "sizes", "text"),
    [
        ({"embedding": "periodic"}, (64,), "kind waves, a hidden layer of 64 units, step size 0.00123"),
        ({"tableencoder__piecewise": "tree"}, (8, 8), "kind pieces, two hidden layers of 8 units, step size 0.00123"),
    ],
)
def test_candidates_are_described(kind, sizes, text):
    params = {**kind, HIDDEN: sizes, STEP_SIZE: 0.00123, WEIGHT_DECAY: 0.02, DROPOUT: 0.15}
    assert described(search_options().settings(params)) == f"{text}, weight decay 0.02, dropout 0.15"


@pytest.mark.parametrize("classifies", [True, False])
def test_the_space_contains_the_recipe_of_each_kind(classifies):
    kinds = network_kinds(1000, 20, 5, classifies=classifies)
    for name in KINDS:
        kind = kinds[name]
        space = space_of(kind, kinds["numbers"].encoding)
        assert kind_name({parameter: values for parameter, values in space.items() if parameter in kind_marks}) == name
        assert kind.parameters[HIDDEN] in space[HIDDEN]
        assert kind.parameters[DROPOUT] in space[DROPOUT]
        for parameter in (STEP_SIZE, WEIGHT_DECAY):
            low, high = space[parameter].support()
            assert low < kind.parameters[parameter] < high
        assert set(space) >= set(kind.parameters) - {"max_iter"}


kind_marks = {"embedding", "tableencoder__piecewise"}
