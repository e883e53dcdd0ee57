"""Checks of a step as a whole: its keys belong to one kind, and its choices have exactly one right answer."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from multilayer.playground.data.data_choice import DataChoice
from multilayer.playground.data.shapes import SHAPES
from multilayer.playground.lessons.lesson import Choice, Kind, Setup, TrialRun
from multilayer.playground.lessons.measures import BUG, Measure
from multilayer.playground.lessons.toml_tables import Table
from multilayer.playground.runs.setup import DEFAULTS

MOST_CHOICES = 8

# The keys that each kind of step must have, and those that it may have besides text, setup and controls.
_ASKED: Mapping[Kind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    Kind.READING: ((), ()),
    Kind.INTERVAL: (
        ("question", "explanation", "measure", "run", "choices"),
        ("statistic", "layer", "level", "unit"),
    ),
    Kind.COMPARISON: (
        ("question", "explanation", "measure", "run", "choices"),
        ("statistic", "layer", "level", "unit", "best", "margin"),
    ),
    Kind.NUMBER: (
        ("question", "explanation", "measure", "run", "tolerance"),
        ("statistic", "layer", "level", "unit"),
    ),
    Kind.BUG: (("question", "explanation", "measure", "choices"), ()),
    Kind.GOAL: (("question", "explanation", "goal"), ("solution",)),
}


def check_step(
    table: Table, kind: Kind, run: TrialRun | None, measure: Measure | None, choices: tuple[Choice, ...]
) -> None:
    """Check that the keys of a step belong to one kind, and that the choices cover all numbers."""
    needed, allowed = _ASKED[kind]
    for key in needed:
        if key not in table.values:
            # Without choices a question is about a number, which may not be what the author meant.
            other = " With answers to choose from, add choices." if kind == Kind.NUMBER else ""
            raise table.error(key, f"is missing. A step of the kind {kind.value!r} needs {', '.join(needed)}.{other}")
    for key in table.values.keys() - {"text", "setup", "controls", *needed, *allowed}:
        raise table.error(key, f"has no effect in a step of the kind {kind.value!r}. Remove it.")
    if measure is not None and measure.name != BUG:
        for key, has_effect in (("layer", measure.kind.needs_layer), ("level", measure.kind.needs_level)):
            if key in table.values and not has_effect:
                raise table.error(key, f"has no effect on the measure {measure.name!r}. Remove it.")
    if choices and not 2 <= len(choices) <= MOST_CHOICES:
        raise table.error("choices", f"must be from 2 to {MOST_CHOICES}, got {len(choices)}.")
    if len({each.text for each in choices}) < len(choices):
        raise table.error("choices", "must have different texts, so that the answer tells them apart.")
    if kind == Kind.INTERVAL:
        _check_intervals(table, choices)
    if kind == Kind.COMPARISON:
        _check_comparison(table, choices)
    if kind == Kind.BUG and any(each.bug is None for each in choices):
        raise table.error(
            "choices", 'need a mistake each. Write bug = "wrong-sign", or bug = "none" for a right program.'
        )
    if run is None and kind in (Kind.INTERVAL, Kind.COMPARISON, Kind.NUMBER):
        raise table.error("run", "is missing. Write run = { epochs = 200 }.")


def check_measure(table: Table, key: str, measure: Measure, setups: Sequence[Setup]) -> None:
    """Check that the data and the network of each setup have a measure."""
    kind = measure.kind
    for setup in setups:
        shape = SHAPES[setup["data"].get("name", DataChoice.name)]
        if kind.task not in (None, shape.task):
            problem = f"cannot be {measure.name!r}: it is for {kind.task}, and {shape.name!r} is {shape.task}."
            raise table.error(key, problem)
        fraction = setup["data"].get("validation_fraction", DataChoice.validation_fraction)
        if kind.needs_validation and fraction == 0:
            raise table.error(key, f"{measure.name!r} needs validation rows. Set validation_fraction above 0.")
        last = 2 + len(setup["parameters"].get("hidden_layer_sizes", DEFAULTS["hidden_layer_sizes"]))
        if measure.layer is not None and not 2 <= measure.layer <= last:
            raise table.error("layer", f"must be from 2 to {last}, the last layer, got {measure.layer}.")


def _check_intervals(table: Table, choices: tuple[Choice, ...]) -> None:
    """Check that exactly one interval contains each number."""
    ordered = sorted(choices, key=lambda each: float("-inf") if each.at_least is None else each.at_least)
    if any(each.is_same for each in choices):
        raise table.error("choices", "of a single number have no same. Remove same, or give each choice parameters.")
    for each in ordered:
        if each.at_least is not None and each.below is not None and each.at_least >= each.below:
            raise table.error(
                "choices", f"have an empty interval: {each.text!r} is from {each.at_least:g} to {each.below:g}."
            )
    edges = [(each.below, after.at_least) for each, after in itertools.pairwise(ordered)]
    is_open = ordered[0].at_least is None and ordered[-1].below is None
    if not is_open or any(below is None or below != at_least for below, at_least in edges):
        raise table.error(
            "choices",
            "must be intervals that contain each number exactly once: the first has only below, the last only "
            "at_least, and each of the others begins where the one before it ends.",
        )


def _check_comparison(table: Table, choices: tuple[Choice, ...]) -> None:
    """Check that all choices but "about the same" have a setup."""
    for each in choices:
        if each.at_least is not None or each.below is not None:
            raise table.error(
                "choices", f"compare setups, so at_least and below have no effect: remove them from {each.text!r}."
            )
        if each.is_same and each.setup is not None:
            raise table.error("choices", f"that are about the same have no setup: remove it from {each.text!r}.")
    if sum(not each.is_same for each in choices) < 2 or sum(each.is_same for each in choices) > 1:
        raise table.error("choices", "must be at least two setups, and at most one with same = true.")
    if any(each.is_same for each in choices) and not table.values.get("margin"):
        raise table.error("margin", "is missing: it says how close values are that count as about the same.")
