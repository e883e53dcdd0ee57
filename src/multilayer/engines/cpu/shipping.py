"""Making the machine code that a wheel contains; the build runs this module, and nothing of it runs after that.

``python -m multilayer.engines.cpu.shipping FOLDER`` compiles the kernels of all kinds of network, for each level of
processors of this kind of computer.  The computer need not have their features: nothing of the machine code is run.
"""

from __future__ import annotations

import itertools
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from multilayer.engines.cpu import compiling, folders, objects, shipped, symbols
from multilayer.engines.cpu.arguments import signature_of
from multilayer.engines.cpu.dependencies import portable_key
from multilayer.engines.cpu.engine import CpuEngine
from multilayer.engines.warmup import DTYPES, KINDS, run_small

# Calls of one kernel for one network; more would mean that the engine waits for a result.
MOST_CALLS = 100


def make_all(folder: Path) -> None:
    """Compile all kernels for all levels, each level and dtype in a process of its own."""
    levels = [level for level in shipped.LEVELS if platform.machine() in level.machines]

    def run(part: tuple[shipped.Level, str]) -> None:
        level, dtype = part
        command = [sys.executable, "-m", __spec__.name, str(folder), level.name, dtype]
        subprocess.run(command, env=_environment(level), check=True)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(run, itertools.product(levels, DTYPES)))


def _environment(level: shipped.Level) -> dict[str, str]:
    """Return the environment of a process that compiles for the processors of a level."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    features = ",".join(f"+{name}" for name in level.features)
    return {**others, "NUMBA_CPU_NAME": level.cpu, "NUMBA_CPU_FEATURES": features}


def compile_into(folder: Path, level: str, kernel: Any, arguments: tuple[Any, ...]) -> None:
    """Compile a kernel for these arguments and write its file, unless the file is there."""
    from multilayer.engines.cpu.compiler import compile_kernel

    signature = signature_of(arguments)
    key = portable_key(kernel.py_func, signature, level)
    path = shipped.path(folder, level, kernel.name, key)
    if path.exists():
        return
    compiled = compile_kernel(kernel.py_func, signature)
    if not compiled.is_portable or not set(compiled.calls) <= set(symbols.ADDRESSES):
        raise RuntimeError(f"the machine code of {kernel.name} depends on this process")
    path.parent.mkdir(parents=True, exist_ok=True)
    content = objects.packed(key, compiled.machine_code, compiled.returns, compiled.calls)
    folders.write_whole(path, content)  # atomically, because the processes for two dtypes share some kernels


def make(folder: Path, level: str, dtype: str, kinds: Iterable[str] = KINDS) -> None:
    """Compile the kernels of some kinds of network for the level that this process compiles for."""
    n_calls = 0

    def compile_only(kernel: Any, *arguments: Any) -> int:
        nonlocal n_calls
        n_calls += 1
        if n_calls > MOST_CALLS:
            raise RuntimeError(f"the engine waits for a result of {kernel.name}")
        compile_into(folder, level, kernel, arguments)
        return 0

    real = compiling.Kernel.__call__
    compiling.Kernel.__call__ = compile_only  # type: ignore[method-assign,assignment]
    try:
        for kind in kinds:
            n_calls = 0
            run_small(CpuEngine(), KINDS[kind], dtype)
    finally:
        compiling.Kernel.__call__ = real  # type: ignore[method-assign]


if __name__ == "__main__":
    make_all(Path(sys.argv[1])) if len(sys.argv) == 2 else make(Path(sys.argv[1]), *sys.argv[2:])
