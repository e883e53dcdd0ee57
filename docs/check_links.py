"""Look up every link, anchor and picture within a built site: python docs/check_links.py docs/_build/html

Links to other sites are not followed, because the site is built without a network.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

# Attributes with an address, by tag.
ADDRESSES = {"a": "href", "link": "href", "img": "src", "script": "src", "source": "src", "iframe": "src"}
PAGES_OF_SPHINX = {"search.html", "genindex.html", "py-modindex.html"}


class Page(HTMLParser):
    """The addresses and the anchors of one page, and its pictures without a text in their place."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[tuple[str, str]] = []
        self.anchors: set[str] = set()
        self.pictures_without_text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the address, the anchor and a picture's missing text of one tag."""
        given = {name: value or "" for name, value in attrs}
        self.anchors.update(given[name] for name in ("id", "name") if given.get(name))
        if address := given.get(ADDRESSES.get(tag, ""), ""):
            self.addresses.append((tag, address))
        if tag == "img" and "alt" not in given:
            self.pictures_without_text.append(given.get("src", ""))


def faults(site: Path) -> list[str]:
    """Return one line for each address that leads nowhere, is loaded from elsewhere, or is a picture without a text."""
    paths = [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]  # templates of the theme
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in paths}
    found = []
    for path, page in pages.items():
        name = path.relative_to(site)
        found += [f"{name}: the picture {picture} has no alternative text" for picture in page.pictures_without_text]
        for tag, address in page.addresses:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                if tag not in ("a", "link") and parts.scheme != "data":
                    found.append(f"{name}: {tag} loads {address} from elsewhere")
                continue
            target, anchor = urldefrag(address)
            place = (path.parent / unquote(target.split("?")[0])).resolve() if target else path
            if place.is_dir():
                place /= "index.html"
            if not place.exists():
                found.append(f"{name}: {address} does not exist")
            elif anchor and place in pages and unquote(anchor) not in pages[place].anchors:
                found.append(f"{name}: {address} has no such anchor")
    return sorted(set(found))


def main() -> None:
    """Print the faults, and exit with 1 if there are any."""
    site = Path(sys.argv[1]).resolve()
    found = faults(site)
    print("\n".join(found) if found else f"All links, anchors and pictures of {site.name} exist.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
