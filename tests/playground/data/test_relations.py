"""The pair of columns that is most related to the target."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from multilayer.playground.data.play_data import PlayData
from multilayer.playground.data.relations import most_related_pair
from multilayer.playground.data.table_data import table_data


def data_of(X: NDArray[np.float64], y: list[object]) -> PlayData:
    lines = [",".join([*(f"c{j}" for j in range(X.shape[1])), "y"])]
    lines += [",".join([*map(str, row), str(target)]) for row, target in zip(X.tolist(), y, strict=True)]
    return table_data(io.BytesIO("\n".join(lines).encode()), "y")


def test_the_most_related_column_is_first() -> None:
    X = np.random.default_rng(0).normal(size=(500, 5))
    amounts = 3 * np.abs(X[:, 3]) + X[:, 1]
    assert most_related_pair(data_of(X, amounts.tolist())) == ("c3", "c1")
    classes = ["far" if 3 * abs(row[3]) + row[1] > 2.5 else "near" for row in X]
    assert most_related_pair(data_of(X, list(classes))) == ("c3", "c1")


def test_of_many_columns_the_promising_ones_are_compared() -> None:
    X = np.random.default_rng(0).normal(size=(500, 60))
    assert most_related_pair(data_of(X, (X[:, 50] + 2 * X[:, 7]).tolist())) == ("c7", "c50")


def test_a_copy_of_the_first_column_spans_no_plane() -> None:
    X = np.random.default_rng(0).normal(size=(500, 3))
    X[:, 1] = 5 - 2 * X[:, 0]
    pair = most_related_pair(data_of(X, (X[:, 0] + 0.1 * X[:, 2]).tolist()))
    assert pair is not None
    assert "c2" in pair
    # If there is nothing else, it is better than nothing.
    assert most_related_pair(data_of(X[:, :2], (X[:, 0] + 0.5).tolist())) in (("c0", "c1"), ("c1", "c0"))


def test_text_makes_no_pair() -> None:
    lines = ["word,size,y", *(f"{'ab'[i % 2]},{i % 7},{i % 3}" for i in range(60))]
    assert most_related_pair(table_data(io.BytesIO("\n".join(lines).encode()), "y")) is None
