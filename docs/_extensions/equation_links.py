"""Links each equation to the functions that compute it, and each tag such as (B2) in a text to its equation.

Functions are found by their docstrings: ``(B1)-(B4) Compute D, ...`` begins with the tags of the equations that the
function computes. Equations are found by their tags on the pages of ``equation_pages``: a displayed equation with
``\\text{(B2)}``, a row of a table whose first cell is the tag, or else a list item that begins with it.

The links of an equation lead to the reference. Functions that are not public have no page there, so that a page of
this extension, ``equation_reference``, documents those that an equation links to, beside a table of all tags. A tag
without a function, a tag without an equation and a tag with two equations are warnings.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from sphinx import addnodes
from sphinx.util import logging

HERE = Path(__file__).parent
STYLE = "equation_links.css"
TAG = re.compile(r"\(([A-Z]\d+|J)\)")
DISPLAYED = re.compile(r"\\text\{\(([A-Z]\d+|J)\)\}")
# The tags with which a docstring begins: "(B2)", "(F1), (F2)", "(J) and (B1)-(B4)".
LEADING = re.compile(rf"(?:{TAG.pattern}(?:-|, | and )?)+")
RANGE = re.compile(r"\(([A-Z])(\d+)\)-\(\1(\d+)\)")
# Text in these nodes keeps its tags as they are: code, mathematics, titles, and what is a link already.
KEPT = (
    nodes.FixedTextElement,
    nodes.literal,
    nodes.math,
    nodes.raw,
    nodes.reference,
    nodes.title,
    addnodes.desc_signature,
    addnodes.pending_xref,
)

logger = logging.getLogger(__name__)


class Function(NamedTuple):
    """A function, class or method that computes equations, by the name under which the reference documents it."""

    name: str
    label: str
    kind: str
    is_public: bool
    computes: frozenset[str]
    mentions: frozenset[str]


def tags_of(text: str) -> frozenset[str]:
    """Return the tags in a text; a range such as (B1)-(B4) contains those between its ends."""
    between = [f"{family}{k}" for family, a, b in RANGE.findall(text) for k in range(int(a), int(b) + 1)]
    return frozenset([*TAG.findall(text), *between])


def _members(module: Any) -> Iterator[tuple[str, Any, str]]:
    """Return (name, object, kind) of the functions, classes and methods that a module defines, except private ones."""
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(value):
            yield name, value, "function"
        elif inspect.isclass(value):
            yield name, value, "class"
            own = [(inner, method) for inner, method in vars(value).items() if inspect.isfunction(method)]
            yield from ((f"{name}.{inner}", method, "method") for inner, method in own if not inner.startswith("_"))


def collect(packages: Iterable[str], public: dict[Any, tuple[str, str]]) -> list[Function]:
    """Return the functions with tags in all modules of some packages.

    Parameters
    ----------
    packages : iterable of str
        Names of packages.
    public : dict
        The module and the name under which the reference documents an object.

    Returns
    -------
    list of Function
        In the order of modules.
    """
    modules = []
    for package in packages:
        loaded = importlib.import_module(package)
        below = pkgutil.walk_packages(getattr(loaded, "__path__", []), f"{package}.")
        modules += [loaded, *(importlib.import_module(found.name) for found in below)]
    functions = []
    for module in modules:
        for name, value, kind in _members(module):
            text = inspect.getdoc(value) or ""
            if not (mentions := tags_of(text)):
                continue
            leading = LEADING.match(text)
            owner = getattr(module, name.split(".")[0])
            home, alias = public.get(owner, (module.__name__, owner.__name__))
            inner = name.partition(".")[2]
            alias = f"{alias}.{inner}" if inner else alias
            short = home.removeprefix(f"{package_of(home, packages)}.")
            label = f"{short}.{alias}" if owner in public and short != home else alias
            computes = tags_of(leading.group()) if leading else frozenset()
            functions.append(Function(f"{home}.{alias}", label, kind, owner in public, computes, mentions))
    return functions


def package_of(module: str, packages: Iterable[str]) -> str:
    """Return the package of a module."""
    return max((package for package in packages if f"{module}.".startswith(f"{package}.")), key=len, default=module)


def by_tag(functions: list[Function]) -> dict[str, list[Function]]:
    """Return the functions that an equation links to, for each tag, those with the fewest tags first.

    Functions that begin with the tag come before those that only mention it, which count where no other does. A
    function that is not public is left out if a public one, of the package itself, is as specific.
    """
    table = {}
    for tag in sorted({tag for function in functions for tag in function.mentions}, key=_order):
        found = [function for function in functions if tag in function.computes]
        if not found:
            found = [function for function in functions if tag in function.mentions]
            found = [function for function in found if function.is_public] or found
        public = [len(function.computes) for function in found if function.is_public and "." not in function.label]
        kept = [
            function for function in found if function.is_public or not public or len(function.computes) < min(public)
        ]
        table[tag] = sorted(kept, key=lambda each: (len(each.computes), each.label.count("."), each.name))
    return table


def _order(tag: str) -> tuple[str, int]:
    return tag[0], int(tag[1:] or 0)


def public_objects(modules: Iterable[str]) -> dict[Any, tuple[str, str]]:
    """Return module and name of each public class and function; a name in several modules has the page of the last."""
    found: dict[Any, tuple[str, str]] = {}
    for module in modules:
        loaded = importlib.import_module(module)
        own = [name for name, value in vars(loaded).items() if getattr(value, "__module__", "") == module]
        for name in getattr(loaded, "__all__", own):
            value = getattr(loaded, name)
            if not name.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value)):
                found[value] = module, name
    return found


def prepare(app: Any) -> None:
    """Collect the functions, and write the page of tags and of the functions without a page."""
    modules = app.config.equation_modules
    if modules is None:
        from reference_pages import MODULES

        packages = tuple(f"{package}." for package in app.config.equation_packages)
        modules = [module for module in MODULES if f"{module}.".startswith(packages)]
    public = public_objects(modules)
    app.equation_functions = by_tag(collect(app.config.equation_packages, public))
    functions = [function for found in app.equation_functions.values() for function in found if not function.is_public]
    hidden = {function.name.removesuffix(f".{function.label}") for function in functions}
    homes = {value.__module__: home for value, (home, _) in public.items()}
    app.equation_homes = {module: homes.get(module, module) for module in hidden}
    path = Path(app.srcdir) / f"{app.config.equation_reference}.rst"
    text = reference_page(app.equation_functions)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def reference_page(table: dict[str, list[Function]]) -> str:
    """Return a page with a table of all tags, and the documentation of the functions that are not public."""
    title = "Equations by tag"
    lines = [":orphan:", "", title, "=" * len(title), ""]
    lines += ["Each tag leads to its equation, and each name to the function that computes it.", ""]
    lines += [".. list-table::", "   :header-rows: 1", "   :widths: 1 6", "", "   * - equation", "     - computed by"]
    for tag, functions in table.items():
        names = ", ".join(f":py:obj:`{function.label} <{function.name}>`" for function in functions)
        lines += [f"   * - \\({tag})", f"     - {names}"]
    title = "Functions that are not public"
    lines += ["", title, "-" * len(title), "", "These may change in any version.", ""]
    hidden = {function.name: function for functions in table.values() for function in functions}
    for name, function in sorted(hidden.items()):
        if not function.is_public:
            lines += [f".. auto{function.kind}:: {name}", ""]
    return "\n".join(lines)


def escape_tags(app: Any, what: str, name: str, given: Any, options: Any, lines: list[str]) -> None:
    """Escape "(J)" at the beginning of a docstring: reStructuredText would read it as number J of a list."""
    lines[:] = [re.sub(r"^(\s*)\(J\)", r"\1\\(J)", line) for line in lines]


def find_outdated(app: Any, env: Any, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """Read the pages with equations again when functions have changed."""
    before = getattr(env, "equation_functions", None)
    env.equation_functions = app.equation_functions
    return (
        [] if before == env.equation_functions else [page for page in app.config.equation_pages if page in env.all_docs]
    )


def process(app: Any, doctree: nodes.document) -> None:
    """Mark and link the equations of one page, and link the tags in its text."""
    docname = app.env.docname
    if docname in app.config.equation_pages:
        anchors = _anchors(app.env)
        for tag in link_equations(doctree, app.equation_functions):
            if tag in anchors:
                logger.warning(
                    "equation (%s) is on the page %s already", tag, anchors[tag], location=docname, type="equation"
                )
            anchors[tag] = docname
    if docname == app.config.equation_reference:
        for signature in doctree.findall(addnodes.desc_signature):
            home = app.equation_homes[signature["module"]]
            if home != signature["module"]:
                signature["ids"].append(f"{home}.{signature['fullname']}")
    link_tags(doctree, app.equation_functions)


def link_sources(app: Any, env: Any) -> None:
    """Let the page of a module's source lead back to functions by the names of the public module.

    sphinx.ext.viewcode has one name of a module for all of its functions, whether they are public or not.
    """
    pages = getattr(env, "_viewcode_modules", {})
    for module, home in app.equation_homes.items():
        if entry := pages.get(module):
            pages[module] = (*entry[:3], home)


def _anchors(env: Any) -> dict[str, str]:
    """Return the page of each equation."""
    if not hasattr(env, "equation_anchors"):
        env.equation_anchors = {}
    return env.equation_anchors


def link_equations(doctree: nodes.document, table: dict[str, list[Function]]) -> list[str]:
    """Give each equation of a page an anchor and links to its functions; return the tags."""
    found: list[str] = []
    for block in list(doctree.findall(nodes.math_block)):
        tags = DISPLAYED.findall(block.astext())
        if tags:
            found += tags
            block["ids"] += [f"eq-{tag}" for tag in tags]
            line = nodes.paragraph(classes=["equation-functions"])
            for tag in tags:
                functions = table.get(tag, [])
                line += nodes.inline("", f"({tag}) " if len(tags) > 1 else "")
                for function in functions:
                    line += [_link(function), nodes.Text(" ")]
            block.parent.insert(block.parent.index(block) + 1, line)
    for row in doctree.findall(nodes.row):
        cell = row[0]
        if (tag := _whole_tag(cell)) and tag not in found:
            found.append(tag)
            _mark(cell, tag, table)
    for item in doctree.findall(nodes.list_item):
        first = TAG.match(item.astext())
        if first and first[1] in table and first[1] not in found:
            found.append(first[1])
            item["ids"].append(f"eq-{first[1]}")
            text = next(iter(item.findall(nodes.Text)))
            functions = table[first[1]]
            rest = nodes.Text(text.removeprefix(first[0]))
            text.parent.replace(text, [_link(functions[0], first[0]), rest] if functions else [text])
    return found


def _whole_tag(cell: nodes.Node) -> str | None:
    found = TAG.fullmatch(cell.astext())
    return found[1] if found else None


def _mark(cell: nodes.Element, tag: str, table: dict[str, list[Function]]) -> None:
    """Make the tag in a cell of a table the anchor of the equation, and a link to the first of its functions."""
    paragraph = cell[0]
    paragraph["ids"].append(f"eq-{tag}")
    if functions := table.get(tag):
        paragraph.children = []
        paragraph += _link(functions[0], f"({tag})")


def _link(function: Function, label: str | None = None) -> addnodes.pending_xref:
    """Return a link to the documentation of a function; Sphinx warns if there is none."""
    content = nodes.Text(label) if label else nodes.literal("", function.label)
    return addnodes.pending_xref(
        "", content, refdomain="py", reftype="obj", reftarget=function.name, refexplicit=True, refwarn=True
    )


def link_tags(doctree: nodes.document, table: dict[str, list[Function]]) -> None:
    """Make each known tag in the text of a page a link to its equation."""
    for text in list(doctree.findall(nodes.Text)):
        parts = TAG.split(text.astext())
        if len(parts) == 1 or not any(tag in table for tag in parts[1::2]) or _is_kept(text):
            continue
        linked: list[nodes.Node] = []
        for i, part in enumerate(parts):
            if i % 2 and part in table:
                content = nodes.inline("", f"({part})", classes=["equation-tag"])
                linked.append(addnodes.pending_xref("", content, refdomain="", reftype="equation", reftarget=part))
            elif part:
                linked.append(nodes.Text(f"({part})" if i % 2 else part))
        text.parent.replace(text, linked)


def _is_kept(node: nodes.Node) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, KEPT) or "equation-functions" in node.get("classes", []):
            return True
    return False


def resolve(app: Any, env: Any, node: addnodes.pending_xref, content: nodes.Element) -> nodes.Node | None:
    """Return the link of one tag; without an equation, its text."""
    if node["reftype"] != "equation":
        return None
    tag = node["reftarget"]
    if tag not in _anchors(env):
        return content
    page = app.builder.get_relative_uri(node["refdoc"], _anchors(env)[tag]) if "refdoc" in node else ""
    return nodes.reference("", "", content, internal=True, refuri=f"{page}#eq-{tag}")


def check(app: Any, env: Any) -> None:
    """Warn of each tag that has no equation or no function."""
    anchors = _anchors(env)
    for tag, functions in app.equation_functions.items():
        if tag not in anchors:
            names = ", ".join(function.name for function in functions)
            pages = ", ".join(app.config.equation_pages)
            logger.warning("(%s) of %s has no equation on the pages %s", tag, names, pages, type="equation")
    for tag, docname in anchors.items():
        if tag not in app.equation_functions:
            logger.warning("equation (%s) has no function with its tag", tag, location=docname, type="equation")


def purge(app: Any, env: Any, docname: str) -> None:
    """Forget the equations of a page that is read again."""
    env.equation_anchors = {tag: page for tag, page in _anchors(env).items() if page != docname}


def merge(app: Any, env: Any, docnames: list[str], other: Any) -> None:
    """Take over the equations that another process has read."""
    _anchors(env).update({tag: page for tag, page in _anchors(other).items() if page in docnames})


def add_style(app: Any, config: Any) -> None:
    """Add the style of the links to the files that the site copies."""
    config.html_static_path.append(str(HERE / STYLE))


def setup(app: Any) -> dict[str, Any]:
    """Connect the functions to the events of Sphinx."""
    pages = ["learn/mathematics", "learn/extensions", "how-to/tables", "how-to/use"]
    app.add_config_value("equation_pages", pages, "env")
    app.add_config_value("equation_packages", ["multilayer.equations", "multilayer.tables.models"], "env")
    app.add_config_value("equation_modules", None, "env")
    app.add_config_value("equation_reference", "reference/api/equations", "env")
    app.add_css_file(STYLE)
    app.connect("config-inited", add_style)
    app.connect("builder-inited", prepare, priority=110)  # before autosummary reads the pages
    app.connect("autodoc-process-docstring", escape_tags, priority=900)  # after numpydoc
    app.connect("env-get-outdated", find_outdated)
    app.connect("env-purge-doc", purge)
    app.connect("env-merge-info", merge)
    app.connect("doctree-read", process)
    app.connect("missing-reference", resolve)
    app.connect("env-check-consistency", check)
    app.connect("env-check-consistency", link_sources)
    return {"env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
