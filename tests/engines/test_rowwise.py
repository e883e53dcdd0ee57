"""The output of the CPU engine for a row does not depend on the other rows, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from multilayer.engines.cpu.engine import CpuEngine
from multilayer.engines.cpu.inference import MOST_ROWS
from multilayer.engines.cpu.panels import DEPTH, ROWS
from multilayer.equations import ACTIVATIONS, OUTPUTS
from multilayer.network import Floats, Network, n_parameters

from .contract import DTYPES, dtypes

# Narrow networks, layers of less than a vector, of whole vectors and of a few units more, and deep sums.
SIZES = ((2, 5, 5, 2), (7, 13, 1), (1, 20, 9), (20, 32, 32, 3), (17, 4, 1), (40, 100, 10), (DEPTH + 50, 30, 2))
ENGINE = CpuEngine()


def draw(network: Network, m: int, dtype: Any, seed: int = 0) -> tuple[Floats, Floats]:
    rng = np.random.RandomState(seed)
    parameters = 0.4 * rng.normal(size=n_parameters(network))
    return parameters.astype(dtype), rng.normal(size=(m, network.layer_sizes[0])).astype(dtype)


def assert_rowwise(network: Network, parameters: Floats, X: Any, subsets: list[Any]) -> None:
    H = ENGINE.predict(network, parameters, X)
    assert np.isfinite(H).all()
    for rows in subsets:
        np.testing.assert_array_equal(ENGINE.predict(network, parameters, X[rows]), H[rows])


@st.composite
def networks(draw_: st.DrawFn) -> Network:
    sizes = draw_(st.sampled_from(SIZES))
    hidden = tuple(draw_(st.sampled_from(sorted(ACTIVATIONS))) for _ in sizes[1:-1])
    output = draw_(st.sampled_from(sorted(OUTPUTS)))
    return Network(sizes, hidden, output, normalization=draw_(st.sampled_from([None, "layer"])))


@settings(max_examples=60)
@given(data=st.data(), network=networks(), dtype=st.sampled_from(DTYPES), is_sparse=st.booleans())
def test_outputs_of_any_rows_equal_those_among_all_rows(
    data: st.DataObject, network: Network, dtype: Any, is_sparse: bool
) -> None:
    m = data.draw(st.integers(1, 2 * MOST_ROWS + ROWS + 1))
    parameters, X = draw(network, m, dtype, seed=data.draw(st.integers(0, 2**16)))
    subset = st.lists(st.integers(0, m - 1), min_size=1, max_size=3 * ROWS)  # in any order, and with repetitions
    single = data.draw(st.integers(0, m - 1))
    subsets: list[Any] = [[single], np.arange(m)[::-1], np.arange(single + 1), *(data.draw(subset) for _ in range(2))]
    if is_sparse:
        X[np.abs(X) < 0.5] = 0.0
    assert_rowwise(network, parameters, csr_array(X) if is_sparse else X, subsets)


@dtypes
@pytest.mark.parametrize("sizes", [(2, 5, 5, 2), (20, 32, 32, 3)])
def test_outputs_do_not_depend_on_the_number_of_rows(sizes: tuple[int, ...], dtype: Any) -> None:
    for activation, output in (("gelu", "softmax"), ("tanh", "sigmoid"), ("softplus", "exp"), ("silu", "increasing")):
        network = Network(sizes, (activation,) * (len(sizes) - 2), output)
        parameters, X = draw(network, MOST_ROWS + 2 * ROWS, dtype)
        assert_rowwise(network, parameters, X, [slice(m) for m in range(1, len(X))])


@dtypes
@pytest.mark.parametrize("sizes", [(2, 5, 5, 2), (20, 32, 32, 3)])
def test_outputs_do_not_depend_on_the_memory_layout(sizes: tuple[int, ...], dtype: Any) -> None:
    network = Network(sizes, ("tanh",) * (len(sizes) - 2), "softmax")
    parameters, X = draw(network, 50, dtype)
    H = ENGINE.predict(network, parameters, X)
    memory = np.zeros(X.size + 8, dtype=dtype)
    for offset in range(1, 8):  # not aligned to vectors
        moved = memory[offset : offset + X.size].reshape(X.shape)
        moved[...] = X
        np.testing.assert_array_equal(ENGINE.predict(network, parameters, moved), H)
    locked = X.copy()
    locked.flags.writeable = False
    for same in (np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2], np.hstack([X, X])[:, : X.shape[1]], locked):
        np.testing.assert_array_equal(ENGINE.predict(network, parameters, same), H)


@dtypes
@pytest.mark.parametrize("sizes", [(2, 5, 5, 2), (20, 32, 32, 3)])
def test_a_row_that_overflows_does_not_change_the_others(sizes: tuple[int, ...], dtype: Any) -> None:
    network = Network(sizes, ("relu",) * (len(sizes) - 2), "softmax")
    parameters, X = draw(network, 40, dtype)
    H = ENGINE.predict(network, parameters, X)
    X[[3, 17, 39]] = np.finfo(dtype).max
    others = np.delete(np.arange(40), [3, 17, 39])
    np.testing.assert_array_equal(ENGINE.predict(network, parameters, X)[others], H[others])


def test_zero_rows_give_zero_outputs() -> None:
    for sizes in ((2, 5, 2), (20, 32, 3)):
        network = Network(sizes, ("tanh",), "softmax")
        parameters, X = draw(network, 0, np.float64)
        assert ENGINE.predict(network, parameters, X).shape == (0, sizes[-1])
        assert ENGINE.predict(network, parameters, csr_array(X)).shape == (0, sizes[-1])
