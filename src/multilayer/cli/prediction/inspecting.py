"""What a model file holds, as facts that are printed, written as JSON, or compared with those of another file."""

from __future__ import annotations

import hashlib
import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from multilayer import EnsembleClassifier, EnsembleRegressor, TableClassifier, TableRegressor, load_model
from multilayer.cli.console import Output
from multilayer.cli.evaluation.run import columns_table
from multilayer.cli.output.model_file import read_card
from multilayer.cli.text import count, quoted, shortened, text_table
from multilayer.files import model_info
from multilayer.results import Table, plus_minus
from multilayer.selection import CrossValidation
from multilayer.tables.models import input_encoder

_CURVE_LINES = 8
_MOST_COLUMNS = 30
_BAR = 30  # characters
_HEADING = 14  # characters of a line of a heading
_MOST_LETTERS = 60  # of a value in a comparison
_MIB = 1 << 20

Facts = dict[str, Any]


def facts_of(path: Path) -> tuple[Any, Facts]:
    """The model of a file, and what is known of it: numbers, text, lists and dicts of these."""
    model, info = load_model(path), model_info(path)
    shown = _first_member(model)
    content = path.read_bytes()
    found: Facts = {
        "file": {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()},
        "kind": type(model).__name__,
        "format": info.format_version,
        "versions": dict(info.versions),
        "card": read_card(info.card) or info.card,
        "data": info.data,
        "settings": _settings(shown),
    }
    if model is not shown:
        found["folds"] = _folds(model)
        found["member"] = type(shown).__name__
    if isinstance(shown, Pipeline):
        found["steps"] = [type(step).__name__ for _, step in shown.steps]
    encoder = input_encoder(shown)
    if encoder is not None:
        found["columns"] = {
            each.name: {"kind": each.kind, "inputs": each.width, "gaps": each.n_gaps, "encoding": each.encoding}
            for each in encoder.columns_
        }
    if isinstance(model, TableClassifier | TableRegressor):
        found["score"] = {"out of fold": _plain(float(model.oof_score_))}
        found["weights"] = {name: round(float(weight), 6) for name, weight in model.weights_.items()}
    classes = getattr(shown, "classes_", None)
    if classes is not None:
        found["classes"] = np.asarray(classes).tolist()
    found["networks"] = [_network(name, network) for name, network in _networks(model)]
    return model, found


def print_facts(model: Any, facts: Facts, output: Output) -> None:
    """Print what is known of a model."""
    output.say(_opening(facts))
    for sentence in _card_sentences(facts["card"]):
        output.say(sentence)
    output.say(_training(facts))
    if isinstance(model, TableClassifier | TableRegressor):
        table = replace(model.summary(), title="Scores in the same folds of the training rows")
        output.table(table, result=True)
        output.blank()
        for note in table.notes:
            output.say(note)
    if isinstance(model, CrossValidation):
        output.table(_folds_table(model), result=True)
    output.table(_networks_table(facts["networks"]), result=True)
    first = next((network for _, network in _networks(model)), None)
    if first is not None and len(first.loss_curve_) > 1:
        output.table(_curve_table(first.loss_curve_), result=True)
    if facts["settings"]:
        rows = [(name, shortened(str(value), _MOST_LETTERS)) for name, value in facts["settings"].items()]
        output.table(text_table("Settings that are not the defaults", ("setting", "value"), rows, "ll"), result=True)
    encoder = input_encoder(_first_member(model))
    if encoder is not None:
        output.table(columns_table(encoder.columns_, _MOST_COLUMNS), result=True)
    output.blank()
    output.say(f"SHA-256 {facts['file']['sha256']}")


def print_differences(one: Facts, other: Facts, names: tuple[str, str], output: Output) -> None:
    """Print the facts in which two models differ."""
    both = dict(_flat(one)), dict(_flat(other))
    rows = []
    for key in dict.fromkeys((*both[0], *both[1])):
        values = [each.get(key, "-") for each in both]
        if values[0] != values[1]:
            rows.append((key, *(shortened(str(value), _MOST_LETTERS) for value in values)))
    if not rows:
        output.say("The files are equal.")
        return
    output.table(text_table(f"{count(len(rows), 'difference')}", ("", *names), rows, "lll"), result=True)


def _first_member(model: Any) -> Any:
    """The model of the first fold of a cross-validation, which stands for all; else the model."""
    return model.folds[0].estimator if isinstance(model, CrossValidation) else model


def _folds(result: CrossValidation) -> list[Facts]:
    sides = zip(result.numbers, *result["indices"].values(), strict=True)
    return [
        {
            "number": number + 1,
            "training rows": len(train),
            "test rows": len(test),
            **{name: _plain(float(result[name][i])) for name in result.mean},
            **({"failed": str(result.failures[number])} if number in result.failures else {}),
        }
        for i, (number, train, test) in enumerate(sides)
    ]


def _folds_table(result: CrossValidation) -> Table:
    """The scores of each fold, then their means and standard errors."""
    names = list(result.mean)
    headings = ["\n".join(textwrap.wrap(name.replace("_", " "), _HEADING)) for name in names]
    rows: list[tuple[str, ...]] = []
    for each in _folds(result):
        scores = ["failed" if "failed" in each else f"{float(each[name]):.4f}" for name in names]
        rows.append((str(each["number"]), f"{each['test rows']:,}", *scores))
    rows.append(("mean", "", *(plus_minus(result.mean[name], result.standard_error[name]) for name in names)))
    return text_table(
        "Folds, and their mean ± standard error", ("fold", "test\nrows", *headings), rows, "l" + "r" * (len(names) + 1)
    )


def _settings(model: Any) -> Facts:
    """The parameters that are not the defaults, of the last step of a pipeline."""
    last = model[-1] if isinstance(model, Pipeline) else model
    if not hasattr(last, "get_params"):
        return {}
    defaults = type(last)().get_params(deep=False)
    given = {name: value for name, value in last.get_params(deep=False).items() if name not in ("callbacks", "verbose")}
    return {name: _plain(value) for name, value in given.items() if _plain(value) != _plain(defaults.get(name))}


def _plain(value: Any) -> Any:
    """A value that JSON can hold."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _networks(model: Any) -> Iterator[tuple[str, Any]]:
    """The networks of a model, with their names."""
    if isinstance(model, CrossValidation):
        for fold in model.folds:
            for name, network in _networks(fold.estimator):
                yield f"fold {fold.number + 1}" + ("" if name == "network" else f": {name}"), network
        return
    last = model[-1] if isinstance(model, Pipeline) else model
    if isinstance(last, TableClassifier | TableRegressor):
        for member in last.members_:
            yield f"{member.recipe}, fold {member.fold + 1}", member.network
    elif isinstance(last, EnsembleClassifier | EnsembleRegressor):
        for number, member in enumerate(last.estimators_, start=1):
            yield f"member {number}", member
    elif hasattr(last, "network_"):
        yield "network", last


def _network(name: str, network: Any) -> Facts:
    weights = np.ascontiguousarray(network.parameters_)
    return {
        "name": name,
        "layers": [int(size) for size in network.network_.layer_sizes],
        "activations": [str(each) for each in network.network_.hidden],
        "weights": int(weights.size),
        "dtype": str(weights.dtype),
        "epochs": int(network.n_iter_),
        "cost": _plain(float(network.loss_)),
        "digest": hashlib.blake2b(weights.tobytes(), digest_size=8).hexdigest(),
    }


def _opening(facts: Facts) -> str:
    size, format_number = facts["file"]["bytes"], facts["format"]
    written = facts["versions"].get("multilayer", "an earlier version")
    parts = facts.get("steps", [facts["member"]] if "member" in facts else [])
    which = f" ({', '.join(parts)})" if parts else ""
    which = f" of {count(len(facts['folds']), 'fold')}{which}" if "folds" in facts else which
    amount = f"{size / _MIB:.3g} MiB" if size >= _MIB else f"{size / 1024:.3g} KiB"
    return f"{facts['kind']}{which}, {amount}, format {format_number}, written by multilayer {written}."


def _card_sentences(card: Any) -> list[str]:
    if not isinstance(card, Mapping):
        return [card] if card else []
    rows = card.get("training_rows")
    on = f" on {count(rows, 'row')} of {card.get('file')}" if isinstance(rows, int) else ""
    return [f"Trained by {card['command']}{on}, to predict {quoted(card.get('target'))} ({card.get('task')})."]


def _training(facts: Facts) -> str:
    networks = facts["networks"]
    weights = sum(network["weights"] for network in networks)
    parts = [f"{count(len(networks), 'network')}, {count(weights, 'weight')} in all"]
    if "classes" in facts:
        shown = ", ".join(map(str, facts["classes"][:10])) + ", ..." * (len(facts["classes"]) > 10)
        parts.append(f"classes: {shown}")
    if "weights" in facts:
        parts.append("shares: " + ", ".join(f"{name} {share:.0%}" for name, share in facts["weights"].items()))
    return "; ".join(parts) + "."


def _networks_table(networks: Sequence[Facts], most: int = 20) -> Table:
    rows = [
        (
            each["name"],
            shortened(" - ".join(map(str, each["layers"])), 40),
            shortened(", ".join(dict.fromkeys(each["activations"])), 20),
            f"{each['weights']:,}",
            f"{each['epochs']:,}",
            f"{float(each['cost']):.4g}",
        )
        for each in networks[:most]
    ]
    if len(networks) > most:
        rows.append((f"... {len(networks) - most} more", "", "", "", "", ""))
    return text_table("Networks", ("", "units", "activation", "weights", "epochs", "cost"), rows, "lllrrr")


def _curve_table(curve: Sequence[float]) -> Table:
    """The cost of the first network in some of its epochs, with bars."""
    n = len(curve)
    epochs = sorted({round(each) for each in np.geomspace(1, n, _CURVE_LINES)})
    low, high = min(curve), max(curve)
    spread = (high - low) or 1.0
    rows = [(f"{e:,}", f"{curve[e - 1]:.4g}", "#" * round(_BAR * (curve[e - 1] - low) / spread)) for e in epochs]
    return text_table("Cost of the first network by epoch", ("epoch", "cost", ""), rows, "rrl")


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested facts, by their path."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flat(each, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for number, each in enumerate(value, start=1):
            yield from _flat(each, f"{name} {number}")
    else:
        yield name, value
