"""Folds as row numbers or masks, invalid folds, and splitters that can be repeated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, KFold, RepeatedKFold, ShuffleSplit, StratifiedKFold, TimeSeriesSplit

from multilayer import EnsembleRegressor, MLPClassifier, MLPRegressor
from multilayer.exceptions import InputError, MultilayerError, ParameterError, ShapeError
from multilayer.selection import cross_validate, learning_curve
from multilayer.selection.splitting import checked_folds, divided

rng = np.random.RandomState(0)
X = rng.normal(size=(30, 2))
y = X @ [1.0, -1.0]
LABELS = np.repeat([0, 1, 2], 10)
ROWS = np.arange(30)
MASK = ROWS % 3 == 0
MODEL = MLPRegressor((3,), max_iter=3, n_iter_no_change=float("inf"), random_state=0)


@given(st.lists(st.booleans(), min_size=2, max_size=40).filter(lambda mask: 0 < sum(mask) < len(mask)))
def test_a_mask_is_equivalent_to_row_numbers(mask: list[bool]) -> None:
    m, test = len(mask), np.array(mask)
    numbers = [i for i in range(m) if mask[i]]
    for given_as in (test, mask, numbers, np.array(numbers, dtype=np.uint8)):
        ((train, rows),) = checked_folds([(~test, given_as)], m)
        assert rows.tolist() == numbers
        assert sorted([*train.tolist(), *numbers]) == list(range(m))
        assert rows.dtype == train.dtype == np.intp


def test_masks_give_the_same_networks_as_row_numbers() -> None:
    numbers = [(np.flatnonzero(~MASK), np.flatnonzero(MASK)), (np.flatnonzero(MASK), np.flatnonzero(~MASK))]
    masks = [(~MASK, MASK), (MASK, ~MASK)]
    one, other = (cross_validate(MODEL, X, y, cv=cv) for cv in (numbers, masks))
    np.testing.assert_array_equal(one["test_score"], other["test_score"])
    np.testing.assert_array_equal(other["indices"]["test"][0], numbers[0][1])
    first, second = (
        EnsembleRegressor(MODEL, diversity="fold", cv=cv, random_state=0).fit(X, y) for cv in (numbers, masks)
    )
    np.testing.assert_array_equal(first.predict(X), second.predict(X))


REFUSED: list[tuple[Any, type[Exception], str]] = [
    ([(MASK[:5], MASK)], ShapeError, r"fold 0 of cv: train is a mask of shape \(5,\), and X has 30 rows"),
    ([(ROWS, [])], InputError, "fold 0 of cv: test has no rows. Remove the fold"),
    ([(ROWS, ROWS), ([], ROWS)], InputError, "fold 1 of cv: train has no rows"),
    ([(~MASK & MASK, MASK)], InputError, "fold 0 of cv: train has no rows"),
    ([(ROWS, ROWS + 1)], InputError, "from 0 to 29, got numbers from 1 to 30. Count rows by their place in X"),
    ([([-1, 3], [4])], InputError, "from 0 to 29, got numbers from -1 to 3"),
    ([(ROWS / 1.0, [4])], InputError, r"must be row numbers, integers from 0 to 29, or a mask .* got entries such as"),
    ([(ROWS.reshape(5, 6), [4])], InputError, r"must be row numbers, .* got shape \(5, 6\)"),
    ([5], InputError, r"fold 0 of cv must be a pair \(train, test\) of row numbers, got 5"),
    ([(ROWS, ROWS, ROWS)], InputError, r"fold 0 of cv must be a pair \(train, test\)"),
    ([], ParameterError, "cv has no folds. Pass a number of them, such as cv=5"),
    (KFold, ParameterError, r"got the class KFold. Write KFold\(\)\."),
    ("5", ParameterError, r"cv must be a number of folds, a splitter, or an iterable of \(train, test\), got '5'"),
    (0.2, ParameterError, r"cv must be a number of folds, a splitter, .* got 0.2. Write cv=5"),
    (1, ParameterError, "cv must be an integer of at least 2, got 1"),
    (31, InputError, "Cannot have number of splits n_splits=31 .* Pass fewer folds than rows"),
    (GroupKFold(3), InputError, "'groups' parameter should not be None. Pass groups with one entry for each row of X"),
]


@pytest.mark.parametrize(("cv", "error", "message"), REFUSED)
@pytest.mark.parametrize(
    "call",
    [
        lambda cv: cross_validate(MODEL, X, y, cv=cv),
        lambda cv: learning_curve(MODEL, X, y, cv=cv),
        lambda cv: EnsembleRegressor(MODEL, diversity="fold", cv=cv).fit(X, y),
    ],
)
def test_invalid_folds_raise_errors(
    call: Callable[[Any], object], cv: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as raised:
        call(cv)
    assert isinstance(raised.value, MultilayerError)


def test_more_folds_than_rows_of_a_class_raise_an_error() -> None:
    model = MLPClassifier((3,))
    with pytest.raises(
        InputError, match=r"cannot be greater than the number of members in each class. Pass fewer folds"
    ):
        cross_validate(model, X, LABELS, cv=11)


def test_groups_of_another_length_raise_an_error() -> None:
    with pytest.raises(ShapeError, match="groups must have an entry for each of the 30 rows of X, got 4"):
        cross_validate(MODEL, X, y, groups=[1, 2, 3, 4])


@pytest.mark.parametrize("cv", [3, None, KFold(3, shuffle=True), ShuffleSplit(3), RepeatedKFold(n_splits=2)])
def test_repeats_are_reproducible_and_different(cv: Any) -> None:
    n = len(divided(MODEL, X, y, None, cv))
    found = divided(MODEL, X, y, None, cv, repeats=2)
    assert len(found) == 2 * n
    again = divided(MODEL, X, y, None, cv, repeats=3)
    for (train, test), (expected_train, expected_test) in zip(found, again, strict=False):
        np.testing.assert_array_equal(train, expected_train)
        np.testing.assert_array_equal(test, expected_test)
    assert not np.array_equal(found[0][1], found[n][1])


def test_repeats_of_a_splitter_use_the_seeds_from_0() -> None:
    found = divided(MLPClassifier(), X, LABELS, None, StratifiedKFold(3, shuffle=True), repeats=2)
    for repeat in range(2):
        splitter = StratifiedKFold(3, shuffle=True, random_state=repeat)
        for i, (train, test) in enumerate(splitter.split(X, LABELS)):
            np.testing.assert_array_equal(found[3 * repeat + i][0], train)
            np.testing.assert_array_equal(found[3 * repeat + i][1], test)


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        (KFold(3), r"got cv=KFold\(.*shuffle=False\), whose folds are the same each time"),
        (TimeSeriesSplit(3), "whose folds are the same each time"),
        ([(ROWS[:20], ROWS[20:])], "whose folds are the same each time"),
        (KFold(3, shuffle=True, random_state=7), r"random_state=7, shuffle=True\). Leave its random_state out"),
        (ShuffleSplit(3, random_state=np.random.RandomState(0)), "Leave its random_state out"),
    ],
)
def test_splitters_that_cannot_be_repeated_raise_errors(cv: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=f"(?s)repeats=2 needs a splitter that shuffles, .*{message}"):
        cross_validate(MODEL, X, y, cv=cv, repeats=2)
    divided(MODEL, X, y, None, cv, repeats=1)
