"""The generator of a fit."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

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


def test_a_generator_is_returned_unchanged() -> None:
    given = np.random.RandomState(0)
    assert random_state_of(given) is given
    assert random_state_of(None) is np.random.mtrand._rand
