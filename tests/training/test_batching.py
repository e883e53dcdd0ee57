"""The order of the rows and the batch of each update."""

from __future__ import annotations

import itertools
from unittest import mock

import numpy as np
import pytest
import sklearn.utils
from hypothesis import given
from hypothesis import strategies as st

from multilayer.training import batching
from multilayer.training.batching import epoch_costs, epochs_of_batches, next_orders


@given(n_rows=st.integers(1, 60), n_epochs=st.integers(1, 5), seed=st.integers(0, 2**32 - 1), drawn=st.integers(0, 700))
@pytest.mark.parametrize("many", [0, 10**9], ids=["in one go", "by NumPy"])
def test_shuffled_orders_equal_those_of_scikit_learn_over_several_epochs(
    n_rows: int, n_epochs: int, seed: int, drawn: int, many: int
) -> None:
    ours, theirs = np.random.RandomState(seed), np.random.RandomState(seed)
    order = expected = np.arange(n_rows)
    with mock.patch.object(batching, "MANY_ROWS", many):
        for generator in (ours, theirs):
            generator.randint(2**31, size=drawn)  # the generator can be in any state
        for _ in range(2):
            orders = next_orders(order, ours, n_epochs)
            assert orders.shape == (n_epochs, n_rows)
            for order in orders:
                expected = sklearn.utils.shuffle(expected, random_state=theirs)
                np.testing.assert_array_equal(order, expected)
    assert ours.randint(2**31) == theirs.randint(2**31)  # both have drawn equally often


def test_shuffled_orders_of_many_rows_equal_those_of_scikit_learn() -> None:
    ours, theirs = np.random.RandomState(1), np.random.RandomState(1)
    orders = next_orders(np.arange(70_000), ours, 2)
    expected = sklearn.utils.shuffle(np.arange(70_000), random_state=theirs)
    np.testing.assert_array_equal(orders[0], expected)
    np.testing.assert_array_equal(orders[1], sklearn.utils.shuffle(expected, random_state=theirs))


@pytest.mark.parametrize("generator", [np.random.mtrand._rand, np.random.RandomState(np.random.PCG64(0))])
def test_every_kind_of_generator_is_supported(generator: np.random.RandomState) -> None:
    orders = next_orders(np.arange(5000), generator, 2)
    assert (orders[0] != orders[1]).any()
    np.testing.assert_array_equal(np.sort(orders), np.tile(np.arange(5000), (2, 1)))


def test_next_orders_does_not_modify_its_input() -> None:
    order = np.arange(10)
    next_orders(order, np.random.RandomState(0), 1)
    np.testing.assert_array_equal(order, np.arange(10))


@given(
    n_rows=st.integers(1, 40),
    batch_size=st.integers(1, 45),
    n_epochs=st.integers(1, 4),
    shuffle=st.booleans(),
)
def test_every_epoch_sees_every_row_once_in_order(n_rows: int, batch_size: int, n_epochs: int, shuffle: bool) -> None:
    rng = np.random.RandomState(0)
    orders = np.array([rng.permutation(n_rows) for _ in range(n_epochs)]) if shuffle else None
    batches = epochs_of_batches(orders, n_rows, batch_size, np.full(n_epochs, 0.5))
    assert len(batches) == n_epochs * -(-n_rows // batch_size)
    assert (batches.step_sizes == 0.5).all()
    source = np.arange(n_rows) if batches.order is None else batches.order
    seen = [source[start:stop] for start, stop in zip(batches.starts, batches.stops, strict=True)]
    expected = [np.arange(n_rows)] * n_epochs if orders is None else orders
    np.testing.assert_array_equal(np.concatenate(seen), np.concatenate(expected))
    sizes = [len(rows) for rows in seen[: len(seen) // n_epochs]]
    assert all(size == min(batch_size, n_rows) for size in sizes[:-1])
    assert 1 <= sizes[-1] <= batch_size


def test_indices_have_the_dtype_of_the_protocol() -> None:
    batches = epochs_of_batches(np.array([np.arange(3), np.arange(3)]), 3, 2, np.full(2, 0.1))
    assert batches.order is not None
    assert {array.dtype for array in (batches.order, batches.starts, batches.stops)} == {np.dtype(np.intp)}
    assert batches.step_sizes.dtype == np.float64


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 3))
def test_the_cost_of_an_epoch_is_the_mean_over_its_rows(n_rows: int, batch_size: int, n_epochs: int) -> None:
    rng = np.random.RandomState(n_rows)
    by_row = rng.normal(size=(n_epochs, n_rows))
    cuts = [*range(0, n_rows, batch_size), n_rows]
    of_batches = [epoch[a:b].mean() for epoch in by_row for a, b in itertools.pairwise(cuts)]
    costs = epoch_costs(np.array(of_batches), n_rows, batch_size)
    assert costs.tolist() == pytest.approx(by_row.mean(axis=1).tolist(), abs=1e-12)


@given(st.integers(1, 2000), st.integers(1, 20), st.integers(1, 40))
def test_the_cost_of_an_epoch_does_not_depend_on_other_epochs(n_rows: int, batch_size: int, n_epochs: int) -> None:
    n_batches = -(-n_rows // batch_size)
    of_batches = np.random.RandomState(0).uniform(size=n_epochs * n_batches)
    one_by_one = [epoch_costs(costs, n_rows, batch_size) for costs in np.split(of_batches, n_epochs)]
    np.testing.assert_array_equal(epoch_costs(of_batches, n_rows, batch_size), np.concatenate(one_by_one))
