"""Links: the whole state of a run as a text for an address, from which training reaches the same update again."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import Any

from multilayer.exceptions import InputError, MultilayerError
from multilayer.playground.runs.run import Run
from multilayer.playground.runs.setup import setup_from_json

VERSION = 1
MOST_TEXT = 20_000  # characters of a link
MOST_JSON = 200_000  # bytes of its content
MOST_UPDATES = 100_000_000


def link_of(run: Run, bug: str | None, plane: dict[str, Any] | None) -> str:
    """Return the link to the present update of a run.

    Parameters
    ----------
    run : Run
        The run.
    bug : str or None
        The mistake in its program.
    plane : dict or None
        The plane of the pictures, as in a request.

    Returns
    -------
    str
        Letters, digits, "-" and "_".
    """
    content = {
        "version": VERSION,
        "data": run.data.fingerprint,
        "setup": run.segments[0].setup.to_json(),
        "segments": [[each.epoch, _plain(each.changes)] for each in run.segments[1:] if each.update <= run.update],
        "update": run.update,
        "bug": bug,
        "plane": plane,
    }
    packed = zlib.compress(json.dumps(content, separators=(",", ":"), sort_keys=True).encode(), 9)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def content_of(link: str) -> dict[str, Any]:
    """Return the content of a link.

    Parameters
    ----------
    link : str
        What :func:`link_of` returned.

    Returns
    -------
    dict
        ``data``, ``setup`` (a Setup), ``segments``, ``update``, ``bug`` and ``plane``.

    Raises
    ------
    InputError
        If the text is not a link of this version, or cut off.
    """
    try:
        if len(link) > MOST_TEXT:
            raise ValueError("too long")
        packed = base64.b64decode(link + "=" * (-len(link) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(packed, MOST_JSON)
        if not unpacker.eof:
            raise ValueError("cut off")
        content = json.loads(text)
        if content["version"] != VERSION:
            raise InputError(f"the link is of version {content['version']!r}, but this playground reads {VERSION}.")
        return {
            "data": str(content["data"]),
            "setup": setup_from_json(content["setup"]),
            "segments": [(int(epoch), dict(changes)) for epoch, changes in content["segments"]],
            "update": _update(content["update"]),
            "bug": None if content["bug"] is None else str(content["bug"]),
            "plane": None if content["plane"] is None else dict(content["plane"]),
        }
    except MultilayerError as error:
        raise InputError(f"the link cannot be opened: {error}") from None
    except (ValueError, KeyError, TypeError, zlib.error, binascii.Error, RecursionError):
        raise InputError("the link cannot be read. Copy the whole address again.") from None


def _update(given: Any) -> int:
    if not 0 <= int(given) <= MOST_UPDATES:
        raise ValueError("out of range")
    return int(given)


def _plain(changes: Any) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in changes.items()}
