"""The kernel cache never runs outdated or foreign machine code, and is used wherever a folder is available."""

from __future__ import annotations

import compileall
import hashlib
import os
import pickle
import shutil
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import multilayer
from multilayer.engines.cpu import compiling, folders, objects, processor
from multilayer.engines.cpu.folders import FOLDER
from multilayer.engines.protocol import compilations_reported_to

if not compiling.COMPILED:
    pytest.skip("there is no compiler in this run", allow_module_level=True)

from multilayer.engines.cpu import cache

posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows keeps no such bits")


@pytest.fixture(autouse=True)
def _a_cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a new cache in its own folder."""
    use_cache_dir(tmp_path / "cache", monkeypatch)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    reset_cache(monkeypatch)


def use_cache_dir(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the first folder of the cache, in this process and in those that it starts."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(path))
    before = processor.setting
    monkeypatch.setattr(processor, "setting", lambda name: str(path) if name == "CACHE_DIR" else before(name))


def reset_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore the state of the cache in a new process."""
    monkeypatch.setattr(cache, "_cache", None)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def make_kernel(factor: Any, name: str = "apply") -> Any:
    """Return a kernel that calls a compiled function with a constant in it."""
    scope: dict[str, Any] = {"FACTOR": factor, "__name__": __name__, "inner": compiling.inner, "np": np}
    exec(f"@inner\ndef scaled(x):\n return FACTOR * x\ndef {name}(a):\n a[0] = scaled(a[0])", scope)
    return compiling.kernel(scope[name])


def run(kernel: Any) -> tuple[float, bool]:
    """Return the result of a kernel for 1, and whether it was compiled for this call."""
    compiled: list[str] = []
    a = np.ones(1)
    with compilations_reported_to(compiled.append):
        kernel(a)
    return float(a[0]), bool(compiled)


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / FOLDER).glob("*"))


# --- stored kernels


def test_a_kernel_is_stored_and_a_changed_constant_gives_another_kernel(tmp_path: Path) -> None:
    assert run(make_kernel(2.0)) == (2.0, True)
    assert [path.name.split("-")[0] for path in files(tmp_path)] == ["apply"]
    assert run(make_kernel(2.0)) == (2.0, False)


def test_a_kernel_with_a_changed_constant_is_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    for factor in (2.0, 3.0, 4.0):
        reset_cache(monkeypatch)
        assert run(make_kernel(factor)) == (factor, True)
    for factor in (2.0, 3.0, 4.0):
        assert run(make_kernel(factor)) == (factor, False)


def test_nothing_is_stored_after_a_constant_changed_under_a_compiled_function(tmp_path: Path) -> None:
    # The function that both kernels call was compiled for the first kernel, with the old constant in it.
    scope: dict[str, Any] = {"FACTOR": 2.0, "__name__": __name__, "inner": compiling.inner}
    source = "@inner\ndef scaled(x):\n return FACTOR * x\n"
    exec(source + "def first(a):\n a[0] = scaled(a[0])\ndef second(a):\n a[0] = scaled(a[0])", scope)
    assert run(compiling.kernel(scope["first"]))[1]
    kept = files(tmp_path)
    assert len(kept) == 1
    scope["FACTOR"] = 3.0
    assert run(compiling.kernel(scope["second"]))[1]
    assert files(tmp_path) == kept
    scope["FACTOR"] = 2.0  # a compiled function may hold either value now
    assert run(make_kernel(5.0)) == (5.0, True)
    assert files(tmp_path) == kept


def test_a_kernel_whose_dependencies_cannot_be_described_is_not_stored(tmp_path: Path) -> None:
    scope: dict[str, Any] = {"ODD": object(), "__name__": __name__}
    exec("def apply(a):\n a[0] = 7.0\n if False:\n  ODD", scope)
    assert run(compiling.kernel(scope["apply"])) == (7.0, True)
    assert files(tmp_path) == []


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_a_damaged_file_is_replaced_by_a_new_compilation(damage: str, tmp_path: Path) -> None:
    assert run(make_kernel(2.0)) == (2.0, True)
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    flipped = whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:]
    path.write_bytes({"cut": whole[: len(whole) // 2], "flipped": flipped, "empty": b"", "text": b"hello"}[damage])
    assert run(make_kernel(2.0)) == (2.0, True)
    assert path.read_bytes()[: len(objects.MAGIC)] == objects.MAGIC
    assert run(make_kernel(2.0)) == (2.0, False)


def test_a_file_of_another_kernel_under_the_name_of_this_one_is_not_run(tmp_path: Path) -> None:
    assert run(make_kernel(2.0)) == (2.0, True)
    (two,) = files(tmp_path)
    assert run(make_kernel(3.0)) == (3.0, True)
    (three,) = set(files(tmp_path)) - {two}
    shutil.copy(three, two)
    assert run(make_kernel(2.0)) == (2.0, True)


# --- files of other users


class Attack:
    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return os.mkdir, (os.environ["ATTACKED"],)


def test_pickles_are_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTACKED", str(tmp_path / "attacked"))
    assert run(make_kernel(2.0)) == (2.0, True)
    (path,) = files(tmp_path)
    pickled = pickle.dumps(Attack())
    for forged in (pickled, hashlib.sha256(pickled).digest() + pickled):
        path.write_bytes(objects.MAGIC + forged if forged is pickled else forged)
        assert run(make_kernel(2.0)) == (2.0, True)
    assert not (tmp_path / "attacked").exists()


@posix_only
@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_file_that_others_may_write_to_is_not_run(mode: int, tmp_path: Path) -> None:
    assert run(make_kernel(2.0)) == (2.0, True)
    (path,) = files(tmp_path)
    path.chmod(mode)
    assert run(make_kernel(2.0)) == (2.0, True)
    assert not path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)  # replaced
    assert run(make_kernel(2.0)) == (2.0, False)


@posix_only
@pytest.mark.parametrize("mode", [0o775, 0o777, 0o1777])
def test_a_folder_that_others_may_write_to_is_not_used(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(make_kernel(2.0)) == (2.0, True)
    (path,) = files(tmp_path)
    path.parent.chmod(mode)
    reset_cache(monkeypatch)
    kernel = make_kernel(2.0)
    assert run(kernel) == (2.0, True)
    assert cache.the_cache().writable == tmp_path / "home" / ".cache" / FOLDER  # the next one


@posix_only
def test_files_of_another_user_are_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(make_kernel(2.0)) == (2.0, True)
    (path,) = files(tmp_path)
    owner = path.stat().st_uid
    status = list(path.stat())
    for user, uid, trusted in [(owner, owner, True), (1234, 0, True), (1234, 1234, True), (1234, 1235, False)]:
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        status[stat.ST_UID] = uid
        assert folders.is_trusted(os.stat_result(status)) is trusted
    monkeypatch.setattr(os, "geteuid", lambda: 0)  # the administrator does not run files of other users
    status[stat.ST_UID] = 1234
    assert not folders.is_trusted(os.stat_result(status))
    monkeypatch.setattr(folders, "is_trusted", lambda _: False)
    assert run(make_kernel(2.0)) == (2.0, True)


@posix_only
def test_a_pipe_in_the_place_of_a_file_does_not_block(tmp_path: Path) -> None:
    assert run(make_kernel(2.0)) == (2.0, True)
    (path,) = files(tmp_path)
    path.unlink()
    os.mkfifo(path)
    assert run(make_kernel(2.0)) == (2.0, True)


@posix_only
@pytest.mark.parametrize(("mask", "folder", "file"), [(0, 0o755, 0o644), (0o002, 0o755, 0o644), (0o077, 0o700, 0o600)])
def test_only_the_owner_may_write_to_new_files_and_folders(mask: int, folder: int, file: int, tmp_path: Path) -> None:
    with umask(mask):
        assert run(make_kernel(2.0)) == (2.0, True)
    (path,) = files(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == file
    assert {stat.S_IMODE(each.stat().st_mode) for each in (path.parent, path.parent.parent)} == {folder}


# --- choice of the folder


def test_a_filled_read_only_folder_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(make_kernel(2.0)) == (2.0, True)
    baked = tmp_path / "cache" / FOLDER
    before = files(tmp_path)

    def is_read_only(*, dir: Path, **options: Any) -> Any:
        if Path(dir) == baked:
            raise OSError(30, "Read-only file system", str(dir))
        return real(dir=dir, **options)

    real = folders.tempfile.TemporaryFile
    monkeypatch.setattr(folders.tempfile, "TemporaryFile", is_read_only)
    reset_cache(monkeypatch)
    assert run(make_kernel(2.0)) == (2.0, False)
    assert run(make_kernel(3.0)) == (3.0, True)  # goes to the next folder
    assert files(tmp_path) == before
    reset_cache(monkeypatch)
    assert [run(make_kernel(factor)) for factor in (2.0, 3.0)] == [(2.0, False), (3.0, False)]
    assert len(list((tmp_path / "home" / ".cache" / FOLDER).iterdir())) == 1


def test_kernels_are_compiled_where_no_folder_is_writable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("in the way")
    use_cache_dir(in_the_way, monkeypatch)
    reset_cache(monkeypatch)
    for name in ("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(in_the_way))
    assert folders.first_writable(folders.candidates(str(in_the_way))) is None
    kernel = make_kernel(2.0)
    assert run(kernel) == (2.0, True)
    assert cache.the_cache().writable is None


def test_a_full_disk_leaves_no_incomplete_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_full(*_: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", is_full)
    assert run(make_kernel(2.0)) == (2.0, True)
    assert files(tmp_path) == []


@pytest.mark.parametrize("name", ["XDG_CACHE_HOME", "LOCALAPPDATA", "HOME", "NUMBA_CACHE_DIR"])
@pytest.mark.parametrize("value", ["", "relative", "./here", "~/cache"])
def test_relative_paths_are_not_used_for_the_cache(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for each in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(each, value if each == name else str(tmp_path / each))
    found = folders.candidates(value if name == "NUMBA_CACHE_DIR" else "")
    assert found
    assert all(path.is_absolute() and not path.is_relative_to(tmp_path / value.strip("./") / "x") for path in found)
    folders.first_writable(found)
    assert not [path for path in tmp_path.rglob("*") if path.name in ("relative", "here", "~")]


def test_folders_are_searched_in_the_order_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(folders.sys, "platform", "linux")
    expected = [tmp_path / "numba", tmp_path / "xdg", tmp_path / "home" / ".cache"]
    assert folders.candidates(str(tmp_path / "numba")) == [base / FOLDER for base in expected]
    monkeypatch.setattr(folders.sys, "platform", "darwin")
    assert folders.candidates()[-1] == tmp_path / "home" / "Library" / "Caches" / FOLDER


# --- a zip archive, and an installation without sources

PREDICT = textwrap.dedent("""
    import sys
    sys.path.insert(0, sys.argv[1])
    import numpy as np
    from multilayer.engines.protocol import compilations_reported_to
    from multilayer.engines.cpu import compiling
    from multilayer.engines.cpu.activations import leaky_relu
    assert compiling.__file__.startswith(sys.argv[1]), compiling.__file__
    @compiling.kernel
    def apply(a):
        a[0] = leaky_relu(a[0])
    a, compiled = np.array([-1.0]), []
    with compilations_reported_to(compiled.append):
        apply(a)
    print(len(compiled), a[0])
""")


def test_kernels_of_a_zip_archive_and_of_an_installation_without_sources_are_distinguished(tmp_path: Path) -> None:
    package = Path(str(multilayer.__file__)).parent
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        for room in ("engines", "equations"):
            shutil.copytree(package / room, folder / "multilayer" / room, ignore=shutil.ignore_patterns("__pycache__"))
        for file in ("__init__.py", "exceptions.py", "network.py", "results.py"):
            shutil.copy(package / file, folder / "multilayer" / file)
    constants = new / "multilayer" / "equations" / "activations.py"
    text = constants.read_text(encoding="utf-8")
    constants.write_text(text.replace("LEAKY_RELU_SLOPE = 0.01", "LEAKY_RELU_SLOPE = 0.25"), encoding="utf-8")
    assert constants.read_text(encoding="utf-8") != text
    places = [shutil.make_archive(str(old), "zip", old), str(new)]
    compileall.compile_dir(new, quiet=1, legacy=True)
    for source in new.rglob("*.py"):
        source.unlink()
    cache_folders = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA", "HOME")
    environment = {**os.environ, **dict.fromkeys(cache_folders, str(tmp_path / "shared")), "PYTHONPATH": ""}
    printed = []
    for place in places:
        process = [sys.executable, "-c", PREDICT, place]
        ran = subprocess.run(process, env=environment, capture_output=True, text=True, timeout=300)
        assert ran.returncode == 0, ran.stderr
        printed.append(ran.stdout.split())
    assert printed == [["1", "-0.01"], ["1", "-0.25"]]
    assert len(list((tmp_path / "shared" / FOLDER).iterdir())) == 2
