"""The work of ``multilayer cv``: the network, a linear model and the baseline in the same folds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from multilayer import ConvergenceWarning
from multilayer.cli._advice import SMALLER_STEPS, Course, Evidence, advice, has_risen, recommend
from multilayer.cli._deadline import SHARE_OF_TRAINING, Deadline
from multilayer.cli._errors import UnfinishedError
from multilayer.cli._fold_run import FoldRun, encoded_columns, linear_model, tell_failures, unless_expected
from multilayer.cli._fold_scores import (
    ROUGH,
    Comparison,
    ModelFolds,
    compare,
    comparison_table,
    folds_table,
    means_table,
    scored,
    verdict,
)
from multilayer.cli._folds import Folds
from multilayer.cli._machine import check_network
from multilayer.cli._notes import notes_for_warnings
from multilayer.cli._output import Output
from multilayer.cli._pack_progress import PackProgress
from multilayer.cli._problem import Problem, Settings
from multilayer.cli._split import Rows
from multilayer.cli._tables import TextTable, count
from multilayer.cli._task import Answer, Answers, Judgement, Task
from multilayer.exceptions import InputError
from multilayer.selection import CrossValidation, Fold
from multilayer.tables import ColumnReport

_MOST_FOLDS = 20  # that are printed


@dataclass(frozen=True)
class Validated:
    """What the models say of rows that they have not seen, and how good that is.

    Attributes
    ----------
    task : Task
    folds : Folds
    columns : what is done with each column of the table, all rows taken together
    result : of the network
    done : its folds by their numbers; those are missing that failed, with either model, or were not begun
    models : network, linear model, baseline
    trained : the networks in words
    judgement : Judgement
    """

    task: Task
    folds: Folds
    columns: Sequence[ColumnReport]
    result: CrossValidation
    done: Mapping[int, Fold]
    models: tuple[ModelFolds, ModelFolds, ModelFolds]
    trained: str
    judgement: Judgement


def validate(
    problem: Problem, settings: Settings, folds: Folds, n_jobs: int | None, deadline: Deadline, output: Output
) -> Validated:
    """Train all models in all folds, and print how they do on the rows that they have not seen."""
    settings.check_batch_size(min(len(train) for train, _ in folds.splits))
    y = problem.info.y
    columns = encoded_columns(problem, folds, output)
    run = FoldRun.begun(problem, folds, n_jobs, deadline, output)
    task = run.task
    n_inputs = sum(column.width for column in columns)
    check_network((n_inputs, *settings.hidden, task.n_outputs), n_networks=run.n_at_a_time)
    linear = linear_model(run)
    result, done, course = _network(run, settings)
    trained = _trained([fold.estimator[-1] for fold in done.values()])
    output.say(trained)
    both = {fold: one for fold, one in done.items() if fold in linear}
    if not both:
        raise InputError(f"there is no fold in which both the network and {task.linear_name} could be trained.")
    constant = {fold: task.baseline_from(y[folds.splits[fold][0]], len(folds.splits[fold][1])) for fold in both}
    models = (
        scored(task, "network", {fold: task.answer_of_fold(one) for fold, one in both.items()}, folds, y),
        scored(task, task.linear_name, {fold: task.answer_of_fold(linear[fold]) for fold in both}, folds, y),
        scored(task, task.baseline_name, constant, folds, y),
    )
    answers = answers_of(models, folds, y)
    for note in task.doubts(y, answers.network):
        output.note(note)
    judgement = _judge(run, models, both, answers, course)
    for table in judgement.tables:
        output.table(table, result=True)
    output.blank()
    output.say(judgement.verdict)
    output.say(ROUGH)
    return Validated(task, folds, columns, result, both, models, trained, judgement)


def _network(run: FoldRun, settings: Settings) -> tuple[CrossValidation, Mapping[int, Fold], Course]:
    n = len(run.folds.splits)

    def words(warning: Warning) -> str:
        return "" if isinstance(warning, ConvergenceWarning) else unless_expected(warning, str(warning))

    def network(bar: PackProgress) -> Any:
        callbacks = [bar.watch(settings.epochs)]
        return run.task.network_for_folds(**settings.parameters(), callbacks=callbacks, max_time=seconds)

    seconds = run.deadline.seconds_for(SHARE_OF_TRAINING / run.n_waves, "the networks were trained")
    with notes_for_warnings(run.output, words):
        found = run.of(network, count(n, "network"))
    done = {number: fold for number, fold in found.done.items() if fold.estimator[-1].loss_curve_}
    if not done:
        if run.output.was_interrupted:
            raise click.Abort
        raise UnfinishedError("the time was over before any network had trained an epoch. Give it more --minutes.")
    if len(found.done) + len(found.failures) < n:
        run.output.note(f"interrupted: the scores are those of {len(done)} of {n} folds")
    tell_failures(run, found.failures, "the network")
    if found.n_out_of_time:
        run.output.note(
            f"the time was over before {found.n_out_of_time} of {count(n, 'network')} had trained "
            f"{count(settings.epochs, 'epoch')}"
        )
    networks = [fold.estimator[-1] for fold in done.values()]
    rose = sum(map(has_risen, networks))
    if rose:
        run.output.note(f"the cost has not fallen in {rose} of {count(len(networks), 'fold')}: {SMALLER_STEPS}")
    unsettled = sum(
        any(issubclass(complaint.category, ConvergenceWarning) for complaint in fold.complaints)
        for fold in done.values()
    )
    ran_out = unsettled > len(networks) / 2 and not found.n_out_of_time
    return found.result, done, Course(settings.epochs, rose > 0, ran_out)


def _trained(networks: Sequence[Any]) -> str:
    """Sizes, weights and epochs, from the least to the most where folds differ."""
    sizes = " - ".join(_least_to_most(layer) for layer in zip(*(n.network_.layer_sizes for n in networks), strict=True))
    weights = _least_to_most(network.parameters_.size for network in networks)
    epochs = _least_to_most(network.n_iter_ for network in networks)
    return (
        f"Trained {count(len(networks), 'network')} of {sizes} units, {weights} weights, for "
        f"{epochs} epoch{'' if epochs == '1' else 's'}{' each' if len(networks) > 1 else ''}."
    )


def _least_to_most(numbers: Iterable[int]) -> str:
    found = sorted(numbers)
    return f"{found[0]:,}" if found[0] == found[-1] else f"{found[0]:,} to {found[-1]:,}"


def _epochs(done: Mapping[int, Fold]) -> dict[int, int]:
    return {number: fold.estimator[-1].n_iter_ for number, fold in done.items()}


def _judge(
    run: FoldRun,
    models: tuple[ModelFolds, ModelFolds, ModelFolds],
    done: Mapping[int, Fold],
    answers: Answers,
    course: Course,
) -> Judgement:
    task, folds = run.task, run.folds
    network, linear, baseline = models
    metrics, decisive = task.metrics, task.decisive
    means = [model.mean(metrics) for model in models]
    other = baseline if decisive.better(decisive.of(means[2]), decisive.of(means[1])) else linear
    comparisons = [compare(network, other, metric, folds) for metric in metrics]
    decision: Comparison = comparisons[metrics.index(decisive)]
    tables: list[TextTable] = [
        means_table(models, metrics, _so_many(len(network.scores), folds)),
        comparison_table(comparisons, other.name),
        folds_table(network, metrics, folds, _epochs(done), _MOST_FOLDS),
        *task.further_tables(answers),
    ]
    text = task.in_words(means, "the rows it has not seen")
    text += " " + verdict(decision, other.name) + _advice(run, network, done, decision, course)
    return Judgement(tuple(tables), text)


def _advice(run: FoldRun, network: ModelFolds, done: Mapping[int, Fold], decision: Comparison, course: Course) -> str:
    """A recommendation by what the network of the first fold makes of its training rows and of its test rows."""
    number, fold = next(iter(done.items()))
    decisive, train = run.task.decisive, run.folds.splits[number][0]
    answer = run.task.answer_for(fold.estimator, run.features.take(train))
    trained = run.task.measure("network, training rows", run.problem.info.y[train], answer)
    evidence = Evidence(course, decision.is_worse, network.of(decisive)[number], decisive.of(trained))
    if not evidence.is_worse:
        return advice(evidence)
    found = "" if course.has_risen else recommend(evidence)
    return f" {found[0].upper()}{found[1:]}." if found else ""


def _so_many(n: int, folds: Folds) -> str:
    return count(n, "fold") if n == len(folds.splits) else f"{n} of {len(folds.splits)} folds"


def out_of_fold(model: ModelFolds, folds: Folds, m: int) -> tuple[Rows, Answer]:
    """Rows that were tested, and the answer for each by a model that has not seen it; over repeats, their mean."""
    n_times = np.zeros(m)
    total = np.zeros((m, *next(iter(model.answers.values())).shape[1:]))
    for fold, answer in model.answers.items():
        n_times[folds.splits[fold][1]] += 1
        total[folds.splits[fold][1]] += answer
    rows = np.flatnonzero(n_times)
    answers: Answer = total[rows] / n_times[rows].reshape(-1, *[1] * (total.ndim - 1))
    return rows, answers


def answers_of(models: Sequence[ModelFolds], folds: Folds, y: NDArray[Any]) -> Answers:
    """What all models say of the rows that were tested."""
    network, linear, baseline = (out_of_fold(model, folds, len(y)) for model in models)
    return Answers(y[network[0]], network[1], linear[1], baseline[1])
