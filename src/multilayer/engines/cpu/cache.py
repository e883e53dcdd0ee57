"""The kernel cache: machine code on disk, so that the next process need not compile.

Each kernel, for arguments of certain types, is one file, named by a digest of everything that it depends on
(``dependencies.py``), read only if it is safe to run (``folders.py``), checked by its digest (``objects.py``), and
replaced atomically.  After any failure, the kernel is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from multilayer.engines.cpu import folders, objects, processor
from multilayer.engines.cpu.arguments import Signature
from multilayer.engines.cpu.dependencies import kernel_key
from multilayer.engines.cpu.notice import noted_if_long
from multilayer.engines.protocol import report_compilation


class KernelCache:
    """The folders of the cache, which are looked for when the first kernel is called, not when a module is imported."""

    def __init__(self) -> None:
        self.folders = folders.candidates(processor.setting("CACHE_DIR"))
        self.writable = folders.first_writable(self.folders)
        # What this process has compiled, with its keys: see ``_is_unchanged``.
        self._compiled: list[tuple[Callable[..., Any], Signature, str]] = []
        self._has_changed = False

    def read(self, name: str, key: str) -> tuple[int, str] | None:
        """Load a kernel; return the address of its entry and the type of its result, or None if it is not stored."""
        for folder in self.folders if key else ():
            stored = folders.read_trusted(_path(folder, name, key))
            try:
                if stored is not None:
                    return objects.loaded(stored, key)
            except objects.UnusableFile:
                pass
        return None

    def write(self, name: str, key: str, content: bytes) -> None:
        """Store a kernel, if it can be stored."""
        try:
            if self.writable is not None:
                folders.write_whole(_path(self.writable, name, key), content)
        except OSError:
            pass  # the disk is full: the next process compiles the kernel again

    def may_write(self, function: Callable[..., Any], signature: Signature, key: str) -> bool:
        """Return whether the machine code of a kernel that was just compiled can be stored under a key.

        A function that several kernels call is compiled once.  If something that they depend on is replaced after the
        first of them was compiled, the next may hold the old value or the new one, and no key distinguishes them.
        """
        self._compiled.append((function, signature, key))
        self._has_changed |= any(not then or key_of(of, types) != then for of, types, then in self._compiled)
        return not self._has_changed


_cache: KernelCache | None = None


def the_cache() -> KernelCache:
    """Return the cache of this process."""
    global _cache
    if _cache is None:
        _cache = KernelCache()
    return _cache


def find_or_compile(name: str, function: Callable[..., Any], signature: Signature) -> tuple[int, str]:
    """Load a kernel from the cache or compile it; return the address of its entry and the type of its result."""
    cache, key = the_cache(), key_of(function, signature)
    found = cache.read(name, key)
    if found is not None:
        return found
    report_compilation(name)
    with noted_if_long():
        from multilayer.engines.cpu.compiler import compile_kernel  # imports Numba

        if key != (key := key_of(function, signature)):  # with Numba imported, its settings are known exactly
            found = cache.read(name, key)
            if found is not None:
                return found
        compiled = compile_kernel(function, signature)
    content = objects.packed(key, compiled.machine_code, compiled.returns, compiled.calls)
    if compiled.is_portable and cache.may_write(function, signature, key):
        cache.write(name, key, content)
    return objects.loaded(content, key)


def key_of(function: Callable[..., Any], signature: Signature) -> str:
    """Return the key of a kernel, or "" if it has none."""
    try:
        return kernel_key(function, signature, processor.host())
    except MemoryError:
        raise
    except Exception:
        return ""


def _path(folder: Path, name: str, key: str) -> Path:
    return folder / f"{name}-{key[:40]}.kernel"
