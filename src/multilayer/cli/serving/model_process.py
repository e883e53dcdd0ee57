"""The process that predicts, as the server sees it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from multilayer.cli.serving.answer import Answer
from multilayer.cli.serving.frames import read_frame, write_frame
from multilayer.exceptions import InputError

_SECONDS_TO_END = 5.0


class ModelProcess:
    """A process with a model.

    Attributes
    ----------
    about : mapping
        What ``/health`` says.
    schema : mapping
        The answer of ``/schema``.
    refusal : str or None
        Why the model does not predict the example of the schema; None if it does.
    """

    def __init__(self, process: subprocess.Popen[bytes], to: IO[bytes], back: IO[bytes]) -> None:
        self._process, self._to, self._back = process, to, back
        self.about: dict[str, Any] = {}
        self.schema: dict[str, Any] = {}
        self.refusal: str | None = None

    def wait_for_model(self) -> None:
        """Wait until the model can predict.

        Raises
        ------
        InputError
            If it cannot be served.
        """
        try:
            (text,) = read_frame(self._back)
        except EOFError:
            raise InputError(f"the model cannot be loaded: its process {self.end_in_words}.") from None
        found = json.loads(text)
        if "error" in found:
            raise InputError(found["error"])
        self.about, self.schema, self.refusal = found["about"], found["schema"], found["refusal"]

    def exchange(self, bodies: Sequence[bytes]) -> list[Answer]:
        """The answers to the bodies of requests; an EOFError or OSError if the process has ended."""
        write_frame(self._to, bodies)
        found = read_frame(self._back)
        return [Answer(int(status), text) for status, text in zip(found[::2], found[1::2], strict=True)]

    @property
    def is_running(self) -> bool:
        """Whether the process runs, as far as ``watch`` knows."""
        return self._process.returncode is None

    def watch(self, on_end: Callable[[], None]) -> None:
        """Call a function, in another thread, when the process ends."""

        def wait() -> None:
            self._process.wait()
            on_end()

        threading.Thread(target=wait, name="end of the model", daemon=True).start()

    @property
    def end_in_words(self) -> str:
        """How the process has ended."""
        code = self._process.wait(_SECONDS_TO_END)
        return f"was ended by signal {-code}" if code < 0 else f"has ended with exit code {code}"


@contextmanager
def model_process(path: Path, most_rows: int) -> Iterator[ModelProcess]:
    """A process that loads the model of a file, and ends with this block."""
    # -P: a file of the current folder with the name of a library is not run.  In a session of its own the process does
    # not receive the Ctrl-C of a terminal, which the server handles.
    words = [sys.executable, "-P", "-m", "multilayer.cli.serving.worker", str(path), str(most_rows)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("a process without pipes")
    try:
        yield ModelProcess(process, process.stdin, process.stdout)
    finally:
        with suppress(OSError):  # it has ended
            process.stdin.close()
        try:
            process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
