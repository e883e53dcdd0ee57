"""The generator of a fit."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from multilayer import MLPClassifier
from multilayer.fits.generators import random_state_of


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_a_seed_gives_the_generator_of_numpy(seed: int) -> None:
    random_state, expected = random_state_of(seed), np.random.RandomState(seed)
    assert random_state.normal() == expected.normal()
    np.testing.assert_array_equal(random_state.get_state()[1], expected.get_state()[1])
    assert random_state.get_state()[2:] == expected.get_state()[2:]
    copied = pickle.loads(pickle.dumps(random_state))
    np.testing.assert_array_equal(copied.permutation(700), expected.permutation(700))


def test_two_generators_are_independent() -> None:
    first, second = random_state_of(5), random_state_of(5)
    first.random_sample(1000)
    assert second.randint(2**31) == np.random.RandomState(5).randint(2**31)


def test_no_order_is_drawn_for_a_batch_of_all_rows_unless_others_notice_it() -> None:
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(30, 2)), np.arange(30) % 2
    shuffled = MLPClassifier((4,), max_iter=3, n_iter_no_change=None, random_state=1).fit(X, y)
    plain = MLPClassifier((4,), max_iter=3, n_iter_no_change=None, shuffle=False, random_state=1).fit(X, y)
    part = MLPClassifier((4,), random_state=1).partial_fit(X, y, classes=[0, 1])
    states = [model._training_state for model in (shuffled, plain, part)]
    np.testing.assert_array_equal(shuffled.parameters_, plain.parameters_)
    draws = [state.random_state.randint(2**31) for state in states]
    assert draws[0] == draws[1] != draws[2]
    assert states[0].order is None
    assert states[2].order is not None


def test_a_generator_is_returned_unchanged() -> None:
    given = np.random.RandomState(0)
    assert random_state_of(given) is given
    assert random_state_of(None) is np.random.mtrand._rand
