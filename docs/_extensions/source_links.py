"""Mends the links from the pages of the source code back to the reference.

``sphinx.ext.viewcode`` keeps one name for each module of the source, that under which the page that is read first
documents it. Names that other pages document under another module, such as ``multilayer.equations.Cost`` of
``multilayer.equations.costs``, would be linked to anchors that do not exist. Here each name has a second anchor, with
the module that defines it, and links lead to that.
"""

from __future__ import annotations

import importlib
from functools import reduce
from typing import Any

from docutils import nodes
from sphinx import addnodes


def defining_module(module: str, name: str) -> str | None:
    """Return the module that defines what another one imports; None for attributes of instances."""
    try:
        value = reduce(getattr, name.split("."), importlib.import_module(module))
    except AttributeError:
        return None
    return getattr(value, "__module__", None)


def add_anchors(app: Any, document: nodes.document) -> None:
    """Give each signature of Python an anchor with the module that defines it."""
    for signature in document.findall(addnodes.desc_signature):
        module, name = signature.get("module"), signature.get("fullname")
        if module and name and (source := defining_module(module, name)):
            anchor = f"{source}.{name}"
            if anchor not in document.ids:
                signature["ids"].append(anchor)
                document.ids[anchor] = signature


def use_anchors(app: Any) -> list[Any]:
    """Let the pages of the source code link to these anchors."""
    modules = getattr(app.env, "_viewcode_modules", {})
    for module, entry in modules.items():
        if entry:
            modules[module] = (*entry[:3], module)
    return []  # no further pages


def setup(app: Any) -> dict[str, bool]:
    """Connect the functions to the events of Sphinx."""
    app.connect("doctree-read", add_anchors)
    app.connect("html-collect-pages", use_anchors, priority=400)  # before viewcode makes its pages
    return {"parallel_read_safe": True, "parallel_write_safe": True}
