"""The Python that does the same as a run of ``multilayer train``, for its report."""

from __future__ import annotations

from multilayer.cli._code import network_code, reading_code
from multilayer.cli._problem import Problem, Settings
from multilayer.cli._split import Split
from multilayer.cli._task import Code


def in_python(problem: Problem, settings: Settings, code: Code, split: Split) -> str:
    """The code that trains the same kind of network."""
    stratify = "stratify=y, " if split.stratified else ""
    return f"""
import numpy as np
{code.imports}from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from multilayer import {code.estimator}
from multilayer.tables import TableEncoder, encode_target, read_table, split_target

{reading_code(problem)}
train, test = train_test_split(
    np.arange(len(y)), test_size={split.fraction!r}, {stratify}random_state={settings.seed!r}
)
train, test = np.sort(train), np.sort(test)
{network_code(problem, settings, code.estimator)}
{code.fit}
{code.ending}
"""
