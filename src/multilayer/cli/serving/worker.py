"""The process that predicts, so that the event loop of the server and the model have an interpreter each.

It reads the bodies of requests from standard input and writes their answers to standard output, as frames; the first
frame that it writes describes the model, or says why it cannot be served. It ends when standard input is closed.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from pathlib import Path

from multilayer.cli.serving.answer import as_json
from multilayer.cli.serving.answering import answers_to
from multilayer.cli.serving.frames import read_frame, write_frame
from multilayer.cli.serving.limits import ServerLimits
from multilayer.cli.serving.predictions import answers
from multilayer.cli.serving.requests import RequestReader
from multilayer.cli.serving.served import ServedModel
from multilayer.exceptions import MultilayerError


def main(path: str, most_rows: str) -> None:
    """Predict with the model of a file; requests may have so many rows."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the server finishes its requests first
    # What a library prints must not mix with frames.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        served = ServedModel.load(Path(path), ServerLimits(most_rows=int(most_rows)))
    except MultilayerError as error:
        write_frame(output, [as_json({"error": str(error)})])
        return
    write_frame(output, [as_json({"about": served.about, "schema": served.schema, "refusal": served.refusal})])
    reader, predict = RequestReader(served.saved, int(most_rows)), partial(answers, served.saved)
    while True:
        try:
            bodies = read_frame(sys.stdin.buffer)
        except EOFError:
            return
        found = answers_to(bodies, reader, predict)
        write_frame(output, [part for each in found for part in (str(each.status).encode(), each.text)])


if __name__ == "__main__":
    main(*sys.argv[1:])
