"""The reference lists every public name with its version, and the names most used are documented in full."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

import pytest
from numpydoc.docscrape import get_doc_object

from multilayer.cli import main

ROOT = Path(__file__).parents[2]
# The thirty names that users meet first.
MOST_USED = [
    "multilayer.MLPClassifier",
    "multilayer.MLPClassifier.fit",
    "multilayer.MLPClassifier.partial_fit",
    "multilayer.MLPClassifier.predict",
    "multilayer.MLPClassifier.predict_proba",
    "multilayer.MLPClassifier.diagnose",
    "multilayer.MLPRegressor",
    "multilayer.TableClassifier",
    "multilayer.TableClassifier.predict_set",
    "multilayer.TableClassifier.explain",
    "multilayer.TableClassifier.importance",
    "multilayer.TableRegressor",
    "multilayer.TableRegressor.predict_interval",
    "multilayer.EnsembleClassifier",
    "multilayer.EnsembleRegressor",
    "multilayer.load_model",
    "multilayer.save_model",
    "multilayer.resume",
    "multilayer.tables.TableEncoder",
    "multilayer.tables.read_table",
    "multilayer.selection.cross_validate",
    "multilayer.selection.search",
    "multilayer.selection.learning_curve",
    "multilayer.selection.capacity_curve",
    "multilayer.selection.regularization_path",
    "multilayer.selection.find_step_size",
    "multilayer.ensembles.ensemble_of",
    "multilayer.exports.to_onnx",
    "multilayer.plots.plot_decision_boundary",
    "multilayer.equations.check_gradient",
]


def loaded(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages():
    return loaded(ROOT / "docs" / "_extensions" / "reference_pages.py")


def find(name: str):
    words = name.split(".")
    if words[-2][0].isupper():
        return getattr(find(".".join(words[:-1])), words[-1])
    return getattr(importlib.import_module(".".join(words[:-1])), words[-1])


def test_thirty_names_are_listed():
    assert len(set(MOST_USED)) == 30


@pytest.mark.parametrize("name", MOST_USED)
def test_names_most_used_have_parameters_examples_and_references(name):
    document = get_doc_object(find(name), config={"show_class_members": False})
    assert [section for section in ("Parameters", "Examples", "References") if not document[section]] == []


def test_each_public_name_has_the_version_that_it_was_first_in(pages):
    names = {f"{module}.{name}" for module in pages.MODULES for name in pages.names_of(module)}
    listed = set(pages.since())
    assert names - listed == set(), "add these to docs/reference/since.toml, under the version to come"
    assert listed - names == set(), "these names are no longer public; see docs/reference/stability.md"


def test_each_module_and_command_has_a_page(pages, tmp_path):
    app = type("App", (), {"srcdir": tmp_path})
    pages.write_pages(app, None)
    written = {str(path.relative_to(tmp_path / "reference")) for path in tmp_path.rglob("*.rst")}
    assert {f"api/{module}.rst" for module in pages.MODULES} <= written
    assert {f"commands/{name}.rst" for name in main.commands} <= written
    text = (tmp_path / "reference" / "api" / "multilayer.ensembles.rst").read_text(encoding="utf-8")
    assert "   ensemble_of" in text
    assert ":obj:`EnsembleClassifier <multilayer.EnsembleClassifier>`" in text


def test_paths_of_pages_become_links(pages):
    lines = ["See docs/how-to/tables.md.", "``docs/how-to/tables.md`` as code", "src/multilayer/files/FORMAT.md"]
    pages.link_pages(lines)
    assert lines == [
        "See :doc:`/how-to/tables`.",
        "``docs/how-to/tables.md`` as code",
        ":doc:`/reference/file-format`",
    ]


def test_check_of_links_finds_what_leads_nowhere(tmp_path):
    check = loaded(ROOT / "docs" / "check_links.py")
    (tmp_path / "a.html").write_text('<p id="here"><a href="b.html#there">b</a> <a href="#here">a</a></p>')
    (tmp_path / "b.html").write_text('<p id="there"><a href="https://example.org">elsewhere</a></p>')
    assert check.faults(tmp_path) == []
    (tmp_path / "b.html").write_text(
        '<a href="c.html"></a><a href="a.html#gone"></a><img src="a.html"><script src="https://example.org/x.js"></script>'
    )
    assert check.faults(tmp_path) == [
        "a.html: b.html#there has no such anchor",
        "b.html: a.html#gone has no such anchor",
        "b.html: c.html does not exist",
        "b.html: script loads https://example.org/x.js from elsewhere",
        "b.html: the picture a.html has no alternative text",
    ]
