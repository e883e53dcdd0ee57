"""A saved model that is ready to be served: described, and with its kernels compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from multilayer import __version__
from multilayer.cli.prediction.saved import SavedModel
from multilayer.cli.serving.answer import RequestError, as_json
from multilayer.cli.serving.limits import ServerLimits
from multilayer.cli.serving.predictions import answers
from multilayer.cli.serving.requests import RequestReader
from multilayer.cli.serving.schema import schema_of
from multilayer.exceptions import MultilayerError
from multilayer.files import model_info

_FIRST_ROWS = 100  # of a first prediction: many rows may run another kernel than one


@dataclass(frozen=True, eq=False)
class ServedModel:
    """A model with what the server says of it.

    Attributes
    ----------
    saved : SavedModel
        The model.
    about : mapping
        What ``/health`` says.
    schema : mapping
        The answer of ``/schema``.
    refusal : str or None
        Why the model does not predict the example of the schema; None if it does.
    """

    saved: SavedModel
    about: Mapping[str, Any]
    schema: Mapping[str, Any]
    refusal: str | None = None

    @classmethod
    def load(cls, path: Path, limits: ServerLimits) -> ServedModel:
        """Load the model, and compile its kernels, or load them, by first predictions.

        Raises
        ------
        ModelFileError
            If the file is not a model.
        InputError
            For a model that does not predict, or predicts several labels of each row.
        """
        saved = SavedModel.load(path, needs_names=False)
        info = model_info(path)
        target = saved.card.get("target")
        kind = type(saved.model).__name__
        title = f"Prediction of {target}" if isinstance(target, str) else path.name
        description = info.description or f"A {kind} that predicts from {len(saved.kinds)} columns."
        about = {"model": path.name, "kind": kind, "description": description, "version": __version__}
        found = cls(saved, about, schema_of(saved, title, description, limits))
        return replace(found, refusal=found._refusal_of_example())

    def _refusal_of_example(self) -> str | None:
        """Predict the example; why it is refused, or None."""
        (row,) = self.schema["examples"][0]["rows"]
        reader = RequestReader(self.saved, _FIRST_ROWS)
        requests: list[dict[str, Any]] = [{"rows": [row]}, {"rows": [row] * _FIRST_ROWS}]
        if self.saved.is_table_model:
            requests.append({"rows": [row], "explain": True})
        for request in requests:
            try:
                answers(self.saved, [reader.read(as_json(request))])
            except (MultilayerError, ValueError, RequestError) as error:  # a pipeline may refuse a gap, for instance
                return str(error)
        return None
