"""Which rows each update sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from multilayer.engines import shuffled
from multilayer.engines.protocol import Batches

Rows = NDArray[np.intp]

# So many rows in all are worth the way to compiled code: to get and set a generator's state takes 20 microseconds.
MANY_ROWS = 4000


def next_orders(order: Rows, random_state: np.random.RandomState, n_epochs: int) -> Rows:
    """The rows in new orders, (n_epochs, n_rows), each a random permutation of the order before.

    Permuting the last order rather than 0 .. m-1, and drawing as ``RandomState.shuffle`` does, is what scikit-learn's
    networks do; so the same seed gives the same batches.
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
    orders: Rows | None, n_rows: int, batch_size: int, step_sizes: NDArray[np.float64], rows: Rows | None = None
) -> Batches:
    """The updates of several epochs, one after another; each epoch's last batch may be smaller.

    Parameters
    ----------
    orders : array of shape (n_epochs, n_rows) or None
        The order of each epoch; None for the rows as they stand.
    n_rows : int
        Rows of an epoch.
    batch_size : int
        Rows of a batch.
    step_sizes : array of shape (n_epochs,) or (n_epochs, updates an epoch)
        The step size of each epoch, or of each update.
    rows : array of shape (n_rows,), optional
        The rows of the table that are trained on, where it is not all of them; ``orders`` are orders of these.

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
    # Where the orders of the epochs lie one after another, so do the batches in them.
    offsets = (0 if orders is None else n_rows) * np.arange(n_epochs, dtype=np.intp)
    return Batches(
        order=order,
        starts=(offsets[:, np.newaxis] + starts).ravel(),
        stops=(offsets[:, np.newaxis] + stops).ravel(),
        step_sizes=np.repeat(step_sizes, len(starts)) if step_sizes.ndim == 1 else step_sizes.ravel(),
    )


def epoch_costs(costs: NDArray[np.float64], n_rows: int, batch_size: int) -> NDArray[np.float64]:
    """The mean cost of each epoch over its rows, from the costs of its batches.

    Examples
    --------
    >>> epoch_costs(np.array([1.0, 4.0]), n_rows=3, batch_size=2)  # (2 * 1 + 1 * 4) / 3
    array([2.])
    """
    starts = np.arange(0, n_rows, batch_size)
    sizes = np.minimum(starts + batch_size, n_rows) - starts
    # Not by @, whose order of summation depends on how many epochs there are, and with it the last bit.
    means: NDArray[np.float64] = (costs.reshape(-1, len(starts)) * sizes).sum(axis=1) / n_rows
    return means
