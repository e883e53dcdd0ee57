r"""A trace of all quantities of one forward and one backward pass.

docs/learn/mathematics.md derives the equations; ``propagation`` and ``backpropagation`` compute them for training
without storing them.
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
    """All quantities of one forward and one backward pass, by their names in the textbook.

    Layers count from 1 and tuples from 0: ``A[0]`` is A_1 = X, and ``Z[0]`` and ``delta[0]`` belong to layer 2, the
    first that has weighted sums.  Printing shows a table of shapes and ranges.

    Attributes
    ----------
    thetas : tuple of L - 1 arrays of shape (s_{l+1}, s_l + 1)
        The weights Theta_1 .. Theta_{L-1}.
    Z : tuple of L - 1 arrays of shape (m, s_l)
        The weighted sums Z_2 .. Z_L.
    A : tuple of L arrays of shape (m, s_l)
        The activations A_1 .. A_L.
    Y : array of shape (m, K)
        The targets.
    delta : tuple of L - 1 arrays of shape (m, s_l)
        The derivatives delta_2 .. delta_L of each example's cost with respect to Z.
    Delta : tuple of L - 1 arrays of the shapes of ``thetas``
        The sums Delta_1 .. Delta_{L-1} over the examples.
    D : tuple of L - 1 arrays of the shapes of ``thetas``
        The derivatives D_1 .. D_{L-1} of J.
    J : float
        The cost, regularisation included.
    regularization : float
        The part of J that is regularisation.
    norms : tuple of L - 2 arrays of shape (2, s_l)
        Gain and shift of layers 2 .. L-1; empty if they are not normalised.
    Z_normalized : tuple of L - 2 arrays of shape (m, s_l)
        The normalised sums Z'_2 .. Z'_{L-1}.
    D_norms : tuple of L - 2 arrays of the shapes of ``norms``
        The derivatives of J with respect to gain and shift.
    """

    thetas: tuple[Array, ...]
    Z: tuple[Array, ...]
    A: tuple[Array, ...]
    Y: Array
    delta: tuple[Array, ...]
    Delta: tuple[Array, ...]
    D: tuple[Array, ...]
    J: float
    regularization: float
    norms: tuple[Array, ...] = ()
    Z_normalized: tuple[Array, ...] = ()
    D_norms: tuple[Array, ...] = ()

    @property
    def H(self) -> Array:
        """Return the network's output, A_L.

        Returns
        -------
        array of shape (m, K)
            The last activations.
        """
        return self.A[-1]

    def __iter__(self) -> Iterator[tuple[str, Array]]:
        """Yield (name, array) of every quantity, in the order of computation."""
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
        """Return the shape and range of each quantity.

        Returns
        -------
        Table
            One row for each quantity.
        """
        columns = [
            Column("quantity", align="left"),
            Column("shape"),
            *(Column(name, ".4g") for name in ("min", "mean", "max")),
        ]
        rows = [
            (name, " x ".join(map(str, array.shape)), array.min(), array.mean(), array.max()) for name, array in self
        ]
        note = f"J = {self.J:.6g}, of which regularisation {self.regularization:.6g}"
        return Table(tuple(columns), rows, notes=[note])

    def to_frame(self) -> Any:
        """Convert the table to a pandas frame.

        Returns
        -------
        pandas.DataFrame
            One row for each quantity.
        """
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
    """(P1)-(P4), (J), (B1)-(B4) Trace one forward and one backward pass.

    Parameters
    ----------
    X : array of shape (m, s_1)
        Inputs, one example per row.
    Y : array of shape (m, K)
        Targets.
    thetas, lam, hidden, output, sample_weight, norms : as for :func:`cost`
        The network, the regularisation and the weights of the examples.

    Returns
    -------
    Trace
        All quantities.  ``delta`` are derivatives of single examples without their weights; ``Delta`` and ``D``
        include the weights.

    Examples
    --------
    >>> seen = trace([[2.0]], [[1.0]], [[[0.0, 0.0]]])
    >>> print(seen)
    quantity  shape   min   mean   max
    A_1 = X   1 x 1     2      2     2
    Theta_1   1 x 2     0      0     0
    Z_2       1 x 1     0      0     0
    A_2 = H   1 x 1   0.5    0.5   0.5
    Y         1 x 1     1      1     1
    delta_2   1 x 1  -0.5   -0.5  -0.5
    Delta_1   1 x 2    -1  -0.75  -0.5
    D_1       1 x 2    -1  -0.75  -0.5
    <BLANKLINE>
    J = 0.693147, of which regularisation 0
    """
    examples, layers = as_problem(X, Y, thetas, lam, hidden, output, sample_weight, norms)
    # Copies, so that a trace does not change when the network is trained further.
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
