"""The evaluation of a model beside others: of one split for train, of several for cv."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from multilayer.cli.evaluation.run import Fits, Run, columns_table
from multilayer.cli.evaluation.scores import (
    ROUGH,
    ModelScores,
    best_of,
    compare,
    comparison_table,
    folds_table,
    models_table,
    out_of_fold,
    scores_table,
    verdict,
)
from multilayer.cli.evaluation.settings import Settings, TableSettings
from multilayer.cli.evaluation.table_models import (
    check_table_model,
    fit_table_models,
    importance_of,
    table_models_in_words,
)
from multilayer.cli.evaluation.tasks import TREES_NAME
from multilayer.cli.evaluation.training import (
    Course,
    advice,
    check_size,
    fit_network,
    fit_other_model,
    networks_in_words,
)
from multilayer.cli.text import count
from multilayer.exceptions import InputError
from multilayer.results import Table
from multilayer.tables import ColumnReport


@dataclass(frozen=True)
class Evaluation:
    """The models of a run, their scores, and the conclusion."""

    run: Run
    settings: Settings
    fits: Fits  # the networks or table models
    models: Sequence[ModelScores]  # these, the linear model, of table models also trees, and the baseline
    training: str  # the networks in words
    tables: list[Table]
    conclusion: str
    importance: Any = None  # of the columns; None for single networks, and for several folds

    @property
    def columns(self) -> Sequence[ColumnReport]:
        """How the columns were encoded."""
        return _columns(self.run, self.settings, self.fits)


def evaluate(run: Run, settings: Settings) -> Evaluation:
    """Train all models on the splits, and print their scores on the rows that they have not seen."""
    splits, output, task = run.splits, run.output, run.task
    others = {task.linear_name: task.linear_model()}
    course = None
    if isinstance(settings, TableSettings):
        for train, _ in splits.rows:
            check_table_model(run, train)
        others[TREES_NAME] = task.trees(settings.seed)
        fitted = {name: fit_other_model(run, name, model) for name, model in others.items()}
        fits = fit_table_models(run, settings)
        training = f"Trained {table_models_in_words(fits.models, fits.seconds)}."
        output.table(columns_table(_columns(run, settings, fits)))
    else:
        check_size(run, settings)
        output.table(columns_table(run.columns))
        output.blank()
        fitted = {name: fit_other_model(run, name, model) for name, model in others.items()}
        fits, course = fit_network(run, settings)
        training = f"Trained {networks_in_words(fits.networks)}."
    output.say(training)
    with output.noting_warnings():
        models = _scored(run, fits, fitted)
    rows, predictions = out_of_fold(models[0], splits, len(run.y))
    for note in task.doubts(run.y, predictions):
        output.note(note)
    tables, conclusion = _judged(run, fits, models, course)
    tables += task.tables(run.y[rows], predictions)
    importance = None
    if isinstance(settings, TableSettings) and splits.is_single:
        importance = importance_of(run, fits.models[0], settings.seed)
        conclusion += f" {importance.conclusion}" if importance is not None else ""
    for table in tables:
        output.table(table, result=True)
    output.blank()
    output.say(conclusion)
    if not splits.is_single:
        output.say(ROUGH)
    return Evaluation(run, settings, fits, models, training, tables, conclusion, importance)


def _columns(run: Run, settings: Settings, fits: Fits) -> Sequence[ColumnReport]:
    if not isinstance(settings, TableSettings):
        return run.columns
    columns: Sequence[ColumnReport] = next(iter(fits.models.values())).columns_
    return columns


def _scored(run: Run, fits: Fits, others: dict[str, Fits]) -> list[ModelScores]:
    both = [fold for fold in fits.models if all(fold in other.models for other in others.values())]
    if not both:
        names = " and ".join(others)
        raise InputError(f"there is no fold in which both the network and {names} could be trained.")
    return [
        ModelScores.of("network", run, run.predict(fits, both)),
        *(ModelScores.of(name, run, run.predict(other, both)) for name, other in others.items()),
        ModelScores.of(run.task.baseline_name, run, run.baseline(both)),
    ]


def _judged(run: Run, fits: Fits, models: Sequence[ModelScores], course: Course | None) -> tuple[list[Table], str]:
    """The tables of scores, and the conclusion with a recommendation.

    ``course`` is that of the training of single networks; None for table models.
    """
    task, splits = run.task, run.splits
    network, *others = models
    other = best_of(others, task.decisive)
    comparisons = [compare(network, other, metric, splits) for metric in task.metrics]
    decision = comparisons[task.metrics.index(task.decisive)]
    fold = next(iter(network.scores))
    text = _sentence(run, models)
    shown = list(models)
    trained = None if course is None else _on_training_rows(run, fits, fold)
    if splits.is_single:
        shown += [] if trained is None else [trained]
        tables = [scores_table(f"Scores on {count(len(splits.rows[0][1]), 'test row')}", shown, task.metrics)]
        if decision.is_worse:
            metric = task.decisive
            ours, theirs = (f"{metric.heading} of {metric.write(each.spread(metric)[0])}" for each in (network, other))
            text += f" Its {ours} is worse than the {theirs} of {other.name}."
        if course is None:
            summary = fits.models[fold].summary()
            rows = [(name, task.decisive.write(score), *rest) for name, score, *rest in summary.rows]
            tables.append(replace(summary, rows=rows, title="Out-of-fold scores of the training rows", notes=()))
            if len(summary.rows) > 1:  # not interrupted before the other models
                text += " In the folds of the training rows: " + _in_shell_words(" ".join(summary.notes))
    else:
        n = len(network.scores)
        which = count(n, "fold") if n == len(splits) else f"{n} of {len(splits)} folds"
        if course is not None:
            compared = comparison_table(comparisons, other.name)
            by_fold = folds_table(network, task.metrics, splits, "epochs", lambda fold: fits.network(fold).n_iter_)
        else:
            shown.pop()  # the baseline, for which there is no room, is in the next table
            compared = models_table(models, network, task.decisive, splits)
            by_fold = folds_table(network, task.metrics, splits, "nets", lambda fold: len(fits.models[fold].members_))
        title = f"Scores over {which}, mean ± standard error"
        tables = [scores_table(title, shown, task.metrics), compared, by_fold]
        text += f" {verdict(decision, other.name)}"
    if course is None or trained is None or (decision.n_folds == 1 and not splits.is_single):
        return tables, text
    losses = (model.scores[fold][task.decisive.name] for model in (network, trained))
    return tables, text + advice(course, decision.is_worse, *losses)


def _on_training_rows(run: Run, fits: Fits, fold: int) -> ModelScores:
    return ModelScores.of("network,\ntraining rows", run, run.predict(fits, [fold], side=0), side=0)


def _sentence(run: Run, models: Sequence[ModelScores]) -> str:
    """How good the network and the other models are."""
    task = run.task
    told = [task.in_words(model.spread(task.told)[0]) for model in models]
    others = ", ".join(
        task.sentence_of_other.format(model.name, score) for model, score in zip(models[1:-1], told[1:-1], strict=True)
    )
    rows = "the test rows" if run.splits.is_single else "the rows it has not seen"
    return task.sentence.format(told[0], told[-1], rows=rows, others=others)


def _in_shell_words(verdict: str) -> str:
    """The verdict of a table model with the option in place of the parameter."""
    verdict = verdict.replace("Set with_trees=True to combine both.", "With --with-trees both are combined.")
    return verdict[:1].lower() + verdict[1:]
