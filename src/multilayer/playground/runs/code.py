"""A run as a Python program, which reproduces its curve to the last digit."""

from __future__ import annotations

import itertools
import json
import textwrap
from collections.abc import Mapping
from typing import Any

from multilayer.playground.runs.run import Run
from multilayer.playground.runs.setup import CLASSIFICATION, changed_arguments, initial_parameters

WIDTH = 100
# These schedules plan the step sizes up to max_iter; a program that ends sooner must stop by a callback.
_PLANNED = ("cosine", "one_cycle", "cosine_cycles")
# Why L-BFGS ends by itself.
_OWN_ENDS = ("converged", "line_search", "max_evaluations")


def python_code(run: Run) -> tuple[str, float | None]:
    """Return a program, and the cost that it prints.

    Parameters
    ----------
    run : Run
        The run; its present epoch is the last of the program.

    Returns
    -------
    code : str
        A program with public names only.
    cost : float or None
        The cost of the last epoch, which it prints to the last digit; None before the first.
    """
    data = run.data
    name = "MLPClassifier" if data.task == CLASSIFICATION else "MLPRegressor"
    segments = [each for each in run.segments if each.epoch <= run.epoch and each.update <= run.update]
    lengths = [later.epoch - each.epoch for each, later in itertools.pairwise(segments)]
    lengths.append(run.epoch - segments[-1].epoch)
    while len(lengths) > 1 and lengths[-1] == 0:
        segments, lengths = segments[:-1], lengths[:-1]
    lines = [*_imports(data.python_lines, name), ""]
    first = initial_parameters(segments[0].setup.parameters, data)
    if run.reason in _OWN_ENDS:  # the program must not end sooner than the run
        lengths[-1] = segments[-1].setup.parameters["max_iter"]
    stops = [_stop(each.setup.parameters, length) for each, length in zip(segments, lengths, strict=True)]
    if any(stops):
        lines += ["", "def stop_after(epochs):", '    return lambda event: getattr(event, "epoch", 0) >= epochs', ""]
    arguments = {**first, **_length(segments[0].setup.parameters, lengths[0], 0)}
    if len(segments) > 1:
        arguments["warm_start"] = True
    lines += _call(f"model = {name}(", arguments)
    validation = ", X_val=X_val, y_val=y_val" if data.X_val is not None else ""
    lines.append(f"model.fit(X, y{validation})")
    for earlier, segment, length in zip(segments, segments[1:], lengths[1:], strict=False):
        before, now = earlier.setup.parameters, segment.setup.parameters
        changed = changed_arguments(before, now, data) | _length(now, length, segment.epoch)
        if arguments.get("callbacks"):
            changed.setdefault("callbacks", ())  # that of the fit before would end this fit
        lines += _call("model.set_params(", changed)
        lines.append(f"model.fit(X, y{validation})")
        arguments = changed
    lines.append("print(model.loss_curve_[-1])")
    curve = run.fit.state.history.costs[: run.epoch]
    return "\n".join(lines) + "\n", curve[-1] / run.cost_divisor if curve else None


def _imports(lines: tuple[str, ...], name: str) -> list[str]:
    """Return the lines that make the data, with the import of the estimator among the others."""
    imports = [line for line in lines if line.startswith(("import ", "from "))]
    others = [line for line in lines if line not in imports]
    while others and not others[0]:
        others = others[1:]
    return [*sorted([*imports, f"from multilayer import {name}"], key=_module), "", *others]


def _module(line: str) -> tuple[bool, str]:
    return line.split()[1].startswith("multilayer"), line


def _stop(parameters: Mapping[str, Any], length: int) -> bool:
    return parameters["learning_rate"] in _PLANNED and length < parameters["max_iter"]


def _length(parameters: Mapping[str, Any], length: int, epochs_before: int) -> dict[str, Any]:
    """Return the parameters that end a fit after its epochs."""
    if _stop(parameters, length):
        return {"max_iter": parameters["max_iter"], "callbacks": _Code(f"[stop_after({epochs_before + length})]")}
    return {"max_iter": max(length, 1)}


class _Code(str):
    """Code, which is written as it is."""


def _literal(value: Any) -> str:
    """Return a value as Python code, with text in quotation marks."""
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(_literal, value))}{',' * (len(value) == 1)})"
    return repr(value)


def _call(start: str, arguments: Mapping[str, Any]) -> list[str]:
    given = [
        f"{name}={value}" if isinstance(value, _Code) else f"{name}={_literal(value)}"
        for name, value in arguments.items()
    ]
    one_line = f"{start}{', '.join(given)})"
    if len(one_line) <= WIDTH:
        return [one_line]
    filled = textwrap.wrap(
        ", ".join(each.replace(" ", "\0") for each in given) + ",", WIDTH - 4, break_long_words=False
    )
    return [start, *(f"    {line}".replace("\0", " ") for line in filled), ")"]
