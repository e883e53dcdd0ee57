"""The work of ``multilayer train``: encode, train a linear model and the network, score both on the test rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from multilayer import ConvergenceWarning
from multilayer.cli._advice import SMALLER_STEPS, Course, has_risen
from multilayer.cli._alike import alike_rows
from multilayer.cli._columns import columns_table
from multilayer.cli._deadline import SHARE_OF_TRAINING, Deadline
from multilayer.cli._errors import UnfinishedError
from multilayer.cli._machine import check_network
from multilayer.cli._notes import notes_for_warnings
from multilayer.cli._output import Output
from multilayer.cli._problem import Encoded, Problem, Settings
from multilayer.cli._progress import Watch, training_progress, waiting
from multilayer.cli._reading import rows_as_in_the_file
from multilayer.cli._tables import count
from multilayer.cli._task import Answers, Judgement, Learned, Task
from multilayer.cli._tasks import TASKS
from multilayer.cli._timed_linear import in_time
from multilayer.exceptions import InterruptedTrainingWarning

_MOST_LAYERS = 8  # whose sizes are printed


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
    encoder = problem.encoder()
    with waiting(output, "encoding"), rows_as_in_the_file(problem.features, problem.encoder()):
        X_train = encoder.fit_transform(problem.features.take(rows[split.train]))
        X_test = encoder.transform(problem.features.take(rows[split.test]))
    alike = alike_rows(problem.features.take(rows), encoder.columns_, y, [(split.train, split.test)])
    note = alike.note("Remove them, or keep rows that belong together in one fold: multilayer cv --group COLUMN")
    if note:
        output.note(note)
    return Encoded(split, encoder, X_train, X_test, y[split.train], y[split.test], rows[split.test])


def train_and_score(
    problem: Problem, encoded: Encoded, settings: Settings, deadline: Deadline, output: Output
) -> Result:
    """Train the network and the linear model, and print how they do on the test rows."""
    settings.check_batch_size(len(encoded.X_train))
    task = TASKS[problem.info.task].learn(encoded.y_train)
    check_network((encoded.X_train.shape[1], *settings.hidden, task.n_outputs))
    output.table(columns_table(encoded.encoder.columns_))
    output.blank()
    linear = task.answer(_linear_model(task, encoded, deadline, output), encoded.X_test)
    network, course = _train(task, encoded, settings, deadline, output)
    answers = Answers(
        actual=encoded.y_test,
        network=task.answer(network, encoded.X_test),
        linear=linear,
        baseline=task.baseline(len(encoded.y_test)),
    )
    judgement = task.judge(answers, Learned(encoded.y_train, task.answer(network, encoded.X_train)), course)
    for table in judgement.tables:
        output.table(table, result=True)
    output.blank()
    for note in task.doubts(encoded.y_train, answers.network):
        output.note(note)
    output.say(judgement.verdict)
    return Result(task, encoded, network, answers, judgement)


def _train(task: Task, encoded: Encoded, settings: Settings, deadline: Deadline, output: Output) -> tuple[Any, Course]:
    def train(watch: Watch) -> Any:
        network = task.network(**settings.parameters(), callbacks=[watch], max_time=seconds)
        return network.fit(encoded.X_train, task.goal(encoded.y_train))

    seconds = deadline.seconds_for(SHARE_OF_TRAINING, "the network was trained")
    network, course = trained_with_notes(output, train, settings.epochs)
    if course.has_risen:
        output.note(f"the cost has not fallen: {SMALLER_STEPS}")
    output.say(f"Trained {in_words(network)}.")
    return network, course


def trained_with_notes(output: Output, train: Callable[[Watch], Any], n_epochs: int) -> tuple[Any, Course]:
    """The network that ``train`` returns, trained behind a bar, and how that went; notes of what went wrong."""
    unsettled: list[Warning] = []

    def words(warning: Warning) -> str:
        if isinstance(warning, ConvergenceWarning):
            unsettled.append(warning)
        is_told_below = isinstance(warning, ConvergenceWarning | InterruptedTrainingWarning)
        return "" if is_told_below else str(warning)

    with notes_for_warnings(output, words), training_progress(output, "training") as watch:
        network = train(watch)
    if not network.loss_curve_:
        if output.was_interrupted:
            raise click.Abort
        raise UnfinishedError("the time was over before the first epoch was. Give it more --minutes.")
    if output.was_interrupted:
        output.note(f"interrupted after {network.n_iter_:,} of {count(n_epochs, 'epoch')}")
    if watch.ran_out_of_time:
        output.note(f"the time was over after {network.n_iter_:,} of {count(n_epochs, 'epoch')}")
    ran_out = bool(unsettled) and not watch.ran_out_of_time
    return network, Course(network.n_iter_, has_risen(network), ran_out)


def in_words(network: Any) -> str:
    """Its size and its training; goes on without a full stop."""
    return (
        f"a network of {layers_in_words(network.network_.layer_sizes)}, {count(network.parameters_.size, 'weight')}, "
        f"for {count(network.n_iter_, 'epoch')}: the cost went from {_cost(network.loss_curve_[0])} to "
        f"{_cost(network.loss_)}"
    )


def layers_in_words(sizes: tuple[int, ...]) -> str:
    """The units of all layers; of many layers their number.

    Examples
    --------
    >>> layers_in_words((6, 64, 1)), layers_in_words((6, *[8] * 100, 1))
    ('6 - 64 - 1 units', '6 - 8 - ... - 1 units in 102 layers')
    """
    if len(sizes) <= _MOST_LAYERS:
        return " - ".join(f"{size:,}" for size in sizes) + " units"
    return f"{sizes[0]:,} - {sizes[1]:,} - ... - {sizes[-1]:,} units in {len(sizes):,} layers"


def _cost(value: float) -> str:
    return f"{value:.4f}" if value < 1e6 else f"{value:.3g}"


def _linear_model(task: Task, encoded: Encoded, deadline: Deadline, output: Output) -> Any:
    """The linear model, trained."""
    name, goal = task.linear_name, task.goal(encoded.y_train)
    with waiting(output, name), notes_for_warnings(output, lambda _: f"{name}, the baseline, did not settle"):
        model = in_time(task.linear_model(), lambda model: model.fit(encoded.X_train, goal), deadline)
        return model.fit(encoded.X_train, goal)
