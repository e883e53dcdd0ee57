"""An exercise about a scaler that uses the holdout."""

from __future__ import annotations

from typing import Any

import numpy as np

from multilayer.equations import core, initialize_thetas, predict
from multilayer.exceptions import InputTypeError
from multilayer.learn.verdicts import Array, Exercise, Verdict, as_numbers

ALPHA, N_STEPS = 1.0, 500
TOLERANCE = 0.005  # of a share of the rows


def _rooms() -> dict[str, Any]:
    """Return rooms with temperature and humidity, of which the first decides; the humidity moves in the holdout only.

    The training rows are from one dry week, the rows of the holdout from a year.
    """
    rng = np.random.default_rng(3)
    m_train, m = 24, 84
    temperature = rng.normal(21, 3, m)
    is_dry = np.arange(m) < m_train
    humidity = np.where(is_dry, rng.normal(40, 0.5, m), rng.normal(50, 8, m))
    Y = (temperature + rng.normal(0, 1, m) > 21).astype(np.float64).reshape(-1, 1)
    X = np.column_stack([temperature, humidity]).round(1)
    return {
        "X_train": X[:m_train],
        "Y_train": Y[:m_train],
        "X_holdout": X[m_train:],
        "Y_holdout": Y[m_train:],
        "thetas": initialize_thetas([2, 4, 1], random_state=0, scheme="epsilon"),
        "alpha": ALPHA,
        "n_steps": N_STEPS,
    }


def _scores(rows_of_scaler: Array) -> tuple[float, float]:
    """Return the accuracy on the training rows and on the holdout, with the mean and deviation of some rows."""
    given = _rooms()
    mean, deviation = rows_of_scaler.mean(axis=0), rows_of_scaler.std(axis=0)
    train, holdout = ((given[name] - mean) / deviation for name in ("X_train", "X_holdout"))
    thetas, _ = core.descend(train, given["Y_train"], given["thetas"], ALPHA, N_STEPS)
    right = [predict(X, thetas) == given[name][:, 0] for X, name in ((train, "Y_train"), (holdout, "Y_holdout"))]
    return float(right[0].mean()), float(right[1].mean())


def _both() -> tuple[tuple[float, float], tuple[float, float]]:
    given = _rooms()
    return _scores(given["X_train"]), _scores(np.vstack([given["X_train"], given["X_holdout"]]))


def _truth() -> tuple[float, float]:
    (_, clean), (_, leaked) = _both()
    return round(clean, 4), round(leaked, 4)


def _compare(answer: object, truth: tuple[float, float]) -> Verdict:
    what = "a pair: the accuracy on the holdout with the right scaler, and with the leaked one"
    given = as_numbers(answer, what)
    if given.shape != (2,):
        raise InputTypeError(f"the answer must be {what}, got {answer!r}.")
    (train_clean, clean), (train_leaked, leaked) = _both()
    known = {
        "well done.": (clean, leaked),
        "the two are exchanged: the scaler of the training rows alone is the right one.": (leaked, clean),
        "these are accuracies on the training rows, not on the holdout.": (train_clean, train_leaked),
        "both are with the leaked scaler.": (leaked, leaked),
        "both are with the right scaler.": (clean, clean),
    }
    for text, pair in known.items():
        if np.allclose(given, pair, rtol=0, atol=TOLERANCE):
            return Verdict(pair == (clean, leaked), text)
    first, second = np.abs(given - truth) <= TOLERANCE
    if first or second:
        return Verdict(False, f"the score with the {'leaked' if first else 'right'} scaler differs.")
    return Verdict(False, "both scores differ.")


EXERCISES = (
    Exercise(
        "leaky-scaler",
        ("P5", "D1"),
        "Rooms have a temperature and a humidity. Standardise both columns, descend, and compute the share of right "
        "classes on the holdout: first with mean and deviation (std) of the training rows, then with those of all "
        "rows. Answer with the pair.",
        "core.descend(X, Y, thetas, alpha, n_steps) trains, and predict(X, thetas) predicts. Only mean and deviation "
        "differ between the two.",
        "The humidity hardly moves in the training rows. With the right scaler the network does badly on rooms "
        "where it moves, as it would in use. The other scaler has seen these rooms, and its score is too good:",
        _rooms,
        _truth,
        _compare,
    ),
)
