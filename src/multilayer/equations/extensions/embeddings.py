r"""Periodic embeddings: trained waves of single inputs, which the first layer receives beside the inputs.

    ====  ====================================================  ==============================================
    tag   equation                                              what it is
    ====  ====================================================  ==============================================
    (F1)  φ_jk = 2π w_jk x_j + b_jk,  u_jk = cos φ_jk           F waves of the input x_j
    (F2)  e_jo = c_jo + Σ_k A_jok u_jk,  A_1 = [x e_1 e_2 ...]  O mixtures of them, beside all inputs
    (F3)  D_c = 1/m Σ ε_jo,  D_A = 1/m Σ ε_jo u_jk              ε the derivative of the cost by e_jo
    (F4)  η_jk = Σ_o ε_jo A_jok,  D_b = -1/m Σ η_jk sin φ_jk,   by the chain rule; D_w has the factor 2π x_j more
          D_w = -1/m Σ η_jk 2π x_j sin φ_jk
    (F5)  ∂e_jo/∂x_j = -2π Σ_k A_jok w_jk sin φ_jk              for the derivative by the inputs (V2)
    ====  ====================================================  ==============================================

A network of relu or silu units bends slowly: a function that rises and falls often along one input needs many units.
Waves of trained frequency offer such functions to the first layer.  Small frequencies are safe: at w = 0 a wave is
constant, and the network is the one without it.

The derivative of the cost by A_1, of which ε is a part, is delta_2 Theta_1[:, 1:], as (B2) without g'.

References: Gorishniy et al. (2022), "On embeddings for numerical features in tabular deep learning"; Holzmüller et al.
(2024), "Better by default" (PBLD).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from multilayer.equations.activations import Array


class Waves(NamedTuple):
    """The parameters of a periodic embedding of e inputs, with F waves and O outputs for each.

    Attributes
    ----------
    frequencies : array of shape (e, F)
        The frequencies w.
    phases : array of shape (e, F)
        The phases b, in radians.
    mixtures : array of shape (e, O, F)
        The factors A of the waves.
    offsets : array of shape (e, O)
        The constants c.
    """

    frequencies: Array
    phases: Array
    mixtures: Array
    offsets: Array


def embed(X: Array, columns: Sequence[int], waves: Waves) -> Array:
    """(F1), (F2) Append the embeddings of some inputs to all inputs.

    Parameters
    ----------
    X : array of shape (m, s_1)
        Inputs.
    columns : sequence of e integers
        The embedded inputs.
    waves : Waves
        The parameters of the embedding.

    Returns
    -------
    array of shape (m, s_1 + e O)
        A_1: the inputs, then O numbers for each embedded input.

    Examples
    --------
    >>> waves = Waves(np.array([[0.5]]), np.array([[0.0]]), np.array([[[3.0]]]), np.array([[1.0]]))
    >>> embed(np.array([[7.0, 0.0], [7.0, 1.0]]), [1], waves)  # 1 + 3 cos(π x)
    array([[ 7.,  0.,  4.],
           [ 7.,  1., -2.]])
    """
    u = np.cos(_angles(X, columns, waves))  # (F1)  (m, e, F)
    e = waves.offsets + np.einsum("mjk,jok->mjo", u, waves.mixtures)  # (F2)  (m, e, O)
    return np.hstack([X, e.reshape(len(X), -1)])


def embedding_gradient(epsilon: Array, X: Array, columns: Sequence[int], waves: Waves, w: Array) -> Waves:
    """(F3), (F4) Compute the derivative of the examples' summed cost by the parameters, without the 1/m.

    Parameters
    ----------
    epsilon : array of shape (m, e O)
        The derivative of each example's cost by its embedding.
    X : array of shape (m, s_1)
        Inputs.
    columns : sequence of e integers
        The embedded inputs.
    waves : Waves
        The parameters of the embedding.
    w : array of shape (m,)
        Weights of the examples.

    Returns
    -------
    Waves
        The derivatives, in the shapes of the parameters.

    Examples
    --------
    >>> waves = Waves(np.array([[0.5]]), np.array([[0.0]]), np.array([[[3.0]]]), np.array([[1.0]]))
    >>> D = embedding_gradient(np.array([[1.0]]), np.array([[1.0]]), [0], waves, np.ones(1))
    >>> D.mixtures, D.offsets  # cos π and 1
    (array([[[-1.]]]), array([[1.]]))
    """
    angles = _angles(X, columns, waves)  # (m, e, F)
    weighted = w[:, np.newaxis, np.newaxis] * epsilon.reshape(len(X), *waves.offsets.shape)  # (m, e, O)
    eta = -np.sin(angles) * np.einsum("mjo,jok->mjk", weighted, waves.mixtures)  # (F4)  (m, e, F)
    return Waves(
        frequencies=2 * math.pi * np.einsum("mjk,mj->jk", eta, X[:, list(columns)]),
        phases=eta.sum(axis=0),
        mixtures=np.einsum("mjo,mjk->jok", weighted, np.cos(angles)),  # (F3)
        offsets=weighted.sum(axis=0),
    )


def embedding_input_gradient(v: Array, X: Array, columns: Sequence[int], waves: Waves) -> Array:
    """(F5) Compute the derivative by the inputs from the derivative by A_1.

    Parameters
    ----------
    v : array of shape (m, s_1 + e O)
        The derivative by A_1.
    X : array of shape (m, s_1)
        Inputs.
    columns : sequence of e integers
        The embedded inputs.
    waves : Waves
        The parameters of the embedding.

    Returns
    -------
    array of shape (m, s_1)
        The derivative by X.

    Examples
    --------
    >>> waves = Waves(np.array([[0.5]]), np.array([[0.0]]), np.array([[[3.0]]]), np.array([[1.0]]))
    >>> embedding_input_gradient(np.array([[10.0, 1.0]]), np.array([[0.5]]), [0], waves).round(3)  # 10 - 3π sin(π/2)
    array([[0.575]])
    """
    of_inputs, of_outputs = v[:, : X.shape[1]].copy(), v[:, X.shape[1] :].reshape(len(X), *waves.offsets.shape)
    slopes = -2 * math.pi * waves.frequencies * np.sin(_angles(X, columns, waves))  # (m, e, F)
    of_inputs[:, list(columns)] += np.einsum("mjo,jok,mjk->mj", of_outputs, waves.mixtures, slopes)
    return of_inputs


def _angles(X: Array, columns: Sequence[int], waves: Waves) -> Array:
    """(F1) φ, (m, e, F)."""
    return 2 * math.pi * X[:, list(columns), np.newaxis] * waves.frequencies + waves.phases
