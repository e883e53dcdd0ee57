"""Training of ensembles: rows and seeds of the members, diverged and interrupted members, invalid arguments."""

from __future__ import annotations

import signal
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble._base import _set_random_states
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, ShuffleSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from multilayer import ConvergenceWarning, EnsembleClassifier, EnsembleRegressor, MLPClassifier, MLPRegressor
from multilayer.callbacks import Callback, CSVLog
from multilayer.exceptions import (
    DivergenceError,
    InputError,
    InputTypeError,
    InterruptedTrainingError,
    InterruptedTrainingWarning,
    ParameterError,
    ParameterWarning,
)
from multilayer.selection import MemberEnded, cross_validate
from multilayer.training import EpochEnded

from ..problems import CLASSES, NUMBERS, WEIGHT, X, classifier, regressor

MAX_SEED = 2**31 - 1


def seeds(n: int, random_state: int = 0) -> list[int]:
    return np.random.RandomState(random_state).randint(MAX_SEED, size=n).tolist()


def same(one: Any, other: Any) -> bool:
    return bool((one.parameters_ == other.parameters_).all())


def test_members_of_a_seed_ensemble_are_clones_with_the_seeds_of_scikit_learn() -> None:
    model = EnsembleClassifier(classifier(), n_members=3, random_state=0).fit(X, CLASSES)
    assert len(model.estimators_) == 3
    for seed, member in zip(seeds(3), model.estimators_, strict=True):
        alone = classifier()
        _set_random_states(alone, seed)
        assert member.random_state == alone.random_state
        assert same(member, alone.fit(X, CLASSES))
        np.testing.assert_array_equal(model.estimators_samples_[0], np.arange(90))
    assert model.n_iter_ == 8
    assert model.weights_.tolist() == pytest.approx([1 / 3] * 3)


def test_bootstrap_repetitions_are_used_as_sample_weights() -> None:
    model = EnsembleRegressor(regressor(), n_members=3, diversity="bootstrap", random_state=1)
    model.fit(X, NUMBERS, WEIGHT)
    for seed, member, rows in zip(seeds(3, 1), model.estimators_, model.estimators_samples_, strict=True):
        generator = np.random.RandomState(seed)
        assert member.random_state == generator.randint(MAX_SEED)
        drawn = generator.randint(90, size=90)
        np.testing.assert_array_equal(rows, np.sort(drawn))
        there, times = np.unique(drawn, return_counts=True)
        alone = clone(member).fit(X[there], NUMBERS[there], times * WEIGHT[there])
        assert same(member, alone)


def test_a_bootstrap_with_lbfgs_equals_training_on_the_repeated_rows() -> None:
    network = regressor(solver="lbfgs", max_iter=5, tol=1.0)
    model = EnsembleRegressor(network, n_members=2, diversity="bootstrap", random_state=0).fit(X, NUMBERS)
    for member, rows in zip(model.estimators_, model.estimators_samples_, strict=True):
        repeated = clone(member).fit(X[rows], NUMBERS[rows])
        np.testing.assert_allclose(member.parameters_, repeated.parameters_, rtol=1e-6)


def test_the_bootstrap_does_not_draw_rows_of_weight_zero() -> None:
    weight = np.where(np.arange(90) < 60, 1.0, 0.0)
    model = EnsembleRegressor(regressor(), n_members=3, diversity="bootstrap", random_state=0).fit(X, NUMBERS, weight)
    assert all(len(rows) == 60 and rows.max() < 60 for rows in model.estimators_samples_)
    alone = EnsembleRegressor(regressor(), n_members=3, diversity="bootstrap", random_state=0).fit(X[:60], NUMBERS[:60])
    assert all(map(same, model.estimators_, alone.estimators_))
    assert model.oof_score_ == pytest.approx(alone.oof_score_)
    for one, other in zip(model.predict_interval(X), alone.predict_interval(X), strict=True):
        np.testing.assert_allclose(one, other)


def test_each_member_of_a_fold_ensemble_is_trained_on_the_other_folds() -> None:
    model = EnsembleClassifier(classifier(), diversity="fold", cv=KFold(3), random_state=0).fit(X, CLASSES)
    for (train, _), member, rows in zip(KFold(3).split(X), model.estimators_, model.estimators_samples_, strict=True):
        np.testing.assert_array_equal(rows, train)
        assert same(member, clone(member).fit(X[train], CLASSES[train]))


def test_a_number_of_folds_gives_shuffled_stratified_folds() -> None:
    order = np.argsort(CLASSES, kind="stable")
    model = EnsembleClassifier(classifier(), n_members=3, diversity="fold", random_state=0).fit(
        X[order], CLASSES[order]
    )
    for rows in model.estimators_samples_:
        assert (np.diff(rows) > 2).any()  # at least two adjacent rows are left out
        shares = pd.Series(CLASSES[order][rows]).value_counts(normalize=True)
        expected = pd.Series(CLASSES).value_counts(normalize=True)
        np.testing.assert_allclose(shares.sort_index(), expected.sort_index(), atol=0.02)
    left_out = [np.setdiff1d(np.arange(90), rows) for rows in model.estimators_samples_]
    np.testing.assert_array_equal(np.sort(np.concatenate(left_out)), np.arange(90))


def test_group_folds_keep_groups_together() -> None:
    groups = np.arange(90) // 10
    model = EnsembleClassifier(classifier(), diversity="fold", cv=GroupKFold(3)).fit(X, CLASSES, groups=groups)
    for rows in model.estimators_samples_:
        assert not set(groups[rows]) & set(groups[np.setdiff1d(np.arange(90), rows)])


@pytest.mark.parametrize("diversity", ["seed", "bootstrap", "fold"])
@pytest.mark.parametrize("n_jobs", [2, 5, None])
def test_the_result_does_not_depend_on_the_number_of_jobs(diversity: str, n_jobs: int | None) -> None:
    one = EnsembleRegressor(regressor(), n_members=4, diversity=diversity, random_state=3, n_jobs=1).fit(X, NUMBERS)
    other = EnsembleRegressor(regressor(), n_members=4, diversity=diversity, random_state=3, n_jobs=n_jobs).fit(
        X, NUMBERS
    )
    assert all(map(same, one.estimators_, other.estimators_))
    np.testing.assert_array_equal(one.predict(X), other.predict(X))
    if diversity != "seed":
        np.testing.assert_array_equal(one.oof_prediction_, other.oof_prediction_)
        np.testing.assert_array_equal(one.predict_interval(X), other.predict_interval(X))


def test_processes_give_equal_predictions_and_call_copies_of_the_callbacks(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    one, other = (
        EnsembleRegressor(
            regressor(), 2, diversity="fold", random_state=0, n_jobs=2, backend=backend, callbacks=callbacks
        )
        for backend, callbacks in (("threads", []), ("loky", [CSVLog(log)]))
    )
    np.testing.assert_array_equal(one.fit(X, NUMBERS).predict(X), other.fit(X, NUMBERS).predict(X))
    assert pd.read_csv(log)["epoch"].value_counts().tolist() == [2] * 8


@pytest.mark.parametrize("diversity", ["seed", "bootstrap"])
def test_a_larger_ensemble_starts_with_the_members_of_a_smaller_one(diversity: str) -> None:
    two, four = (
        EnsembleClassifier(classifier(), n, diversity=diversity, random_state=0).fit(X, CLASSES) for n in (2, 4)
    )
    assert all(map(same, two.estimators_, four.estimators_[:2]))


def test_repeated_fits_differ_with_a_generator_or_without_a_seed() -> None:
    generator = np.random.RandomState(0)
    model = EnsembleClassifier(classifier(), 2, random_state=generator)
    first = model.fit(X, CLASSES).estimators_
    assert not same(first[0], model.fit(X, CLASSES).estimators_[0])
    model.set_params(random_state=None)
    assert not same(model.fit(X, CLASSES).estimators_[0], model.fit(X, CLASSES).estimators_[0])


def test_a_list_of_estimators_gives_one_member_each_and_keeps_their_seeds() -> None:
    given = [classifier(random_state=7), make_pipeline(StandardScaler(), classifier(hidden_layer_sizes=(3,)))]
    model = EnsembleClassifier(given, random_state=0).fit(X, CLASSES)
    first, second = model.estimators_
    assert first.random_state == 7
    assert second[-1].random_state is not None
    assert given[1][-1].random_state is None
    assert second[-1].coefs_[0].shape == (4, 3)
    assert second[0].mean_ == pytest.approx(X.mean(axis=0))


def test_pipeline_steps_are_fitted_on_the_rows_of_each_member() -> None:
    model = EnsembleRegressor(make_pipeline(StandardScaler(), regressor()), diversity="fold", cv=KFold(3)).fit(
        X, NUMBERS
    )
    for (train, _), member in zip(KFold(3).split(X), model.estimators_, strict=True):
        assert member[0].mean_ == pytest.approx(X[train].mean(axis=0))
    assert model.set_params(estimator__mlpregressor__alpha=0.5).estimator[-1].alpha == 0.5


def test_frames_with_text_columns_are_supported() -> None:
    frame = pd.DataFrame({"x": X[:, 0], "city": np.where(X[:, 1] > 0, "Ulm", "Bonn")})
    columns = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
    model = EnsembleClassifier(make_pipeline(columns, classifier()), 2, diversity="fold", random_state=0)
    model.fit(frame, pd.Series(CLASSES))
    assert model.feature_names_in_.tolist() == ["x", "city"]
    assert set(model.predict(frame)) <= set(CLASSES)
    with pytest.raises(InputError, match="Got 'city' in place of 'x', 'x' in place of 'city'"):
        model.predict(frame[["city", "x"]])


def test_sparse_input_gives_the_same_predictions() -> None:
    dense, sparse = (
        EnsembleRegressor(regressor(), 2, random_state=0).fit(table, NUMBERS) for table in (X, csr_matrix(X))
    )
    np.testing.assert_allclose(sparse.predict(csr_matrix(X)), dense.predict(X), rtol=1e-9)


def test_works_in_grid_search_and_cross_validation() -> None:
    model = EnsembleClassifier(classifier(), n_members=2, random_state=0)
    search = GridSearchCV(model, {"estimator__alpha": [1e-4, 1.0], "diversity": ["seed", "fold"]}, cv=2).fit(X, CLASSES)
    assert search.best_score_ > 0
    scores = cross_val_score(model, X, CLASSES, cv=KFold(3))
    ours = cross_validate(model, X, CLASSES, cv=KFold(3))
    np.testing.assert_array_equal(ours["test_score"], scores)
    assert ours.to_frame()["epochs"].tolist() == [8, 8, 8]


def test_the_default_estimator_is_a_network_with_default_parameters() -> None:
    model = EnsembleRegressor(random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X[:20], NUMBERS[:20])
    assert len(model.estimators_) == 8
    assert isinstance(model.estimators_[0], MLPRegressor)
    assert model.estimators_[0].hidden_layer_sizes == (100,)


class TestDivergedAndInterruptedMembers:
    def test_a_diverged_member_is_left_out_with_a_warning(self) -> None:
        wild = regressor(solver="sgd", learning_rate_init=1e9)
        model = EnsembleRegressor(
            [wild, regressor(), regressor()], weights=[5, 1, 3], diversity="bootstrap", random_state=0
        )
        with pytest.warns(UserWarning, match="1 of 3 members diverged and are excluded from the ensemble; member 0: "):
            model.fit(X, 1e3 * NUMBERS)
        assert len(model.estimators_) == len(model.estimators_samples_) == 2
        assert model.weights_.tolist() == [0.25, 0.75]

    def test_the_error_is_raised_and_the_ensemble_unchanged_if_all_members_diverge(self) -> None:
        model = EnsembleRegressor(regressor(), 2, random_state=0).fit(X, NUMBERS)
        before = model.predict(X)
        model.set_params(estimator__solver="sgd", estimator__learning_rate_init=1e9)
        with pytest.raises(DivergenceError, match="training diverged"):
            model.fit(X, 1e3 * NUMBERS)
        np.testing.assert_array_equal(model.predict(X), before)

    @pytest.fixture(autouse=True)
    def python_s_own_handler(self) -> Iterator[None]:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
        signal.signal(signal.SIGINT, before)

    @pytest.mark.parametrize("diversity", ["seed", "fold"])
    def test_ctrl_c_leaves_an_ensemble_of_the_completed_members(self, diversity: str) -> None:
        pressed = PressAt(n_members=2)
        model = EnsembleRegressor(regressor(callbacks=[pressed]), 4, diversity=diversity, random_state=0, n_jobs=1)
        with pytest.warns(
            InterruptedTrainingWarning, match="interrupted after 1 of 4 members; the ensemble consists of these"
        ):
            model.fit(X, NUMBERS)
        (member,) = model.estimators_
        np.testing.assert_array_equal(model.predict(X), member.predict(X))
        if diversity == "fold":
            assert np.isnan(model.oof_prediction_).sum() == len(model.estimators_samples_[0])
            lower, upper = model.predict_interval(X)
            assert (lower < upper).all()

    def test_ctrl_c_before_the_first_member_is_completed_raises_an_error(self) -> None:
        model = EnsembleRegressor(regressor(callbacks=[PressAt(n_members=1)]), 4, n_jobs=1)
        with pytest.raises(
            InterruptedTrainingError, match="Ctrl-C was pressed before any of the 4 members was trained"
        ) as e:
            model.fit(X, NUMBERS)
        assert isinstance(e.value, KeyboardInterrupt)
        assert not hasattr(model, "estimators_")


class PressAt:
    """A callback that raises SIGINT (Ctrl-C) in the third epoch of the n-th member."""

    def __init__(self, n_members: int) -> None:
        self.n_members = n_members

    begun = 0

    def __call__(self, event: Any) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 3:
            PressAt.begun += 1
            if PressAt.begun == self.n_members:
                signal.raise_signal(signal.SIGINT)

    def __deepcopy__(self, memo: Any) -> PressAt:  # members are clones, whose callbacks are copies
        PressAt.begun = 0
        return self


def test_callbacks_receive_the_end_of_each_member() -> None:
    class MemberEnds(Callback):
        def __init__(self) -> None:
            self.events: list[MemberEnded] = []

        def on_member_end(self, event: MemberEnded) -> None:
            self.events.append(event)

    ends = MemberEnds()
    EnsembleClassifier(classifier(), 3, callbacks=[ends], n_jobs=2).fit(X, CLASSES)
    assert [event.n_done for event in ends.events] == [1, 2, 3]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"diversity": "bootsrap"}, ParameterError, "unknown diversity 'bootsrap'. Did you mean 'bootstrap'"),
        ({"n_members": 0}, ParameterError, "n_members must be a positive integer, got 0"),
        (
            {"n_members": 1, "diversity": "fold"},
            ParameterError,
            "diversity='fold' needs at least 2 members, one for each fold, got 1",
        ),
        (
            {"n_members": 3, "diversity": "fold", "cv": 4},
            ParameterError,
            "twice: n_members says 3 and cv says 4",
        ),
        (
            {"n_members": 3, "diversity": "fold", "cv": KFold(4)},
            ParameterError,
            "specified twice: cv makes 4 folds, and n_members",
        ),
        (
            {"estimator": [classifier()], "n_members": 3},
            ParameterError,
            "specified twice: n_members says 3 and the list",
        ),
        ({"estimator": []}, ParameterError, "a list of at least one, got an empty list"),
        ({"diversity": "fold", "cv": 2.5}, ParameterError, "cv must be a number of folds, a splitter, or an iterable"),
        ({"diversity": "fold", "cv": "5"}, ParameterError, "cv must be a number of folds, a splitter, or an iterable"),
        ({"diversity": "fold", "n_members": 91}, InputError, "n_splits=91"),
        ({"estimator": MLPRegressor()}, ParameterError, r"estimator must be a classifier such as MLPClassifier\(\)"),
        ({"estimator": MLPClassifier}, InputTypeError, r"got the class MLPClassifier. Write MLPClassifier\(\)"),
        ({"estimator": 5}, InputTypeError, "or a list of them, got 5"),
        ({"weights": [1, 2]}, ParameterError, r"a positive number for each of the 8 members, got \[1, 2\]"),
        ({"weights": [1, 0], "n_members": 2}, ParameterError, "Remove estimators of weight 0"),
        ({"weights": "many", "n_members": 2}, ParameterError, "for each of the 2 members, got 'many'"),
        ({"random_state": -1}, ParameterError, "random_state must be None, an integer from 0"),
        ({"n_jobs": 0}, ParameterError, "n_jobs must be None or -1 for all cores, or a positive integer, got 0"),
    ],
)
def test_invalid_parameters_raise_errors(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        EnsembleClassifier(**({"estimator": classifier()} | options)).fit(X, CLASSES)


def test_invalid_data_raise_errors() -> None:
    model = EnsembleClassifier(classifier(), 2)
    with pytest.raises(InputError, match="requires y to be passed, but the target y is None"):
        model.fit(X, None)
    with pytest.raises(InputError, match="inconsistent numbers of samples"):
        model.fit(X, CLASSES[:5])
    with pytest.raises(InputError, match="sample_weight must not be negative"):
        model.fit(X, CLASSES, -WEIGHT)
    with pytest.raises(InputError, match="y holds fractional numbers, which cannot be labels"):
        model.fit(X, NUMBERS)
    with pytest.raises(InputError, match="The first of 1 is in row 2, column 1"):
        model.fit(np.where(X[2, 1] == X, np.nan, X), CLASSES)
    with pytest.raises(
        ParameterError, match="groups are for diversity='fold' with a splitter that keeps them together"
    ):
        model.fit(X, CLASSES, groups=np.arange(90))
    with pytest.raises(InputError, match=r"no row is held out from a member: X has 1 sample\(s\)"):
        EnsembleRegressor(regressor(), 2, diversity="bootstrap").fit(X[:1], NUMBERS[:1])
    assert not hasattr(model, "classes_")


def test_splits_with_test_rows_among_the_training_rows_raise_an_error() -> None:
    rows = np.arange(90)
    splits = [(rows[:60], rows[60:]), (rows[20:], rows[:30])]
    with pytest.raises(ParameterError, match="split 1 of cv tests on 10 of its training rows"):
        EnsembleRegressor(regressor(), diversity="fold", cv=splits).fit(X, NUMBERS)


def test_a_splitter_without_effect_warns() -> None:
    with pytest.warns(ParameterWarning, match="cv has no effect with diversity='bootstrap'"):
        EnsembleClassifier(classifier(), 2, diversity="bootstrap", cv=5).fit(X, CLASSES)


def test_overlapping_test_splits_average_the_out_of_fold_predictions() -> None:
    splitter = ShuffleSplit(5, test_size=0.3, random_state=0)
    model = EnsembleRegressor(regressor(), diversity="fold", cv=splitter, random_state=0).fit(X, NUMBERS)
    predictions: list[list[float]] = [[] for _ in range(90)]
    for (_, test), member in zip(splitter.split(X), model.estimators_, strict=True):
        for row, prediction in zip(test, member.predict(X[test]), strict=True):
            predictions[row].append(prediction)
    expected = [np.mean(each) if each else np.nan for each in predictions]
    np.testing.assert_allclose(model.oof_prediction_, expected)
