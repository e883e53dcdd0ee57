"""The spread over seeds: scores of single fits, variance components of a simulation, and the noise threshold."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import t as student
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import MLPClassifier, MLPRegressor
from multilayer.exceptions import InputError, ParameterError
from multilayer.selection import seed_spread

from ...problems import CLASSES, NUMBERS, WEIGHT, X
from .results import NAN, spread

PATIENT: dict[str, Any] = {"max_iter": 8, "n_iter_no_change": math.inf}


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_each_score_equals_that_of_a_fit_with_the_seed(n_jobs: int) -> None:
    pipeline = make_pipeline(StandardScaler(), MLPClassifier((6,), random_state=9, **PATIENT))
    found = seed_spread(pipeline, X, CLASSES, n_seeds=2, cv=3, sample_weight=WEIGHT, n_jobs=n_jobs)
    assert found.scores.shape == (2, 1, 3)
    for fold, (train, test) in enumerate(StratifiedKFold(3).split(X, CLASSES)):
        for seed in range(2):
            scaler = StandardScaler().fit(X[train])
            alone = MLPClassifier((6,), random_state=seed, **PATIENT)
            alone.fit(scaler.transform(X[train]), CLASSES[train], WEIGHT[train])
            assert found.scores[seed, 0, fold] == alone.score(scaler.transform(X[test]), CLASSES[test], WEIGHT[test])
    assert pipeline[-1].random_state == 9


def test_repeats_use_new_divisions_of_the_rows() -> None:
    found = seed_spread(MLPRegressor((6,), **PATIENT), X, NUMBERS, n_seeds=2, repeats=2, cv=3)
    for division in range(2):
        for fold, (train, test) in enumerate(KFold(3, shuffle=True, random_state=division).split(X)):
            alone = MLPRegressor((6,), random_state=1, **PATIENT).fit(X[train], NUMBERS[train])
            assert found.scores[1, division, fold] == alone.score(X[test], NUMBERS[test])
    assert found.metric == "R²"


def test_groups_are_passed_to_the_splitter() -> None:
    groups = np.arange(90) // 10
    found = seed_spread(MLPClassifier((6,), **PATIENT), X, CLASSES, n_seeds=2, cv=GroupKFold(3), groups=groups)
    assert found.scores.shape == (2, 1, 3)
    with pytest.raises(ParameterError, match="repeats=2 needs a splitter that shuffles"):
        seed_spread(MLPClassifier((6,)), X, CLASSES, n_seeds=2, repeats=2, cv=LeaveOneGroupOut(), groups=groups)


def test_variance_components_of_a_simulation_are_recovered() -> None:
    generator = np.random.RandomState(0)
    seeds, divisions, folds = 400, 60, 5
    of_seed = 0.02 * generator.normal(size=(seeds, 1, 1))
    of_division = 0.03 * generator.normal(size=(1, divisions, 1))
    of_fold = 0.1 * generator.normal(size=(1, divisions, folds))
    rest = 0.05 * generator.normal(size=(seeds, divisions, folds))
    found = spread(0.9 + of_seed + of_division + of_fold + rest)
    run = math.sqrt(0.02**2 + 0.05**2 / folds)
    assert found.between_seeds == pytest.approx(run, rel=0.1)
    assert found.between_folds == pytest.approx(0.1, rel=0.1)
    # A new division also changes the folds.
    divided = math.sqrt(0.03**2 + 0.1**2 / folds)
    assert found.between_divisions == pytest.approx(divided, rel=0.25)
    assert found.noise_threshold == pytest.approx(1.96 * math.sqrt(2) * run, rel=0.1)
    assert found.noise_threshold_on_other_folds == pytest.approx(
        1.96 * math.sqrt(2) * math.hypot(run, divided), rel=0.25
    )


def test_noise_threshold_covers_95_of_100_differences() -> None:
    generator = np.random.RandomState(0)
    within = 0
    for _ in range(2000):
        found = spread(generator.normal(size=(5, 1, 1)))
        within += abs(generator.normal() - generator.normal()) < found.noise_threshold
    assert 0.94 < within / 2000 < 0.965


def test_noise_threshold_matches_a_calculation_by_hand() -> None:
    found = spread([[[0.8, 1.0]], [[0.7, 0.9]], [[0.9, 1.1]]])  # runs 0.9, 0.8, 1.0
    assert found.runs.ravel() == pytest.approx([0.9, 0.8, 1.0])
    assert found.between_seeds == pytest.approx(0.1)
    assert found.noise_threshold == pytest.approx(student.ppf(0.975, 2) * math.sqrt(2) * 0.1)
    assert found.between_folds == pytest.approx(math.sqrt(0.02))
    assert math.isnan(found.between_divisions)
    four = spread([[[0.8, 1.0]], [[0.7, 0.9]], [[0.9, 1.1]], [[0.8, 1.0]]])
    assert four.noise_threshold == pytest.approx(student.ppf(0.975, 3) * math.sqrt(2) * math.sqrt(0.02 / 3))
    assert four.conclusion == (
        "Differences below 0.37 in accuracy are noise: another seed alone changes the mean over 2 folds by 0.082 "
        "(standard deviation)."
    )


def test_a_run_with_a_missing_score_is_left_out() -> None:
    found = spread([[[0.8, 1.0]], [[0.7, NAN]], [[0.9, 1.1]]])
    assert np.isnan(found.runs).ravel().tolist() == [False, True, False]
    assert found.between_seeds == pytest.approx(math.sqrt(0.005))


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ([[[0.8, 0.9]]], "No conclusion: no two seeds have scores on the same folds."),
        ([[[NAN]], [[NAN]]], "No conclusion: no two seeds have scores on the same folds."),
        ([[[0.8]], [[0.8]]], "The seed makes no difference: the score is the same for all of them."),
        (
            [[[0.5], [0.7], [0.8]], [[0.9], [0.9], [0.9]]],
            "Differences below 0.84 in accuracy are noise: another seed alone changes the score by 0.19 (standard "
            "deviation). If the rows are also divided differently, differences below 0.84 are noise.",
        ),
        (
            [[[0.3]], [[0.9]]],
            "Too few seeds: 2 change the score by 0.42 (standard deviation), which is not a reliable estimate. Pass "
            "n_seeds=5 or more to see which differences are noise.",
        ),
    ],
)
def test_conclusion_follows_from_the_scores(scores: Any, words: str) -> None:
    assert spread(scores).conclusion == words


def test_frame_and_text_show_the_scores() -> None:
    found = spread([[[0.8, 1.0]], [[0.7, 0.9]], [[0.9, 1.1]], [[0.8, 1.0]]])
    frame = found.to_frame()
    assert list(frame.columns) == ["seed", "division", "fold", "test_score"]
    assert frame["seed"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert "noise, same folds" in str(found)
    assert repr(found).startswith("<SeedSpread: 4 seeds, 1 x 2 folds. Differences below")
    assert "noise, same folds" not in str(spread([[[0.8, 1.0]], [[0.7, 0.9]], [[0.9, 1.1]]]))


def test_invalid_arguments_raise_errors() -> None:
    with pytest.raises(ParameterError, match="n_seeds must be a positive integer, got 0"):
        seed_spread(MLPClassifier(), X, CLASSES, n_seeds=0)
    with pytest.raises(ParameterError, match="repeats must be a positive integer, got 0"):
        seed_spread(MLPClassifier(), X, CLASSES, repeats=0)
    with pytest.raises(InputError, match="got StandardScaler"):
        seed_spread(StandardScaler(), X, CLASSES)
