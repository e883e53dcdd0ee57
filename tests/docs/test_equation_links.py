"""Equations of the site link to the functions that compute them, and tags to their equations."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="Sphinx is not installed: pip install -e '.[docs]'")
pytest.importorskip("myst_parser", reason="MyST is not installed: pip install -e '.[docs]'")

EXTENSIONS = Path(__file__).parents[2] / "docs" / "_extensions"

CONFIGURATION = """
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "equation_links"]
myst_enable_extensions = ["dollarmath"]
equation_pages = ["mathematics"]
equation_packages = ["tiny"]
equation_modules = ["tiny"]
equation_reference = "api/equations"
"""

PACKAGE = '''
"""A package of three functions."""
from tiny.inner import answer, both, twice

__all__ = ["answer", "both", "twice"]
'''

INNER = '''
"""The functions."""


def twice(x):
    """(B1) Double a number; see (B2).

    >>> twice(2)  # (B1)
    4
    """


def both(x):
    """(B1)-(B2) Double and halve, as ``(B2)`` does."""


def answer():
    """(J) Return the answer."""


def half(x):
    """(B2) Halve a number."""


class Row:
    """A row of a table."""

    def value(self):
        """(A1) Return the value."""


def _also(x):
    """(B1) Double a number, not publicly."""
'''

MATHEMATICS = r"""# Mathematics

The tag (B2) is known, and (Z9) is not.

$$b = 2 a \qquad \text{(B1)}$$

$$c = \tfrac12 a \qquad \text{(B2)} \qquad\qquad J = c \qquad \text{(J)}$$

| tag | name |
|---|---|
| (A1) | `value` |

`code (B1)` and $m (B1)$ stay.
"""

API = """
API of (B1)
===========

.. currentmodule:: tiny

.. autofunction:: twice
.. autofunction:: both
.. autofunction:: answer
"""

INDEX = """
Index
=====

Other pages link to (B1), too.

.. code-block:: python

   x = 1  # (B1)

.. toctree::

   mathematics
   api
"""

Build = Callable[..., "Site"]


class Site:
    """A built site: its pages and the warnings."""

    def __init__(self, folder: Path, warnings: str) -> None:
        self.folder = folder
        self.warnings = warnings

    def page(self, name: str) -> str:
        return (self.folder / f"{name}.html").read_text(encoding="utf-8")


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    from io import StringIO

    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace

    source = tmp_path / "source"
    package = tmp_path / "tiny"
    source.mkdir()
    package.mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(EXTENSIONS))

    def run(mathematics: str = MATHEMATICS, inner: str = INNER) -> Site:
        for name in [name for name in sys.modules if name.split(".")[0] == "tiny"]:
            del sys.modules[name]
        importlib.invalidate_caches()
        texts = {"conf.py": CONFIGURATION, "mathematics.md": mathematics, "api.rst": API, "index.rst": INDEX}
        for path, text in {source / name: text for name, text in texts.items()}.items():
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")
        (package / "__init__.py").write_text(PACKAGE, encoding="utf-8")
        (package / "inner.py").write_text(inner, encoding="utf-8")
        warnings = StringIO()
        out = tmp_path / "html"
        with docutils_namespace():
            app = Sphinx(source, source, out, tmp_path / "doctrees", "html", status=None, warning=warnings, parallel=1)
            app.build()
        return Site(out, warnings.getvalue())

    with monkeypatch.context() as patch:
        patch.setattr(sys, "dont_write_bytecode", True)
        yield run
    for name in [name for name in sys.modules if name.split(".")[0] in ("tiny", "equation_links")]:
        del sys.modules[name]


def links(html: str) -> list[tuple[str, str]]:
    """The (address, text) of all links of a page, without those of the theme."""
    body = html[html.index('role="main"') :]
    body = body[: body.index('class="sphinxsidebar')]
    found = re.findall(r'<a class="[^"]*internal" href="([^"]*)"[^>]*>(.*?)</a>', body, re.DOTALL)
    return [(address, re.sub("<[^>]*>", "", text)) for address, text in found]


def test_equations_have_anchors_and_link_to_their_functions(build: Build) -> None:
    site = build()
    assert site.warnings == ""
    page = site.page("mathematics")
    assert all(page.count(f'id="eq-{tag}"') == 1 for tag in ("B1", "B2", "J", "A1"))
    assert links(page) == [
        ("#eq-B2", "(B2)"),
        ("api.html#tiny.twice", "twice"),  # the function with the fewest tags is the first
        ("api.html#tiny.both", "both"),
        ("api/equations.html#tiny.inner.half", "half"),  # not public, but nothing public computes (B2) alone
        ("api.html#tiny.both", "both"),
        ("api.html#tiny.answer", "answer"),
        ("api/equations.html#tiny.inner.Row.value", "(A1)"),
    ]


def test_tags_in_docstrings_and_on_other_pages_link_to_equations(build: Build) -> None:
    site = build()
    to = "mathematics.html#eq-"
    assert links(site.page("index"))[:1] == [(f"{to}B1", "(B1)")]
    of_equations = [link for link in links(site.page("api")) if link[1] != "[source]"]
    assert of_equations == [(f"{to}{tag}", f"({tag})") for tag in ("B1", "B2", "B1", "B2", "J")]
    assert (f"../{to}J", "(J)") in links(site.page("api/equations"))


def test_code_mathematics_titles_and_unknown_tags_stay(build: Build) -> None:
    site = build()
    page = site.page("mathematics")
    assert "and (Z9) is not" in page
    assert '<span class="pre">code</span> <span class="pre">(B1)</span>' in page
    assert r"\(m (B1)\)" in page
    assert "<h1>API of (B1)<" in site.page("api")
    assert '<span class="pre">(B2)</span>' in site.page("api")
    assert re.search(r"# \(B1\)</span>", site.page("index"))


def test_page_of_tags_documents_functions_that_are_not_public(build: Build) -> None:
    page = build().page("api/equations")
    assert 'id="tiny.inner.half"' in page
    assert 'id="tiny.inner.twice"' not in page
    assert "_also" not in page


def test_links_from_the_source_of_a_module_lead_to_public_and_other_functions(build: Build) -> None:
    site = build()
    back = re.findall(r'href="../../([^"#]*)#([^"]*)">\[docs\]', site.page("_modules/tiny/inner"))
    assert ("api.html", "tiny.twice") in back
    assert ("api/equations.html", "tiny.half") in back
    for page, anchor in back:
        assert f'id="{anchor}"' in site.page(page.removesuffix(".html"))


@pytest.mark.parametrize(
    ("replaced", "by", "warning"),
    [
        (r"\qquad \text{(B1)}", "", r"\(B1\) of tiny.twice, tiny.both has no equation on the pages mathematics"),
        ("b = 2 a", r"b = 2 a \text{(Z9)}", r"mathematics.*equation \(Z9\) has no function with its tag"),
        ("b = 2 a", r"b = 2 a \text{(B2)}", r"mathematics.*equation \(B2\) is on the page mathematics already"),
    ],
)
def test_missing_and_double_equations_are_warnings(build: Build, replaced: str, by: str, warning: str) -> None:
    assert replaced in MATHEMATICS
    assert re.search(warning, build(MATHEMATICS.replace(replaced, by)).warnings)


def test_changed_functions_change_the_links_of_pages_that_did_not(build: Build) -> None:
    build()
    site = build(inner=INNER.replace("(B1) Double a number; see (B2)", "Double a number; see (B2)"))
    assert ("api.html#tiny.twice", "twice") not in links(site.page("mathematics"))
    assert ("api.html#tiny.both", "both") in links(site.page("mathematics"))


def test_ranges_of_tags_contain_the_tags_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXTENSIONS))
    equation_links = importlib.import_module("equation_links")
    assert equation_links.tags_of("(J) and (B1)-(B3), (C12)") == {"J", "B1", "B2", "B3", "C12"}
    assert equation_links.tags_of("(B1), A-(C3) (b2) f(X1, 2)") == {"B1", "C3"}
