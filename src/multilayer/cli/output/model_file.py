"""The model of a command as a file, and what its card says of it.

The card is text in TOML, so that ``predict`` and ``evaluate`` know how the table was read and which column to predict.
"""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline, make_pipeline

from multilayer import __version__
from multilayer.cli.config import in_unicode
from multilayer.cli.console import Output
from multilayer.cli.evaluation.problem import RowNumbers
from multilayer.cli.evaluation.run import Run
from multilayer.cli.evaluation.tasks import Regression
from multilayer.cli.folder import MODEL_FILE, OutputFolder
from multilayer.cli.source import READING, Source
from multilayer.cli.text import shell_line
from multilayer.tables import data_fingerprint


def write_model(run: Run, folder: OutputFolder, model: Any, command: str, rows: RowNumbers) -> None:
    """Write a trained model of a run, and print the command that predicts with it.

    ``command`` is the name of the command, and ``rows`` are those that the model was trained on.
    """
    data, problem = data_fingerprint(run.features.take(rows), run.y[rows]), run.problem
    card = card_of(problem.source, problem.target, problem.info.task, command, len(rows))
    tell_how_to_predict(run.output, folder.write_model(MODEL_FILE, storable(model, run), card, data))


def tell_how_to_predict(output: Output, path: Path) -> None:
    """Print the command that predicts with a model file."""
    output.say("Predict the rows of a file that has the columns of the features by")
    output.lines([shell_line(["multilayer", "predict", str(path), "new.csv", "-o", "predictions.csv"])])
    output.blank()


def storable(model: Any, run: Run) -> Any:
    """The model in the form that can be saved, with predictions in the units of the target."""
    if not isinstance(model, Pipeline):
        model = copy.copy(model)
        # A splitter is code, and only fit needs it.
        return model.set_params(cv=None) if hasattr(model.cv, "split") else model
    if not isinstance(run.task, Regression):
        return model
    task, network = run.task, copy.copy(model[-1])
    mean, deviation = network.target_mean_, network.target_scale_
    mean, deviation = (np.zeros(1), np.ones(1)) if mean is None else (mean, deviation)
    network.standardize_targets = True
    network.target_mean_ = task.actual(mean)
    network.target_scale_ = deviation * task.deviation * task.unit
    return make_pipeline(*(step for _, step in model.steps[:-1]), network)


def card_of(source: Source, target: str, task: str, command: str, n_rows: int) -> str:
    """The text about a model that was trained on so many rows."""
    lines = {"command": f"multilayer {command}", "version": __version__, "file": source.name}
    lines |= {"target": target, "task": task}
    text = "".join(f"{name} = {json.dumps(in_unicode(value), ensure_ascii=False)}\n" for name, value in lines.items())
    text += f"training_rows = {n_rows}\n"
    if source.reading:
        text += "\n[reading]\n"
        text += "".join(f"{name} = {json.dumps(value)}\n" for name, value in source.reading.items())
    return text


def read_card(card: str | None) -> Mapping[str, Any]:
    """What the card of a command says; nothing for other cards."""
    try:
        found = tomllib.loads(card or "")
    except tomllib.TOMLDecodeError:
        return {}
    if not str(found.get("command", "")).startswith("multilayer "):
        return {}
    reading = found.get("reading")
    options = reading.items() if isinstance(reading, dict) else ()
    known = {name: value for name, value in options if name in READING and isinstance(value, str)}
    plain = {name: value for name, value in found.items() if isinstance(value, str | int | float)}
    return plain | {"reading": known}
