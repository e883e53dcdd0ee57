"""The Python that does the same as a run of ``multilayer search``, for its report."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from multilayer.cli._code import encoder_code, folds_code, reading_code
from multilayer.cli._folds import Folds
from multilayer.cli._problem import Problem
from multilayer.cli._space import Wanted, space_code
from multilayer.cli._task import Code

_LOG_LOSS = '''
classes = np.unique(y)


def log_loss_of(model, X, labels):
    """The log-loss, its sign turned, where not every fold trains and tests every class."""
    chances = np.zeros((len(labels), len(classes)))
    chances[:, np.searchsorted(classes, model.classes_)] = model.predict_proba(X)
    return -log_loss(labels, chances, labels=classes)


'''


def in_python(problem: Problem, wanted: Wanted, code: Code, folds: Folds) -> str:
    """The code of the same search."""
    is_plain = problem.info.task == "regression" or _all_classes_everywhere(problem.info.y, folds)
    more = f", {code.for_folds}" if code.for_folds else ""
    imports, scorer = ("", "") if is_plain else ("from sklearn.metrics import log_loss\n", _LOG_LOSS)
    return f"""
import numpy as np
from scipy.stats import loguniform
{imports}from sklearn.model_selection import {folds.splitter}
from sklearn.pipeline import make_pipeline
from multilayer import {code.estimator}
from multilayer.selection import search
from multilayer.tables import TableEncoder, encode_target, read_table, split_target

{reading_code(problem)}
{folds_code(folds)}
network = {code.estimator}(max_iter={wanted.epochs}, random_state={wanted.seed}{more})
model = make_pipeline({encoder_code(problem)}, network)
{space_code()}
{scorer}found = search(
    model, space, features, y,
    {_arguments(problem, wanted, code.scoring if is_plain else "")}
)
print(found.best.mean, found.best.standard_error)
predicted = found.estimator.predict(features)
"""


def _arguments(problem: Problem, wanted: Wanted, scoring: str) -> str:
    arguments = {
        "groups": None if problem.group is None else "groups",
        "cv": "folds",
        "scoring": repr(scoring) if scoring else "log_loss_of",
        "sampler": repr(wanted.sampler),
        "n_trials": repr(wanted.n_trials),
        "max_time": None if wanted.seconds is None else repr(wanted.seconds),
        "halving": None if wanted.has_halving else "False",
        "min_epochs": repr(wanted.first_rung) if wanted.has_halving else None,
        "refit": '"simplest"' if wanted.simplest else None,
        "random_state": repr(wanted.seed),
    }
    return ", ".join(f"{name}={value}" for name, value in arguments.items() if value is not None) + ","


def _all_classes_everywhere(y: NDArray[np.generic], folds: Folds) -> bool:
    n = len(np.unique(y))
    return all(len(np.unique(y[part])) == n for split in folds.splits for part in split)
