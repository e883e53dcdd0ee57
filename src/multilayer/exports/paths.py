"""Trees as arrays of another form: the paths to their leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.tables.models.forest import Forest


@dataclass(frozen=True, eq=False)
class Paths:
    """The comparisons on the path to each leaf, for T trees of at most n comparisons and l leaves.

    A row reaches the leaf for which the signs of the comparisons that are true sum to ``turns``.

    Attributes
    ----------
    features, thresholds : arrays of shape (T, n)
        What is compared: the number of an input, with the largest number that goes to the left.
    signs : array of float32 of shape (T, n, l)
        1 where the leaf is on the left of the comparison, -1 on the right, 0 if it is not on the path.
    turns : array of float32 of shape (T, 1, l)
        The number of comparisons on the path that are true; -1 for leaves that smaller trees do not have.
    values : array of shape (T, l, k)
        The values of the leaves for each of k outputs.
    """

    features: NDArray[np.int64]
    thresholds: NDArray[np.float64]
    signs: NDArray[np.float32]
    turns: NDArray[np.float32]
    values: NDArray[np.float64]


def paths_of(forest: Forest) -> Paths:
    """Return the paths of trees."""
    n_nodes = len(forest.left)
    is_leaf = forest.left == np.arange(n_nodes)
    stops = [*forest.starts[1:].tolist(), n_nodes]
    inner, leaves = [], []
    for start, stop in zip(forest.starts.tolist(), stops, strict=True):
        numbers = np.arange(start, stop)
        inner.append(numbers[~is_leaf[start:stop]])
        leaves.append(numbers[is_leaf[start:stop]])
    T, n, most = len(inner), max(1, *map(len, inner)), max(map(len, leaves))
    k = forest.baseline.shape[1]
    features, thresholds = np.zeros((T, n), dtype=np.int64), np.zeros((T, n))
    signs, turns = np.zeros((T, n, most), dtype=np.float32), np.full((T, 1, most), -n - 1.0, dtype=np.float32)
    values = np.zeros((T, most, k))
    above = _parents(forest, is_leaf)
    for tree in range(T):
        features[tree, : len(inner[tree])] = forest.feature[inner[tree]]
        thresholds[tree, : len(inner[tree])] = forest.threshold[inner[tree]]
        places = {int(node): place for place, node in enumerate(inner[tree])}
        for leaf, node in enumerate(leaves[tree].tolist()):
            turns[tree, 0, leaf], values[tree, leaf, tree % k] = 0.0, forest.value[node]
            while node in above:
                node, is_left = above[node]
                signs[tree, places[node], leaf] = 1.0 if is_left else -1.0
                turns[tree, 0, leaf] += is_left
    return Paths(features, thresholds, signs, turns, values)


def _parents(forest: Forest, is_leaf: NDArray[np.bool_]) -> dict[int, tuple[int, bool]]:
    """Return the parent of each node, and whether the node is on its left."""
    found = {}
    for node in np.flatnonzero(~is_leaf).tolist():
        found[int(forest.left[node])] = node, True
        found[int(forest.right[node])] = node, False
    return found


def depth_of(forest: Forest) -> int:
    """Return the largest number of comparisons on a path."""
    nodes, depth = forest.starts, 0
    while True:
        nodes = np.unique(np.concatenate([forest.left[nodes], forest.right[nodes]]))
        if (forest.left[nodes] == nodes).all():
            return depth + 1
        depth += 1


def arrays_of(forest: Forest) -> list[Any]:
    """Return the depth and the arrays of trees, as the function ``trees`` of an exported Python file takes them."""
    whole = (forest.starts, forest.feature, forest.left, forest.right)
    starts, feature, left, right = (each.astype(np.int32) for each in whole)
    depth = np.array([float(depth_of(forest))])
    return [depth, starts, feature, forest.threshold, left, right, forest.value, forest.baseline.ravel()]
