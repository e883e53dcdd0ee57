"""Trials train as the estimators do, and their measures are those of the library."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from multilayer import MLPClassifier
from multilayer.exceptions import InputError
from multilayer.learn.bugs import BUGS
from multilayer.playground.data.play_data import shape_data
from multilayer.playground.lessons.measures import KINDS, Measure
from multilayer.playground.lessons.trials import EstimatorTrial, TrainedNetwork, data_of
from multilayer.playground.runs.run import CancelledError

SETUP: dict[str, Any] = {
    "data": {"name": "moons", "rows": 120, "noise": 0.2, "seed": 1},
    "parameters": {"hidden_layer_sizes": [4, 3], "activation": ["relu", "tanh"], "batch_size": 20, "alpha": 0.1},
}
EPOCHS = 15


def value(name: str, layer: int | None = None, level: float | None = None, **setup: Any) -> float:
    (found,) = EstimatorTrial().measure({**SETUP, **setup}, EPOCHS, Measure(name, layer, level), [3])
    return found


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def fitted() -> tuple[Any, Any]:
    """Fit the same network by hand, with the parameters of the page; its weights are those of the last epoch."""
    data = shape_data(**SETUP["data"])
    model = MLPClassifier(
        (4, 3), ("relu", "tanh"), batch_size=20, alpha=0.1, learning_rate_init=0.01, max_iter=EPOCHS,
        n_iter_no_change=None, random_state=3,
    )  # fmt: skip
    return model.fit(data.X, data.y), data


def test_measures_are_those_of_the_estimator() -> None:
    model, data = fitted()
    assert value("accuracy") == model.score(data.X, data.y)
    assert value("validation_accuracy") == model.score(data.X_val, data.y_val)
    assert value("cost") == model.loss_curve_[-1]
    assert value("n_parameters") == len(model.parameters_) == 12 + 15 + 4
    assert value("epochs") == EPOCHS
    assert value("n_updates") == EPOCHS * 5  # 84 rows
    H = model.predict_proba(data.X_val)[np.arange(len(data.y_val)), data.y_val]
    assert value("validation_cost") == pytest.approx(-np.log(H).mean())
    layers = model.diagnose(data.X, data.y).layers
    for layer in (2, 3, 4):
        assert value("gradient_norm", layer) == layers[layer - 2].gradient_size
        assert value("update_ratio", layer) == layers[layer - 2].update_ratio
        assert value("weight_norm", layer) == layers[layer - 2].weight_size
    assert value("dead_units") == layers[0].silent.sum()
    assert value("saturated_units") == layers[1].silent.sum()
    assert value("weights_wrong") == value("layers_wrong") == value("diverged") == 0


def test_measures_of_the_curve() -> None:
    trained = TrainedNetwork(SETUP, EPOCHS, 3, validates=True)
    costs = trained.fit.state.history.validation_costs
    scores = trained.fit.state.history.validation_scores
    assert costs is not None
    assert scores is not None
    assert value("lowest_validation_cost") == min(costs)
    assert value("epoch_of_lowest_validation_cost") == np.argmin(costs) + 1
    assert value("validation_cost") == pytest.approx(costs[-1])
    assert value("epochs_to_score", level=max(scores)) == np.argmax(scores) + 1
    assert value("epochs_to_score", level=1.01) == math.inf
    curve = fitted()[0].loss_curve_
    assert value("epochs_to_cost", level=curve[6]) == next(i for i, cost in enumerate(curve, 1) if cost <= curve[6])
    assert value("epochs_to_cost", level=-1.0) == math.inf


def test_every_measure_can_be_taken() -> None:
    for name, kind in KINDS.items():
        data = {"name": "waves", "rows": 60} if kind.task == "regression" else SETUP["data"]
        found = value(name, 2 if kind.needs_layer else None, 0.5 if kind.needs_level else None, data=data)
        assert not math.isnan(found), name


def test_seeds_are_separate_and_reproducible() -> None:
    first = EstimatorTrial().measure(SETUP, 3, Measure("cost"), [1, 2, 1])
    assert first[0] == first[2] != first[1]


def test_a_run_that_diverges_is_measured_too() -> None:
    wild = {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 1000.0, "batch_size": "all"}
    setup = {"data": {"name": "waves", "rows": 60}, "parameters": wild}
    for name, expected in (("diverged", 1), ("cost", math.inf), ("validation_cost", math.inf), ("n_parameters", 51)):
        assert EstimatorTrial().measure(setup, 300, Measure(name), [0]) == [expected]


@pytest.mark.parametrize("name", [name for name in BUGS if name != "unshuffled-batches"])
def test_a_setup_may_have_a_mistake(name: str) -> None:
    assert value("weights_wrong", bug=name) > 0
    assert value("layers_wrong", bug=name) >= 1


def test_unshuffled_batches_take_sorted_rows_in_order() -> None:
    setup = {**SETUP, "bug": "unshuffled-batches"}
    data = data_of(setup)
    assert (np.diff(data.y) >= 0).all()
    trained = TrainedNetwork(setup, 2, 3, validates=False)
    assert not trained.fit.session.recipe.shuffle  # type: ignore[union-attr]
    assert value("weights_wrong", bug="unshuffled-batches") == 0
    assert value("cost", bug="unshuffled-batches") != value("cost")


@pytest.mark.parametrize(
    ("name", "layer", "setup", "message"),
    [
        ("r2", None, {}, "is for regression"),
        ("accuracy", None, {"data": {"name": "waves", "rows": 60}}, "is for classification"),
        ("gradient_norm", 9, {}, "has the layers 2 to 4, got layer = 9"),
        ("validation_cost", None, {"data": {"name": "moons", "validation_fraction": 0.0}}, "needs validation rows"),
    ],
)
def test_what_cannot_be_measured_is_an_error(name: str, layer: int | None, setup: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        value(name, layer, **setup)


def test_a_trial_ends_when_it_is_cancelled() -> None:
    looks = iter([False, True])
    with pytest.raises(CancelledError):
        EstimatorTrial(lambda: next(looks)).measure(SETUP, 1000, Measure("cost"), [0])
