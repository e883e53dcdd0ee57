"""Loading or compiling the kernels of common networks before they are needed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from multilayer.engines.choice import get_engine, shuffled
from multilayer.engines.protocol import Batches, Engine, Objective, compilations_reported_to, new_state
from multilayer.engines.threads import at_most
from multilayer.equations.descent import Adam
from multilayer.equations.extensions.chosen_costs import Huber
from multilayer.exceptions import unknown_name
from multilayer.network import Network, PeriodicEmbedding, n_parameters

_WAVES = PeriodicEmbedding((0,), 2, 1)
#: A small network of each kind that has kernels of its own.
KINDS = {
    "dense": Network((20, 20, 2), ("relu",), "identity"),
    "narrow": Network((5, 5, 2), ("relu",), "identity"),
    "normalized": Network((20, 20, 2), ("relu",), "identity", normalization="layer"),
    "embedded": Network((20, 20, 2), ("relu",), "identity", embedding=_WAVES),
    "embedded-normalized": Network((20, 20, 2), ("relu",), "identity", normalization="layer", embedding=_WAVES),
    "dense-chosen": Network((20, 20, 2), ("relu",), "identity", Huber(1.0)),
    "narrow-chosen": Network((5, 5, 2), ("relu",), "identity", Huber(1.0)),
    "normalized-chosen": Network((20, 20, 2), ("relu",), "identity", Huber(1.0), "layer"),
    "embedded-chosen": Network((20, 20, 2), ("relu",), "identity", Huber(1.0), embedding=_WAVES),
    "embedded-normalized-chosen": Network((20, 20, 2), ("relu",), "identity", Huber(1.0), "layer", _WAVES),
}
#: The kinds that a default estimator trains: layers of 16 units and more, and fewer units.
COMMON = ("dense", "narrow")
DTYPES = ("float32", "float64")


class WarmedUp(NamedTuple):
    """The kernels of one kind of network for one dtype.

    Attributes
    ----------
    kind : str
        The kind.
    dtype : str
        The dtype.
    compiled : tuple of str
        The kernels that were compiled; the others were loaded.
    seconds : float
        The time that this took.
    """

    kind: str
    dtype: str
    compiled: tuple[str, ...]
    seconds: float


def warmup(
    kinds: Sequence[str] = COMMON,
    dtypes: Sequence[str] = DTYPES,
    *,
    report: Callable[[WarmedUp], object] | None = None,
) -> list[WarmedUp]:
    """Load or compile the kernels of some kinds of network, so that the first fit need not wait for them.

    Kernels that are compiled are stored in the cache, for other processes.  Without a compiled engine, nothing is done
    but to warn.

    Parameters
    ----------
    kinds : sequence of str
        The kinds of network: "dense" for layers of 16 units and more, "narrow" for fewer units and inputs,
        "normalized" with layer normalisation, "embedded" with periodic embeddings, "embedded-normalized" with both, and
        each of them with "-chosen" appended, for a chosen cost such as Huber's.
    dtypes : sequence of {"float32", "float64"}
        The dtypes of the data.
    report : callable, optional
        Receives each result when it is there.

    Returns
    -------
    list of WarmedUp
        One result for each kind and dtype.

    Raises
    ------
    ParameterError
        If a kind or dtype is unknown.

    Examples
    --------
    >>> [(each.kind, each.dtype) for each in warmup(["narrow"], ["float64"])]
    [('narrow', 'float64')]
    """
    for kind in kinds:
        if kind not in KINDS:
            raise unknown_name("kind of network", kind, tuple(KINDS))
    for dtype in dtypes:
        if dtype not in DTYPES:
            raise unknown_name("dtype", dtype, DTYPES)
    results, engine = [], get_engine("cpu")
    for kind in kinds:
        for dtype in dtypes:
            compiled: list[str] = []
            start = time.perf_counter()
            with compilations_reported_to(compiled.append):
                run_small(engine, KINDS[kind], dtype)
            results.append(WarmedUp(kind, dtype, tuple(compiled), time.perf_counter() - start))
            if report is not None:
                report(results[-1])
    return results


def run_small(engine: Engine, network: Network, dtype: Any) -> None:
    """Call everything that training and predicting call, on a few rows, in this thread."""
    n_inputs, n_outputs = network.layer_sizes[0], network.layer_sizes[-1]
    rng = np.random.RandomState(0)
    objective = Objective(
        network, rng.normal(size=(4, n_inputs)).astype(dtype), rng.normal(size=(4, n_outputs)).astype(dtype)
    )
    parameters = rng.normal(size=n_parameters(network)).astype(dtype)
    batches = Batches(np.arange(4), np.array([0, 2]), np.array([2, 4]), np.full(2, 1e-3))
    with at_most(1):
        engine.predict(network, parameters, objective.X)
        engine.descend(objective, Adam(), new_state(network, Adam(), parameters), batches)
        shuffled(np.arange(4), rng, 1)
