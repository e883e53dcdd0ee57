"""What a file says about its model: the versions that wrote it, the user's text, and the data it was trained on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from multilayer.exceptions import ModelFileError, ParameterError
from multilayer.files.container import ADVICE, read_header

LIBRARIES = ("multilayer", "numpy", "scikit-learn")
MAX_CARD = 1 << 20  # characters
DIGEST_DIGITS = 64


@dataclass(frozen=True)
class ModelInfo:
    """What a file says about its model.

    Attributes
    ----------
    kind : str
        The class of the model.
    format_version : int
        The version of the format.
    versions : dict of str
        The versions of the libraries that wrote the file; empty in files of version 1.
    card : str or None
        The text that was passed to ``save_model``.
    data : str or None
        The fingerprint of the data that was passed to ``save_model``.
    description : str or None
        What a table model predicts, from how many columns, its networks and its score; None for other models.
    """

    kind: str
    format_version: int
    versions: Mapping[str, str]
    card: str | None
    data: str | None
    description: str | None = None


def about(card: str | None, data: str | None, description: str | None = None) -> dict[str, Any]:
    """Return the part of a file that describes its origin."""
    if card is not None and (not isinstance(card, str) or len(card) > MAX_CARD):
        raise ParameterError(f"card must be text of at most {MAX_CARD:,} characters, got {str(card)[:80]!r}.")
    if data is not None and not _is_digest(data):
        raise ParameterError(f"data must be a fingerprint, as data_fingerprint returns it, got {str(data)[:80]!r}.")
    versions = {name: version(name) for name in LIBRARIES}
    found = {"versions": versions, "card": card, "data": data}
    return found if description is None else found | {"description": description}


def check_about(found: Any) -> dict[str, Any]:
    """Return this part of a file, or raise an error."""
    is_right = (
        isinstance(found, dict)
        and set(found) - {"description"} == {"versions", "card", "data"}
        and isinstance(found["versions"], dict)
        and all(isinstance(each, str) for each in found["versions"].values())
        and all(_is_text(found[name]) for name in ("card", "description") if found.get(name) is not None)
        and (found["data"] is None or _is_digest(found["data"]))
    )
    if not is_right:
        raise ModelFileError("'about' must hold the versions, the card and the fingerprint of the data")
    return dict(found)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_CARD


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and len(value) == DIGEST_DIGITS and set(value) <= set("0123456789abcdef")


def model_info(path: str | os.PathLike[str]) -> ModelInfo:
    """Read what a file says about its model, without loading it.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    ModelInfo
        Class, versions, card, fingerprint of the data, and a description of a table model.

    Raises
    ------
    ModelFileError
        If the file does not exist, is not a model, is damaged, or was written by a newer version.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from multilayer import MLPClassifier, save_model
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> model = MLPClassifier((4,), solver="lbfgs", random_state=0).fit([[0.0], [1.0]], ["no", "yes"])
    >>> save_model(model, path, card="Two rows, for demonstration.")
    >>> info = model_info(path)
    >>> info.kind, info.format_version, info.card
    ('MLPClassifier', 2, 'Two rows, for demonstration.')
    """
    model, number = read_header(Path(path))
    try:
        found = check_about(model.get("about", {"versions": {}, "card": None, "data": None}))
    except ModelFileError as error:
        raise ModelFileError(f"{path}: is not a valid model: {error}. {ADVICE}") from None
    kind, versions, description = str(model.get("class"))[:80], found["versions"], found.get("description")
    return ModelInfo(kind, number, versions, found["card"], found["data"], description)
