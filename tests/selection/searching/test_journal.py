"""A journal keeps what is written, and only its own search goes on with it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.exceptions import JournalError, ParameterError
from multilayer.selection.searching.journal import Journal, Scored

ENTRIES = {
    ("a", 0, 6): Scored(0.1 + 0.2, 3, False, 17, 0.25),
    ("a", 1, 6): Scored(math.inf, 3),
    ("b", 0, 0): Scored(-1e-300, 9, True, 17, 1.5, 'Error: "what"\n'),
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
        journal.add(("c", 0, 0), Scored(math.nan, error="gone"))
    with Journal(path, "abc") as journal:
        assert len(journal.known) == 4
        assert math.isnan(journal.known["c", 0, 0].score)


def test_without_a_file_it_is_in_memory() -> None:
    with Journal(None, "abc") as journal:
        journal.add(("a", 0, 0), Scored(1.0))
        assert journal.known == {("a", 0, 0): Scored(1.0)}


@given(st.integers(0, 600))
def test_a_torn_last_line_is_cut_off(tmp_path_factory: pytest.TempPathFactory, n_bytes: int) -> None:
    path = written(tmp_path_factory.mktemp("torn") / "journal")
    whole = path.read_bytes()
    path.write_bytes(whole[:n_bytes])
    with Journal(path, "abc") as journal:
        known = dict(journal.known)
        assert known.items() <= ENTRIES.items()
        assert len(known) == max(whole[:n_bytes].count(b"\n") - 1, 0)
        journal.add(("z", 9, 9), Scored(0.5))
    with Journal(path, "abc") as journal:
        assert journal.known == known | {("z", 9, 9): Scored(0.5)}


def test_of_another_search_or_no_journal_at_all(tmp_path: Path) -> None:
    path = written(tmp_path / "journal")
    before = path.read_bytes()
    with pytest.raises(JournalError, match="is the journal of another search: the data, the estimator, the folds"):
        Journal(path, "other").__enter__()
    assert path.read_bytes() == before
    for foreign in (b"a,b\n1,2\n", b'{"a": 1}', b"notes without a newline", b"\x00\x01\x02", b'{"format": "other"}\n'):
        path.write_bytes(foreign)
        with pytest.raises(
            JournalError, match=r"is no journal of a search\. Name another file; this one is left as it is"
        ):
            Journal(path, "abc").__enter__()
        assert path.read_bytes() == foreign
    path.write_text('{"format": "multilayer-search-journal", "version": 99}\n')
    with pytest.raises(JournalError, match="is a journal of version 99, and this release reads version 1"):
        Journal(path, "abc").__enter__()
    entry = '{"candidate": "a", "fold": 0, "to": 0, "params": "", "score": 1, "what": 2}'
    for line in ("nonsense", "[1]", '{"candidate": "a"}', entry):
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


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing" / "journal"):
        with pytest.raises(JournalError, match="cannot be opened as a journal"):
            Journal(path, "abc").__enter__()
    with pytest.raises(ParameterError, match="journal must be a path or None, got 3"):
        Journal(3, "abc")  # type: ignore[arg-type]


def test_it_can_be_read_by_people(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal", "abc") as journal:
        journal.add(("a", 0, 0), Scored(0.5), "{'alpha': 0.1}")
    assert "{'alpha': 0.1}" in (tmp_path / "journal").read_text()
