"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import click


class OutputFolder:
    """The folder of ``--out``.

    Parameters
    ----------
    path : Path
        Where it is or will be; made by :meth:`prepare`.

    Attributes
    ----------
    written : list of Path
        The files written so far, in that order.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written: list[Path] = []

    def prepare(self) -> None:
        """Make the folder and see that it takes files: before the training, not after it.

        Raises
        ------
        click.ClickException
            It is a file, or cannot be written to.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            probe = self._partial("probe")
            probe.touch(exist_ok=False)
            probe.unlink()
        except OSError as error:
            reason = "is not a folder" if self.path.exists() and not self.path.is_dir() else _reason(error)
            raise click.ClickException(f"--out {self.path}: {reason}. Name a folder to write to.") from None

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file under a temporary name and rename it, so that there is never half of it."""
        data = content.encode("utf-8") if isinstance(content, str) else content
        target, partial = self.path / name, self._partial(name)
        try:
            partial.write_bytes(data)
            os.replace(partial, target)
        except OSError as error:
            raise click.ClickException(f"{target}: cannot be written: {_reason(error)}.") from None
        finally:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
        self.written.append(target)
        return target

    def _partial(self, name: str) -> Path:
        return self.path / f".{name}.{os.getpid()}.part"


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
