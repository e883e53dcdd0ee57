"""The scores of a saved model on the rows of a file, with what has changed since the training."""

from __future__ import annotations

import math
from dataclasses import dataclass

from multilayer.cli.console import Output
from multilayer.cli.evaluation.tasks import Classification, Metric, Task
from multilayer.cli.prediction.jackknife import jackknife_errors
from multilayer.cli.prediction.saved import SavedModel
from multilayer.cli.prediction.target_rows import TargetRows, read_target_rows, task_of
from multilayer.cli.progress import waiting
from multilayer.cli.source import Source
from multilayer.cli.text import count, text_table
from multilayer.results import Table
from multilayer.tables.models import Drift, Importance, drift

_MOST_ROWS = 2_000  # for the importance of columns


@dataclass(frozen=True)
class Evaluated:
    """A saved model on the rows of a file.

    Attributes
    ----------
    saved : SavedModel
        The model.
    source : Source
        The file.
    rows : TargetRows
        The m rows with a target that the model knows, with its predictions.
    task : Task
        What is predicted.
    scores, errors : dict of str to float
        The scores by the name of the metric, and their standard errors.
    importance : Importance or None
        The importance of the columns; None if it is no table model.
    drift : Drift or None
        The change of the columns since the training; None if it is no table model.
    """

    saved: SavedModel
    source: Source
    rows: TargetRows
    task: Task
    scores: dict[str, float]
    errors: dict[str, float]
    importance: Importance | None = None
    drift: Drift | None = None

    @property
    def score_tables(self) -> list[Table]:
        """The scores beside those of the training, and the scores of each class."""
        before = _training_score(self.saved, self.task)
        own = _scores_table(self.task, self.scores, self.errors, len(self.rows.y), before)
        return [own, *self.task.tables(self.rows.y, self.rows.predictions)]

    @property
    def conclusion(self) -> list[str]:
        """How good the model is, which columns have changed, and which matter."""
        before = _training_score(self.saved, self.task)
        sentence = _score_sentence(self.task, self.scores, self.errors, len(self.rows.y), before)
        return [sentence, *(each.conclusion for each in (self.drift, self.importance) if each is not None)]


def evaluate_file(saved: SavedModel, source: Source, seed: int, output: Output) -> Evaluated:
    """Score the model on a file, with notes on what is unusual in it."""
    found = read_target_rows(saved, source, output)
    task = task_of(saved, found.y)
    scores = task.score(found.y, found.predictions)
    errors = jackknife_errors(task, found.y, found.predictions)
    if not saved.is_table_model:
        return Evaluated(saved, source, found, task, scores, errors)
    with waiting(output, "the importance of the columns"), output.noting_warnings(lambda _: ""):
        importance = saved.model.importance(found.table, found.y, max_rows=_MOST_ROWS, random_state=seed)
        changes = drift(saved.model, found.table)
    return Evaluated(saved, source, found, task, scores, errors, importance, changes)


def print_evaluation(found: Evaluated, output: Output) -> None:
    """Print the scores, what has changed, and the conclusion."""
    for table in [*found.score_tables, *([found.drift.table] if found.drift is not None else [])]:
        output.table(table, result=True)
    for paragraph in found.conclusion:
        output.blank()
        output.say(paragraph)


def _training_score(saved: SavedModel, task: Task) -> dict[str, float]:
    """The out-of-fold score of the training, by the name of its metric; empty where it has another meaning."""
    if not saved.is_table_model or getattr(saved.model, "loss", "squared_error") != "squared_error":
        return {}
    return {task.decisive.name: float(saved.model.oof_score_)}


def _scores_table(
    task: Task, scores: dict[str, float], errors: dict[str, float], n_rows: int, before: dict[str, float]
) -> Table:
    def row(metric: Metric) -> tuple[str, ...]:
        written = metric.write(scores[metric.name], errors[metric.name])
        known = [metric.write(before[metric.name]) if metric.name in before else ""] * bool(before)
        return metric.heading, written, *known

    headings = ("score", "here", *["training rows,\nout of fold"] * bool(before))
    title = f"Scores on {count(n_rows, 'row')}, ± standard error"
    return text_table(title, headings, map(row, task.metrics), "l" + "r" * (len(headings) - 1))


def _score_sentence(
    task: Task, scores: dict[str, float], errors: dict[str, float], n_rows: int, before: dict[str, float]
) -> str:
    told, decisive = task.told, task.decisive
    what = "is right on" if isinstance(task, Classification) else "is off by"
    amount = task.in_words(scores[told.name])
    where = f"of {count(n_rows, 'row')}" if isinstance(task, Classification) else f"on average over {n_rows:,} rows"
    text = f"The model {what} {amount} {where}."
    if decisive.name not in before or math.isnan(errors[decisive.name]):
        return text
    now, then = scores[decisive.name], before[decisive.name]
    if abs(now - then) <= 2.0 * errors[decisive.name]:
        return f"{text} Its {decisive.heading} is that of the training rows, out of fold, within chance."
    side = "better" if decisive.is_better(now, then) else "worse"
    return (
        f"{text} Its {decisive.heading} of {decisive.write(now)} is {side} than the {decisive.write(then)} of the "
        "training rows, out of fold, by more than chance explains."
    )
