"""A file is replaced as a whole; no temporary file is left, and files of others are not touched."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from multilayer.storage import locking, replace_file, replacing

POSIX = pytest.mark.skipif(os.name != "posix", reason="modes, links and locks of POSIX")


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@POSIX
@pytest.mark.usefixtures("umask")
def test_a_new_file_gets_the_mode_of_the_umask(tmp_path: Path) -> None:
    replace_file(tmp_path / "new", b"1")
    assert mode(tmp_path / "new") == 0o640


@POSIX
@pytest.mark.parametrize("before", [0o600, 0o444, 0o664, 0o755])
def test_a_replaced_file_keeps_its_mode(tmp_path: Path, before: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(before)
    replace_file(path, b"new", keep=2)
    assert (path.read_bytes(), mode(path)) == (b"new", before)
    assert ((tmp_path / "file.1").read_bytes(), mode(tmp_path / "file.1")) == (b"old", before)


@POSIX
@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("relative", [True, False])
def test_a_symbolic_link_is_kept_and_its_target_is_replaced(tmp_path: Path, exists: bool, relative: bool) -> None:
    target, link = tmp_path / "there" / "target", tmp_path / "link"
    target.parent.mkdir()
    if exists:
        target.write_bytes(b"old")
    link.symlink_to(Path("there", "target") if relative else target)
    replace_file(link, b"new", keep=2)
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert sorted(os.listdir(tmp_path)) == ["link", "there"]
    assert sorted(os.listdir(target.parent)) == ["target", "target.1"][: 1 + exists]


@POSIX
def test_paths_that_are_not_regular_files_raise_errors_and_are_not_changed(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "device").symlink_to("/dev/null")
    (tmp_path / "file").write_bytes(b"")
    before = sorted(os.listdir(tmp_path))
    for name, reason in {
        "loop": "symbolic link",
        "pipe": "not a regular file",
        "folder": "is a folder",
        "device": "not a regular file",
        "file/below": "ot a directory",
        "new/" + "n" * 256: "too long",
    }.items():
        with pytest.raises(OSError, match=reason):
            replace_file(tmp_path / name, b"new")
        assert sorted(os.listdir(tmp_path)) == before
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    with pytest.raises(ValueError, match="null"):
        replace_file(tmp_path / "a\0b", b"new")
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize("name", ["n" * 255, "ö" * 127, "model"])
def test_long_names_are_accepted(tmp_path: Path, name: str) -> None:
    for _ in range(2):
        replace_file(tmp_path / name, b"new")
    assert os.listdir(tmp_path) == [name]


@POSIX
def test_a_full_disk_leaves_the_previous_file(tmp_path: Path) -> None:
    """A limit of one kilobyte per file makes the system refuse the rest, like a full disk."""
    code = (
        "import pathlib, resource, sys; from multilayer.storage import replace_file;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024));"
        "replace_file(pathlib.Path(sys.argv[1]), bytes(5000), keep=3)"
    )
    (tmp_path / "file").write_bytes(b"old")
    for name in ("file", "folder/new"):
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], capture_output=True, text=True)
        assert "File too large" in done.stderr
        assert os.listdir(tmp_path) == ["file"]
        assert (tmp_path / "file").read_bytes() == b"old"


KILLED = """
import os, pathlib, signal, sys
from multilayer.storage import replace_file, replacing
replacing._write = lambda *_: os.kill(os.getpid(), signal.SIGSTOP if sys.argv[2] == "stop" else signal.SIGKILL)
replace_file(pathlib.Path(sys.argv[1]), b"new")
"""


def stopped(path: Path, how: str) -> subprocess.Popen[bytes]:
    """Return a process that is stopped, or killed, while it writes to the path."""
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(path), how])
    os.waitpid(process.pid, os.WUNTRACED) if how == "stop" else process.wait()
    return process


@POSIX
def test_temporary_files_of_dead_processes_are_removed_and_those_of_live_ones_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "model"
    living = stopped(path, "stop")
    dead = stopped(path, "kill")
    (theirs,) = (name for name in os.listdir(tmp_path) if f".{living.pid}-" in name)
    foreign = [".model.1-0123abcd.tmp.txt", ".model.12-xyz.tmp", ".models.1-0123abcd.tmp", "model.1-0123abcd.tmp"]
    for name in foreign:
        (tmp_path / name).write_bytes(b"mine")
    (tmp_path / ".model.1-0123abcd.tmp").mkdir()
    (tmp_path / ".model.2-0123abcd.tmp").symlink_to("model")
    try:
        assert any(f".{dead.pid}-" in name for name in os.listdir(tmp_path))
        replace_file(path, b"ours")
        kept = {"model", theirs, *foreign, ".model.1-0123abcd.tmp", ".model.2-0123abcd.tmp"}
        assert set(os.listdir(tmp_path)) == kept
        living.send_signal(signal.SIGCONT)
        assert living.wait() == 0
    finally:
        living.kill()
        living.wait()
    assert theirs not in os.listdir(tmp_path)
    assert path.read_bytes() == b""  # written by the continued process, whose write was replaced by a stub


@POSIX
@pytest.mark.parametrize("mode_left", [0o600, 0o444])
def test_temporary_files_of_a_read_only_target_are_removed(
    mode_left: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The superuser may open any file, so the test simulates a user who may not."""
    path = tmp_path / "model"
    path.write_bytes(b"old")
    path.chmod(0o444)
    stopped(path, "kill")
    (left,) = (each for each in tmp_path.iterdir() if each.suffix == ".tmp")
    assert mode(left) == 0o644  # the owner may write to it
    left.chmod(mode_left)
    system_open = os.open

    def open_as_a_user(name: Any, flags: int, *arguments: Any) -> int:
        if flags & os.O_RDWR and Path(name).exists() and not os.stat(name).st_mode & stat.S_IWUSR:
            raise PermissionError(errno.EACCES, "Permission denied")
        return system_open(name, flags, *arguments)

    monkeypatch.setattr(os, "open", open_as_a_user)
    replace_file(path, b"new")
    assert os.listdir(tmp_path) == ["model"]
    assert (path.read_bytes(), mode(path)) == (b"new", 0o444)


@POSIX
@pytest.mark.parametrize(
    ("before", "after"), [(0o640, 0o600), (0o664, 0o644), (0o644, 0o644), (0o604, 0o604), (0o4770, 0o700)]
)
def test_another_group_gets_no_more_permissions_than_others_had(
    before: int, after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(before)
    status_of = replacing._status_of

    def of_another_user(target: Path) -> os.stat_result:
        values = list(status_of(target) or ())
        values[4:6] = os.getuid() + 1, os.getgid() + 1
        return os.stat_result(values)

    def refuse(*_: Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    modes = []
    write = replacing._write

    def watch(*arguments: Any) -> None:
        modes.extend(mode(each) for each in tmp_path.iterdir() if each.suffix == ".tmp")
        write(*arguments)

    monkeypatch.setattr(replacing, "_status_of", of_another_user)
    monkeypatch.setattr(replacing, "_write", watch)
    monkeypatch.setattr(os, "chown", refuse)
    replace_file(path, b"new")
    assert (path.read_bytes(), mode(path), modes) == (b"new", after, [after])


@POSIX
def test_old_temporary_files_are_removed_where_locks_are_not_supported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(_: int) -> bool:
        raise OSError("Function not implemented")

    monkeypatch.setattr(replacing, "lock", no_locks)
    old, new = (tmp_path / f".file.{pid}-01234567.tmp" for pid in (1, 2))
    for path in (old, new):
        path.write_bytes(b"")
    os.utime(old, (time.time() - 90000,) * 2)
    replace_file(tmp_path / "file", b"new", keep=2)
    assert sorted(os.listdir(tmp_path)) == [new.name, "file"]


@pytest.mark.parametrize("fails", ["open", "fsync"])
def test_folders_that_cannot_be_listed_or_synchronised_are_supported(
    fails: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder with a mode such as 0300, which the superuser can list, or a file system without fsync for folders."""
    system_open, system_fsync, system_scandir = os.open, os.fsync, os.scandir

    def open_files(path: Any, *arguments: Any) -> int:
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, "Permission denied")
        return system_open(path, *arguments)

    def sync_files(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        system_fsync(descriptor)

    def refuse(*_: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    if fails == "open":
        monkeypatch.setattr(os, "open", open_files)
        monkeypatch.setattr(os, "scandir", refuse)
    else:
        monkeypatch.setattr(os, "fsync", sync_files)
    for content in (b"1", b"2"):
        replace_file(tmp_path / "file", content)
    replace_file(tmp_path / "file", b"3", keep=2)
    monkeypatch.setattr(os, "scandir", system_scandir)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"3", "file.1": b"2"}


def test_previous_file_is_copied_where_links_are_not_supported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: Any) -> None:
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    for content in (b"1", b"2", b"3", b"4"):
        replace_file(tmp_path / "file", content, keep=3)
    names = sorted(os.listdir(tmp_path))
    assert names == ["file", "file.1", "file.2"]
    assert [(tmp_path / name).read_bytes() for name in names] == [b"4", b"3", b"2"]


def test_an_open_file_keeps_its_content_after_a_replacement(tmp_path: Path) -> None:
    """The bytes of an existing file are never changed under any of its names."""
    path = tmp_path / "file"
    opened = []
    try:
        for number in range(6):
            replace_file(path, bytes([number]) * 100, keep=3)
            opened += [(file, file.open("rb")) for file in tmp_path.iterdir()]
            identities = {file.name: (file.stat().st_ino, file.read_bytes()) for file in tmp_path.iterdir()}
        first = [stream.read() for _, stream in opened]
        for number in range(6, 12):
            replace_file(path, bytes([number]) * 100, keep=3)
        for (_, stream), content in zip(opened, first, strict=True):
            stream.seek(0)
            assert stream.read() == content
    finally:
        for _, stream in opened:
            stream.close()
    assert len(identities) == 3


def test_concurrent_writers_and_readers_of_one_path_see_complete_files(tmp_path: Path) -> None:
    """Each of the kept files is complete, and all are different."""
    path, errors, is_over = tmp_path / "file", [], threading.Event()
    replace_file(path, bytes(3000))

    def write(number: int) -> None:
        try:
            for i in range(20):
                replace_file(path, bytes([number * 20 + i + 1]) * 3000, keep=4)
        except BaseException as error:
            errors.append(error)

    def read() -> None:
        try:
            while not is_over.is_set():
                content = path.read_bytes()
                assert content == content[:1] * 3000
        except BaseException as error:
            errors.append(error)

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    is_over.set()
    reader.join()
    assert not errors
    assert sorted(os.listdir(tmp_path)) == ["file", "file.1", "file.2", "file.3"]
    contents = [(tmp_path / name).read_bytes() for name in sorted(os.listdir(tmp_path))]
    assert all(content == content[:1] * 3000 for content in contents)
    assert len(set(contents)) == 4


def test_windows_retries_while_another_program_has_the_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, replace = [], os.replace

    def held(source: Any, target: Any) -> None:
        calls.append(target)
        if len(calls) < 3:
            raise PermissionError("The process cannot access the file")
        replace(source, target)

    monkeypatch.setattr(os, "replace", held)
    monkeypatch.setattr(replacing, "WINDOWS", True)
    replace_file(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert len(calls) == 3
    monkeypatch.setattr(replacing, "PATIENCE", 0.05)
    monkeypatch.setattr(os, "replace", lambda *_: held("", "") if calls.clear() is None else None)
    with pytest.raises(PermissionError, match="cannot access"):
        replace_file(tmp_path / "file", b"newer")
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"new"


class FakeMsvcrt:
    """The one function of the Windows runtime that is used, over a set of locked bytes."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        self.locked: set[tuple[int, int]] = set()

    def locking(self, descriptor: int, mode: int, n_bytes: int) -> None:
        place = os.fstat(descriptor).st_ino, os.lseek(descriptor, 0, os.SEEK_CUR)
        assert (mode, n_bytes) == (self.LK_NBLCK, 1)
        if place in self.locked:
            raise PermissionError(13, "Permission denied")
        self.locked.add(place)


def test_files_are_locked_with_msvcrt_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", FakeMsvcrt())  # type: ignore[arg-type]
    with (tmp_path / "file").open("w+b") as one, (tmp_path / "file").open("r+b") as other:
        assert locking.lock(one.fileno())
        assert not locking.lock(other.fileno())
        assert one.tell() == other.tell() == 0
    monkeypatch.setitem(sys.modules, "msvcrt", None)
    with (tmp_path / "file").open("r+b") as file, pytest.raises(OSError, match="no file locks"):
        locking.lock(file.fileno())
