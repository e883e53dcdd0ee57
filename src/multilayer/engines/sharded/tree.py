"""A sum over shards in a fixed order: a binary tree over shard numbers.

The leaves are the shards, in order, padded with empty leaves to a power of two.  A node of level h sums 2^h adjacent
shards: those of its left child plus those of its right child.  Which worker has which shards does not change the tree,
so the rounding of the sum does not depend on the number of workers.  Example with five shards:

    level 3                 0-7
    level 2         0-3             4-7
    level 1     0-1     2-3     4-5     empty
    level 0     0   1   2   3   4  empty
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

Value = TypeVar("Value")


class Node(NamedTuple):
    """The shards from ``place * 2**level`` up to but not including ``(place + 1) * 2**level``."""

    level: int
    place: int

    @property
    def first(self) -> int:
        """The first shard."""
        return self.place << self.level


def root(n_shards: int) -> Node:
    """Return the node that sums all shards."""
    return Node((n_shards - 1).bit_length(), 0)


def complete_subtrees(first: int, stop: int) -> list[Node]:
    """Return the fewest nodes that sum the shards from ``first`` up to but not including ``stop``, in order.

    Examples
    --------
    >>> complete_subtrees(3, 8)
    [Node(level=0, place=3), Node(level=2, place=1)]
    """
    nodes = []
    while first < stop:
        fitting = (stop - first).bit_length() - 1
        level = min(fitting, (first & -first).bit_length() - 1) if first else fitting
        nodes.append(Node(level, first >> level))
        first += 1 << level
    return nodes


def tree_sum(
    node: Node,
    is_known: Callable[[Node], bool],
    value: Callable[[Node], Value | None],
    add: Callable[[Value, Value], Value],
) -> Value | None:
    """Return the sum of a node: its value if it is known, else the sum of its children.

    Parameters
    ----------
    node : Node
        The node.
    is_known : callable
        Whether the value of a node is known; leaves must be.
    value : callable
        The known value of a node; None if none of its shards has rows.
    add : callable
        The sum of two values.

    Returns
    -------
    Value or None
        The sum; None if none of the shards has rows.
    """
    if is_known(node):
        return value(node)
    left, right = (tree_sum(Node(node.level - 1, 2 * node.place + side), is_known, value, add) for side in (0, 1))
    if left is None or right is None:
        return right if left is None else left
    return add(left, right)
