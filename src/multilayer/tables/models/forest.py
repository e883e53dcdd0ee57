"""Gradient-boosted trees as arrays: what scikit-learn's trees have learnt, and predictions with the same bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.utils.extmath import softmax

Link = Literal["identity", "log", "logit", "multinomial"]
MOST_CELLS = 1 << 22  # of rows and trees that are followed at once


@dataclass(frozen=True, eq=False)
class Forest:
    """Fitted trees.  Node i is a leaf if ``left[i] == i``; otherwise its children lie behind it.

    Attributes
    ----------
    width : int
        The number of inputs.
    starts : array of int of shape (n_trees,)
        The first node of each tree, its root.
    feature, left, right : arrays of int of shape (n_nodes,)
        The input that a node compares, and its children: left for numbers of at most ``threshold``.
    threshold : array of shape (n_nodes,)
        The thresholds; infinity is allowed.
    missing_left : array of bool of shape (n_nodes,)
        Whether NaN goes to the left.
    value : array of shape (n_nodes,)
        The value of each leaf.
    baseline : array of shape (1, k)
        The sums before the first tree, for k trees in each iteration.
    link : {"identity", "log", "logit", "multinomial"}
        How a sum becomes an amount or probabilities.
    classes : array of int or None
        The classes of a classifier.
    """

    width: int
    starts: NDArray[np.int64]
    feature: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    threshold: NDArray[np.float64]
    missing_left: NDArray[np.bool_]
    value: NDArray[np.float64]
    baseline: NDArray[np.float64]
    link: Link
    classes: NDArray[np.int64] | None = None

    @property
    def classes_(self) -> NDArray[np.int64] | None:
        """The classes, under scikit-learn's name."""
        return self.classes

    def sums(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return the baseline plus the values of the leaves, added tree by tree as scikit-learn does, (m, k)."""
        X = np.asarray(X, dtype=np.float64)
        found = np.zeros((len(X), self.baseline.shape[1]), order="F")
        found += self.baseline
        step = max(1, MOST_CELLS // max(len(self.starts), 1))
        for start in range(0, len(X), step):
            leaves = self._leaves(X[start : start + step])
            for tree, values in enumerate(self.value[leaves].T):
                found[start : start + step, tree % self.baseline.shape[1]] += values
        return found

    def _leaves(self, X: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the leaf of each row in each tree, (m, n_trees)."""
        rows = np.arange(len(X))[:, np.newaxis]
        nodes = np.tile(self.starts, (len(X), 1))
        while True:
            x = X[rows, self.feature[nodes]]
            is_left = np.where(np.isnan(x), self.missing_left[nodes], x <= self.threshold[nodes])
            following = np.where(is_left, self.left[nodes], self.right[nodes])
            if np.array_equal(following, nodes):
                return nodes
            nodes = following

    def predict(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return amounts, (m,)."""
        sums = self.sums(X).ravel()
        return np.exp(sums) if self.link == "log" else sums

    def predict_proba(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return the probabilities of ``classes``, (m, n_classes)."""
        sums = self.sums(X)
        if self.link == "multinomial":
            return np.asarray(softmax(sums, copy=False))
        found = np.empty((len(sums), 2))
        found[:, 1] = expit(sums[:, 0])
        found[:, 0] = 1.0 - found[:, 1]
        return found


_LINKS: dict[str, Link] = {
    "IdentityLink": "identity",
    "LogLink": "log",
    "LogitLink": "logit",
    "HalfLogitLink": "logit",
    "MultinomialLogit": "multinomial",
}


def forest_of(model: Any) -> Forest:
    """Read the trees of a fitted HistGradientBoostingClassifier or HistGradientBoostingRegressor of numbers only.

    Examples
    --------
    >>> from sklearn.ensemble import HistGradientBoostingRegressor
    >>> X = np.arange(100.0)[:, None]
    >>> model = HistGradientBoostingRegressor(max_iter=5).fit(X, np.sin(X[:, 0]))
    >>> bool((forest_of(model).predict(X) == model.predict(X)).all())
    True
    """
    trees = list(_trees(model))
    sizes = np.array([len(nodes) for nodes in trees], dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    nodes = np.concatenate(trees)
    own, first, is_leaf = np.arange(len(nodes)), np.repeat(starts, sizes), nodes["is_leaf"].astype(bool)
    classes = getattr(model, "classes_", None)
    return Forest(
        int(model.n_features_in_),
        starts,
        np.where(is_leaf, 0, nodes["feature_idx"]).astype(np.int64),
        np.where(is_leaf, own, first + nodes["left"]),
        np.where(is_leaf, own, first + nodes["right"]),
        np.where(is_leaf, 0.0, nodes["num_threshold"]),
        ~is_leaf & nodes["missing_go_to_left"].astype(bool),
        nodes["value"].astype(np.float64),
        np.array(model._baseline_prediction, dtype=np.float64).reshape(1, -1),
        _LINKS[type(model._loss.link).__name__],
        None if classes is None else np.asarray(classes, dtype=np.int64),
    )


def _trees(model: Any) -> Iterator[NDArray[Any]]:
    """Yield the nodes of each tree, iteration by iteration."""
    for of_iteration in model._predictors:
        for predictor in of_iteration:
            if predictor.nodes["is_categorical"].any():
                raise ValueError("Trees with categorical splits are not arrays of numbers.")
            yield predictor.nodes
