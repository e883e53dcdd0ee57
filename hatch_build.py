"""The build of wheels by hatchling, with the CPU engine's kernels as machine code, so that users need not compile.

An editable installation compiles nothing.  Neither does a build with MULTILAYER_NO_MACHINE_CODE=1, nor one where Numba
cannot be installed: its wheel is the same for all platforms, and kernels are compiled when they are first called.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import hatchling.build
from hatchling.build import (  # noqa: F401 the other functions of a build backend
    build_editable,
    build_sdist,
    build_wheel,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
)
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# What ``multilayer.engines.cpu.shipping`` imports; the project requires the same, under the same conditions.
NEEDED = ("numba", "numpy", "scipy", "threadpoolctl")
TARGET = "multilayer/engines/cpu/machine_code"
# The object files call only functions of the C library that every version of it has.
LINUX = "manylinux_2_17"


def get_requires_for_build_wheel(config_settings: dict[str, Any] | None = None) -> list[str]:
    """Return what the build of a wheel needs; unlike a hook's dependencies, this does not apply to editable ones."""
    needed = hatchling.build.get_requires_for_build_wheel(config_settings)
    if _is_switched_off():
        return needed
    declared = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    return [*needed, *(each for each in declared if each.startswith(NEEDED))]


class MachineCodeHook(BuildHookInterface[Any]):
    """Adds a folder of machine code to the wheel, and its platform to the wheel's tag."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before the wheel is written."""
        if version == "editable" or _is_switched_off() or importlib.util.find_spec("numba") is None:
            return
        self._folder = Path(tempfile.mkdtemp())
        # pip names the packages of an isolated build in PYTHONPATH.
        paths = [str(Path(self.root) / "src"), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        command = [sys.executable, "-m", "multilayer.engines.cpu.shipping", str(self._folder)]
        try:
            subprocess.run(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}, check=True)
        except BaseException:
            shutil.rmtree(self._folder)
            raise
        if not any(self._folder.iterdir()):  # there is no level for this kind of processor
            return
        build_data["force_include"][str(self._folder)] = TARGET
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{_platform_tag()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Remove the folder."""
        if hasattr(self, "_folder"):
            shutil.rmtree(self._folder)


def _is_switched_off() -> bool:
    return os.environ.get("MULTILAYER_NO_MACHINE_CODE", "0") not in ("", "0")


def _platform_tag() -> str:
    if sys.platform == "linux" and platform.libc_ver()[0] == "glibc":
        return f"{LINUX}_{platform.machine()}"
    if sys.platform == "darwin":
        return f"macosx_11_0_{platform.machine()}"  # one kind of processor, also with a Python for two
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")
