"""The evaluation of a network beside a linear model and a baseline: of one split for train, of several for cv."""

from __future__ import annotations

from dataclasses import dataclass

from multilayer.cli.evaluation.problem import Settings
from multilayer.cli.evaluation.run import Fits, Run
from multilayer.cli.evaluation.scores import (
    ROUGH,
    ModelScores,
    better_of,
    compare,
    comparison_table,
    folds_table,
    out_of_fold,
    scores_table,
    verdict,
)
from multilayer.cli.evaluation.training import (
    Course,
    advice,
    check_size,
    fit_linear_model,
    fit_network,
    networks_in_words,
)
from multilayer.cli.text import count
from multilayer.exceptions import InputError
from multilayer.results import Table


@dataclass(frozen=True)
class Evaluation:
    """The models of a run, their scores, and the conclusion."""

    run: Run
    settings: Settings
    fits: Fits  # the networks
    models: tuple[ModelScores, ModelScores, ModelScores]  # network, linear model, baseline
    training: str  # the networks in words
    tables: list[Table]
    conclusion: str


def evaluate(run: Run, settings: Settings) -> Evaluation:
    """Train all models on the splits, and print their scores on the rows that they have not seen."""
    splits, output = run.splits, run.output
    check_size(run, settings)
    linear = fit_linear_model(run)
    fits, course = fit_network(run, settings)
    training = f"Trained {networks_in_words(fits.networks)}."
    output.say(training)
    models = _scored(run, fits, linear)
    rows, predictions = out_of_fold(models[0], splits, len(run.y))
    for note in run.task.doubts(run.y, predictions):
        output.note(note)
    tables, conclusion = _judged(run, fits, models, course)
    tables += run.task.tables(run.y[rows], predictions)
    for table in tables:
        output.table(table, result=True)
    output.blank()
    output.say(conclusion)
    if not splits.is_single:
        output.say(ROUGH)
    return Evaluation(run, settings, fits, models, training, tables, conclusion)


def _scored(run: Run, fits: Fits, linear: Fits) -> tuple[ModelScores, ModelScores, ModelScores]:
    task = run.task
    both = [fold for fold in fits.models if fold in linear.models]
    if not both:
        raise InputError(f"there is no fold in which both the network and {task.linear_name} could be trained.")
    return (
        ModelScores.of("network", run, run.predict(fits, both)),
        ModelScores.of(task.linear_name, run, run.predict(linear, both)),
        ModelScores.of(task.baseline_name, run, run.baseline(both)),
    )


def _judged(
    run: Run, fits: Fits, models: tuple[ModelScores, ModelScores, ModelScores], course: Course
) -> tuple[list[Table], str]:
    """The tables of scores, and the conclusion with a recommendation."""
    task, splits = run.task, run.splits
    network, linear, baseline = models
    other = better_of(linear, baseline, task.decisive)
    comparisons = [compare(network, other, metric, splits) for metric in task.metrics]
    decision = comparisons[task.metrics.index(task.decisive)]
    fold = next(iter(network.scores))
    trained = ModelScores.of("network,\ntraining rows", run, run.predict(fits, [fold], side=0), side=0)
    rows = "the test rows" if splits.is_single else "the rows it has not seen"
    text = task.sentence.format(*(task.in_words(model.spread(task.told)[0]) for model in models), rows=rows)
    if splits.is_single:
        n_tested = count(len(splits.rows[0][1]), "test row")
        tables = [scores_table(f"Scores on {n_tested}", [*models, trained], task.metrics)]
        if decision.is_worse:
            metric = task.decisive
            ours, theirs = (f"{metric.heading} of {metric.write(each.spread(metric)[0])}" for each in (network, other))
            text += f" Its {ours} is worse than the {theirs} of {other.name}."
    else:
        n = len(network.scores)
        which = count(n, "fold") if n == len(splits) else f"{n} of {len(splits)} folds"
        epochs = {fold: fits.network(fold).n_iter_ for fold in network.scores}
        tables = [
            scores_table(f"Scores over {which}, mean ± standard error", models, task.metrics),
            comparison_table(comparisons, other.name),
            folds_table(network, task.metrics, splits, epochs),
        ]
        text += f" {verdict(decision, other.name)}"
        if decision.n_folds == 1:
            return tables, text
    losses = (model.scores[fold][task.decisive.name] for model in (network, trained))
    return tables, text + advice(course, decision.is_worse, *losses)
