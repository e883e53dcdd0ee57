"""The page with a form, as one text; its policy allows nothing that is not in it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Page:
    """A page of HTML.

    Attributes
    ----------
    html : str
        Its text, with style and script.
    policy : str
        Its Content-Security-Policy.
    """

    html: str
    policy: str

    @classmethod
    def load(cls) -> Page:
        """Put the page together from its three files."""
        folder = files(__package__)
        html, style, script = (
            folder.joinpath(f"page.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
        )
        html = html.replace("/* page.css */", style).replace("/* page.js */", script)
        policy = (
            f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; connect-src 'self'; "
            "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return cls(html, policy)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
