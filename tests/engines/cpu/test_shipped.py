"""Machine code in the package is run only where it is exactly that of the source, and gives the same bits."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import multilayer
from multilayer.engines.cpu import compiling, objects, processor, shipped, shipping, shuffling
from multilayer.engines.cpu.arguments import Signature, caller, signature_of
from multilayer.engines.cpu.dependencies import portable_key

if not compiling.COMPILED:
    pytest.skip("there is no compiler in this run", allow_module_level=True)

# The level that is tested is this processor itself, so that any computer can run its code.
HERE = shipped.Level("here", processor.host()[0], (platform.machine(),), ())
SHUFFLE: Any = shuffling.shuffle_into
ARGUMENTS = (
    np.empty((2, 9), np.int64),
    np.arange(9),
    np.random.RandomState(0).get_state()[1],
    624,
    np.empty((2, 624), np.int64),
)
SIGNATURE = signature_of(ARGUMENTS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of machine code with the smallest kernel."""
    made = tmp_path_factory.mktemp("machine_code")
    shipping.compile_into(made, HERE.name, SHUFFLE, ARGUMENTS)
    return made


@pytest.fixture
def use(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let this process find a copy of the folder in its package; return the file of the kernel."""
    shutil.copytree(folder, tmp_path / "machine_code")
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "machine_code")
    monkeypatch.setattr(shipped, "_level", lambda: HERE)
    (path,) = (tmp_path / "machine_code" / HERE.name).iterdir()
    return path


def find(signature: Signature = SIGNATURE) -> tuple[int, str] | None:
    return shipped.find(SHUFFLE.name, SHUFFLE.py_func, signature)


def shuffle(call: Any) -> list[Any]:
    """Return what a kernel writes and returns, for fixed arguments."""
    state = np.random.RandomState(0).get_state()
    orders, key, memory = np.empty((5, 300), np.int64), np.array(state[1]), np.empty((2, 624), np.int64)
    return [call((orders, np.arange(300), key, int(state[2]), memory)), orders.tolist(), key.tolist()]


def test_shipped_code_gives_the_results_of_compiled_code(use: Path) -> None:
    found = find()
    assert found is not None
    assert shuffle(caller(SIGNATURE, *found)) == shuffle(lambda arguments: SHUFFLE(*arguments))
    assert use.stat().st_size < 20_000


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_a_damaged_file_is_not_run(damage: str, use: Path) -> None:
    whole = use.read_bytes()
    flipped = whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:]
    use.write_bytes({"cut": whole[: len(whole) // 2], "flipped": flipped, "empty": b"", "text": b"hello"}[damage])
    assert find() is None


def test_a_forged_file_with_a_right_digest_is_loaded_only_if_it_is_this_kernel(use: Path) -> None:
    key = portable_key(SHUFFLE.py_func, SIGNATURE, HERE.name)
    machine_code, returns, calls = objects.unpacked(use.read_bytes(), key)
    forgeries = [
        objects.packed("another kernel", machine_code, returns, calls),
        objects.packed(key, machine_code[:500], returns, calls),
        objects.packed(key, b"no object file", returns, calls),
        objects.packed(key, machine_code.replace(b"multilayer_entry", b"multilayer_other"), returns, calls),
        objects.packed(key, machine_code, "str", calls),
        objects.packed(key, machine_code, returns, ["system"]),
    ]
    for forgery in forgeries:
        use.write_bytes(forgery)
        assert find() is None
    use.write_bytes(objects.packed(key, machine_code, returns, calls))
    assert find() is not None


@pytest.mark.usefixtures("use")
def test_other_types_constants_and_versions_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find() is not None
    assert find(signature_of((*ARGUMENTS[:3], 1.0, ARGUMENTS[4]))) is None
    assert find(signature_of((ARGUMENTS[0].astype(np.int32), *ARGUMENTS[1:]))) is None
    for module, name, value in [
        (shuffling, "MIDDLE", 398),
        (multilayer, "__version__", "99.0"),
        (shipped, "_level", lambda: None),
        (shipped, "_level", lambda: HERE._replace(name="there")),
        (processor, "changed_settings", lambda: (("OPT", "0"),)),
    ]:
        with monkeypatch.context() as changed:
            changed.setattr(module, name, value)
            assert find() is None, name
    assert find() is not None


def test_a_kernel_of_the_package_is_preferred_to_the_cache(use: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from multilayer.engines.cpu import cache

    assert use.exists()
    kernel = compiling.Kernel(SHUFFLE.py_func)
    monkeypatch.setattr(cache, "find_or_compile", lambda *_: pytest.fail("compiled"))
    assert shuffle(lambda arguments: kernel(*arguments)) == shuffle(lambda arguments: SHUFFLE(*arguments))


@pytest.mark.parametrize("width", [32, 64])
def test_width_of_the_integers_of_blas_is_in_the_key(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from multilayer.engines.cpu import blas, kernels

    dense: Any = kernels.DENSE
    before = portable_key(dense.py_func, (), "here")
    monkeypatch.setitem(blas.GEMM, "float32", (f"multilayer_blas_sgemm_{width}", width))
    assert (portable_key(dense.py_func, (), "here") == before) == (width == blas.GEMM["float64"][1])


def test_levels_ask_for_their_features(monkeypatch: pytest.MonkeyPatch) -> None:
    for level in shipped.LEVELS:
        monkeypatch.setattr(platform, "machine", lambda level=level: level.machines[0])
        features = ",".join(f"+{name}" for name in (*level.features, "other"))
        monkeypatch.setattr(processor, "host", lambda features=features: ("any", features))
        assert shipped.fits(level)
        for name in level.features:
            lacking = features.replace(f"+{name},", f"-{name},", 1)
            monkeypatch.setattr(processor, "host", lambda lacking=lacking: ("any", lacking))
            assert not shipped.fits(level)
        monkeypatch.setattr(platform, "machine", lambda: "riscv64")
        assert not shipped.fits(level)


def test_features_of_levels_are_names_of_llvm() -> None:
    from llvmlite import binding

    machine = platform.machine()
    known = set(binding.get_host_cpu_features())
    for level in shipped.LEVELS:
        if machine in level.machines:
            assert set(level.features) <= known


def undefined_symbols(machine_code: bytes) -> set[str]:
    """Return the names that an ELF object file of 64 bits refers to and does not define."""

    def number(at: int, size: int) -> int:
        return int.from_bytes(machine_code[at : at + size], "little")

    sections, size, n_sections = number(40, 8), number(58, 2), number(60, 2)
    headers = [sections + i * size for i in range(n_sections)]
    found = set()
    for header in headers:
        if number(header + 4, 4) == 2:  # the table of symbols; ``link`` is the section with their names
            start, length = number(header + 24, 8), number(header + 32, 8)
            names = number(headers[number(header + 40, 4)] + 24, 8)
            for symbol in range(start + 24, start + length, 24):
                if number(symbol + 6, 2) == 0:
                    name = names + number(symbol, 4)
                    found.add(machine_code[name : machine_code.index(b"\0", name)].decode())
    return found


C_LIBRARY = {
    "memcpy",
    "memmove",
    "memset",
    "exp",
    "expf",
    "log",
    "logf",
    "sqrt",
    "sqrtf",
    "pow",
    "round",
    "rint",
    "fmod",
}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other object files")
def test_object_files_call_only_blas_and_the_c_library_and_hold_no_paths() -> None:
    from multilayer.engines.cpu import cache

    # The kernels that other tests have compiled.
    paths = [path for folder in cache.the_cache().folders if folder.is_dir() for path in folder.glob("*.kernel")]
    for path in paths[-40:]:
        stored = path.read_bytes()
        if not stored.startswith(objects.MAGIC):
            continue
        start = len(objects.MAGIC) + 32
        key = objects.json.loads(stored[start + 4 : start + 4 + int.from_bytes(stored[start : start + 4], "little")])[
            "key"
        ]
        machine_code, _, calls = objects.unpacked(stored, key)
        assert undefined_symbols(machine_code) - {"", "_GLOBAL_OFFSET_TABLE_"} <= {*calls, *C_LIBRARY}, path.name
        assert str(Path.home()).encode() not in machine_code
        assert str(Path(str(multilayer.__file__)).parent).encode() not in machine_code


WITHOUT_NUMBA = textwrap.dedent("""
    import sys, warnings
    sys.path.insert(0, sys.argv[1])
    if sys.argv[2] == "missing":
        sys.modules["numba"] = None
    import numpy as np
    from pathlib import Path
    from multilayer.engines.cpu import processor, shipped
    shipped.LEVELS = (shipped.Level("here", "", shipped.LEVELS[0].machines + shipped.LEVELS[-1].machines, ()),)
    from multilayer.engines import get_engine, shuffled
    from multilayer.engines.protocol import compilations_reported_to
    compiled = []
    with compilations_reported_to(compiled.append):
        orders = shuffled(np.arange(50), np.random.RandomState(0), 1)
    expected = np.arange(50)
    np.random.RandomState(0).shuffle(expected)
    assert orders[0].tolist() == expected.tolist()
    print(len(compiled), sys.modules.get("numba") is not None, get_engine("auto").name)
""")


def run_copy(package: Path, numba: str, tmp_path: Path) -> list[str]:
    cache_folders = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA", "HOME")
    environment = {**os.environ, **dict.fromkeys(cache_folders, str(tmp_path / "cache")), "PYTHONPATH": ""}
    command = [sys.executable, "-c", WITHOUT_NUMBA, str(package), numba]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


def test_an_installed_package_runs_its_code_without_numba_until_a_byte_of_its_source_changes(
    folder: Path, tmp_path: Path
) -> None:
    source, copy = Path(str(multilayer.__file__)).parent, tmp_path / "multilayer"
    for room in ("engines", "equations"):
        shutil.copytree(source / room, copy / room, ignore=shutil.ignore_patterns("__pycache__", "machine_code"))
    for file in ("__init__.py", "exceptions.py", "network.py", "results.py"):
        shutil.copy(source / file, copy / file)
    shutil.copytree(folder, copy / "engines" / "cpu" / "machine_code")
    assert run_copy(tmp_path, "installed", tmp_path) == ["0", "False", "cpu"]
    assert run_copy(tmp_path, "missing", tmp_path) == ["0", "False", "cpu"]
    changed = copy / "engines" / "cpu" / "shuffling.py"
    changed.write_text(changed.read_text(encoding="utf-8").replace("Up to half", "up to half"), encoding="utf-8")
    assert run_copy(tmp_path, "installed", tmp_path) == ["1", "True", "cpu"]
