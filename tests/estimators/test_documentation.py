"""The HTML representation of estimators: documentation links and parameter descriptions."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_html_repr

import multilayer
from multilayer import EnsembleClassifier, EnsembleRegressor, MLPClassifier, MLPRegressor
from multilayer.estimators import documentation
from multilayer.tables import TableEncoder

KINDS = [MLPClassifier, MLPRegressor, EnsembleClassifier, EnsembleRegressor, TableEncoder]
DESCRIBED = re.compile(r'<span class="param-doc-description".*?>\s*(\w+): .*?<br><br>(.+?)</span>', re.DOTALL)


def described(estimator: Any) -> dict[str, str]:
    """Return the description of each parameter in the HTML representation."""
    return {name: html.unescape(text) for name, text in DESCRIBED.findall(estimator_html_repr(estimator))}


@pytest.mark.parametrize("kind", KINDS)
def test_the_html_does_not_contain_local_paths(kind: Any) -> None:
    assert kind()._get_doc_link() == "#"
    shown = estimator_html_repr(kind())
    assert "file:" not in shown
    assert str(Path(str(multilayer.__file__)).parent) not in unquote(shown)


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_has_a_description(kind: Any) -> None:
    found = described(kind())
    assert set(found) == set(kind().get_params(deep=False))
    assert all(len(text) > 10 for text in found.values())


def test_descriptions_come_from_the_docstring() -> None:
    assert described(MLPClassifier())["hidden_layer_sizes"] == "Units of each hidden layer; ``()`` for no hidden layer."


def test_pipelines_and_ensembles_show_the_descriptions_of_nested_estimators() -> None:
    inner = make_pipeline(TableEncoder(), MLPRegressor())
    for model in (inner, EnsembleRegressor(inner)):
        assert {"max_categories", "standardize_targets"} <= set(described(model))


def test_subclasses_have_no_documentation_link() -> None:
    class Mine(MLPClassifier):
        pass

    assert Mine()._get_doc_link() == ""
    assert "Mine" in estimator_html_repr(Mine())


def test_a_published_address_is_used_as_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documentation, "PUBLISHED", "https://example.org/{module}/{name}.html")
    assert MLPClassifier()._get_doc_link() == (
        "https://example.org/multilayer.estimators.classifier/MLPClassifier.html"
    )
