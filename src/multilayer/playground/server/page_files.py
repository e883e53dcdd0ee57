"""The files of the page: those in its folder, by their names; a path of a request is never joined to a folder."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

_PAGE = "index.html"
_MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
}


class PageFile(NamedTuple):
    """A file of the page."""

    content: bytes
    media_type: str


class PageFiles:
    """The files of a folder.

    Parameters
    ----------
    folder : Traversable or None
        The folder; None for the one of the package.
    """

    def __init__(self, folder: Traversable | None = None) -> None:
        self._files = dict(_listed(files("multilayer.playground") / "static" if folder is None else folder))

    def get(self, path: str) -> PageFile | None:
        """The file of a path such as ``css/base.css``; of an empty one, the page; None if there is none."""
        name = path or _PAGE
        found = self._files.get(name)
        return None if found is None else PageFile(found.read_bytes(), _MEDIA_TYPES[_kind(name)])


def _listed(folder: Traversable, above: str = "") -> Iterator[tuple[str, Traversable]]:
    for each in folder.iterdir():
        name = above + each.name
        if each.is_dir():
            yield from _listed(each, name + "/")
        elif _kind(name) in _MEDIA_TYPES:
            yield name, each


def _kind(name: str) -> str:
    return name.rpartition(".")[2]
