"""Exercises about delta: the last layer, a hidden layer, and a sign."""

from __future__ import annotations

from typing import Any

import numpy as np

from multilayer.equations import core, deltas, output_unit
from multilayer.learn.verdicts import Array, Exercise, Verdict, as_choice, compare_numbers

# The outputs of three softmax units for two examples, and the targets.
H = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]])
Y = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])

# A network with two sigmoid units in the hidden layer, and one identity output.
HIDDEN_A = np.array([[0.5, 0.2], [0.8, 0.5]])
HIDDEN_THETA_2 = np.array([[3.0, 1.0, -2.0]])
HIDDEN_Y = np.array([[1.1], [2.6]])


def _delta_output() -> Array:
    return output_unit("softmax").delta(np.log(H), Y)  # the softmax of log h is h


def _compare_delta_output(answer: object, truth: Array) -> Verdict:
    m = len(H)
    return compare_numbers(
        answer,
        truth,
        {
            "the sign is opposite: delta is H - Y, and descent subtracts it.": -truth,
            "each delta belongs to one example. It is not divided by m: the 1/m is in (B4).": truth / m,
            "the factor h (1 - h) belongs to the squared error of sigmoid units. Here it cancels.": truth * H * (1 - H),
            "this is H: the targets are not subtracted.": H,
            "this is the mean of delta over the examples. Each example has a row.": truth.mean(axis=0),
        },
    )


def _delta_hidden() -> Array:
    Z = [np.log(HIDDEN_A / (1 - HIDDEN_A)), core.with_bias(HIDDEN_A) @ HIDDEN_THETA_2.T]
    thetas = [np.zeros((2, 2)), HIDDEN_THETA_2]  # (B2) does not use Theta_1
    return deltas(Z, HIDDEN_Y, thetas, "sigmoid", "identity")[0]


def _hidden_data() -> dict[str, Any]:
    output = core.with_bias(HIDDEN_A) @ HIDDEN_THETA_2.T
    return {"A_2": HIDDEN_A.copy(), "Theta_2": HIDDEN_THETA_2.copy(), "H": output.round(12), "Y": HIDDEN_Y.copy()}


def _compare_delta_hidden(answer: object, truth: Array) -> Verdict:
    A, theta = HIDDEN_A, HIDDEN_THETA_2
    last = core.with_bias(A) @ theta.T - HIDDEN_Y
    g_prime = A * (1 - A)
    return compare_numbers(
        answer,
        truth,
        {
            "the derivative g' = a (1 - a) of the activation is missing.": last @ theta[:, 1:],
            "the derivative of the sigmoid is a (1 - a), not a.": last @ theta[:, 1:] * A,
            "the derivative of the sigmoid is a (1 - a), not 1 - a.": last @ theta[:, 1:] * (1 - A),
            "columns 0 and 1 of Theta_2 are used. Column 0 is the bias; use columns 1 and 2.": last
            @ theta[:, :2]
            * g_prime,
            "the bias unit has no delta: omit column 0 of Theta_2.": last
            @ theta
            * np.hstack([np.ones((len(A), 1)), g_prime]),
            "the bias unit has no delta: omit column 0 of Theta_2. The derivative g' is missing, too.": last @ theta,
            "the sign is opposite: start with delta_3 = H - Y.": -truth,
        },
        m=len(A),
    )


STEP_THETA_2 = np.array([[0.5, -1.0, 2.0]])
STEP_Y = np.array([[1.0], [0.0]])
STEP_LINES = (
    "delta_3 = H - Y",
    "delta_2 = (delta_3 @ Theta_2[:, 1:]) * A_2 * (1 - A_2)",
    "Delta_2 = delta_3.T @ with_bias(A_2)",
    "D_2 = Delta_2 / m - lam / m * without_bias(Theta_2)",
    "Theta_2 = Theta_2 - alpha * D_2",
)


def _without_bias(theta: Array) -> Array:
    return np.hstack([np.zeros((len(theta), 1)), theta[:, 1:]])


def _step() -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the names that the lines use, and the right value of each name that a line computes."""
    A = HIDDEN_A
    X, first = np.log(A / (1 - A)), np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])  # Z_2 = X
    thetas, m, lam, alpha = [first, STEP_THETA_2], len(A), 1.0, 0.5
    output = core.forward(X, thetas)[-1]
    D = core.backpropagation(X, STEP_Y, thetas, lam)[1]
    Z = [X, np.log(output / (1 - output))]
    delta_2, delta_3 = deltas(Z, STEP_Y, thetas)
    right = {
        "delta_3": delta_3,
        "delta_2": delta_2,
        "Delta_2": m * core.backpropagation(X, STEP_Y, thetas)[1],
        "D_2": D,
        "Theta_2": core.descend(X, STEP_Y, thetas, alpha, 1, lam)[0][1],
    }
    given = {"H": output, "Y": STEP_Y, "A_2": A, "Theta_2": STEP_THETA_2, "m": m, "lam": lam, "alpha": alpha}
    return given | {"with_bias": core.with_bias, "without_bias": _without_bias}, right


def wrong_lines(lines: tuple[str, ...] = STEP_LINES) -> list[int]:
    """Run the lines of a step, each with right values from the lines above, and return the numbers of the wrong ones.

    Parameters
    ----------
    lines : tuple of str
        The lines, each an assignment.

    Returns
    -------
    list of int
        The numbers of the lines whose values differ from the library's, from 1.
    """
    names, right = _step()
    wrong = []
    for number, line in enumerate(lines, start=1):
        name, expression = line.split(" = ")
        value = eval(expression, {"__builtins__": {}}, names)  # a line of this module
        if not np.allclose(value, right[name], atol=1e-12):
            wrong.append(number)
        names[name] = right[name]
    return wrong


def _compare_line(answer: object, truth: int) -> Verdict:
    line = as_choice(answer, tuple(range(1, len(STEP_LINES) + 1)))
    if line == truth:
        return Verdict(True, "well done.")
    reasons = {
        1: "line 1 is (B1).",
        2: "line 2 is (B2): g' = a (1 - a) of the sigmoid has a minus.",
        3: "line 3 is (B3), a sum without any minus.",
        5: "line 5 is (D1): descent goes against the gradient.",
    }
    return Verdict(False, f"{reasons[line]} Its sign is right.")


EXERCISES = (
    Exercise(
        "delta-output",
        ("B1",),
        "Three softmax units have the outputs H for two examples with the targets Y. What is delta_3, that of the "
        "output layer?",
        "Softmax and cross-entropy are a matched pair, so (B1) applies as it is.",
        "delta_3 = H - Y, one row for each example, without 1/m:",
        lambda: {"H": H.copy(), "Y": Y.copy()},
        _delta_output,
        _compare_delta_output,
    ),
    Exercise(
        "delta-hidden",
        ("B1", "B2"),
        "A network has two sigmoid units with the activations A_2 for two examples, and one identity output with the "
        "cost (C3). What is delta_2?",
        "Start with delta_3 by (B1). Omit column 0 of Theta_2. For the sigmoid g' = a (1 - a).",
        "delta_3 = H - Y. Multiply it by columns 1 and 2 of Theta_2, and each number by a (1 - a) of its unit:",
        _hidden_data,
        _delta_hidden,
        _compare_delta_hidden,
    ),
    Exercise(
        "wrong-sign",
        ("B1", "B2", "B3", "B4", "D1"),
        "One line of this step of descent has a wrong sign. Which one? The first is line 1.",
        "Compare each line with its equation: (B1), (B2), (B3), (B4), (D1).",
        "The cost adds the penalty (C4), so (B4) adds its derivative. With a minus the penalty makes the weights "
        "larger. It is line",
        lambda: {"lines": list(STEP_LINES)},
        lambda: wrong_lines()[0],
        _compare_line,
    ),
)
