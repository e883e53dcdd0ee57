r"""Everything that one forward and one backward pass compute, kept to be read.

docs/mathematics.md derives the equations; ``propagation`` and ``backpropagation`` compute them for training and keep
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from multilayer.equations.activations import Array, Hidden
from multilayer.equations.backpropagation import cost_and_gradient_of, deltas_of
from multilayer.equations.costs import Output
from multilayer.equations.extensions.normalization import Norms, normalize
from multilayer.equations.extensions.penalties import Penalty
from multilayer.equations.propagation import as_problem, cost_of_sums, forward, with_bias
from multilayer.results import Column, Result, Table


@dataclass(frozen=True, repr=False, eq=False)
class Trace(Result):
    """All quantities of one pass forward and back, in the textbook's names.

    Layers count from 1 and tuples from 0: ``A[0]`` is A_1 = X, and ``Z[0]`` and ``delta[0]`` belong to layer 2, the
    first that has weighted sums.  Print it for a table of shapes and ranges.
    """

    thetas: tuple[Array, ...]  # Theta_1 .. Theta_{L-1}, (s_{l+1}, s_l + 1)
    Z: tuple[Array, ...]  # Z_2 .. Z_L, (m, s_l)
    A: tuple[Array, ...]  # A_1 .. A_L, (m, s_l)
    Y: Array  # (m, K)
    delta: tuple[Array, ...]  # delta_2 .. delta_L, (m, s_l)
    Delta: tuple[Array, ...]  # Delta_1 .. Delta_{L-1}, as thetas
    D: tuple[Array, ...]  # D_1 .. D_{L-1}, as thetas
    J: float  # the cost, regularisation included
    regularization: float  # its part of J
    norms: tuple[Array, ...] = ()  # gain and shift of layers 2 .. L-1, (2, s_l), where they are normalised
    Z_normalized: tuple[Array, ...] = ()  # Z'_2 .. Z'_{L-1}, (m, s_l), what g is then applied to
    D_norms: tuple[Array, ...] = ()  # the derivatives by gain and shift, as norms

    @property
    def H(self) -> Array:
        """The network's answer, A_L."""
        return self.A[-1]

    def __iter__(self) -> Iterator[tuple[str, Array]]:
        """(name, array) of every quantity, in the order in which they are computed."""
        yield "A_1 = X", self.A[0]
        last = len(self.thetas) + 1
        for l, theta in enumerate(self.thetas, start=1):
            yield f"Theta_{l}", theta
            yield f"Z_{l + 1}", self.Z[l - 1]
            if l <= len(self.norms):
                yield f"gain_{l + 1}", self.norms[l - 1][0]
                yield f"shift_{l + 1}", self.norms[l - 1][1]
                yield f"Z'_{l + 1}", self.Z_normalized[l - 1]
            yield f"A_{l + 1} = H" if l + 1 == last else f"A_{l + 1}", self.A[l]
        yield "Y", self.Y
        for l in range(last - 1, 0, -1):
            if l <= len(self.norms):
                yield f"D of gain_{l + 1}", self.D_norms[l - 1][0]
                yield f"D of shift_{l + 1}", self.D_norms[l - 1][1]
            yield f"delta_{l + 1}", self.delta[l - 1]
            yield f"Delta_{l}", self.Delta[l - 1]
            yield f"D_{l}", self.D[l - 1]

    def __repr__(self) -> str:
        sizes = "-".join(str(A.shape[1]) for A in self.A)
        return f"<Trace of {len(self.Y)} examples through {sizes} units, J = {self.J:.6g}>"

    @property
    def table(self) -> Table:
        """The shape and range of each quantity."""
        columns = [Column("", align="left"), Column("shape"), *(Column(name, ".4g") for name in ("min", "mean", "max"))]
        rows = [
            (name, " x ".join(map(str, array.shape)), array.min(), array.mean(), array.max()) for name, array in self
        ]
        note = f"J = {self.J:.6g}, of which regularisation {self.regularization:.6g}"
        return Table(tuple(columns), rows, notes=[note])

    def to_frame(self) -> Any:
        """A pandas frame with a row for each quantity."""
        return self.table.to_frame()


def trace(
    X: ArrayLike,
    Y: ArrayLike,
    thetas: Sequence[ArrayLike],
    lam: float | Penalty = 0.0,
    hidden: Hidden = "sigmoid",
    output: str | Output = "sigmoid",
    sample_weight: ArrayLike | None = None,
    norms: Norms | None = None,
) -> Trace:
    """(P1)-(P4), (J), (B1)-(B4) One pass forward and back, with everything that it computes.

    Parameters
    ----------
    X : array of shape (m, s_1)
    Y : array of shape (m, K)
    thetas, lam, hidden, output, sample_weight, norms
        As in :func:`cost`.

    Returns
    -------
    Trace
        Its ``delta`` are without sample weights, one example's derivatives; ``Delta`` and ``D`` are with them.

    Examples
    --------
    >>> seen = trace([[2.0]], [[1.0]], [[[0.0, 0.0]]])
    >>> print(seen)
           shape    min   mean   max
    A_1 = X    1 x 1        2        2        2
    Theta_1    1 x 2        0        0        0
    Z_2        1 x 1        0        0        0
    A_2 = H    1 x 1      0.5      0.5      0.5
    Y          1 x 1        1        1        1
    delta_2    1 x 1     -0.5     -0.5     -0.5
    Delta_1    1 x 2       -1    -0.75     -0.5
    D_1        1 x 2       -1    -0.75     -0.5
    <BLANKLINE>
    J = 0.693147, of which regularisation 0
    """
    examples, layers = as_problem(X, Y, thetas, lam, hidden, output, sample_weight, norms)
    # Copies: a trace stays as it is when the network is trained on.
    matrices = [theta.copy() for theta in layers.thetas]
    kept = [norm.copy() for norm in layers.norms or ()]
    Z, A = forward(examples.X, layers)
    J, D = cost_and_gradient_of(examples, layers)
    penalty = J - cost_of_sums(Z[-1], replace(examples, penalty=Penalty()), layers)
    sums = tuple(normalize(z, norm) for z, norm in zip(Z, kept, strict=False))
    delta = deltas_of(Z, examples.Y, layers)
    # (B3)  (s_{l+1}, m) @ (m, s_l + 1)
    Delta = [(examples.w[:, np.newaxis] * d).T @ with_bias(a) for d, a in zip(delta, A[:-1], strict=True)]
    of_thetas, of_norms = tuple(D[: len(matrices)]), tuple(D[len(matrices) :])
    passes = tuple(Z), tuple(A), examples.Y, tuple(delta), tuple(Delta)
    return Trace(tuple(matrices), *passes, of_thetas, J, penalty, tuple(kept), sums, of_norms)
