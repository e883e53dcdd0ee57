"""The interval formulas compared with simple implementations of the papers, and their general properties."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from multilayer.ensembles import intervals
from multilayer.ensembles.base import weighted
from multilayer.ensembles.intervals import check_coverage, jackknife_plus, rank, split_conformal
from multilayer.exceptions import ParameterError

Problem = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
COVERAGES = [0.5, 0.62, 0.75, 0.8, 0.9]


def smallest(values: list[float], i: int) -> float:
    """Return the i-th smallest value, counted from 1."""
    return sorted(values)[i - 1]


def by_the_paper(answers: NDArray, left_out: NDArray, errors: NDArray, percent: int) -> tuple[list[float], list[float]]:
    """Barber et al. (2021): q+ is the ceil((1 - alpha)(n + 1))-th smallest, q- the floor(alpha(n + 1))-th.

    The coverage is an integer percentage, so that no product is rounded.
    """
    n, m = len(errors), answers.shape[1]
    lower, upper = [], []
    for x in range(m):
        centres = [sum(left_out[b, i] * answers[b, x] for b in range(len(answers))) for i in range(n)]
        low = [centre - error for centre, error in zip(centres, errors, strict=True)]
        high = [centre + error for centre, error in zip(centres, errors, strict=True)]
        lower.append(smallest(low, (100 - percent) * (n + 1) // 100))
        upper.append(smallest(high, -(-percent * (n + 1) // 100)))
    return lower, upper


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Draw predictions of k networks for m rows, the weights of those that left out each of n rows, and the errors."""
    rng = np.random.RandomState(draw(st.integers(0, 10_000)))
    k, m, n = draw(st.integers(2, 5)), draw(st.integers(1, 4)), draw(st.integers(12, 40))
    if draw(st.booleans()):  # folds
        unseen = np.arange(k)[:, np.newaxis] == rng.randint(k, size=n)
    else:  # bootstrap: some members for each row
        unseen = rng.uniform(size=(k, n)) < 0.4
        unseen[rng.randint(k, size=n), np.arange(n)] = True
    errors = np.abs(rng.standard_cauchy(n)).round(draw(st.sampled_from([0, 8])))  # with ties, or without
    return rng.normal(size=(k, m)), weighted(unseen, rng.uniform(0.5, 2.0, k)), errors


@given(problems(), st.sampled_from([50, 62, 75, 80, 90]))
def test_jackknife_plus_equals_the_formulas_of_the_paper(problem: Problem, percent: int) -> None:
    lower, upper = jackknife_plus(*problem, percent / 100)
    expected = by_the_paper(*problem, percent)
    np.testing.assert_allclose(lower, expected[0], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(upper, expected[1], rtol=1e-12, atol=1e-13)


@given(problems())
def test_intervals_widen_with_the_coverage(problem: Problem) -> None:
    ends = [jackknife_plus(*problem, coverage) for coverage in COVERAGES]
    widths = [split_conformal(problem[2], coverage) for coverage in COVERAGES]
    assert widths == sorted(widths)
    for (low, high), (lower, higher) in itertools.pairwise(ends):
        assert (lower <= low).all()
        assert (high <= higher).all()
    assert (ends[0][0] <= ends[0][1]).all()


@given(problems(), st.sampled_from([1e-6, 0.5, 3.0, 1e5]), st.sampled_from([0.0, -4.0, 100.0]))
def test_intervals_scale_and_shift_with_the_units(problem: Problem, factor: float, shift: float) -> None:
    answers, left_out, errors = problem
    expected = [factor * end + shift for end in jackknife_plus(answers, left_out, errors, 0.8)]
    found = jackknife_plus(factor * answers + shift, left_out, factor * errors, 0.8)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * factor)
    assert split_conformal(factor * errors, 0.8) == factor * split_conformal(errors, 0.8)


@given(problems())
def test_intervals_do_not_depend_on_the_order_of_the_rows(problem: Problem) -> None:
    answers, left_out, errors = problem
    order = np.random.RandomState(len(errors)).permutation(len(errors))
    rows = np.random.RandomState(1).permutation(answers.shape[1])
    expected = [end[rows] for end in jackknife_plus(answers, left_out, errors, 0.8)]
    found = jackknife_plus(answers[:, rows], left_out[:, order], errors[order], 0.8)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
    assert split_conformal(errors[order], 0.8) == split_conformal(errors, 0.8)


def test_intervals_do_not_depend_on_the_block_size(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.RandomState(0)
    folds = rng.randint(3, size=50)
    problem = rng.normal(size=(3, 37)), (np.arange(3)[:, np.newaxis] == folds) * 1.0, rng.uniform(size=50)
    expected = jackknife_plus(*problem, 0.9)
    for size in (1, 50, 173):
        monkeypatch.setattr(intervals, "BLOCK", size)
        np.testing.assert_array_equal(jackknife_plus(*problem, 0.9), expected)


@given(st.integers(1, 300), st.integers(50, 99))
def test_the_rank_equals_that_of_exact_integer_arithmetic(n: int, percent: int) -> None:
    exact = -(-percent * (n + 1) // 100)
    if exact <= n:
        assert rank(n, percent / 100) == exact
    else:
        with pytest.raises(ParameterError, match=r"needs at least \d+ rows whose errors are known, got"):
            rank(n, percent / 100)


@given(st.integers(50, 99))
def test_the_error_names_the_smallest_sufficient_number_of_rows(percent: int) -> None:
    with pytest.raises(ParameterError) as caught:
        rank(0, percent / 100)
    needed = int(str(caught.value).split("at least ")[1].split(" ")[0])
    assert rank(needed, percent / 100) == needed
    if needed > 1:
        with pytest.raises(ParameterError):
            rank(needed - 1, percent / 100)


def test_too_few_rows_raise_an_error_instead_of_giving_an_infinite_interval() -> None:
    with pytest.raises(ParameterError, match=r"coverage=0.9 needs at least 9 rows .* got 8. Calibrate on more"):
        split_conformal(np.arange(8.0), 0.9)
    assert split_conformal(np.arange(9.0), 0.9) == 8.0


@pytest.mark.parametrize("coverage", [0.49, 1.0, math.nan, "0.9", True])
def test_invalid_coverages_raise_an_error(coverage: object) -> None:
    with pytest.raises(ParameterError, match=r"coverage must be a number of at least 0.5 and below 1, got"):
        check_coverage(coverage)  # type: ignore[arg-type]


@pytest.mark.parametrize(("n", "coverage"), [(19, 0.9), (99, 0.9), (50, 0.8)])
def test_split_conformal_has_the_proven_coverage(n: int, coverage: float) -> None:
    """A new error is at most the k-th of n others with probability k / (n + 1) for any distribution without ties."""
    n_times, rng = 20_000, np.random.RandomState(n)
    errors = np.abs(rng.standard_cauchy((n_times, n + 1)))
    held = sum(row[-1] <= split_conformal(row[:-1], coverage) for row in errors)
    probability = math.ceil(round(coverage * (n + 1), 9)) / (n + 1)
    deviation = math.sqrt(probability * (1 - probability) / n_times)  # binomial
    assert abs(held / n_times - probability) < 4 * deviation


def test_the_interval_of_a_row_does_not_depend_on_other_rows() -> None:
    rng = np.random.RandomState(0)
    answers, errors = rng.normal(size=(20, 150)), rng.exponential(size=130)
    left_out = weighted(rng.uniform(size=(20, 130)) < 0.4, rng.uniform(1.0, 2.0, 20))
    whole = jackknife_plus(answers, left_out, errors, 0.8)
    for rows in [[0], [149], range(3), range(40, 47), range(149, -1, -1)]:
        part = jackknife_plus(np.ascontiguousarray(answers[:, rows]), left_out, errors, 0.8)
        np.testing.assert_array_equal(part, np.array(whole)[:, rows])
