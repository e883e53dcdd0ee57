"""Hashes of rows: SplitMix64, independence of places and orders, and uniformity."""

from __future__ import annotations

import datetime as dt
import hashlib
import struct

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from multilayer.tables._column_data import ColumnData
from multilayer.tables._frames import columns_of
from multilayer.tables.streaming import RowHasher
from multilayer.tables.streaming.row_hashes import mixed

GOLDEN = [14473782595665127689, 1634795403724522808, 6628706607262453137]
TABLE = pa.table({
    "size": [1.5, -0.0, None],
    "town": ["Ulm", "Zürich", None],
    "flag": [True, None, False],
    "day": [dt.date(2026, 11, 28), None, dt.date(1969, 12, 31)],
})  # fmt: skip


def hashes(table, hasher=None):
    return (hasher or RowHasher()).hashes(columns_of(table))


def test_mixing_is_that_of_splitmix64():
    """The first outputs of the reference implementation in C with the seed 1234567."""
    golden = 0x9E3779B97F4A7C15
    states = np.array([(1234567 + i * golden) % 2**64 for i in range(5)], dtype=np.uint64)
    assert mixed(states).tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert states[0] == 1234567


def by_hand(row: dict[str, float | str | None]) -> int:
    """Compute the hash of a row with whole numbers of Python."""

    def mix(z: int) -> int:
        z = (z + 0x9E3779B97F4A7C15) % 2**64
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return z ^ (z >> 31)

    def digest(word: str) -> int:
        return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")

    total = 0
    for name, value in row.items():
        cell = 0x9AE16A3B2F90404F if value is None else digest(value) if isinstance(value, str) else 0
        if isinstance(value, float):
            cell = int.from_bytes(struct.pack("<d", value), "little")
        total += mix(cell ^ mix(digest(name)))
    return mix(total % 2**64)


def test_hashes_never_change():
    first = {"size": 1.5, "town": "Ulm", "flag": 1.0, "day": 1795824000.0}
    second = {"size": 0.0, "town": "Zürich", "flag": None, "day": None}
    third = {"size": None, "town": None, "flag": 0.0, "day": -86400.0}
    assert hashes(TABLE).tolist() == [by_hand(first), by_hand(second), by_hand(third)] == GOLDEN


def test_types_of_equal_values_do_not_matter():
    other = pa.table({
        "size": pa.array([1.5, 0.0, float("nan")], pa.float32()),
        "town": pa.array(["Ulm", "Zürich", None]).dictionary_encode(),
        "flag": pa.array([1, None, 0], pa.int8()),
        "day": TABLE["day"].cast(pa.timestamp("ns")),
    })  # fmt: skip
    assert hashes(other).tolist() == hashes(TABLE).tolist()


def test_words_of_a_block_do_not_matter():
    """A column of text shares the words of a larger one."""
    column = ColumnData.of_texts(["a", "b", "a", None, "c"])
    part = columns_of(pa.table({"t": ["c", "a"]}))
    whole = columns_of(pa.table({"t": ["x"] * 5})).set_column(0, "t", column)
    assert RowHasher().hashes(whole)[[4, 0]].tolist() == RowHasher().hashes(part).tolist()


@pytest.mark.parametrize(
    "other",
    [
        {"a": [2], "b": [1]},  # exchanged
        {"a": [1], "c": [2]},  # another name
        {"a": [1], "b": [None]},
        {"a": [1], "b": ["2"]},
        {"a": [1], "b": [2 + 2**-51]},
    ],
)
def test_other_content_has_another_hash(other):
    assert hashes(pa.table({"a": [1], "b": [2]})) != hashes(pa.table(other))


cells = st.one_of(st.none(), st.text(max_size=3))
numbers = st.one_of(st.none(), st.floats(width=32), st.integers(-3, 3).map(float))


@given(rows=st.lists(st.tuples(cells, numbers, cells), min_size=1, max_size=8), data=st.data())
def test_orders_and_blocks_do_not_matter(rows, data):
    columns = dict(zip("abc", map(list, zip(*rows, strict=True)), strict=True))
    types = {"a": pa.string(), "b": pa.float64(), "c": pa.string()}
    table = pa.table({name: pa.array(columns[name], types[name]) for name in columns})
    whole = hashes(table)
    order = data.draw(st.permutations(["a", "b", "c"]))
    assert hashes(table.select(order)).tolist() == whole.tolist()
    cut = data.draw(st.integers(0, len(rows)))
    hasher = RowHasher()
    parts = [hashes(part, hasher) for part in (table[:cut], table[cut:])]
    assert np.concatenate(parts).tolist() == whole.tolist()
    for i in range(len(rows)):
        for j in range(i):
            same = table.slice(i, 1).to_pandas().equals(table.slice(j, 1).to_pandas())
            assert (whole[i] == whole[j]) == same


def test_the_cache_of_words_is_bounded_and_changes_nothing(monkeypatch):
    monkeypatch.setattr("multilayer.tables.streaming.row_hashes._MOST_WORDS", 8)
    hasher = RowHasher()
    for start in range(0, 40, 4):
        words = [f"w{i}" for i in range(start, start + 4)] + ["long" * 20]
        table = pa.table({"t": words * 3})
        assert hashes(table, hasher).tolist() == hashes(table).tolist()
        assert 0 < len(hasher._words) <= 8
    assert max(map(len, hasher._words)) <= 64


@pytest.mark.parametrize("kind", ["counter", "normal", "words", "two columns"])
@pytest.mark.parametrize("shift", [0, 28, 56])
def test_hashes_are_uniform(kind, shift):
    """Chi-square of 256 bins by the lowest, middle and highest bits; the seed is fixed."""
    m = 20_000
    columns = {
        "counter": {"a": np.arange(m)},
        "normal": {"a": np.random.default_rng(0).normal(size=m)},
        "words": {"a": [f"word {i}" for i in range(m)]},
        "two columns": {"a": np.arange(m) % 100, "b": np.arange(m) // 100},
    }[kind]
    found = hashes(pa.table(columns))
    counts = np.bincount(((found >> np.uint64(shift)) & np.uint64(255)).astype(np.intp), minlength=256)
    assert stats.chisquare(counts).pvalue > 1e-3
    assert len(np.unique(found)) == m
