"""The tasks by their names, and what each takes for granted."""

from __future__ import annotations

from typing import Any

from multilayer.cli._classification import Classification
from multilayer.cli._problem import Problem, Settings
from multilayer.cli._regression import Regression
from multilayer.cli._task import Task

TASKS: dict[str, type[Task]] = {"classification": Classification, "regression": Regression}


def settings_of(problem: Problem, *, epochs: int | None, batch_size: int | None, **options: Any) -> Settings:
    """The options of a network, where left out as suits the task."""
    epochs = epochs or TASKS[problem.info.task].default_epochs
    return Settings(epochs=epochs, batch_size=batch_size or "auto", **options)
