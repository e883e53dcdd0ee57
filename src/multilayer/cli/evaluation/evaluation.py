"""The evaluation of a model beside others: of one split for train, of several for cv."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from multilayer.cli.evaluation.reasons import ExplainedRow, explained_rows, importance_of
from multilayer.cli.evaluation.run import Fits, Run, print_columns
from multilayer.cli.evaluation.scores import (
    ERRORS,
    ROUGH,
    ModelScores,
    best_of,
    compare,
    comparison_table,
    folds_table,
    models_table,
    out_of_fold,
    scores_table,
    spread,
    verdict,
)
from multilayer.cli.evaluation.settings import NetworkSettings, Settings, TableSettings
from multilayer.cli.evaluation.table_models import (
    check_table_model,
    fit_table_models,
    table_models_in_words,
)
from multilayer.cli.evaluation.tasks import TREES_NAME, Task
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
    conclusion: list[str]  # paragraphs: how good it is, whether it is worth it, which columns matter
    importance: Any = None  # of the columns; None for single networks, and where the time was over
    explained: Sequence[ExplainedRow] = ()  # of a single split, if there is a report

    @property
    def columns(self) -> Sequence[ColumnReport]:
        """How the columns were encoded."""
        return _columns(self.run, self.settings, self.fits)


def evaluate(run: Run, settings: Settings, has_report: bool = False) -> Evaluation:
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
    else:
        check_size(run, settings)
        fitted = {name: fit_other_model(run, name, model) for name, model in others.items()}
        fits, course = fit_network(run, settings)
        training = f"Trained {networks_in_words(fits.networks)}."
    output.say(training)
    with output.noting_warnings(_in_shell_words):
        models = _scored(run, settings, fits, fitted)
    rows, predictions = out_of_fold(models[0], splits, len(run.y))
    for note in task.doubts(run.y, predictions):
        output.note(note)
    tables, conclusion = _judged(run, fits, models, course)
    tables += task.tables(run.y[rows], predictions)
    importance, explained = None, []
    if isinstance(settings, TableSettings):
        importance = importance_of(run, fits, settings.seed)
        conclusion += [] if importance is None else [importance.conclusion]
        if has_report and splits.is_single:
            explained = explained_rows(run, fits, models[0])
    for paragraph in conclusion:
        output.blank()
        output.say(paragraph)
    if not splits.is_single:
        output.say(ROUGH)
    for table in tables:
        output.table(table, result=True)
    found = Evaluation(run, settings, fits, models, training, tables, conclusion, importance, explained)
    print_columns(run, found.columns)
    return found


def _columns(run: Run, settings: Settings, fits: Fits) -> Sequence[ColumnReport]:
    if isinstance(settings, NetworkSettings) and settings.kind is None:
        return run.columns
    model = next(iter(fits.models.values()))
    columns: Sequence[ColumnReport] = (model if isinstance(settings, TableSettings) else model[0]).columns_
    return columns


def _scored(run: Run, settings: Settings, fits: Fits, others: dict[str, Fits]) -> list[ModelScores]:
    both = [fold for fold in fits.models if all(fold in other.models for other in others.values())]
    if not both:
        names = " and ".join(others)
        raise InputError(f"there is no fold in which both the network and {names} could be trained.")
    return [
        ModelScores.of(settings.name, run, run.predict(fits, both)),
        *(ModelScores.of(name, run, run.predict(other, both)) for name, other in others.items()),
        ModelScores.of(run.task.baseline_name, run, run.baseline(both)),
    ]


def _judged(
    run: Run, fits: Fits, models: Sequence[ModelScores], course: Course | None
) -> tuple[list[Table], list[str]]:
    """The tables of scores, and the conclusion with a recommendation, in two paragraphs.

    ``course`` is that of the training of single networks; None for table models.
    """
    task, splits = run.task, run.splits
    network, *others = models
    other = best_of(others, task.decisive)
    comparisons = [compare(network, other, metric, splits) for metric in task.metrics]
    decision = comparisons[task.metrics.index(task.decisive)]
    fold = next(iter(network.scores))
    text = ""
    shown = list(models)
    trained = None if course is None else _on_training_rows(run, fits, fold)
    if splits.is_single:
        shown += [] if trained is None else [trained]
        tables = [scores_table(f"Scores on {count(len(splits.rows[0][1]), 'test row')}", shown, task.metrics)]
        if decision.is_worse:
            metric = task.decisive
            ours, theirs = (f"{metric.heading} of {metric.write(each.spread(metric)[0])}" for each in (network, other))
            text += f"Its {ours} is worse than the {theirs} of {other.name}, {_doubt(run, network, other)}."
        if course is None:
            table, verdict_of_folds = summary_table(task, fits.models[fold], network.name)
            tables.append(table)
            text += f" {verdict_of_folds}"
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
        text += verdict(decision, other.name, network.name)
        if 1 < n < len(splits):
            text += f" Only {n} of {len(splits)} folds were completed, so that the errors are rough."
    if course is not None and trained is not None and (decision.n_folds > 1 or splits.is_single):
        losses = (model.scores[fold][task.decisive.name] for model in (network, trained))
        text += advice(course, decision.is_worse, *losses)
    return tables, [_sentence(run, models), *filter(None, [text.strip()])]


def _doubt(run: Run, network: ModelScores, other: ModelScores) -> str:
    """Whether the difference between two models on the test rows of a single split may be chance."""
    tested = run.splits.rows[0][1]
    differences = run.task.losses(run.y[tested], network.predictions[0])
    differences = differences - run.task.losses(run.y[tested], other.predictions[0])
    mean, error = spread(differences)
    rows = count(len(tested), "test row")
    return "by more than chance explains" if mean > ERRORS * error else f"which may be chance with {rows}"


def summary_table(task: Task | type[Task], model: Any, called: str) -> tuple[Table, str]:
    """The out-of-fold scores of a table model, with the names of this command, and its verdict."""
    metric, summary = task.decisive, model.summary()
    names = {"constant": task.baseline_name, "model": called}
    rows: list[tuple[object, ...]] = []
    for name, score, difference, *rest in summary.rows:
        written = "" if difference is None else metric.write(*difference)
        rows.append((names.get(name, name), metric.write(score), written, *rest))
    n, planned = len({member.fold for member in model.members_}), len(model._n_training_rows)
    which = "Scores of the validation rows" if planned == 1 else "Out-of-fold scores of the training rows"
    title = which if n == planned else f"{which}, {n} of {planned} folds"
    verdict, *notes = summary.notes
    if n < planned:
        notes.pop()  # of the complete folds, which are in the title
    columns = [replace(column, name=column.name.replace("model", called)) for column in summary.columns]
    notes = [note.replace("the model", f"the {called}") for note in notes]
    table = replace(summary, columns=tuple(columns), rows=rows, title=title, notes=notes)
    if len(summary.rows) == 1:  # interrupted before the other models
        return table, ""
    text = _in_shell_words(verdict) + "."
    for name, here in names.items():
        text = text.replace(name, here)
    where = "On the validation rows" if planned == 1 else "In the folds of the training rows"
    return table, f"{where}: {text[:1].lower()}{text[1:]}"


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
    return task.sentence.format(told[0], told[-1], rows=rows, others=others, model=models[0].name)


def _in_shell_words(message: object) -> str:
    """A sentence of a table model with options in place of parameters."""
    text = str(message).replace("Set with_trees=True to combine both.", "With --with-trees both are combined.")
    return text.replace("the rows of the fit", "the training rows").removesuffix(".")
