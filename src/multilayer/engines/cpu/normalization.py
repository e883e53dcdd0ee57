"""Layer normalisation (M1) to (M4) of the book, for a block of rows (rows, units).

A row is normalised in place, by loops over its units; Ẑ and one scale per row are stored for backpropagation.  A row of
a layer is short enough to stay in the first-level cache between these loops.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from multilayer.engines.cpu.compiling import inner, inner_sum
from multilayer.engines.cpu.views import line
from multilayer.equations.extensions.normalization import EPSILON
from multilayer.network import Floats


@inner
def normalize_into(Z: Floats, Z_hat: Floats, scales: Floats, norm: Floats) -> None:
    """(M1), (M2) Compute Z ← Z', both (rows, n); store Ẑ, and 1 / √(var + ε) of each row.  norm is gain and shift."""
    rows, n = Z.shape
    epsilon, one = Z.dtype.type(EPSILON), Z.dtype.type(1)
    gain, shift = line(norm, 0, n), line(norm, n, n)
    for r in range(rows):
        z = line(Z, r * n, n)
        mean = _mean(z)
        scale = one / np.sqrt(_variance(z, mean) + epsilon)
        scales[r] = scale
        _normalize_row_into(z, line(Z_hat, r * n, n), mean, scale, gain, shift)


@inner
def pass_back_into(delta: Floats, Z_hat: Floats, scales: Floats, gain: Floats) -> None:
    """(M4) Replace η in delta by the derivative with respect to Z; both (rows, n)."""
    rows, n = delta.shape
    for r in range(rows):
        eta, z_hat = line(delta, r * n, n), line(Z_hat, r * n, n)
        _times_into(eta, gain)
        _pass_row_back_into(eta, z_hat, _mean(eta), _mean_product(eta, z_hat), scales[r])


@inner
def sum_row_products_into(sums: Floats, eta: Floats, Z_hat: Floats) -> None:
    """(M3) Compute Σ η * ẑ over the rows, the gradient of the gain."""
    for j in range(sums.size):
        sums[j] = 0
    rows, n = eta.shape
    for r in range(rows):
        _add_product_into(sums, line(eta, r * n, n), line(Z_hat, r * n, n))


@inner_sum
def _mean(x: Floats) -> Any:
    total = x.dtype.type(0)
    for j in range(x.size):
        total += x[j]
    return total / x.dtype.type(x.size)


@inner_sum
def _variance(x: Floats, mean: Any) -> Any:
    total = x.dtype.type(0)
    for j in range(x.size):
        total += (x[j] - mean) * (x[j] - mean)
    return total / x.dtype.type(x.size)


@inner_sum
def _mean_product(x: Floats, y: Floats) -> Any:
    total = x.dtype.type(0)
    for j in range(x.size):
        total += x[j] * y[j]
    return total / x.dtype.type(x.size)


@inner
def _normalize_row_into(z: Floats, z_hat: Floats, mean: Any, scale: Any, gain: Floats, shift: Floats) -> None:
    for j in range(z.size):
        x = (z[j] - mean) * scale
        z_hat[j] = x
        z[j] = gain[j] * x + shift[j]


@inner
def _times_into(eta: Floats, gain: Floats) -> None:
    for j in range(eta.size):
        eta[j] *= gain[j]


@inner
def _pass_row_back_into(u: Floats, z_hat: Floats, mean: Any, mean_product: Any, scale: Any) -> None:
    for j in range(u.size):
        u[j] = (u[j] - mean - z_hat[j] * mean_product) * scale


@inner
def _add_product_into(sums: Floats, eta: Floats, z_hat: Floats) -> None:
    for j in range(sums.size):
        sums[j] += eta[j] * z_hat[j]
