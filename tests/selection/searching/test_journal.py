"""A journal stores results, and only the search that wrote it can resume from it."""

from __future__ import annotations

import json
import math
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.exceptions import JournalError, ParameterError
from multilayer.selection.searching import journal as journal_module
from multilayer.selection.searching.journal import MAX_LINE, Journal, Scored, _check

ENTRIES = {
    ("a", 0, 6): Scored(0.1 + 0.2, 3, False, 17, 0.25),
    ("a", 1, 6): Scored(math.inf, 3),
    ("b", 0, 0): Scored(-1e-300, 9, True, 17, 1.5, 'Error: "what"\n'),
}


def write_journal(path: Path) -> Path:
    with Journal(path, "abc") as journal:
        for place, scored in ENTRIES.items():
            journal.add(place, scored)
    return path


def test_stored_results_are_read_back(tmp_path: Path) -> None:
    path = write_journal(tmp_path / "journal")
    with Journal(path, "abc") as journal:
        assert journal.known == ENTRIES
        journal.add(("c", 0, 0), Scored(math.nan, error="gone"))
    with Journal(path, "abc") as journal:
        assert len(journal.known) == 4
        assert math.isnan(journal.known["c", 0, 0].score)


def test_a_journal_without_a_file_is_kept_in_memory() -> None:
    with Journal(None, "abc") as journal:
        journal.add(("a", 0, 0), Scored(1.0))
        assert journal.known == {("a", 0, 0): Scored(1.0)}


@given(st.integers(0, 600))
def test_an_incomplete_last_line_is_removed(tmp_path_factory: pytest.TempPathFactory, n_bytes: int) -> None:
    path = write_journal(tmp_path_factory.mktemp("torn") / "journal")
    whole = path.read_bytes()
    path.write_bytes(whole[:n_bytes])
    with Journal(path, "abc") as journal:
        known = dict(journal.known)
        assert known.items() <= ENTRIES.items()
        assert len(known) == max(whole[:n_bytes].count(b"\n") - 1, 0)
        journal.add(("z", 9, 9), Scored(0.5))
    with Journal(path, "abc") as journal:
        assert journal.known == known | {("z", 9, 9): Scored(0.5)}


def test_a_journal_of_another_search_or_a_foreign_file_raises_an_error(tmp_path: Path) -> None:
    path = write_journal(tmp_path / "journal")
    before = path.read_bytes()
    with pytest.raises(JournalError, match="is the journal of another search: the data, the estimator, the folds"):
        Journal(path, "other").__enter__()
    assert path.read_bytes() == before
    for foreign in (b"a,b\n1,2\n", b'{"a": 1}', b"notes without a newline", b"\x00\x01\x02", b'{"format": "other"}\n'):
        path.write_bytes(foreign)
        with pytest.raises(
            JournalError, match=r"is no journal of a search\. Name another file; this one is not changed"
        ):
            Journal(path, "abc").__enter__()
        assert path.read_bytes() == foreign
    for version in ("1", "99", '"2"'):
        path.write_text('{"format": "multilayer-search-journal", "version": ' + version + "}\n")
        with pytest.raises(JournalError, match=r"is a journal of version '[0-9]+', and this release reads version 2"):
            Journal(path, "abc").__enter__()


ENTRY = {"candidate": "a", "fold": 0, "to": 6, "score": 0.5, "epochs": 3, "has_ended": False, "n_weights": 17}
ENTRY |= {"seconds": 0.25, "error": "", "params": ""}


def with_valid_checksum(text: str) -> bytes:
    return text[:-1].encode() + f', "check": "{_check(text[:-1].encode())}"}}\n'.encode()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"nonsense\n", "its checksum is missing or wrong"),
        (b"\n", "its checksum is missing or wrong"),
        (json.dumps(ENTRY).encode() + b"\n", "its checksum is missing or wrong"),
        (b"x" * (MAX_LINE + 9) + b"\n", "its checksum is missing or wrong"),
        (with_valid_checksum('{"candidate": "a"}'), "it must have the members candidate, fold, to, score"),
        (with_valid_checksum(json.dumps(ENTRY | {"what": 1})), "it must have the members"),
        (with_valid_checksum(json.dumps(ENTRY)[:-1] + ', "fold": 1}'), "the key 'fold' occurs twice"),
        *(
            (with_valid_checksum(json.dumps(ENTRY | {name: value})), f"{name} cannot be ")
            for name, value in {
                "candidate": 3,
                "fold": True,
                "to": 2**70 - 2**70 - 1,
                "score": "high",
                "epochs": 1.5,
                "has_ended": 1,
                "n_weights": None,
                "seconds": -1,
                "error": ["what"],
                "params": "x" * 20_000,
            }.items()
        ),
        (with_valid_checksum(json.dumps(ENTRY | {"to": 2**70})), "has more than 64 bits"),
        (with_valid_checksum(json.dumps(ENTRY).replace("0.5", "1e999")), "outside the range of float64"),
        (with_valid_checksum(json.dumps(ENTRY).replace("0.5", "NaN")), "NaN is not JSON"),
    ],
)
def test_damaged_lines_raise_errors_that_name_the_line(tmp_path: Path, line: bytes, message: str) -> None:
    path = write_journal(tmp_path / "journal")
    whole = path.read_bytes()
    for content, number in ((whole + line, 5), (whole.replace(b"\n", b"\n" + line, 1), 2)):
        path.write_bytes(content)
        with pytest.raises(JournalError, match=rf"journal is damaged in line {number}: .*{re.escape(message)}"):
            Journal(path, "abc").__enter__()
        assert path.read_bytes() == content


@given(st.data())
def test_any_changed_byte_raises_an_error(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = write_journal(tmp_path_factory.mktemp("changed") / "journal")
    whole = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(whole) - 2))
    whole[place] = data.draw(st.integers(1, 255).filter(lambda byte: byte != whole[place]))
    path.write_bytes(whole)
    with pytest.raises(JournalError, match=r"is damaged in line|is no journal of a search|of version"):
        Journal(path, "abc").__enter__()


def test_zeros_left_by_a_power_failure_are_removed(tmp_path: Path) -> None:
    path = write_journal(tmp_path / "journal")
    whole = path.read_bytes()
    for tail in (b"\0" * 100, b"\0" * 20 + b'0.5, "check": "0123456789abcdef"}\n', b'{"candi\0\0\0'):
        path.write_bytes(whole + tail)
        with Journal(path, "abc") as journal:
            assert journal.known == ENTRIES
        assert path.read_bytes() == whole


def test_a_full_disk_raises_an_error_and_leaves_the_journal_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_journal(tmp_path / "journal")
    whole = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with Journal(path, "abc") as journal:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(
            JournalError, match=r"cannot be written to: No space left on device\. Its results are complete"
        ):
            journal.add(("z", 0, 0), Scored(1.0))
    assert path.read_bytes() == whole


@pytest.mark.skipif(os.name != "posix", reason="devices and pipes of POSIX")
def test_paths_that_are_not_regular_files_raise_errors(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/full", "/dev/zero", "/dev/null", tmp_path / "pipe", tmp_path, tmp_path / "a\0b"):
        with pytest.raises(JournalError, match=r"cannot be opened as a journal: (is not a regular file|embedded null)"):
            Journal(path, "abc").__enter__()


def test_a_file_system_without_locks_raises_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(_: int) -> bool:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(journal_module, "lock", no_locks)
    with pytest.raises(JournalError, match=r"cannot be locked against a second search: Function not implemented\. Nam"):
        Journal(tmp_path / "journal", "abc").__enter__()


def test_a_journal_in_use_by_another_search_raises_an_error(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    path = tmp_path / "journal"
    with Journal(path, "abc"), pytest.raises(JournalError, match="is in use by another search"):
        Journal(path, "abc").__enter__()
    with Journal(path, "abc"):
        pass


def test_paths_that_cannot_be_opened_raise_errors(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing" / "journal"):
        with pytest.raises(JournalError, match="cannot be opened as a journal"):
            Journal(path, "abc").__enter__()
    with pytest.raises(ParameterError, match="journal must be a path or None, got 3"):
        Journal(3, "abc")  # type: ignore[arg-type]


def test_journal_contains_the_parameters_as_readable_text(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal", "abc") as journal:
        journal.add(("a", 0, 0), Scored(0.5), "{'alpha': 0.1}")
    assert "{'alpha': 0.1}" in (tmp_path / "journal").read_text()
