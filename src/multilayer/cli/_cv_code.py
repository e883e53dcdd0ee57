"""The Python that does the same as a run of ``multilayer cv``, for its report."""

from __future__ import annotations

from multilayer.cli._code import folds_code, network_code, reading_code
from multilayer.cli._folds import Folds
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
{folds_code(folds)}
{network_code(problem, settings, code.estimator, code.for_folds)}
result = cross_validate(model, features, y, cv=folds{groups})
print(result.mean["test_score"], result.standard_error["test_score"])
predicted = result.predictions.predicted
"""
