"""A journal keeps what is written, and only its own search goes on with it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.exceptions import JournalError
from multilayer.selection.searching.journal import Journal, Scored

ENTRIES = {
    (0, 0, 0): Scored(0.1 + 0.2, 3, False, 17, 0.25),
    (0, 1, 0): Scored(math.inf, 3),
    (2, 0, 1): Scored(-1e-300, 9, True, 17, 1.5, 'Error: "what"\n'),
}


def written(path: Path) -> Path:
    with Journal(path, "abc") as journal:
        for place, scored in ENTRIES.items():
            journal.add(place, scored)
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "journal")
    with Journal(path, "abc") as journal:
        assert journal.known == ENTRIES
        journal.add((3, 0, 0), Scored(math.nan, error="gone"))
    with Journal(path, "abc") as journal:
        assert len(journal.known) == 4
        assert math.isnan(journal.known[3, 0, 0].score)


def test_without_a_file_it_is_in_memory() -> None:
    with Journal(None, "abc") as journal:
        journal.add((0, 0, 0), Scored(1.0))
        assert journal.known == {(0, 0, 0): Scored(1.0)}


@given(st.integers(0, 600))
def test_a_torn_last_line_is_cut_off(tmp_path_factory: pytest.TempPathFactory, n_bytes: int) -> None:
    path = written(tmp_path_factory.mktemp("torn") / "journal")
    whole = path.read_bytes()
    path.write_bytes(whole[:n_bytes])
    with Journal(path, "abc") as journal:
        known = dict(journal.known)
        assert known.items() <= ENTRIES.items()
        assert len(known) == max(whole[:n_bytes].count(b"\n") - 1, 0)
        journal.add((9, 9, 9), Scored(0.5))
    with Journal(path, "abc") as journal:
        assert journal.known == known | {(9, 9, 9): Scored(0.5)}


def test_of_another_search_or_no_journal_at_all(tmp_path: Path) -> None:
    path = written(tmp_path / "journal")
    before = path.read_bytes()
    with pytest.raises(JournalError, match="is the journal of another search: the data, the estimator, the space"):
        Journal(path, "other").__enter__()
    assert path.read_bytes() == before
    path.write_text("a,b\n1,2\n")
    with pytest.raises(JournalError, match=r"is no journal of a search\. Name another file; this one is left as it is"):
        Journal(path, "abc").__enter__()
    assert path.read_text() == "a,b\n1,2\n"
    path.write_text('{"format": "multilayer-search-journal", "version": 99}\n')
    with pytest.raises(JournalError, match="is a journal of version 99, and this release reads version 1"):
        Journal(path, "abc").__enter__()
    for line in ("nonsense", "[1]", '{"trial": 1}', '{"trial": 0, "fold": 0, "rung": 0, "score": 1, "what": 2}'):
        written(path := tmp_path / "damaged")
        path.write_text(path.read_text() + line + "\n")
        with pytest.raises(JournalError, match="is damaged in line 5"):
            Journal(path, "abc").__enter__()
        path.unlink()


def test_one_search_at_a_time(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    path = tmp_path / "journal"
    with Journal(path, "abc"), pytest.raises(JournalError, match="is in use by another search"):
        Journal(path, "abc").__enter__()
    with Journal(path, "abc"):
        pass
