"""importance: how much the score of a network falls when a column is shuffled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from multilayer._checks import check_integer, check_seed
from multilayer.exceptions import InputError
from multilayer.playground.data.play_data import PlayData
from multilayer.tables.models.rows import chosen_rows

MOST_ROWS = 1000


def importance(
    estimator: Any, data: PlayData, *, n_repeats: int = 5, max_rows: int = MOST_ROWS, random_state: int = 0
) -> dict[str, Any]:
    """Shuffle each column of the validation rows, and score the rows again.

    All inputs that a column became are shuffled together: each row gets the inputs of one other row.  Without
    validation rows the training rows are used, whose score falls for columns that were only memorised too.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        An estimator that was fitted on ``data.X`` and ``data.y``.
    data : PlayData
        The data.
    n_repeats : int, default=5
        How often each column is shuffled.
    max_rows : int, default=1000
        Of more rows, so many random ones are used.
    random_state : int, default=0
        The seed.

    Returns
    -------
    dict
        ``columns``, a dict for each column that the network sees, the most important first: ``name``; ``importance``,
        the mean fall of the score, accuracy or R²; and ``deviation``, its standard deviation between the repeats.
        And ``note``, a sentence on the rows and repeats.

    Raises
    ------
    InputError
        If the estimator was fitted on another number of inputs.
    ParameterError
        For an invalid argument.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from multilayer.playground.data.play_data import shape_data
    >>> data = shape_data("xor")
    >>> ignores_y = LinearRegression().fit(data.X * [1, 0], data.y)
    >>> importance(ignores_y, data)["columns"][-1]
    {'name': 'y', 'importance': 0.0, 'deviation': 0.0}
    """
    check_integer("n_repeats", n_repeats, 1)
    check_seed("random_state", random_state)
    if getattr(estimator, "n_features_in_", data.X.shape[1]) != data.X.shape[1]:
        raise InputError(
            f"the estimator was fitted on {estimator.n_features_in_} inputs, but the data have {data.X.shape[1]}. Fit "
            "it on data.X."
        )
    X, y, part = (data.X, data.y, "training") if data.X_val is None else (data.X_val, data.y_val, "validation")
    rows = chosen_rows(len(X), max_rows, random_state)
    X_rows, y_rows = X[rows], np.asarray(y)[rows]
    score = float(estimator.score(X_rows, y_rows))
    rng = check_random_state(random_state)
    found: list[dict[str, Any]] = []
    for column in data.columns:
        if column.inputs:
            falls = score - _shuffled_scores(estimator, X_rows, y_rows, list(column.inputs), n_repeats, rng)
            found.append({"name": column.name, "importance": float(falls.mean()), "deviation": float(falls.std())})
    found.sort(key=lambda each: -each["importance"])
    which = f"{len(rows):,} of the {len(X):,} {part} rows" if len(rows) < len(X) else f"the {len(X):,} {part} rows"
    what = "accuracy" if data.task == "classification" else "R²"
    times = "once" if n_repeats == 1 else f"{n_repeats} times"
    note = f"Fall of the {what} of {which} when a column is shuffled, {times} each."
    return {"columns": found, "note": note}


def _shuffled_scores(
    estimator: Any, X: NDArray[Any], y: NDArray[Any], inputs: list[int], n_repeats: int, rng: np.random.RandomState
) -> NDArray[np.float64]:
    """Return the score of each repeat with the inputs of one column shuffled together."""
    shuffled = X.copy()
    scores = np.empty(n_repeats)
    for repeat in range(n_repeats):
        shuffled[:, inputs] = X[rng.permutation(len(X))][:, inputs]
        scores[repeat] = estimator.score(shuffled, y)
    return scores
