"""Exercises about the shapes of the weights."""

from __future__ import annotations

import numpy as np

from multilayer.equations import initialize_thetas
from multilayer.learn.verdicts import Exercise, Verdict, compare_numbers

LAYERS = [4, 6, 3]
LARGE_LAYERS = [30, 10, 10, 3]


def _shape() -> tuple[int, int]:
    rows, columns = initialize_thetas(LAYERS, random_state=0)[1].shape
    return rows, columns


def _compare_shape(answer: object, truth: tuple[int, int]) -> Verdict:
    rows, columns = truth
    first_rows, first_columns = initialize_thetas(LAYERS, random_state=0)[0].shape
    return compare_numbers(
        answer,
        np.array(truth),
        {
            "the column of the biases is missing.": np.array([rows, columns - 1]),
            "rows and columns are exchanged: a row belongs to a unit that receives.": np.array([columns, rows]),
            "rows and columns are exchanged, and the column of the biases is missing.": np.array([columns - 1, rows]),
            "the bias is an input, not a unit that receives: it adds a column and no row.": np.array(
                [rows + 1, columns - 1]
            ),
            "this is the shape of Theta_1.": np.array([first_rows, first_columns]),
        },
    )


def _count(layers: list[int]) -> int:
    return sum(theta.size for theta in initialize_thetas(layers, random_state=0))


def _compare_count(answer: object, truth: int) -> Verdict:
    n_biases = sum(LARGE_LAYERS[1:])
    return compare_numbers(
        answer,
        truth,
        {
            "the biases are missing.": truth - n_biases,
            "one bias a layer is counted, but each unit has its own.": truth - n_biases + len(LARGE_LAYERS) - 1,
            "the inputs have no biases.": truth + LARGE_LAYERS[0],
            "these are the units, not the weights.": sum(LARGE_LAYERS),
            "these are the biases alone.": n_biases,
        },
    )


EXERCISES = (
    Exercise(
        "theta-shape",
        ("P2",),
        "A network has 4 inputs, 6 hidden units and 3 outputs. What is the shape of Theta_2, as (rows, columns)?",
        "In (P2) Theta_2 is transposed and multiplied from the left by [1 A_2]. How many columns has [1 A_2]?",
        "Theta_l has the shape (s_(l+1), s_l + 1): a row for each unit that receives, a column for each unit that "
        "sends, and column 0 for the bias. With s_2 = 6 and s_3 = 3 it is",
        lambda: {"layers": list(LAYERS)},
        _shape,
        _compare_shape,
    ),
    Exercise(
        "count-parameters",
        ("P2",),
        "A network has 30 inputs, two hidden layers of 10 units and 3 outputs. How many weights are trained, biases "
        "included?",
        "Each Theta_l has s_(l+1) (s_l + 1) weights. Add the three.",
        "10 * (30 + 1) + 10 * (10 + 1) + 3 * (10 + 1) is",
        lambda: {"layers": list(LARGE_LAYERS)},
        lambda: _count(LARGE_LAYERS),
        _compare_count,
    ),
)
