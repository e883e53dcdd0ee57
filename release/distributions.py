"""Build the source distribution and the wheel, and test each in an environment of its own.

    python release/distributions.py                             # build both into dist/, then test both
    python release/distributions.py dist/*.whl --machine-code   # only test these files

The build is that of ``python -m build``: the wheel is made from the source distribution. It contains no machine code,
which takes minutes to compile; a release builds one wheel for each kind of machine besides. The metadata are checked by
twine, and the source distribution holds every tracked file but those of EXCLUDED. Then each file is installed with
the extra "tables" in a new virtual environment, where release/smoke_test.py runs in another folder.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
# Files of the hosting platform and of the version control, which a source distribution does not need.
EXCLUDED = (".ci/", ".github/", ".gitattributes")
WITHOUT_MACHINE_CODE = {"MULTILAYER_NO_MACHINE_CODE": "1"}
# Variables by which another environment would be found.
FOREIGN = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print the name of a step and its seconds."""
    print(f"{name} ...", flush=True)
    began = time.perf_counter()
    yield
    print(f"{name}: {time.perf_counter() - began:.1f} s", flush=True)


def run(*command: str | Path, folder: Path, **variables: str) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    subprocess.run(command, cwd=folder, env={**kept, **variables}, check=True)


def environment(folder: Path, *packages: str) -> Path:
    """Make a virtual environment with these packages, and return its Python."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(python, *pip, *packages, folder=folder, **WITHOUT_MACHINE_CODE)
    return python


def left_out(path: Path) -> list[str]:
    """Return the tracked files that a source distribution does not hold."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    tracked = [name for name in listed.split("\0") if name and not name.startswith(EXCLUDED)]
    with tarfile.open(path) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    return [name for name in tracked if name not in held and (ROOT / name).exists()]


def build(tools: Path) -> list[Path]:
    """Build both into an empty dist/, and return their paths."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(tools, "-m", "build", "--outdir", DIST, ROOT, folder=ROOT, **WITHOUT_MACHINE_CODE)
    return sorted(DIST.iterdir())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="built files to test; by default, both are built")
    parser.add_argument("--machine-code", action="store_true", help="the wheels must bring machine code")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        with step("install build and twine"):
            tools = environment(scratch / "tools", "build>=1.2,<2", "twine>=6,<8")
        files = [path.resolve() for path in options.files]
        if not files:
            with step("build"):
                files = build(tools)
        with step("check the metadata"):
            run(tools, "-m", "twine", "check", "--strict", *files, folder=scratch)
        for path in files:
            if path.name.endswith(".tar.gz") and (ROOT / ".git").exists():
                missing = left_out(path)
                if missing:
                    sys.exit(f"{path.name} does not hold {', '.join(missing)}. See [tool.hatch.build.targets.sdist].")
            with step(f"install {path.name}"):
                python = environment(scratch / path.name.replace(".tar.gz", "-source"), f"{path}[tables]")
            with step(f"test {path.name}"):
                arguments = ["--machine-code"] if options.machine_code else []
                # A fit with kernels from the cache needs no compiler either, so that machine code needs an empty one.
                kernels = str(scratch / (f"kernels-{path.name}" if options.machine_code else "kernels"))
                run(python, ROOT / "release" / "smoke_test.py", *arguments, folder=scratch, NUMBA_CACHE_DIR=kernels)
            print(f"{path.name}, {path.stat().st_size / 1e6:.2f} MB, works.", flush=True)


if __name__ == "__main__":
    main()
