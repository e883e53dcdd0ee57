"""The writing of an exported model to files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from multilayer.exceptions import ModelFileError
from multilayer.storage import reason_of, replace_file

_NOTHING: Mapping[Path, bytes] = MappingProxyType({})


def write_file(path: str | os.PathLike[str], content: bytes, beside: Mapping[Path, bytes] = _NOTHING) -> None:
    """Create or replace a file, after the files beside it, each atomically.

    Raises
    ------
    ModelFileError
        If one of them cannot be written.
    """
    try:
        for each, more in beside.items():
            replace_file(each, more)
        replace_file(Path(path), content)
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{path}: cannot be written: {reason_of(error)}.") from None
