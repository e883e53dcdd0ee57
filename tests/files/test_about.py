"""What a file says about its model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import multilayer
from multilayer import MLPClassifier, load_model, save_model
from multilayer.exceptions import ModelFileError, ParameterError
from multilayer.files import container, model_info
from multilayer.tables import data_fingerprint

from .mutants import file_content

X = np.array([[0.0], [1.0], [2.0]])
Y = ["no", "yes", "yes"]
STORED = Path(__file__).parents[1] / "data"


def model() -> MLPClassifier:
    return MLPClassifier((2,), solver="lbfgs", random_state=0, engine="reference").fit(X, Y)


def test_card_and_fingerprint_are_restored(tmp_path: Path) -> None:
    path, digest = tmp_path / "model", data_fingerprint(X, Y)
    save_model(model(), path, card="Größe und \U0001f600\nzwei Zeilen", data=digest)
    info = model_info(path)
    assert (info.kind, info.format_version) == ("MLPClassifier", container.VERSION)
    assert (info.card, info.data) == ("Größe und \U0001f600\nzwei Zeilen", digest)
    assert info.versions["multilayer"] == multilayer.__version__
    assert info.versions["numpy"] == np.__version__
    save_model(load_model(path), path)
    assert (model_info(path).card, model_info(path).data) == (None, None)


def test_files_of_version_1_say_nothing() -> None:
    info = model_info(STORED / "format-1" / "ensemble.safetensors")
    assert (info.kind, info.format_version, info.versions, info.card) == ("EnsembleClassifier", 1, {}, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"card": 3}, "card must be text of at most 1,048,576 characters, got '3'"),
        ({"card": "x" * (2**20 + 1)}, "card must be text of at most"),
        ({"data": "abc"}, "data must be a fingerprint, as data_fingerprint returns it, got 'abc'"),
        ({"data": "X" * 64}, "data must be a fingerprint"),
    ],
)
def test_invalid_arguments_raise_errors(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=message):
        save_model(model(), tmp_path / "model", **options)


@pytest.mark.parametrize(
    "about",
    [
        None,
        [],
        {},
        {"versions": {}, "card": None},
        {"versions": {}, "card": None, "data": None, "x": 1},
        {"versions": {"numpy": 2}, "card": None, "data": None},
        {"versions": {}, "card": 1, "data": None},
        {"versions": {}, "card": None, "data": "a"},
        {"versions": {}, "card": "x" * (2**20 + 1), "data": None},
    ],
)
def test_forged_descriptions_raise_errors(about: Any, tmp_path: Path) -> None:
    path = tmp_path / "model"
    save_model(model(), path)
    described, tensors = container.read(path)
    path.write_bytes(file_content(described | {"about": about}, tensors))
    for read in (load_model, model_info):
        with pytest.raises(ModelFileError, match="'about' must hold the versions, the card and the fingerprint"):
            read(path)


def test_damaged_files_raise_errors(tmp_path: Path) -> None:
    path = tmp_path / "model"
    save_model(model(), path, card="a card")
    path.write_bytes(path.read_bytes().replace(b"a card", b"A card"))
    with pytest.raises(ModelFileError, match="its content does not match its digest"):
        model_info(path)
    with pytest.raises(ModelFileError, match="no such file"):
        model_info(tmp_path / "nothing")
