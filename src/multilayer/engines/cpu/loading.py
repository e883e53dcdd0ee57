"""Machine code in object files, loaded into this process by LLVM's linker."""

from __future__ import annotations

import itertools
import os
import threading
from typing import Any

#: The name of the entry in every object file.
ENTRY = "multilayer_entry"

# Loaded code is never removed, because a kernel may be running in another thread.
_libraries: list[Any] = []
_linker: Any = None
_numbers = itertools.count()
_lock = threading.Lock()


def load(machine_code: bytes, symbols: dict[str, int]) -> int:
    """Load an object file and return the address of its entry.

    Each file is a separate library, so that functions with the same name in two files are kept apart.

    Parameters
    ----------
    machine_code : bytes
        The object file.
    symbols : dict of str to int
        The addresses of the functions that it calls, besides those of the C library.

    Returns
    -------
    int
        The address.

    Raises
    ------
    RuntimeError
        If it is no object file for this machine, has no entry, or calls an unknown function.
    """
    global _linker
    from llvmlite import binding

    with _lock:
        if _linker is None:
            binding.initialize_native_target()
            binding.initialize_native_asmprinter()
            _linker = binding.create_lljit_compiler(suppress_errors=True)
        builder = binding.JITLibraryBuilder().add_object_img(machine_code).add_current_process().export_symbol(ENTRY)
        for name, address in symbols.items():
            builder.import_symbol(name, address)
        library = builder.link(_linker, f"kernel {next(_numbers)}")
        _libraries.append(library)
        return int(library[ENTRY])


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
