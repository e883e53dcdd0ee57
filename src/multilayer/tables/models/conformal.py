"""Conformal sets of classes and intervals of amounts, from predictions for rows that were not trained on.

n rows with known targets have scores s_i, which are large where the prediction fits the target badly.  A set or an
interval holds all targets whose score is at most q, the quantile (Q1) of the n scores.  If the scores of the n rows and
of a new row are exchangeable, the target of the new row is in the set with probability of at least the coverage.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from multilayer._checks import check_real

Floats = NDArray[np.float64]


def check_coverage(coverage: float) -> float:
    """Return the coverage, a number above 0 and below 1."""
    return check_real("coverage", coverage, 0.0, 1.0, open_low=True, open_high=True)


@dataclass(frozen=True, eq=False)
class Conformity:
    """The scores of a fit in ascending order, from which the quantile of any coverage follows.

    Attributes
    ----------
    scores : array of shape (n,)
        The scores; those of rows of weight 0 are omitted.
    below : array of shape (n,) or None
        For each score, the sum of the weights up to it, over their mean; None for equal weights.
    """

    scores: Floats
    below: Floats | None

    @classmethod
    def of(cls, scores: Floats, weight: Floats | None = None) -> Conformity:
        """Sort scores with their weights."""
        if weight is not None:
            scores, weight = scores[weight > 0], weight[weight > 0]
            if len(scores) and weight.min() < weight.max():
                order = np.argsort(scores, kind="stable")
                return cls(scores[order], np.cumsum(weight[order] / weight.mean()))
        return cls(np.sort(scores), None)

    def quantile(self, coverage: float) -> float:
        """(Q1) Return q, the score of rank ⌈(n + 1) c⌉ among n; infinity if the rank is above n.

        With weights, whose mean is scaled to 1, q is the smallest score for which the rows of scores of at most q weigh
        at least (n + 1) c.

        Parameters
        ----------
        coverage : float
            c, above 0 and below 1.

        Returns
        -------
        float
            q.

        Examples
        --------
        >>> scores = Conformity.of(np.array([3.0, 1.0, 2.0, 4.0]))
        >>> scores.quantile(0.6), scores.quantile(0.9)
        (3.0, inf)

        References
        ----------
        Vovk, V., Gammerman, A. and Shafer, G. (2005). Algorithmic Learning in a Random World. Springer.  Tibshirani,
        R. J., Barber, R. F., Candès, E. J. and Ramdas, A. (2019). Conformal prediction under covariate shift. NeurIPS.
        """
        n = len(self.scores)
        if self.below is None:
            # The fraction as written: 0.07 · 100 is above 7 in floating point.
            at = math.ceil((n + 1) * Fraction(repr(float(coverage)))) - 1
        else:
            at = int(np.searchsorted(self.below, coverage * (n + 1) * (1.0 - 1e-12)))
        return float(self.scores[at]) if at < n else math.inf


def class_sets(probabilities: Floats, limit: float, *, allow_empty: bool) -> NDArray[np.bool_]:
    """(Q2) {k : 1 - p_k <= q}: whether each class is in the set of each row, (m, K).

    The score of a row is s_i = 1 - p_{i, y_i}.  Among all rules of this coverage, it has the smallest sets on average
    if the probabilities are right.

    Parameters
    ----------
    probabilities : array of shape (m, K)
        The probabilities p.
    limit : float
        q.
    allow_empty : bool
        Whether a set may be empty; otherwise the most probable class is always in it.

    Returns
    -------
    array of bool of shape (m, K)
        The sets.

    Examples
    --------
    >>> class_sets(np.array([[0.2, 0.5, 0.3], [0.0, 0.9, 0.1]]), 0.75, allow_empty=True).tolist()
    [[False, True, True], [False, True, False]]

    References
    ----------
    Sadinle, M., Lei, J. and Wasserman, L. (2019). Least ambiguous set-valued classifiers with bounded error levels.
    Journal of the American Statistical Association 114.
    """
    found: NDArray[np.bool_] = 1.0 - probabilities <= limit
    if not allow_empty:
        found[np.arange(len(found)), probabilities.argmax(axis=1)] = True
    return found


def symmetric_interval(
    predicted: Floats, spread: Floats, conformity: Conformity, coverage: float
) -> tuple[Floats, Floats]:
    """(Q3) ŷ ± q σ(x), with the scores s_i = abs(y_i - ŷ_i) / σ(x_i).

    Parameters
    ----------
    predicted, spread : arrays of shape (m,)
        ŷ and σ of the new rows.
    conformity : Conformity
        The scores s_i.
    coverage : float
        The coverage.

    Returns
    -------
    lower, upper : arrays of shape (m,)
        The ends.

    References
    ----------
    Papadopoulos, H., Gammerman, A. and Vovk, V. (2008). Normalized nonconformity measures for regression conformal
    prediction. AIA.  Lei, J., G'Sell, M., Rinaldo, A., Tibshirani, R. J. and Wasserman, L. (2018). Distribution-free
    predictive inference for regression. Journal of the American Statistical Association 113.
    """
    half = conformity.quantile(coverage) * spread
    return predicted - half, predicted + half


def two_tailed_interval(
    predicted: Floats, spread: Floats, tails: Sequence[Conformity], coverage: float
) -> tuple[Floats, Floats]:
    """(Q4) [ŷ - q_low σ(x), ŷ + q_high σ(x)], with the scores -z_i and z_i, z_i = (y_i - ŷ_i) / σ(x_i).

    Each end has half of the error.  The ends do not cross, because each leaves out at most half of the scores.  This
    suits predictions that are not in the middle, such as the 0.9 quantile.

    Parameters
    ----------
    predicted, spread : arrays of shape (m,)
        ŷ and σ of the new rows.
    tails : pair of Conformity
        The scores -z_i and z_i.
    coverage : float
        The coverage.

    Returns
    -------
    lower, upper : arrays of shape (m,)
        The ends.
    """
    of_end = (1.0 + coverage) / 2.0
    low, high = (each.quantile(of_end) * spread for each in tails)
    return predicted - low, predicted + high


def quantile_interval(low: Floats, high: Floats, conformity: Conformity, coverage: float) -> tuple[Floats, Floats]:
    """(Q5) [ŷ_low - q, ŷ_high + q], with the scores s_i = max(ŷ_low,i - y_i, y_i - ŷ_high,i).

    q may be negative.  Ends that would cross are both put in the middle.

    Parameters
    ----------
    low, high : arrays of shape (m,)
        The lowest and the highest predicted quantile of the new rows.
    conformity : Conformity
        The scores s_i.
    coverage : float
        The coverage.

    Returns
    -------
    lower, upper : arrays of shape (m,)
        The ends.

    References
    ----------
    Romano, Y., Patterson, E. and Candès, E. J. (2019). Conformalized quantile regression. NeurIPS.
    """
    q = conformity.quantile(coverage)
    middle = 0.5 * (low + high)
    return np.minimum(low - q, middle), np.maximum(high + q, middle)
