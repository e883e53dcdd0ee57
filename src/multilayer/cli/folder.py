"""The folder of ``--out``: files are written as a whole, and those of an earlier run are removed."""

from __future__ import annotations

import contextlib
import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from multilayer.cli.limits import NO_ROOM, UnfinishedError
from multilayer.exceptions import ModelFileError
from multilayer.storage import reason_of, replace_file

MODEL_FILE = "model.safetensors"
_REPORT = "report.html"
# The report lists the files written with it: name and SHA-256, so that no other file is taken for one of them.
_LIST = re.compile(r'<meta name="multilayer-files" content="([^"]*)">')
_ENTRY = re.compile(r"([a-z_]+\.[a-z]+) ([0-9a-f]{64})")
_HEAD_BYTES = 1 << 16  # of a report, within which its list stands


class OutputFolder:
    """The folder of ``--out``, which :meth:`prepare` makes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written: list[Path] = []  # so far, in this order
        self.removed: list[Path] = []  # files of an earlier run
        self._digests: dict[str, str] = {}
        self.made: list[Path] = []  # the folder and its parents, as far as prepare has made them

    def check_name(self) -> None:
        """Raise ClickException for a file in the place of the folder or of one of its parents."""
        try:
            found = next((path for path in (self.path, *self.path.parents) if path.exists()), None)
        except (OSError, ValueError):
            return  # a name that the system does not take, which prepare reports
        if found is not None and not found.is_dir():
            which = "" if found == self.path else f" {found}"
            raise click.ClickException(f"--out {self.path}:{which} is not a folder. Name a folder to write to.")

    def prepare(self) -> None:
        """Make the folder and check that files can be written to it, before the training."""
        self.check_name()
        try:
            self.made = [path for path in (self.path, *self.path.parents) if not path.exists()]
            self.path.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.path).close()
        except (OSError, ValueError) as error:
            text = f"--out {self.path}: {reason_of(error).lower()}."
            if getattr(error, "errno", None) in NO_ROOM:
                raise UnfinishedError(text) from None
            raise click.ClickException(f"{text} Name a folder to write to.") from None

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file, or replace it as a whole, so that there is never half of it."""
        data = content.encode("utf-8") if isinstance(content, str) else content
        target = self.path / name
        try:
            replace_file(target, data)
        except (OSError, ValueError) as error:
            raise UnfinishedError(f"{target}: cannot be written: {reason_of(error).lower()}.") from None
        self.written.append(target)
        self._digests[name] = hashlib.sha256(data).hexdigest()
        return target

    def write_model(self, name: str, model: Any, card: str, data: str | None) -> Path:
        """Write a model with its card and the fingerprint of its data, or replace it as a whole."""
        from multilayer import save_model

        target = self.path / name
        try:
            save_model(model, target, card=card, data=data)
        except ModelFileError as error:
            raise UnfinishedError(str(error)) from None
        self.written.append(target)
        self._digests[name] = hashlib.sha256(target.read_bytes()).hexdigest()
        return target

    def write_report(self, page: str) -> Path:
        """Write the report with a list of all files, and remove those that only an earlier run wrote.

        A file that was changed since then stays.
        """
        before = self._listed()
        entries = ", ".join(f"{name} {digest}" for name, digest in self._digests.items())
        meta = f'<meta name="multilayer-files" content="{entries}">'
        report = self.write(_REPORT, page.replace("</title>", f"</title>\n{meta}", 1))
        for name, digest in before.items():
            path = self.path / name
            with contextlib.suppress(OSError):
                if name not in self._digests and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
                    path.unlink()
                    self.removed.append(path)
        return report

    def _listed(self) -> dict[str, str]:
        """The files beside the report of an earlier run."""
        try:
            with (self.path / _REPORT).open("rb") as report:
                head = report.read(_HEAD_BYTES).decode("utf-8", "replace")
        except OSError:
            return {}
        found = _LIST.search(head)
        return dict(_ENTRY.findall(found[1])) if found else {}


@contextmanager
def prepared(folder: OutputFolder | None) -> Iterator[None]:
    """Make the folder before this block, and remove it after it if no file was written."""
    if folder is None:
        yield
        return
    folder.prepare()
    try:
        yield
    finally:
        for path in folder.made:
            with contextlib.suppress(OSError):  # not empty
                path.rmdir()
