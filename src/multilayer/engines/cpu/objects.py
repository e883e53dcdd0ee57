"""Files with the machine code of one kernel, in the cache and in the installed package.

A file holds, in this order: ``MAGIC``; the SHA-256 digest of all that follows; the length of the header, 4 bytes; the
header, JSON; an object file, compressed.  There is no pickle in it, and no name in it is imported.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from typing import Any

from multilayer.engines.cpu import symbols
from multilayer.engines.cpu.loading import load

MAGIC = b"multilayer kernel 2\n"
RETURNS = ("none", "bool", "int", "float")


class UnusableFile(Exception):
    """A file is damaged, or holds another kernel."""


def packed(key: str, machine_code: bytes, returns: str, calls: list[str]) -> bytes:
    """Return the content of a file."""
    header = json.dumps({"key": key, "returns": returns, "calls": calls}).encode()
    content = len(header).to_bytes(4, "little") + header + zlib.compress(machine_code, 9)
    return MAGIC + hashlib.sha256(content).digest() + content


def unpacked(stored: bytes, key: str) -> tuple[bytes, str, list[str]]:
    """Return machine code, the type of the result and the functions that are called, from the content of a file.

    Raises
    ------
    UnusableFile
        If the file is damaged, or holds another kernel.
    """
    begin = len(MAGIC) + hashlib.sha256().digest_size
    content = stored[begin:]
    if stored[:begin] != MAGIC + hashlib.sha256(content).digest():
        raise UnusableFile("damaged")
    begin = 4 + int.from_bytes(content[:4], "little")
    header: dict[str, Any] = json.loads(content[4:begin])
    if header["key"] != key or header["returns"] not in RETURNS:
        raise UnusableFile("the file holds another kernel")
    return zlib.decompress(content[begin:]), header["returns"], header["calls"]


def loaded(stored: bytes, key: str) -> tuple[int, str]:
    """Load the kernel in a file; return the address of its entry and the type of its result.

    Raises
    ------
    UnusableFile
        If it cannot be loaded.
    """
    try:
        machine_code, returns, calls = unpacked(stored, key)
        return load(machine_code, {name: symbols.ADDRESSES[name] for name in calls}), returns
    except MemoryError:
        raise
    except Exception as error:
        raise UnusableFile(str(error)) from error
