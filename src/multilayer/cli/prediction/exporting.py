"""A saved model in another form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from multilayer import load_model
from multilayer.cli.limits import UnfinishedError
from multilayer.exceptions import ModelFileError
from multilayer.exports import save_c, save_numpy, save_onnx, save_sql


def export_model(path: Path, form: str, output: Path, weights: str | None, name: str | None) -> None:
    """Load a model and write it in a form: onnx, numpy, c or sql.

    ``weights`` and ``name`` are options of the form; None for their defaults.
    """
    model = load_model(path)
    options: dict[str, Any] = {} if weights is None else {"weights": weights}
    options |= {} if name is None else {"table" if form == "sql" else "name": name}
    try:
        {"onnx": save_onnx, "numpy": save_numpy, "c": save_c, "sql": save_sql}[form](model, output, **options)
    except ModelFileError as error:
        raise UnfinishedError(str(error)) from None
