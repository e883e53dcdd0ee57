"""The Python that does the same as a run of ``multilayer cv``, for its report."""

from __future__ import annotations

from multilayer.cli._code import network_code, reading_code
from multilayer.cli._folds import Folds, seeds
from multilayer.cli._problem import Problem, Settings
from multilayer.cli._task import Code


def in_python(problem: Problem, settings: Settings, code: Code, folds: Folds) -> str:
    """The code that trains the same networks in the same folds."""
    groups = ", groups=groups" if folds.n_groups and folds.repeats == 1 else ""
    return f"""
import numpy as np
from sklearn.model_selection import {folds.splitter}
from sklearn.pipeline import make_pipeline
from multilayer import {code.estimator}
from multilayer.selection import cross_validate
from multilayer.tables import TableEncoder, encode_target, read_table, split_target

{reading_code(problem)}
{_folds_code(folds)}
{network_code(settings, code.estimator, code.for_folds)}
result = cross_validate(model, features, y, cv=folds{groups})
print(result.mean["test_score"], result.standard_error["test_score"])
predicted = result.predictions.predicted
"""


def _folds_code(folds: Folds) -> str:
    if len(folds.singles):
        return _apart_from_singles(folds)
    if folds.repeats == 1:
        return f"folds = {_splitter(folds, repr(folds.seed))}"
    groups = ", groups" if folds.n_groups else ""
    return f"""folds = [
    fold
    for seed in {seeds(folds.seed, folds.repeats)}
    for fold in {_splitter(folds, "seed")}.split(y, y{groups})
]"""


def _apart_from_singles(folds: Folds) -> str:
    """Rows that are alone in their class are trained on in every fold."""
    return f"""_, codes, sizes = np.unique(y, return_inverse=True, return_counts=True)
several, alone = np.flatnonzero(sizes[codes] > 1), np.flatnonzero(sizes[codes] == 1)
folds = [
    (np.union1d(several[train], alone), several[test])
    for seed in {seeds(folds.seed, folds.repeats)}
    for train, test in {_splitter(folds, "seed")}.split(several, y[several])
]"""


def _splitter(folds: Folds, seed: str) -> str:
    return f"{folds.splitter}({folds.n_folds}, shuffle=True, random_state={seed})"
