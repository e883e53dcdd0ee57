"""Configuration of Sphinx: ``make docs`` builds the site from this folder, from docstrings and from examples/."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import matplotlib

import multilayer

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))
matplotlib.use("agg")

project = "multilayer"
author = "The multilayer developers"
copyright = "The multilayer developers. BSD 3-Clause licence"
version = release = multilayer.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx_click",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "benchmark_tables",
    "reference_pages",
    "code_blocks",
    "source_links",
    "equation_links",
]
exclude_patterns = ["_build", "_extensions", "_templates", "**/README.md", "gallery/*.ipynb", "learn/lessons/*.ipynb"]
templates_path = ["_templates"]
smartquotes = False  # "--kind" and "relu" stay as they are typed
toc_object_entries_show_parents = "hide"
nitpicky = False  # types in docstrings are prose, such as "array of shape (m, n)"
suppress_warnings = ["config.cache"]  # the order of the gallery is a function

myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist", "dollarmath", "substitution"]
myst_heading_anchors = 4
myst_dmath_double_inline = True

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"  # the docstrings state types and shapes
autodoc_member_order = "groupwise"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True

sphinx_gallery_conf = {
    "examples_dirs": ["../examples/gallery", "../examples/lessons"],
    "gallery_dirs": ["gallery", "learn/lessons"],
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"/_",
    "within_subsection_order": "reading_order.ReadingOrder",
    "abort_on_example_error": True,
    "plot_gallery": "True",
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "write_computation_times": False,
    "show_signature": False,
    "min_reported_time": 5,
    "backreferences_dir": "reference/api/used",
    "doc_module": ("multilayer",),
    "reference_url": {"multilayer": None},
    "matplotlib_animations": False,
    "parallel": 2,
    "image_scrapers": ("matplotlib",),
}

# MathJax from an installed package, so that the site shows mathematics without a network.
_mathjax = find_spec("sphinx-mathjax-offline")
assert _mathjax is not None
assert _mathjax.origin is not None
MATHJAX = Path(_mathjax.origin).parent / "static" / "mathjax"
mathjax_path = "mathjax/tex-chtml.js"
mathjax3_config = {"chtml": {"mtextInheritFont": True, "scale": 0.98}, "options": {"enableMenu": False}}

html_theme = "pydata_sphinx_theme"
html_title = f"multilayer {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "multilayer"},
    "show_prev_next": True,
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "navigation_with_keys": True,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
# Code cells of programs need the width.
html_sidebars = {"gallery/*": [], "learn/lessons/*": []}
html_context = {"default_mode": "auto"}


def setup(app):
    """Copy the parts of MathJax that pages load: one program, and its fonts."""
    from sphinx.util.fileutil import copy_asset

    def copy_mathjax(app, exception):
        if exception is None and app.builder.format == "html":
            target = Path(app.outdir) / "_static" / "mathjax"
            copy_asset(MATHJAX / "tex-chtml.js", target)
            copy_asset(MATHJAX / "output" / "chtml" / "fonts", target / "output" / "chtml" / "fonts")

    app.connect("build-finished", copy_mathjax)
