"""Cuts the empty line at the end of code blocks.

Doctests need it, because without it the fence after an output would be a part of the output.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes


def cut_ends(app: Any, document: nodes.document) -> None:
    """Remove empty lines at the end of each code block of a page."""
    for block in document.findall(nodes.literal_block):
        if block.astext().endswith("\n\n") and len(block.children) == 1:
            text = block.astext().rstrip("\n") + "\n"
            block.rawsource = text
            block.replace(block.children[0], nodes.Text(text))


def setup(app: Any) -> dict[str, bool]:
    """Connect the function to the event of Sphinx."""
    app.connect("doctree-read", cut_ends)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
