"""Greedy selection compared with a simple implementation and with all possible ensembles."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, mean_squared_error, roc_auc_score

from multilayer.ensembles import greedy_selection
from multilayer.exceptions import InputError, ParameterError, ShapeError


def numbers(seed: int, n_candidates: int = 4, m: int = 12) -> tuple[list[NDArray[np.float64]], NDArray[np.float64]]:
    rng = np.random.RandomState(seed)
    y = rng.normal(size=m)
    return [y + rng.normal(0.5 * rng.normal(), rng.uniform(0.5, 2), m) for _ in range(n_candidates)], y


def probabilities(seed: int, n_candidates: int = 4, m: int = 20) -> tuple[list[Any], Any, Any]:
    rng = np.random.RandomState(seed)
    classes = np.array(["a", "b", "c"])
    codes = np.r_[0, 1, 2, rng.randint(3, size=m - 3)]
    Z = [rng.normal(size=(m, 3)) + np.eye(3)[codes] for _ in range(n_candidates)]
    return [np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) for z in Z], classes[codes], classes


def score(answers: Any, y: Any, counts: Any) -> float:
    return -float(mean_squared_error(y, np.average(answers, axis=0, weights=counts)))


def step_by_step(answers: Any, y: Any, max_size: int) -> list[int]:
    """Implement Caruana et al. (2004) literally: sorted initialisation, then additions with replacement."""
    n = len(answers)
    alone = [score(answers, y, np.eye(n)[i]) for i in range(n)]
    best_first = sorted(range(n), key=lambda i: (-alone[i], i))
    starts = [[int(i in best_first[:size]) for i in range(n)] for size in range(1, min(n, max_size) + 1)]
    counts = max(starts, key=lambda start: score(answers, y, start))
    while sum(counts) < max_size:
        after = [[c + (i == j) for i, c in enumerate(counts)] for j in range(n)]
        best = max(after, key=lambda counts: score(answers, y, counts))
        if score(answers, y, best) <= score(answers, y, counts) + 1e-12:
            break
        counts = best
    return counts


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 6))
def test_greedy_selection_equals_a_simple_implementation_of_the_algorithm(
    seed: int, n_candidates: int, max_size: int
) -> None:
    answers, y = numbers(seed, n_candidates)
    found = greedy_selection(answers, y, max_size=max_size)
    assert found.tolist() == step_by_step(answers, y, max_size)
    assert 1 <= found.sum() <= max_size


@given(st.integers(0, 10_000))
def test_the_score_lies_between_the_best_candidate_and_the_best_possible_ensemble(seed: int) -> None:
    answers, y = numbers(seed, 3)
    sizes = [counts for counts in itertools.product(range(6), repeat=3) if 1 <= sum(counts) <= 5]
    best_of_all = max(score(answers, y, counts) for counts in sizes)
    best_alone = max(score(answers, y, counts) for counts in np.eye(3))
    found = score(answers, y, greedy_selection(answers, y, max_size=5))
    assert best_alone <= found <= best_of_all + 1e-12


def test_candidates_with_opposite_errors_are_combined_in_the_best_ratio() -> None:
    y = np.arange(6.0)
    assert greedy_selection([y + 2.5, y - 1, y[::-1] * 5], y).tolist() == [1, 3, 0]  # errors -1, 3/4, 1/6, -1/8


def test_only_one_of_several_equal_candidates_is_selected() -> None:
    answers, y = numbers(0, 1)
    assert greedy_selection(answers * 3, y).tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("scoring", "measure"),
    [
        (None, lambda y, p: -log_loss(y, p)),
        ("neg_log_loss", lambda y, p: -log_loss(y, p)),
        ("accuracy", lambda y, p: accuracy_score(y, np.array(["a", "b", "c"])[p.argmax(axis=1)])),
        ("roc_auc_ovr", lambda y, p: roc_auc_score(y, p, multi_class="ovr")),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_selections_by_probability_scorers_are_no_worse_than_any_candidate(
    scoring: Any, measure: Any, seed: int
) -> None:
    answers, y, classes = probabilities(seed)
    counts = greedy_selection(answers, y, classes=classes, scoring=scoring, max_size=10)
    found = measure(y, np.average(answers, axis=0, weights=counts))
    assert found >= max(measure(y, answer) for answer in answers)


def test_the_default_scores_are_log_loss_and_mean_squared_error() -> None:
    answers, y, classes = probabilities(3)
    by_name = greedy_selection(answers, y, classes=classes, scoring="neg_log_loss")
    np.testing.assert_array_equal(greedy_selection(answers, y, classes=classes), by_name)
    amounts, targets = numbers(3)
    by_name = greedy_selection(amounts, targets, scoring="neg_mean_squared_error")
    np.testing.assert_array_equal(greedy_selection(amounts, targets), by_name)


def test_a_custom_scorer_receives_the_mean_prediction_and_the_row_numbers() -> None:
    answers, y = numbers(1)
    seen = []

    def scorer(estimator: Any, X: Any, y: Any) -> float:
        seen.append(X)
        return -float(mean_absolute_error(y, estimator.predict(X)))

    by_name = greedy_selection(answers, y, scoring="neg_mean_absolute_error")
    np.testing.assert_array_equal(greedy_selection(answers, y, scoring=scorer), by_name)
    np.testing.assert_array_equal(seen[0][:, 0], np.arange(len(y)))


@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error"])
def test_sample_weights_equal_repeated_rows(scoring: Any) -> None:
    answers, y = numbers(5, 5)
    times = np.random.RandomState(0).randint(0, 4, len(y))
    repeated = [np.repeat(answer, times) for answer in answers]
    expected = greedy_selection(repeated, np.repeat(y, times), scoring=scoring)
    np.testing.assert_array_equal(greedy_selection(answers, y, scoring=scoring, sample_weight=times), expected)


@pytest.mark.parametrize("scoring", [None, "accuracy", "f1_macro"])
def test_multilabel_and_multioutput_targets_are_supported(scoring: Any) -> None:
    rng = np.random.RandomState(0)
    Y = (rng.uniform(size=(30, 3)) < 0.5).astype(int)
    answers = [np.clip(0.5 + 0.3 * (Y - 0.5) + 0.3 * rng.normal(size=Y.shape), 0.01, 0.99) for _ in range(4)]
    counts = greedy_selection(answers, Y, classes=np.arange(3), scoring=scoring)
    assert counts.sum() >= 1
    assert greedy_selection([Y + 1.0, Y - 1.0], Y).tolist() == [1, 1]


def test_rows_without_predictions_are_ignored() -> None:
    answers, y = numbers(2)
    expected = greedy_selection([answer[2:] for answer in answers], y[2:])
    for answer in answers:
        answer[:2] = np.nan
    np.testing.assert_array_equal(greedy_selection(answers, y), expected)


def test_invalid_arguments_raise_errors() -> None:
    answers, y = numbers(0)
    with pytest.raises(InputError, match="those of at least one candidate, got none"):
        greedy_selection([], y)
    with pytest.raises(
        ShapeError, match=r"arrays of one shape, \(m,\) or \(m, K\), got the shapes \[\(3,\), \(12,\)\]"
    ):
        greedy_selection([answers[0], answers[1][:3]], y)
    with pytest.raises(ShapeError, match="y has 3 entries for 12 predicted rows"):
        greedy_selection(answers, y[:3])
    with pytest.raises(InputError, match="candidate 1 has no finite predictions for 2 rows that others predict"):
        greedy_selection([answers[0], np.where(np.arange(12) < 2, np.nan, answers[1])], y)
    with pytest.raises(InputError, match="no candidate has a finite prediction for any row"):
        greedy_selection([np.full(12, np.nan)], y)
    with pytest.raises(ParameterError, match="max_size must be a positive integer, got 0"):
        greedy_selection(answers, y, max_size=0)
    chances, labels, _ = probabilities(0)
    with pytest.raises(InputError, match=r"y has labels that are not in classes: \['c'\]"):
        greedy_selection([chance[:, :2] for chance in chances], labels, classes=["a", "b"])
    with pytest.raises(ShapeError, match=r"of shape \(20, 3\) for a y of shape \(20,\)\. Pass classes, the labels of"):
        greedy_selection(chances, labels)
    with pytest.raises(ShapeError, match=r"a column for each of the 2 classes, got the shape \(20, 3\)"):
        greedy_selection(chances, labels, classes=["a", "b"])
    with pytest.raises(InputError, match="sample_weight must not be negative"):
        greedy_selection(answers, y, sample_weight=-np.ones(12))
