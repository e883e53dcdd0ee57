"""The order of the sum over shards does not depend on the division among workers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from multilayer.engines.sharded.shards import ranges
from multilayer.engines.sharded.tree import Node, complete_subtrees, root, tree_sum


def bracket(left: str, right: str) -> str:
    return f"({left}{right})"


def shards_below(node: Node) -> range:
    return range(node.first, node.first + 2**node.level)


@given(n_shards=st.integers(1, 200), data=st.data())
def test_any_number_of_workers_adds_in_the_same_order(n_shards: int, data: st.DataObject) -> None:
    n_workers = data.draw(st.integers(1, n_shards))
    empty = data.draw(st.sets(st.integers(0, n_shards - 1)))

    def leaf(node: Node) -> str | None:
        return f"{node.place}," if node.place < n_shards and node.place not in empty else None

    expected = tree_sum(root(n_shards), lambda node: node.level == 0, leaf, bracket)
    known = {
        node: tree_sum(node, lambda inner: inner.level == 0, leaf, bracket)
        for first, stop in ranges(n_shards, n_workers)
        for node in complete_subtrees(first, stop)
    }
    received = tree_sum(root(n_shards), lambda node: node in known or node.level == 0, known.get, bracket)
    assert received == expected
    added = sorted(int(each) for each in (expected or "").replace("(", "").replace(")", "").split(",")[:-1])
    assert added == sorted(set(range(n_shards)) - empty)


@given(first=st.integers(0, 300), n=st.integers(0, 300))
def test_subtrees_of_a_range_are_complete_disjoint_and_few(first: int, n: int) -> None:
    nodes = complete_subtrees(first, first + n)
    assert [shard for node in nodes for shard in shards_below(node)] == list(range(first, first + n))
    parents = [(node.level, node.place // 2) for node in nodes]
    assert len(set(parents)) == len(parents)  # two children of one node would be that node


def test_the_sum_of_five_shards_has_this_order() -> None:
    assert root(5) == Node(3, 0)
    leaves = tree_sum(
        root(5), lambda node: node.level == 0, lambda node: "abcde"[node.place : node.place + 1] or None, bracket
    )
    assert leaves == "(((ab)(cd))e)"


def test_one_shard_is_its_own_root() -> None:
    assert root(1) == Node(0, 0)
    assert complete_subtrees(0, 1) == [root(1)]
