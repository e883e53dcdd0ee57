"""Fits: validation rows, folds of time, equal results on any number of cores, interruptions, time, and failures."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import GroupKFold, TimeSeriesSplit

from multilayer.exceptions import (
    InputError,
    InterruptedTrainingWarning,
    MultilayerError,
    ParameterError,
    ParameterWarning,
    ShapeError,
)
from multilayer.tables.models import TableClassifier, TableRegressor
from multilayer.tables.models.budget import SHARE_OF_LAST_STEPS, SHARE_OF_OTHERS, Budget
from multilayer.tables.models.folds import is_series
from multilayer.tables.models.parts import parts_by_fold, parts_of
from multilayer.tables.models.summary import verdict
from multilayer.tables.models.training import TrainedMember

Flats = tuple[pd.DataFrame, pd.Series]


@pytest.fixture(autouse=True, scope="module")
def _shorter_training(short: Any) -> Iterator[None]:
    with short(3):
        yield


# Validation rows


def test_validation_rows_replace_the_folds(flats: Flats) -> None:
    X, y = flats
    # Predictions are limited to the range of the targets, which is that of the training rows.
    order = sorted(range(160), key=lambda row: row not in (y.argmin(), y.argmax()))
    X, y = X.iloc[order], y.iloc[order]
    train, validating = slice(0, 120), slice(120, 160)
    model = TableRegressor("quick", random_state=0)
    model.fit(X[train], y[train], X_val=X[validating][X.columns[::-1]].assign(more=1), y_val=y[validating])
    assert {member.fold for member in model.members_} == {0}
    assert model.oof_prediction_.shape == (40,)
    assert model.oof_score_ == pytest.approx(root_mean_squared_error(y[validating], model.oof_prediction_))
    np.testing.assert_allclose(model.predict(X[validating]), model.oof_prediction_, rtol=1e-5)
    by_folds = TableRegressor("quick", cv=[(np.arange(120), np.arange(120, 160))], random_state=0).fit(X, y)
    np.testing.assert_allclose(by_folds.oof_prediction_[validating], model.oof_prediction_, rtol=1e-5)
    assert len(model.summary().rows) == 4
    assert len(model.importance(X[validating], y[validating], out_of_fold=True).table.rows) == 6


def test_validation_rows_of_classes_and_their_weights(flats: Flats, classes: np.ndarray) -> None:
    X = flats[0]
    weight = np.where(np.arange(40) < 20, 1.0, 0.0)
    model = TableClassifier("quick", with_trees=True, random_state=0)
    model.fit(X[:120], classes[:120], X_val=X[120:], y_val=classes[120:], sample_weight_val=weight)
    assert model.oof_proba_.shape == (40, 3)
    assert model.oof_score_ == pytest.approx(log_loss(classes[120:140], model.oof_proba_[:20], labels=model.classes_))
    assert model.predict_set(X, 0.8).shape == (160, 3)


def test_validation_rows_of_several_outputs_and_types(flats: Flats) -> None:
    X, y = flats
    Y = np.column_stack([y, -y])
    table = pa.Table.from_pandas(X, preserve_index=False)
    gaps = table.slice(120).set_column(2, "noise", pa.nulls(40))
    model = TableRegressor("quick", random_state=0).fit(table.slice(0, 120), Y[:120], X_val=gaps, y_val=Y[120:])
    assert model.oof_prediction_.shape == (40, 2)


def test_mistakes_in_validation_rows(flats: Flats, classes: np.ndarray) -> None:
    X, y = flats
    fit = TableRegressor("quick", random_state=0).fit
    with pytest.raises(ParameterError, match="X_val was passed without y_val"):
        fit(X, y, X_val=X)
    with pytest.raises(ParameterError, match="y_val was passed without X_val"):
        fit(X, y, y_val=y)
    with pytest.raises(ParameterError, match="sample_weight_val was passed without X_val and y_val"):
        fit(X, y, sample_weight_val=y)
    with pytest.raises(ParameterError, match="cv has no effect with X_val"):
        TableRegressor(cv=3).fit(X, y, X_val=X, y_val=y)
    with pytest.raises(ParameterError, match="groups has no effect with X_val"):
        fit(X, y, groups=y, X_val=X, y_val=y)
    with pytest.raises(InputError, match=r"inconsistent numbers of samples: \[160, 10\]"):
        fit(X, y, X_val=X, y_val=y[:10])
    with pytest.raises(InputError, match="X_val has no rows"):
        fit(X, y, X_val=X[:0], y_val=y[:0])
    with pytest.raises(InputError, match="'town'"):
        fit(X, y, X_val=X.drop(columns="town"), y_val=y)
    with pytest.raises(InputError, match=r"column 'size' holds numbers in X and text in X_val\. Convert one of them"):
        fit(X, y, X_val=X.assign(size="large"), y_val=y)
    with pytest.raises(ShapeError, match="y_val must have as many columns as y, 1, got shape"):
        fit(X, y, X_val=X, y_val=np.column_stack([y, y]))
    with pytest.raises(InputError, match="Input y_val contains NaN: 160 of 160 rows"):
        fit(X, y, X_val=X, y_val=np.full(160, np.nan))
    with pytest.raises(InputError, match=r"y_val has labels that are not in y: \['new'\]"):
        TableClassifier("quick").fit(X, classes, X_val=X, y_val=np.where(np.arange(160) == 3, "new", classes))


# Folds


def test_folds_of_time_leave_the_first_rows_unvalidated(flats: Flats) -> None:
    X, y = flats
    model = TableRegressor(cv=TimeSeriesSplit(3), with_trees=True, random_state=0).fit(X, y)
    assert np.isnan(model.oof_prediction_[:40]).all()
    assert np.isfinite(model.oof_prediction_[40:]).all()
    assert model.oof_score_ == pytest.approx(root_mean_squared_error(y[40:], model.oof_prediction_[40:]))
    assert np.isfinite(model.predict_interval(X, 0.8)).all()
    assert len(model.importance(X, y, out_of_fold=True).table.rows) == 6
    parts = parts_of(model, out_of_fold=True)
    assert sum(part.weight for part in parts) == pytest.approx(1.0)
    by_fold = [sum(part.weight for part in parts if part.fold == fold) for fold in range(3)]
    np.testing.assert_allclose(by_fold, np.array([40, 80, 120]) / 240)  # their training rows
    for of_fold in parts_by_fold(parts).values():
        assert sum(part.weight for part in of_fold) == pytest.approx(1.0)


def test_a_series_is_predicted_by_members_of_all_its_rows(flats: Flats) -> None:
    X, y = flats
    events: list[Any] = []
    model = TableRegressor(cv=TimeSeriesSplit(3), with_trees=True, random_state=0, callbacks=[events.append]).fit(X, y)
    last = [member for member in model.members_ if member.fold == 3]
    assert [member.recipe for member in last] == list(model.weights_)[:-1]
    for member in last:
        scores = [each.network.validation_scores_ for each in model.members_ if each.recipe == member.recipe][:3]
        assert member.network.n_iter_ == round(np.median([np.argmax(each) + 1 for each in scores]))
        assert member.network.validation_scores_ is None
    parts = parts_of(model)
    assert {part.fold for part in parts} == {3}
    assert sum(part.weight for part in parts) == pytest.approx(1.0)
    range_of_size = next(each for each in model.columns_ if each.name == "size").encoding
    assert f"median {X['size'].median():.4g}" in range_of_size  # of all rows
    assert [event.n_done for event in events] == list(range(1, len(events) + 1))
    assert {event.n_members for event in events} == {len(events)}
    assert "assume independent rows" in model.summary().notes[-1]
    shuffled = TableRegressor("quick", cv=2, random_state=0).fit(X, y)
    assert {member.fold for member in shuffled.members_} == {0, 1}
    assert "independent" not in str(shuffled.summary())


def test_series_are_several_folds_that_validate_later_rows() -> None:
    assert is_series([(np.arange(3), np.arange(3, 6)), (np.arange(6), np.arange(6, 9))])
    assert not is_series([(np.arange(3), np.arange(3, 6))])
    assert not is_series([(np.arange(3), np.arange(3, 6)), (np.arange(3, 6), np.arange(3))])


def test_folds_of_different_sizes_count_by_their_training_rows_everywhere(flats: Flats) -> None:
    X, y = flats
    folds = [(np.arange(40), np.arange(40, 160)), (np.arange(20, 160), np.arange(20))]
    model = TableRegressor("quick", cv=folds, random_state=0).fit(X, y)
    found = model.partial_dependence(X, "size", values=[50.0])
    np.testing.assert_allclose(found.predictions[0, 0], model.predict(X.assign(size=50.0)).mean(), rtol=1e-6)


def test_out_of_fold_predictions_do_not_know_the_range_of_the_validation_rows(flats: Flats) -> None:
    X, _ = flats
    rising = X.sort_values("size")
    far = rising["size"].to_numpy() ** 3
    fold = [(np.arange(100), np.arange(100, 160))]
    model = TableRegressor("quick", cv=fold, random_state=0).fit(rising, far)
    assert model.oof_prediction_[100:].max() <= far[:100].max()


def test_groups_stay_in_one_fold(flats: Flats, classes: np.ndarray) -> None:
    X, y = flats
    groups = np.arange(160) // 8
    for model, target in ((TableRegressor(cv=2), y), (TableClassifier(cv=2), classes), (TableRegressor("quick"), y)):
        fitted = model.set_params(random_state=0).fit(X, target, groups=groups)
        validated = [set(groups[rows]) for rows in fitted._validation_rows]
        trained = [set(np.delete(groups, rows)) for rows in fitted._validation_rows]
        assert all(not a & b for a, b in zip(validated, trained, strict=True))
    by_splitter = TableRegressor(cv=GroupKFold(2), random_state=0).fit(X, y, groups=groups)
    assert np.isfinite(by_splitter.oof_prediction_).all()
    with pytest.raises(ShapeError, match="groups must have an entry for each of the 160 rows of X, got 3"):
        TableRegressor("quick").fit(X, y, groups=[1, 2, 3])


# Equal results


@pytest.mark.parametrize("with_trees", [False, True])
def test_results_do_not_depend_on_the_number_of_jobs(flats: Flats, classes: np.ndarray, with_trees: bool) -> None:
    X = flats[0]
    one, two, three = (
        TableClassifier("best", cv=2, with_trees=with_trees, n_jobs=n, random_state=5).fit(X, classes)
        for n in (1, 2, 3)
    )
    for other in (two, three):
        np.testing.assert_array_equal(other.predict_proba(X), one.predict_proba(X))
        np.testing.assert_array_equal(other.oof_proba_, one.oof_proba_)
        assert other.weights_ == one.weights_
        assert str(other.summary()) == str(one.summary())


def test_a_fold_is_encoded_once_for_each_encoding(flats: Flats) -> None:
    model = TableRegressor("best", cv=2, random_state=0).fit(*flats)
    for fold in range(2):
        encoders = {id(member.encoder) for member in model.members_ if member.fold == fold}
        assert len(encoders) == 2  # with and without piecewise-linear parts


def test_random_states_of_both_kinds(flats: Flats) -> None:
    X, y = flats

    def predicted(random_state: Any) -> np.ndarray:
        return TableRegressor("quick", random_state=random_state).fit(X, y).predict(X)

    np.testing.assert_array_equal(predicted(3), predicted(np.random.RandomState(3)))
    assert (predicted(3) != predicted(4)).any()


def test_a_second_fit_is_like_the_first_of_another_estimator(flats: Flats) -> None:
    X, y = flats
    numbers = X[["size"]].to_numpy()
    again = TableRegressor("best", cv=2, with_trees=True, random_state=0).fit(X, np.column_stack([y, y]))
    again.set_params(preset="quick", cv=None, with_trees=False).fit(numbers, y)
    once = TableRegressor("quick", random_state=0).fit(numbers, y)
    assert vars(again).keys() == vars(once).keys()
    np.testing.assert_array_equal(again.predict(numbers), once.predict(numbers))
    assert again.oof_prediction_.shape == (160,)
    assert not hasattr(again, "feature_names_in_")


def test_a_failed_fit_changes_nothing(flats: Flats, classes: np.ndarray) -> None:
    X, y = flats
    model = TableRegressor("quick", random_state=0).fit(X, y)
    before, predicted = dict(vars(model)), model.predict(X)

    def fails(event: Any) -> None:
        raise KeyError(event.outcome.key)

    model.set_params(callbacks=[fails])
    with pytest.raises(KeyError):
        model.fit(X[["size"]], -y)
    model.set_params(callbacks=())
    with pytest.raises(InputError):
        model.fit(X[["number"]], y)
    with pytest.raises(MultilayerError):
        model.fit(X, classes)
    assert vars(model) == before
    np.testing.assert_array_equal(model.predict(X), predicted)


# Interruptions and time


class Interrupting:
    """Press Ctrl-C when some networks have ended."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __call__(self, event: Any) -> None:
        if event.outcome.value is not None and isinstance(event.outcome.value.part, TrainedMember):
            self.n -= 1
            if not self.n:
                os.kill(os.getpid(), signal.SIGINT)


def test_after_an_interruption_the_complete_folds_are_kept(flats: Flats) -> None:
    X, y = flats
    model = TableRegressor("quick", cv=3, n_jobs=1, with_trees=True, random_state=0, callbacks=[Interrupting(1)])
    with (
        pytest.warns(InterruptedTrainingWarning, match="after 1 of 3 networks"),
        pytest.warns(UserWarning, match="no time was left for the trees"),
    ):
        model.fit(X, y)
    assert len(model.members_) == 1
    assert np.isnan(model.oof_prediction_).sum() in (106, 107)
    assert np.isfinite(model.predict(X)).all()
    assert np.isfinite(model.predict_interval(X, 0.8)).all()
    assert "There is no other model to compare it with." in model.summary().notes[0]


def test_an_interruption_without_a_complete_fold_is_raised(flats: Flats) -> None:
    X, y = flats
    model = TableRegressor(cv=2, n_jobs=1, random_state=0, callbacks=[Interrupting(1)])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert not hasattr(model, "members_")


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_networks_divide_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("multilayer.tables.models.budget.time.monotonic", clock)
    budget = Budget(deadline=110.0, n_waiting=4, n_jobs=2)
    assert budget.begin() == pytest.approx(5.0)  # of two rounds
    assert budget.begin() == pytest.approx(5.0)
    clock.now = 101.0  # the first round was short
    assert budget.begin() == pytest.approx(9.0)
    assert not budget.has_ended()
    clock.now = 111.0
    assert 0 < budget.begin() < 0.01
    assert budget.has_ended()


def test_other_tasks_are_expected_to_take_as_long_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("multilayer.tables.models.budget.time.monotonic", clock)
    budget = Budget(deadline=110.0, n_waiting=4, n_jobs=2, tasks={"scaled": 3, "trees": 3, "linear": 3})
    with budget.task("scaled"):
        clock.now = 101.0
    assert budget.begin() == pytest.approx((9.0 - 2 * 1.0 / 2) / 2)  # two more encodings in two threads
    assert budget.has_time_for("trees", lambda: 0.5 * SHARE_OF_OTHERS * 8.0)  # in two rounds, and after the encodings
    assert not budget.has_time_for("linear", lambda: 0.6 * SHARE_OF_OTHERS * 8.0)
    assert not budget.has_time_for("linear", lambda: 0.0)  # nor in later folds
    assert budget.has_time_for("trees", lambda: 0.0)
    with budget.task("trees"):
        clock.now = 109.0
    assert not budget.has_time_for("trees", lambda: 0.0)  # by the time of the first


def test_the_pace_of_a_kind_is_measured_once() -> None:
    budget = Budget(deadline=110.0, n_waiting=4, n_jobs=2)
    assert [budget.pace("waves", lambda pace=pace: pace) for pace in (2.0, 3.0)] == [2.0, 2.0]
    assert budget.pace("pieces", lambda: 3.0) == 3.0


def test_a_budget_keeps_a_share_for_the_last_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multilayer.tables.models.budget.time.monotonic", Clock())
    budget = Budget.of(max_time=10.0, spent=2.0, n_jobs=1)
    budget.n_waiting = 1
    assert budget.begin() == pytest.approx(8.0 - 10.0 * SHARE_OF_LAST_STEPS)


def test_other_models_leave_networks_the_time_that_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multilayer.tables.models.budget.time.monotonic", Clock())
    budget = Budget(deadline=110.0, n_waiting=4, n_jobs=2, tasks={"trees": 2}, least=3.0)
    assert budget.has_time_for("trees", lambda: 0.9 * SHARE_OF_OTHERS * (10.0 - 4 * 3.0 / 2))
    assert not budget.has_time_for("trees", lambda: 1.1 * SHARE_OF_OTHERS * (10.0 - 4 * 3.0 / 2))


@pytest.mark.parametrize(("n_jobs", "seconds", "n"), [(1, 1.0, 4), (1, 2.0, 2), (1, 5.0, 1), (1, 6.0, 0), (2, 2.0, 4)])
def test_the_number_of_folds_depends_on_the_time_of_their_networks(
    n_jobs: int, seconds: float, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr("multilayer.tables.models.budget.time.monotonic", clock)
    budget = Budget(deadline=110.5, n_waiting=0, n_jobs=n_jobs)
    with budget.task("scaled"):
        clock.now += 0.25
    assert budget.n_folds(4, [seconds, seconds], ["scaled"]) == n


class Keys:
    """A callback that keeps the keys of the networks that have ended, and moves a clock forward after some of them."""

    def __init__(self, clock: Clock, after: int = 0) -> None:
        self.clock, self.after, self.trained, self.n_members = clock, after, list[Any](), 0

    def __call__(self, event: Any) -> None:
        self.n_members = event.n_members
        if isinstance(getattr(event.outcome.value, "part", None), TrainedMember):
            self.trained.append(event.outcome.key)
            if len(self.trained) == self.after:
                self.clock.now += 1e6


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, short: Any) -> Iterator[Clock]:
    """Return the clock of budgets, which stands still; 4 epochs of 80 rows take 1,000 seconds."""
    clock = Clock()
    monkeypatch.setattr("multilayer.tables.models.budget.time", SimpleNamespace(monotonic=clock))
    monkeypatch.setattr("multilayer.tables.models.training._seconds_of_row", lambda *_: 1000 / 4 / 80)
    monkeypatch.setattr("multilayer.tables.models.training.COST_OF_VALIDATION", 0.0)
    with short(4):
        yield clock


@pytest.mark.parametrize(
    ("max_time", "n_folds", "n_kinds"), [(20_000, 4, 2), (8_000, 2, 2), (5_000, 1, 2), (2_500, 1, 1), (100, 1, 1)]
)
def test_fewer_folds_are_trained_in_less_time(
    clock: Clock, flats: Flats, max_time: float, n_folds: int, n_kinds: int
) -> None:
    X, y = flats
    keys = Keys(clock)
    model = TableRegressor(max_time=max_time, cv=4, n_jobs=1, random_state=0, callbacks=[keys])
    said = f"the time was enough for {n_folds} of 4 folds"
    said += ", and in it for one of 2 kinds of networks, waves" if n_kinds == 1 else ""
    with pytest.warns(ParameterWarning, match=said) if n_folds < 4 else nullcontext():
        model.fit(X, y)
    assert sorted(keys.trained) == sorted(
        (kind, fold) for kind in ("waves", "pieces")[:n_kinds] for fold in range(n_folds)
    )
    assert keys.n_members == (n_kinds + 3) * n_folds
    assert np.isfinite(model.oof_prediction_).sum() == 40 * n_folds
    assert np.isfinite(model.predict(X)).all()
    if n_folds < 4:
        assert model.summary().notes[-1] == f"Only {n_folds} of 4 folds are complete, because the time was over."


def test_folds_that_have_not_begun_in_time_are_not_trained(clock: Clock, flats: Flats) -> None:
    keys = Keys(clock, after=3)
    model = TableRegressor(max_time=20_000, cv=4, n_jobs=1, random_state=0, callbacks=[keys])
    with pytest.warns(ParameterWarning, match="the time was enough for 1 of 4 folds. Increase max_time."):
        model.fit(*flats)
    assert len(keys.trained) == 3
    assert [member.fold for member in model.members_] == [0, 0]
    assert keys.n_members == 5 * 4


def test_the_last_folds_of_a_series_are_trained_in_less_time(clock: Clock, flats: Flats) -> None:
    keys = Keys(clock)
    model = TableRegressor(
        max_time=5_000, cv=TimeSeriesSplit(3, max_train_size=80), n_jobs=1, random_state=0, callbacks=[keys]
    )
    with pytest.warns(ParameterWarning, match="the time was enough for 1 of 3 folds"):
        model.fit(*flats)
    assert sorted(keys.trained) == [("pieces", 2), ("pieces", 3), ("waves", 2), ("waves", 3)]
    late = Keys(clock, after=2)
    with (
        pytest.warns(ParameterWarning, match="the time was enough for 1 of 3 folds"),
        pytest.warns(ParameterWarning, match="no time was left for the networks of all rows"),
    ):
        model.set_params(callbacks=[late]).fit(*flats)
    assert {member.fold for member in model.members_} == {2}


@pytest.mark.parametrize("preset", ["quick", "standard"])
def test_little_time_still_gives_a_model(flats: Flats, preset: Any) -> None:
    X, y = flats
    model = TableRegressor(preset, max_time=1e-6, with_trees=True, cv=2, random_state=0)
    with (
        pytest.warns(UserWarning, match="no time was left for the trees"),
        pytest.warns(UserWarning, match="the time was enough for 1 of 2 folds"),
    ):
        model.fit(X, y)
    assert len(model.members_) == 1
    assert np.isfinite(model.predict(X)).all()
    assert all(member.network.n_iter_ == 1 for member in model.members_)
    assert [row[0] for row in model.summary().rows] == ["model", "constant"]
    note = model.summary().notes[0]
    assert note.endswith("Not fitted for lack of time: gradient-boosted trees and linear regression.")
    assert all(model.weights_[member.recipe] >= 0 for member in model.members_)


@pytest.mark.parametrize("max_time", [0, -1.0, "1", True, np.nan])
def test_wrong_times_raise_errors(flats: Flats, max_time: Any) -> None:
    with pytest.raises(ParameterError, match="max_time must be"):
        TableRegressor(max_time=max_time).fit(*flats)


# Verdicts


ALL = ("gradient-boosted trees", "linear model", "constant")


@pytest.mark.parametrize(
    ("differences", "with_trees", "expected"),
    [
        (
            (1, 1, 1),
            False,
            "The model is better than the gradient-boosted trees, the linear model and the constant by more than "
            "chance explains.",
        ),
        (
            (0.1, 0.1, 0.1),
            False,
            "Chance may explain how the model differs from the gradient-boosted trees, the linear model and the "
            "constant.",
        ),
        ((0.1, 1, 1), False, "The difference between the model and the gradient-boosted trees may be chance."),
        (
            (-1, -1, 1),
            False,
            "Better than the model by more than chance explains: gradient-boosted trees and linear model. Set "
            "with_trees=True to combine both.",
        ),
        (
            (0.1, -0.3, 1),
            False,
            "Chance may explain how the model differs from the gradient-boosted trees and the linear model.",
        ),
        ((-1, 1, 1), True, "Better than the model by more than chance explains: gradient-boosted trees."),
        (
            (None, None, 1),
            False,
            "The model is better than the constant by more than chance explains. Not fitted for lack of time: "
            "gradient-boosted trees and linear model.",
        ),
        (
            (None, None, None),
            False,
            "There is no other model to compare it with. Not fitted for lack of time: gradient-boosted trees, "
            "linear model and constant.",
        ),
        (
            (1, np.nan, 1),
            False,
            "The difference between the model and the linear model may be chance.",
        ),
    ],
)
def test_verdicts(differences: tuple[Any, ...], with_trees: bool, expected: str) -> None:
    compared = {name: (mean, 0.2) for name, mean in zip(ALL, differences, strict=True) if mean is not None}
    assert verdict(compared, with_trees=with_trees) == expected
