"""The Python that does the same as a run of ``multilayer train``, for its report."""

from __future__ import annotations

from multilayer.cli._problem import Problem, Settings
from multilayer.cli._task import Code


def in_python(problem: Problem, settings: Settings, code: Code, stratified: bool) -> str:
    """The code that trains the same kind of network."""
    batch = "" if settings.batch_size == "auto" else f", batch_size={settings.batch_size!r}"
    ignored = f".drop_columns({list(problem.ignored)!r})" if problem.ignored else ""
    stratify = "stratify=y, " if stratified else ""
    return f"""
import numpy as np
{code.imports}from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from multilayer import {code.estimator}
from multilayer.tables import TableEncoder, encode_target, read_table, split_target

table = read_table({str(problem.file)!r}){ignored}
features, column = split_target(table, {problem.target!r})
info = encode_target(column, {problem.info.task!r}, drop_gaps=True)
features, y = features.take(info.rows), info.y
train, test = train_test_split(
    np.arange(len(y)), test_size={settings.test_fraction!r}, {stratify}random_state={settings.seed!r}
)
train, test = np.sort(train), np.sort(test)
network = {code.estimator}(
    {settings.hidden!r}, {settings.activation!r}, alpha={settings.alpha!r},
    learning_rate_init={settings.step_size!r}, max_iter={settings.epochs!r}, random_state={settings.seed!r}{batch},
)
model = make_pipeline(TableEncoder(dtype=np.float32), network)
{code.fit}
{code.ending}
"""
