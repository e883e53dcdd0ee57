"""Files of encoded rows: what is read is what was written, and nothing stays after use or after an error."""

from __future__ import annotations

import errno
import gc
import json
import shutil
import subprocess
import sys
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from multilayer.exceptions import DataFileError, InputError, ParameterError, ShapeError
from multilayer.fits.target_scale import target_scale
from multilayer.tables.streaming import rows_writer
from multilayer.tables.streaming.rows_file import EncodedRows
from multilayer.tables.streaming.rows_format import HEADER, ROWS, TARGETS, RowsFormat
from multilayer.tables.streaming.rows_writer import EncodedRowsWriter
from multilayer.tables.streaming.scratch import check_disk_space
from multilayer.tables.streaming.target_moments import TargetMoments

X = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
Y = np.random.default_rng(1).standard_normal((50, 2)) * 7 + 1e6
CLASSES = np.arange(50) % 4
WEIGHT = np.linspace(0.0, 1.0, 50)
FORM = RowsFormat(3, "numbers", 2, has_weights=True)
OF_CLASSES = RowsFormat(3, "classes")


def written(folder: Path, *, keep: bool = False, fingerprint: str = "") -> EncodedRows:
    with EncodedRowsWriter(folder, FORM, 50, keep=keep, fingerprint=fingerprint) as writer:
        for start, stop in ((0, 7), (7, 7), (7, 50)):
            writer.append(X[start:stop], Y[start:stop], WEIGHT[start:stop])
        return writer.finish()


def test_rows_are_read_as_written(tmp_path: Path) -> None:
    with written(tmp_path) as rows:
        assert (rows.n_rows, rows.classes) == (50, None)
        found = rows.read(5, 20)
        np.testing.assert_array_equal(found.X, X[5:20])
        np.testing.assert_array_equal(found.y, Y[5:20])
        np.testing.assert_array_equal(found.weight, WEIGHT[5:20])
        several = FORM.empty(12)
        rows.read_into([(40, 50), (0, 2)], several)
        np.testing.assert_array_equal(several.X, np.concatenate([X[40:], X[:2]]))
        np.testing.assert_array_equal(several.y, np.concatenate([Y[40:], Y[:2]]))


def test_moments_are_those_of_all_rows(tmp_path: Path) -> None:
    with written(tmp_path) as rows:
        assert rows.moments is not None
        found, expected = rows.moments.scale(), target_scale(Y, WEIGHT)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-14)
    np.testing.assert_allclose(found.deviation, expected.deviation, rtol=1e-9)


def test_constant_targets_have_the_deviation_0() -> None:
    moments = TargetMoments.of_none(1)
    for _ in range(7):
        moments = moments.merged(np.full((10, 1), 0.1), np.ones(10))
    scale = moments.merged(np.full((1, 1), 9.0), np.zeros(1)).scale()
    assert (scale.mean.tolist(), scale.deviation.tolist()) == ([0.1], [0.0])
    with pytest.raises(InputError, match="whose squares are finite"):
        TargetMoments.of_none(1).merged(np.array([[1e200], [-1e200]])).scale()


def test_files_are_removed_after_use(tmp_path: Path) -> None:
    with written(tmp_path):
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())
    rows = written(tmp_path)
    del rows
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_files_are_removed_when_the_process_ends(tmp_path: Path) -> None:
    program = """
import sys, numpy as np
from multilayer.tables.streaming.rows_format import RowsFormat
from multilayer.tables.streaming.rows_writer import EncodedRowsWriter
writer = EncodedRowsWriter(sys.argv[1], RowsFormat(1, "classes"))
writer.append(np.zeros((2, 1)), np.zeros(2, int))
rows = writer.finish()
raise SystemExit(3)
"""
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode == 3
    assert not list(tmp_path.iterdir())


def test_kept_files_are_opened_again(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert not EncodedRows.are_in(folder)
    with written(folder, keep=True, fingerprint="f") as rows:
        checksum = rows.checksum
    assert EncodedRows.are_in(folder)
    with EncodedRows.open(folder, "f") as again:
        assert (again.n_rows, again.form, again.checksum) == (50, FORM, checksum)
        np.testing.assert_array_equal(again.read(0, 50).y, Y)
    with pytest.raises(DataFileError, match="encoded from another table"):
        EncodedRows.open(folder, "g")
    again.remove()
    assert not list(folder.iterdir())
    with pytest.raises(DataFileError, match=f"{HEADER} is missing"):
        EncodedRows.open(folder)


def test_incomplete_kept_files_are_replaced(tmp_path: Path) -> None:
    (tmp_path / ROWS).write_bytes(b"of a killed program")
    (tmp_path / "other").write_text("stays")
    with written(tmp_path, keep=True) as rows:
        np.testing.assert_array_equal(rows.read(0, 50).X, X)
    rows.remove()
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (HEADER, "", "Expecting value"),
        (HEADER, '{"format": "else"}', "is not a header of encoded rows"),
        (HEADER, {"version": 9}, "have version 9"),
        (HEADER, {"byteorder": "middle"}, "middle byte order"),
        (HEADER, {"n_rows": 51}, "its sizes are"),
        (HEADER, {"width": "three"}, "is damaged"),
        (HEADER, {"moments": None}, "is damaged"),
        (ROWS, "short", "is damaged: its 5 bytes are not those that were written"),
    ],
)
def test_damaged_and_foreign_files_are_refused(tmp_path: Path, name: str, content: Any, message: str) -> None:
    written(tmp_path, keep=True)
    if isinstance(content, dict):
        content = json.dumps({**json.loads((tmp_path / HEADER).read_text()), **content})
    (tmp_path / name).write_text(content)
    with pytest.raises(DataFileError, match=message):
        EncodedRows.open(tmp_path)


def test_changed_byte_is_found(tmp_path: Path) -> None:
    written(tmp_path, keep=True)
    content = bytearray((tmp_path / TARGETS).read_bytes())
    content[100] ^= 1
    (tmp_path / TARGETS).write_bytes(content)
    with pytest.raises(DataFileError, match=f"{TARGETS} is damaged"):
        EncodedRows.open(tmp_path)


def test_files_that_vanish_or_shrink_while_they_are_read(tmp_path: Path) -> None:
    rows = written(tmp_path, keep=True)
    (tmp_path / ROWS).write_bytes(b"short")
    with pytest.raises(DataFileError, match="is shorter than expected"):
        rows.read(0, 50)
    (tmp_path / ROWS).unlink()
    with pytest.raises(DataFileError, match="cannot be read: No such file"):
        rows.read(0, 50)


def test_disk_space_is_checked_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2_000_000))
    check_disk_space(tmp_path / "new" / "folder", 2_000_000)
    with pytest.raises(DataFileError, match=r"need 20.0 GB of disk space, but .*folder has 2.0 MB free.*scratch="):
        check_disk_space(tmp_path / "new" / "folder", 20_000_000_000)
    with pytest.raises(DataFileError, match=r"need 36.0 MB"):
        EncodedRowsWriter(tmp_path, FORM, 1_000_000)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize(
    ("error", "expected", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), DataFileError, "disk space, but"),
        (OSError(errno.EIO, "Input/output error"), DataFileError, "cannot be written.*Input/output error"),
        (KeyboardInterrupt("pressed"), KeyboardInterrupt, "pressed"),
    ],
)
def test_errors_while_writing_remove_the_files(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    keep: bool,
    error: BaseException,
    expected: type[BaseException],
    message: str,
) -> None:
    class Full(FileIO):
        def write(self, content: Any) -> int:
            if len(list(tmp_path.rglob(ROWS))) and self.tell() > 100:
                raise error
            return super().write(content[:13])  # a file may write a part

    monkeypatch.setattr(rows_writer, "FileIO", Full)
    with pytest.raises(expected, match=message), EncodedRowsWriter(tmp_path, FORM, keep=keep) as writer:
        writer.append(X, Y, WEIGHT)
    assert not list(tmp_path.iterdir())


def test_unfinished_files_are_removed(tmp_path: Path) -> None:
    with EncodedRowsWriter(tmp_path, FORM, keep=True) as writer:
        writer.append(X, Y, WEIGHT)
    assert not list(tmp_path.iterdir())


def test_other_shapes_and_no_rows_are_refused(tmp_path: Path) -> None:
    for arguments in ((X[:, :2], Y, WEIGHT), (X, Y[:, 0], WEIGHT), (X, Y, None), (X, Y[:9], WEIGHT)):
        with pytest.raises(ShapeError, match="must have the shapes"), EncodedRowsWriter(tmp_path, FORM) as writer:
            writer.append(*arguments)
    with pytest.raises(DataFileError, match="no rows to train on"), EncodedRowsWriter(tmp_path, FORM) as writer:
        writer.finish()
    with pytest.raises(ParameterError, match="at least one feature"):
        RowsFormat(0, "numbers")
    assert not list(tmp_path.iterdir())


def test_classes_are_those_that_occur(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with EncodedRowsWriter(tmp_path, OF_CLASSES) as writer:
        writer.append(X[:2], np.array([3, 1]))
        writer.append(X[:1], np.array([0]))
        rows = writer.finish()
    with rows:
        assert (rows.classes, rows.moments) == ((0, 1, 3), None)
        assert rows.read(0, 3).y.tolist() == [3, 1, 0]
    monkeypatch.setattr(rows_writer, "MAX_CLASSES", 3)
    with pytest.raises(DataFileError, match="more than 3 classes"), EncodedRowsWriter(tmp_path, OF_CLASSES) as writer:
        writer.append(X, CLASSES)


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFileError, match=r"cannot hold the encoded rows.*scratch="):
        EncodedRowsWriter(tmp_path / "file", FORM)
