"""The rows of each update."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from multilayer.engines import shuffled
from multilayer.engines.protocol import Batches

RowNumbers = NDArray[np.intp]

# From this number of rows, compiled code is faster, although copying a generator's state takes 20 microseconds.
MANY_ROWS = 4000


def next_orders(order: RowNumbers, random_state: np.random.RandomState, n_epochs: int) -> RowNumbers:
    """Return the rows in new orders, (n_epochs, n_rows), each a random permutation of the order before.

    As in scikit-learn, the last order is permuted, not 0 .. m-1, by the draws of ``RandomState.shuffle``, so that the
    same seed gives the same batches.
    """
    orders = shuffled(order, random_state, n_epochs) if n_epochs * len(order) >= MANY_ROWS else None
    if orders is None:
        orders = np.empty((n_epochs, len(order)), dtype=np.intp)
        for new in orders:
            new[...] = order
            random_state.shuffle(new)
            order = new
    return orders


def epochs_of_batches(
    orders: RowNumbers | None,
    n_rows: int,
    batch_size: int,
    step_sizes: NDArray[np.float64],
    rows: RowNumbers | None = None,
) -> Batches:
    """Return the updates of several consecutive epochs; the last batch of each epoch may be smaller.

    ``orders``, (n_epochs, n_rows), are the orders of ``rows``, or of all rows of the table.  ``step_sizes`` has one
    entry per epoch, (n_epochs,), or one per update, (n_epochs, updates per epoch).

    Examples
    --------
    >>> batches = epochs_of_batches(None, n_rows=5, batch_size=2, step_sizes=np.array([0.1]))
    >>> batches.starts, batches.stops
    (array([0, 2, 4]), array([2, 4, 5]))
    """
    n_epochs = len(step_sizes)
    starts = np.arange(0, n_rows, batch_size, dtype=np.intp)
    stops = np.minimum(starts + batch_size, n_rows)
    order = None if orders is None else orders.ravel()
    if rows is not None:
        order = rows if order is None else rows[order]
    if n_epochs == 1:
        return Batches(order, starts, stops, np.full(len(starts), step_sizes[0]))  # one number, or as many as updates
    # The batches are consecutive, as are the orders of the epochs.
    offsets = (0 if orders is None else n_rows) * np.arange(n_epochs, dtype=np.intp)
    return Batches(
        order=order,
        starts=(offsets[:, np.newaxis] + starts).ravel(),
        stops=(offsets[:, np.newaxis] + stops).ravel(),
        step_sizes=np.repeat(step_sizes, len(starts)) if step_sizes.ndim == 1 else step_sizes.ravel(),
    )


def epoch_costs(costs: NDArray[np.float64], n_rows: int, batch_size: int) -> NDArray[np.float64]:
    """Return the mean cost of each epoch over its rows, from the costs of its batches.

    Examples
    --------
    >>> epoch_costs(np.array([1.0, 4.0]), n_rows=3, batch_size=2)  # (2 * 1 + 1 * 4) / 3
    array([2.])
    """
    starts = np.arange(0, n_rows, batch_size)
    sizes = np.minimum(starts + batch_size, n_rows) - starts
    # Not by @, whose order of summation, and with it the last bit, depends on the number of epochs.
    means: NDArray[np.float64] = (costs.reshape(-1, len(starts)) * sizes).sum(axis=1) / n_rows
    return means
