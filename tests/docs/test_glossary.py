"""The glossary is sorted and short, and the parameters and attributes that it names exist."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from multilayer import MLPClassifier, MLPRegressor
from multilayer.selection import cross_validate

TEXT = (Path(__file__).parents[2] / "docs" / "reference" / "glossary.md").read_text(encoding="utf-8")
BODY = TEXT.split(":::{glossary}\n")[1].split("\n:::")[0]
TERMS = {lines[0]: " ".join(lines[1:]) for lines in (entry.splitlines() for entry in BODY.split("\n\n"))}
PARAMETERS = {name for each in (MLPClassifier, cross_validate) for name in inspect.signature(each).parameters}


def test_terms_are_sorted() -> None:
    assert len(TERMS) >= 40
    assert list(TERMS) == sorted(TERMS, key=str.lower)


@pytest.mark.parametrize("term", TERMS)
def test_definitions_have_one_to_four_sentences(term: str) -> None:
    text = re.sub(r"`[^`]*`|\$[^$]*\$|\([^)]*\)|\d\.\d", "x", TERMS[term])
    assert 1 <= len(re.findall(r"[.!?](?: |$)", text)) <= 4, text
    assert text.strip().endswith(".")


@pytest.mark.parametrize("term", [term for term in TERMS if re.search(r"Parameters? `", TERMS[term])])
def test_parameters_exist(term: str) -> None:
    for sentence in re.findall(r"Parameters? (`[^.]*)", TERMS[term]):
        names = re.findall(r"`(\w+)`", re.split(r" limits| chooses| is the| has the| continues|, which", sentence)[0])
        assert names
        assert set(names) <= PARAMETERS


def test_attributes_exist() -> None:
    X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 2.0, 3.0]
    model = MLPRegressor((2,), max_iter=2, n_iter_no_change=None, random_state=0).fit(X, y)
    named = set(re.findall(r"`([a-z_]+_)`", BODY))
    assert named >= {"loss_", "coefs_", "intercepts_", "n_iter_"}
    assert [name for name in named if not hasattr(model, name)] == []
