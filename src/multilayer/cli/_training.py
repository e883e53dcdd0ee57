"""The work of ``multilayer train``: encode, train the network and a linear model, score both on the test rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from multilayer import ConvergenceWarning
from multilayer.cli._columns import columns_table
from multilayer.cli._notes import notes_for_warnings
from multilayer.cli._output import Output
from multilayer.cli._problem import Encoded, Problem, Settings
from multilayer.cli._progress import Watch, training_progress, waiting
from multilayer.cli._reading import rows_as_in_the_file
from multilayer.cli._tables import count
from multilayer.cli._task import Answers, Judgement, Learned, Task
from multilayer.cli._tasks import TASKS
from multilayer.tables import TableEncoder


@dataclass(frozen=True)
class Result:
    """A trained network, what it and others say of the test rows, and how good that is."""

    task: Task
    encoded: Encoded
    network: Any
    answers: Answers
    judgement: Judgement


def encode(problem: Problem, settings: Settings, test_fraction: float, output: Output) -> Encoded:
    """Split the rows and fit the encoder on the training part, so that nothing is learned from the test rows."""
    y, rows = problem.info.y, problem.info.rows
    split = TASKS[problem.info.task].split(problem.info, test_fraction, settings.seed)
    proportions = " with the classes in the same proportions" if split.stratified else ""
    output.say(f"Split: {count(len(split.train), 'row')} to train on, {len(split.test):,} to test on{proportions}.")
    for note in split.notes:
        output.note(note)
    # Half the memory and time of float64, and far finer than any table is measured.
    encoder = TableEncoder(dtype=np.float32)
    with waiting(output, "encoding"), rows_as_in_the_file(problem.features):
        X_train = encoder.fit_transform(problem.features.take(rows[split.train]))
        X_test = encoder.transform(problem.features.take(rows[split.test]))
    return Encoded(split, encoder, X_train, X_test, y[split.train], y[split.test], rows[split.test])


def train_and_score(problem: Problem, encoded: Encoded, settings: Settings, output: Output) -> Result:
    """Train the network and the linear model, and print how they do on the test rows."""
    settings.check_batch_size(len(encoded.X_train))
    task = TASKS[problem.info.task].learn(encoded.y_train)
    output.table(columns_table(encoded.encoder.columns_))
    output.blank()
    network = _train(task, encoded, settings, output)
    answers = Answers(
        actual=encoded.y_test,
        network=task.answer(network, encoded.X_test),
        linear=task.answer(_linear_model(task, encoded, output), encoded.X_test),
        baseline=task.baseline(len(encoded.y_test)),
    )
    judgement = task.judge(answers, Learned(encoded.y_train, task.answer(network, encoded.X_train)))
    for table in judgement.tables:
        output.table(table, result=True)
    output.blank()
    output.say(judgement.verdict)
    return Result(task, encoded, network, answers, judgement)


def _train(task: Task, encoded: Encoded, settings: Settings, output: Output) -> Any:
    def train(watch: Watch) -> Any:
        network = task.network(**settings.parameters(), callbacks=[watch])
        return network.fit(encoded.X_train, task.goal(encoded.y_train))

    network = trained_with_notes(output, train, settings.epochs)
    output.say(f"Trained {in_words(network)}.")
    return network


def trained_with_notes(output: Output, train: Callable[[Watch], Any], n_epochs: int) -> Any:
    """The network that ``train`` returns, trained behind a bar; notes of what did not go as it should."""
    unsettled: list[Warning] = []

    def words(warning: Warning) -> str:
        if not isinstance(warning, ConvergenceWarning):
            return str(warning)
        unsettled.append(warning)
        return ""

    with (
        notes_for_warnings(output, words),
        training_progress(output, "training") as watch,
    ):
        network = train(watch)
    # A cost that ends higher than it began may have fallen in the last epoch: more epochs would be the wrong advice.
    if network.loss_ >= network.loss_curve_[0]:
        output.note("the cost has not fallen: try a smaller --step-size")
    elif unsettled:
        output.note(
            f"the cost was still falling after {count(n_epochs, 'epoch')}: more --epochs may help, or learn "
            "the training rows by heart"
        )
    return network


def in_words(network: Any) -> str:
    """Its size and its training; goes on without a full stop."""
    sizes = " - ".join(f"{size:,}" for size in network.network_.layer_sizes)
    return (
        f"a network of {sizes} units, {network.parameters_.size:,} weights, for {count(network.n_iter_, 'epoch')}: the "
        f"cost went from {_cost(network.loss_curve_[0])} to {_cost(network.loss_)}"
    )


def _cost(value: float) -> str:
    return f"{value:.4f}" if value < 1e6 else f"{value:.3g}"


def _linear_model(task: Task, encoded: Encoded, output: Output) -> Any:
    """The linear model, trained."""
    name = task.linear_name
    with waiting(output, name), notes_for_warnings(output, lambda _: f"{name}, the baseline, did not settle"):
        return task.linear_model().fit(encoded.X_train, task.goal(encoded.y_train))
