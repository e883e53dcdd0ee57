"""The answers to the bodies of requests that are predicted together: errors are those of single requests."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from multilayer.cli.serving.answer import Answer, RequestError, error_answer
from multilayer.cli.serving.requests import RequestReader, Rows
from multilayer.exceptions import MultilayerError

Predict = Callable[[Sequence[Rows]], list[bytes]]


def answers_to(bodies: Sequence[bytes], reader: RequestReader, predict: Predict) -> list[Answer]:
    """Read and predict requests; those that want the same share a prediction, and one that fails does so alone.

    Parameters
    ----------
    bodies : sequence of bytes
        The bodies of the requests.
    reader : RequestReader
        What reads them.
    predict : callable
        From requests that can be predicted together to the texts of their answers.
    """
    found: dict[int, Answer] = {}
    groups: dict[Any, list[tuple[int, Rows]]] = {}
    for number, body in enumerate(bodies):
        try:
            rows = reader.read(body)
        except RequestError as error:
            found[number] = error_answer(error)
        else:
            # An explanation depends on how many rows are explained.
            alone = number if rows.wanted.reasons else None
            groups.setdefault((rows.wanted, tuple(rows.zones.items()), alone), []).append((number, rows))
    for group in groups.values():
        found |= _predicted(group, predict)
    return [found[number] for number in range(len(bodies))]


def _predicted(group: Sequence[tuple[int, Rows]], predict: Predict) -> dict[int, Answer]:
    try:
        texts = predict([rows for _, rows in group])
    except Exception as error:
        if len(group) > 1:  # one of them is the cause
            return {number: answer for each in group for number, answer in _predicted([each], predict).items()}
        return {group[0][0]: error_answer(_as_request_error(error))}
    return {number: Answer(200, text) for (number, _), text in zip(group, texts, strict=True)}


def _as_request_error(error: Exception) -> RequestError:
    if isinstance(error, MultilayerError | ValueError):  # the latter by steps of scikit-learn
        return RequestError(422, f"the model cannot predict these rows: {error}")
    if isinstance(error, MemoryError):
        return RequestError(503, "out of memory. Send fewer rows.")
    traceback.print_exception(error, file=sys.stderr)
    return RequestError(500, f"unexpected {type(error).__name__}. The server has printed its traceback.")
