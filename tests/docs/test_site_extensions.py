"""The small extensions of the site: the ends of code blocks, and the links from source pages to the reference."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

EXTENSIONS = Path(__file__).parents[2] / "docs" / "_extensions"
nodes = pytest.importorskip("docutils.nodes")
utils = pytest.importorskip("docutils.utils")
addnodes = pytest.importorskip("sphinx.addnodes")


def loaded(name: str):
    spec = importlib.util.spec_from_file_location(name, EXTENSIONS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_code_blocks_end_without_empty_lines() -> None:
    document = utils.new_document("page")
    texts = [">>> 1\n1\n\n", "x = 1\n\ny = 2\n"]
    document += [nodes.literal_block(text, text) for text in texts]
    loaded("code_blocks").cut_ends(None, document)
    blocks = list(document.findall(nodes.literal_block))
    assert [block.astext() for block in blocks] == [">>> 1\n1\n", texts[1]]
    assert [block.rawsource for block in blocks] == [">>> 1\n1\n", texts[1]]


def test_names_have_an_anchor_with_the_module_that_defines_them() -> None:
    links = loaded("source_links")
    document = utils.new_document("page")
    names = [("multilayer.equations", "Cost.value"), ("multilayer", "save_model"), ("multilayer", "Network.missing")]
    for module, name in names:
        document += addnodes.desc_signature(ids=[f"{module}.{name}"], module=module, fullname=name)
    links.add_anchors(None, document)
    assert [signature["ids"][1:] for signature in document.findall(addnodes.desc_signature)] == [
        ["multilayer.equations.costs.Cost.value"],
        ["multilayer.files.models.save_model"],
        [],
    ]


def test_source_pages_link_to_these_anchors() -> None:
    links = loaded("source_links")
    env = type("Env", (), {"_viewcode_modules": {"a.b": ("code", {}, {}, "a"), "c": False}})
    assert links.use_anchors(type("App", (), {"env": env})) == []
    assert env._viewcode_modules == {"a.b": ("code", {}, {}, "a.b"), "c": False}
