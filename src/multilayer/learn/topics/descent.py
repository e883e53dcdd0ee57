"""Exercises about descent: the step size, and curves of the cost."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from multilayer.equations import core, cost, gradient_descent, initialize_thetas
from multilayer.exceptions import InputTypeError
from multilayer.learn.verdicts import Array, Exercise, Verdict, as_choice

STEP_SIZES = (0.001, 0.01, 0.1, 1.0)
N_STEPS = 50
KINDS = ("diverges", "plateau", "overfits", "healthy")
N_READINGS = 10  # costs in a curve


def _line() -> tuple[Array, Array, list[Array]]:
    """Return examples of a line and a network without a hidden layer, at 0."""
    X = np.array([[-2.0, 0.5], [-1.0, -0.5], [0.0, 1.0], [1.0, -1.0], [2.0, 0.5], [3.0, -0.5]])
    return X, 1.0 + X @ np.array([[0.5], [-1.0]]), [np.zeros((1, 3))]


def _last_costs() -> dict[float, float]:
    X, Y, thetas = _line()
    costs = {}
    for alpha in STEP_SIZES:
        last, _ = core.descend(X, Y, thetas, alpha, N_STEPS, h=core.identity)
        costs[alpha] = core.cost(X, Y, last, h=core.identity)
    return costs


def _step_data() -> dict[str, Any]:
    X, Y, thetas = _line()
    return {"X": X, "Y": Y, "thetas": thetas, "step_sizes": STEP_SIZES, "n_steps": N_STEPS}


def _best_step() -> float:
    costs = _last_costs()
    return min(costs, key=costs.__getitem__)


def _compare_step(answer: object, truth: float) -> Verdict:
    alpha = as_choice(answer, STEP_SIZES)
    if alpha == truth:
        return Verdict(True, "well done.")
    X, Y, thetas = _line()
    start, last = core.cost(X, Y, thetas, h=core.identity), _last_costs()[alpha]
    text = f"after {N_STEPS} steps of {alpha:g} the cost is {last:.3g}, and at the start it is {start:.3g}"
    return Verdict(False, f"{text}: it diverges." if last > start else f"{text}: the steps are too small.")


def _examples(m: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return examples of two classes that overlap: the sum of two of four columns, and noise."""
    X = rng.normal(size=(m, 4))
    return X, (X[:, :1] + X[:, 1:2] + rng.normal(size=(m, 1)) > 0).astype(np.float64)


def _run(
    train: tuple[Array, Array], validation: tuple[Array, Array], thetas: list[Array], alpha: float, n_steps: int
) -> dict[str, list[float]]:
    costs: dict[str, list[float]] = {"train": [], "validation": []}
    for _ in range(N_READINGS):
        costs["train"].append(round(cost(*train, thetas), 2))
        costs["validation"].append(round(cost(*validation, thetas), 2))
        thetas, _ = gradient_descent(*train, thetas, alpha, n_steps // N_READINGS)
    return costs


@functools.cache
def _runs() -> dict[str, dict[str, list[float]]]:
    rng = np.random.default_rng(0)
    small, large, validation = _examples(30, rng), _examples(300, rng), _examples(300, rng)
    drawn = initialize_thetas([4, 8, 1], random_state=0, scheme="epsilon")
    return {
        "A": _run(small, validation, drawn, 1.0, 500),
        "B": _run(large, validation, initialize_thetas([4, 8, 1], scheme="zeros"), 0.1, 200),
        "C": _run(large, validation, drawn, 0.5, 200),
        "D": _run(large, validation, drawn, 30.0, 10),
    }


def kind_of(train: list[float], validation: list[float]) -> str:
    """Return what a run does, by its costs of the training and the validation rows.

    Parameters
    ----------
    train, validation : list of float
        The costs.

    Returns
    -------
    str
        One of :data:`KINDS`.
    """
    if train[-1] > train[0]:
        return "diverges"
    if train[-1] > 0.95 * train[0]:
        return "plateau"
    if validation[-1] > 1.2 * min(validation):
        return "overfits"
    return "healthy"


def _kinds() -> dict[str, str]:
    return {name: kind_of(**run) for name, run in _runs().items()}


def _curve_data() -> dict[str, Any]:
    return {"runs": {name: {part: list(costs) for part, costs in run.items()} for name, run in _runs().items()}}


def _compare_kinds(answer: object, truth: dict[str, str]) -> Verdict:
    if not isinstance(answer, Mapping) or set(answer) != set(truth):
        raise InputTypeError(
            f'the answer must be a dict with one word for each of {", ".join(truth)}, such as {{"A": "healthy", ...}}, '
            f"got {answer!r}."
        )
    given = {name: as_choice(answer[name], KINDS) for name in truth}
    wrong = [name for name in truth if given[name] != truth[name]]
    if not wrong:
        return Verdict(True, "well done.")
    return Verdict(False, " ".join(_about_run(name, given[name]) for name in wrong))


def _about_run(name: str, kind: str) -> str:
    train, validation = _runs()[name]["train"], _runs()[name]["validation"]
    facts = {
        "diverges": f"its training cost goes from {train[0]:g} to {train[-1]:g}",
        "plateau": f"its training cost goes from {train[0]:g} to {train[-1]:g}",
        "overfits": f"its validation cost ends at {validation[-1]:g}, and its lowest is {min(validation):g}",
        "healthy": f"its training cost ends at {train[-1]:g}, its validation cost at {validation[-1]:g}",
    }
    return f"{name} is not {kind!r}: {facts[kind]}."


EXERCISES = (
    Exercise(
        "step-size",
        ("C3", "D1"),
        f"Descend from thetas for {N_STEPS} steps, with identity outputs. Which of the step sizes ends with the lowest "
        "cost?",
        "multilayer.equations.core.descend(X, Y, thetas, alpha, n_steps, h=core.identity) returns the costs.",
        "If the step size is too small, the cost is far from its minimum after all steps; if it is too large, the cost "
        "rises at every step. The best of these is",
        _step_data,
        _best_step,
        _compare_step,
    ),
    Exercise(
        "cost-curve",
        ("J", "D1"),
        'Four runs of descent have these costs of the training and the validation rows. Which one "diverges", which is '
        'at a "plateau", which "overfits", and which is "healthy"? Answer with a dict.',
        "Look at the training cost first. Does it rise or stay? Then compare the last validation cost to the lowest.",
        "A run diverges if its training cost rises, is at a plateau if it hardly falls, and overfits if its "
        "training cost falls while its validation cost rises:",
        _curve_data,
        _kinds,
        _compare_kinds,
    ),
)
