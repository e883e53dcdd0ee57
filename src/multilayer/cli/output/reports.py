"""The files of ``train``, ``cv`` and ``search``: CSV tables, pictures and the report; and the commands to type next."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.cli.evaluation.evaluation import Evaluation
from multilayer.cli.evaluation.kinds import DROPOUT, HIDDEN, STEP_SIZE, WEIGHT_DECAY, kind_name
from multilayer.cli.evaluation.scores import ROUGH, WIDENED, out_of_fold
from multilayer.cli.evaluation.search import Found
from multilayer.cli.evaluation.settings import NetworkSettings, Settings, TableSettings
from multilayer.cli.evaluation.table_models import fit_table_model_on_all_rows
from multilayer.cli.evaluation.tasks import LONGEST_NAME, Classification
from multilayer.cli.evaluation.training import fit_on_all_rows
from multilayer.cli.evaluation.trials import fold_scores, mark, number_of, sizes
from multilayer.cli.folder import OutputFolder
from multilayer.cli.output.code import evaluation_code, network_in_python, search_code, table_model_in_python
from multilayer.cli.output.model_file import write_model
from multilayer.cli.output.page import Section, as_csv, data_sections, digits, write_run_report
from multilayer.cli.output.pictures import Picture, class_pictures, draw_into, fold_pictures, worst_rows
from multilayer.cli.text import shell_line, shortened
from multilayer.plots import (
    plot_cost,
    plot_cross_validation,
    plot_explanation,
    plot_importance,
    plot_network,
    plot_predictions,
    plot_search,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDE = 10.0  # range of costs
_LABEL = 0.15  # height of a label as a share of the axis
NEXT_STEPS = "These parameters with other folds, on a single split, and in Python"
_PARAMETERS = {
    "step_size": (STEP_SIZE, "step size"),
    "weight_decay": (WEIGHT_DECAY, "weight decay"),
    "dropout": (DROPOUT, "dropout"),
    "hidden": (HIDDEN, "hidden layers"),
}
_MOST_UNITS = 10  # of a layer, in the picture of the network
_REASONS = (
    "The prediction for a row begins with that for the mean training row. A bar shows how far the value of a column "
    "moves it from there, up or down; all bars together make the difference (integrated gradients). They tell what the "
    "model did with the row, not what caused its actual value."
)


def write_evaluation(found: Evaluation, folder: OutputFolder | None) -> None:
    """Write predictions, folds if there are several, pictures and the report."""
    run, is_single = found.run, found.run.splits.is_single
    run.output.blank()
    if folder is None:
        run.output.say("Nothing was written. With --out DIR there are predictions, pictures and a report.")
        return
    folder.write("predictions.csv", predictions_csv(found))
    if not is_single:
        folder.write("folds.csv", folds_csv(found))
    if is_single:
        write_model(run, folder, found.fits.models[0], "train", run.splits.rows[0][0])
    elif (model := _model_of_all_rows(found)) is not None:
        write_model(run, folder, model, "cv", np.arange(len(run.y)))
    scores, predictions, networks = _score_pictures(found), _prediction_pictures(found), _network_pictures(found)
    columns = [] if found.importance is None else [_importance_picture(found)]
    reasons = _explanation_pictures(found)
    drawn = draw_into(folder, [*scores, *columns, *predictions, *reasons, *networks], run.deadline, run.output)
    rows = "" if is_single else " The table is that of the first fold."
    encoding = (
        f"Columns were encoded with what the training rows hold; the test rows were used for the scores only.{rows}"
    )
    if isinstance(found.settings, NetworkSettings) and found.settings.kind is None:
        encoding = encoding.replace("that of the first fold", "that of all rows")
    sections = [
        Section("Scores", [] if is_single else [f"{ROUGH} {WIDENED}"], found.tables, scores),
        Section("Which columns matter", pictures=columns),
        Section("Predictions, each by a model that has not seen the row", pictures=predictions),
        Section("Why rows have their predictions", [_REASONS] * bool(reasons), pictures=reasons),
        Section("Training", [found.training, _settings_in_words(found.settings)], pictures=networks),
        *data_sections(run, found.columns, encoding),
        Section("The same in Python", code=evaluation_code(run, found.settings)),
    ]
    write_run_report(run, folder, found.conclusion, sections, drawn)


def _model_of_all_rows(found: Evaluation) -> Any:
    """The model that was tested in folds, trained on all rows."""
    if isinstance(found.settings, TableSettings):
        return fit_table_model_on_all_rows(found.run, found.settings)
    return fit_on_all_rows(found.run, found.settings, "the network")


def _settings_in_words(settings: Settings) -> str:
    if isinstance(settings, TableSettings):
        return f"Preset {settings.preset!r} and seed {settings.seed}."
    kind = "" if settings.kind is None else f"Kind {settings.kind.name}, weight decay {settings.weight_decay:g}, "
    step = f"step size {settings.step_size:g}, regularisation {settings.alpha:g} and seed {settings.seed}."
    return kind + step if kind else step.capitalize()


def predictions_csv(found: Evaluation) -> str:
    """The data row in its file (from 1), its name and target, and the prediction of models that have not seen it."""
    run, problem = found.run, found.run.problem
    rows, predictions = out_of_fold(found.models[0], run.splits, len(run.y))
    columns: dict[str, list[Any]] = {"row": problem.places(rows).tolist()}
    columns |= {} if problem.ids is None else {str(problem.source.id): problem.named(rows)}
    columns |= run.task.columns(run.y[rows], predictions)
    return as_csv(columns, zip(*columns.values(), strict=True))


def folds_csv(found: Evaluation) -> str:
    """A line for each model in each fold, with all digits of its scores."""
    splits, metrics, rows = found.run.splits, found.run.task.metrics, []
    for model in found.models:
        for number, scores in model.scores.items():
            repeat, fold = divmod(number, splits.n_folds)
            sizes = [len(part) for part in splits.rows[number]]
            is_network = model is found.models[0]
            epochs = getattr(found.fits.network(number), "n_iter_", "") if is_network else ""
            seconds = f"{found.fits.seconds[number]:.3f}" if is_network else ""
            written = [digits(scores[metric.name]) for metric in metrics]
            rows.append([repeat + 1, fold + 1, model.name, *sizes, *written, epochs, seconds])
    names = [metric.name for metric in metrics]
    return as_csv(["repeat", "fold", "model", "trained_on", "tested_on", *names, "epochs", "fit_time"], rows)


def _score_pictures(found: Evaluation) -> list[Picture]:
    """Scores fold by fold: of a table model beside those of other models, of single networks beside their costs."""
    run = found.run
    if isinstance(found.settings, TableSettings) and not run.splits.is_single:
        metric, names = run.task.decisive, [run.splits.name(fold) for fold in range(len(run.splits))]
        models = {model.name: model.by_fold(metric) for model in found.models[:-1]}
        return fold_pictures(models, metric.heading, names)
    result, heading = found.fits.result, run.task.metrics[0].heading
    if result is None or all(math.isnan(score) for score in result["test_score"]):
        return []

    def draw() -> Any:
        ax = plot_cross_validation(result)
        ax.set_ylabel(heading)
        return ax

    caption = f"The {heading} of each fold, their mean and its standard error, and the cost of each network by epoch."
    return [Picture("folds", caption, draw)]


def _importance_picture(found: Evaluation) -> Picture:
    rows = "training rows, out of fold," if found.importance.out_of_fold else "test rows"
    caption = (
        f"How much worse the {found.importance.metric} of {found.importance.n_rows:,} {rows} is when a column is "
        "shuffled."
    )

    def draw() -> Axes:
        ax = plot_importance(found.importance)
        ax.figure.supxlabel("")  # the report has the conclusion as text
        return ax

    return Picture("importance", caption, draw)


def _explanation_pictures(found: Evaluation) -> list[Picture]:
    name = shortened(found.run.problem.target, LONGEST_NAME)
    return [
        Picture(row.name, row.words, partial(plot_explanation, row.explanation, target_name=name))
        for row in found.explained
    ]


def _prediction_pictures(found: Evaluation) -> list[Picture]:
    run, task = found.run, found.run.task
    rows, network = out_of_fold(found.models[0], run.splits, len(run.y))
    actual = run.y[rows]
    if isinstance(task, Classification):
        models = {model.name: out_of_fold(model, run.splits, len(run.y))[1] for model in found.models[:-1]}
        return class_pictures(actual, models, task.classes, task.output_names(run.problem.target))
    name = shortened(run.problem.target, 2 * LONGEST_NAME)
    caption = "Predicted and actual values of the test rows; on the line they are equal. The five worst are named."

    def draw() -> Axes:
        ax = plot_predictions(actual, network, target_name=name)
        return worst_rows(ax, actual, network, run.problem.named(rows), task.in_words)

    return [Picture("predictions", caption, draw)]


def _network_pictures(found: Evaluation) -> list[Picture]:
    """The cost and the network of a single split; of a table model the cost of a network of each kind."""
    run, model = found.run, found.fits.networks[0]
    if isinstance(found.settings, TableSettings):
        first = {member.recipe: member.network for member in reversed(model.members_)}
        caption = "The cost by epoch of the first network of each kind: training rows and validation rows."
        return [Picture("cost", caption, lambda: _costs(dict(reversed(first.items()))))]
    if not run.splits.is_single:
        return []
    cost = Picture("cost", "The cost by epoch.", lambda: plot_cost(model))
    if found.settings.kind is not None:  # whose inputs are encoded in another way
        return [cost]
    inputs = [shortened(name, 40) for name in run.input_names]
    outputs = run.task.output_names(run.problem.target)
    return [
        cost,
        Picture(
            "network",
            "The trained network.",
            lambda: plot_network(model, feature_names=inputs, class_names=outputs, max_units=_MOST_UNITS),
        ),
    ]


def _costs(networks: dict[str, Any]) -> Axes:
    """The costs of networks, on a logarithmic scale if they fall to a tenth."""
    costs = np.concatenate([[*network.loss_curve_, *network.validation_loss_curve_] for network in networks.values()])
    shown = networks if len(networks) > 1 else next(iter(networks.values()))
    return plot_cost(shown, log=bool(costs.min() > 0 and costs.max() > _WIDE * costs.min()))


def write_search(found: Found, folder: OutputFolder | None) -> None:
    """Print the commands to type next, and write the trials, pictures and the report."""
    run, steps = found.run, next_steps(found)
    run.output.blank()
    run.output.say(f"{NEXT_STEPS}:")
    run.output.lines(steps)
    run.output.blank()
    if folder is None:
        run.output.say("Nothing was written. With --out DIR there are all trials, pictures and a report.")
        return
    folder.write("trials.csv", trials_csv(found))
    if found.model is not None:
        write_model(run, folder, found.model, "search", np.arange(len(run.y)))
    trials, network = _trial_pictures(found), []
    if found.model is not None and isinstance(found.settings, NetworkSettings):
        caption = "The cost of the chosen network, trained on all rows."
        network.append(Picture("cost", caption, lambda: plot_cost(found.model[-1])))
    drawn = draw_into(folder, [*trials, *network], run.deadline, run.output)
    encoding = (
        "In each fold the columns were encoded with what its training rows hold. The table is that of all rows; "
        "networks of the kind pieces have the piecewise-linear parts of numbers too."
    )
    sections = [
        Section("Trials", [found.options.in_words(), f"{ROUGH} {WIDENED}"], found.tables, trials),
        Section("The chosen model", [found.training] if found.training else [], pictures=network),
        *data_sections(run, found.columns, encoding),
        Section(NEXT_STEPS, code="\n".join(steps)),
        Section("The same in Python", code=search_code(run, found.options)),
    ]
    write_run_report(run, folder, [found.conclusion], sections, drawn)


def next_steps(found: Found) -> list[str]:
    """Commands and code with the chosen parameters: other folds, a single split, and Python."""
    settings, splits, source, task = found.settings, found.run.splits, found.run.problem.source, found.run.task
    group = [] if source.group is None else ["--group", source.group]
    divided = [] if splits.n_folds == 5 else ["--folds", str(splits.n_folds)]
    # Other folds than those in which the choice was made.
    seed = ["--seed", str(settings.seed + 1 if settings.seed < 2**32 - 1 else 0)]
    if isinstance(settings, TableSettings):
        in_python = table_model_in_python(found.run, settings)
    else:
        in_python = network_in_python(task, settings)
    return [
        shell_line(["multilayer", "cv", *source.words, *group, *divided, *settings.words, *seed]),
        shell_line(["multilayer", "train", *source.words, *group, *settings.words, *seed]),
        in_python,
    ]


def trials_csv(found: Found) -> str:
    """A line for each trial, the best first, with all digits."""
    metric, rows = found.run.task.decisive, []
    for trial in found.result.ranked:
        settings, scores = found.options.settings(trial.params), fold_scores(trial, metric)
        numbers = map(repr, (settings.step_size, settings.weight_decay, settings.dropout))
        params = [kind_name(trial.params), sizes(settings), *numbers]
        written = [digits(score) for score in (statistics.fmean(scores), trial.standard_error, *scores)]
        end = [trial.epochs, trial.rung + 1, trial.n_weights, f"{trial.seconds:.3f}", trial.error]
        rows.append([number_of(trial), mark(trial, found.result), *params, *written, *end])
    folds = [f"fold_{fold}" for fold in range(1, len(found.run.splits) + 1)]
    mean, error = found.defaults.spread(metric)
    of_defaults = [digits(score) for score in (mean, error, *found.defaults.by_fold(metric).values())]
    rows.insert(0, [1, "defaults", *[""] * 5, *of_defaults, *[""] * 5])
    params = ["kind", "hidden", "step_size", "weight_decay", "dropout"]
    names = ["trial", "choice", *params, metric.name, "standard_error", *folds]
    return as_csv([*names, "epochs", "rung", "weights", "seconds", "error"], rows)


def _trial_pictures(found: Found) -> list[Picture]:
    """The trials by epochs and by each parameter, with the defaults and the linear model as lines."""
    heading = found.run.task.decisive.heading
    course = "by the epochs it was trained for" if found.result.best.rung > 0 else "in the order in which they began"
    return [
        Picture("search", f"The {heading} of each trial, {course}.", partial(_drawn, found, None, "")),
        *(
            Picture(name, f"The {heading} of the trials against {label}.", partial(_drawn, found, parameter, label))
            for name, (parameter, label) in _PARAMETERS.items()
        ),
    ]


def _drawn(found: Found, parameter: str | None, label: str) -> Axes:
    from matplotlib import pyplot as plt
    from matplotlib.ticker import MaxNLocator

    result, metric = found.result, found.run.task.decisive
    _, ax = plt.subplots(figsize=(7.6, 4.6), layout="constrained")
    # The search maximises, so that its scores are negative errors, which the picture shows as errors.
    name = metric.heading if metric.greater_is_better else f"neg_{metric.heading}"
    plot_search(replace(result, metric=name), parameter=parameter, ax=ax)
    ax.set_xlabel(label or ax.get_xlabel())
    if parameter is None and result.best.rung == 0:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.xaxis.set_major_formatter(lambda value, _: f"{value + 2:.0f}")  # the defaults are trial 1
    _draw_others(ax, found)
    return ax


def _draw_others(ax: Axes, found: Found) -> None:
    """Draw the scores of the linear model and of the defaults as lines, with labels that do not overlap."""
    metric, scores = found.run.task.decisive, []
    for name, model, look in ((found.run.task.linear_name, found.linear, "--"), ("defaults", found.defaults, ":")):
        score = model.spread(metric)[0]
        if not math.isnan(score):
            ax.axhline(score, color="black", linestyle=look, linewidth=1.2)
            scores.append((score, "\n".join([*name.split(), metric.write(score)])))
    scores.sort()
    low, high = ax.get_ylim()
    are_close = len(scores) > 1 and scores[-1][0] - scores[0][0] < _LABEL * (high - low)
    for (height, text), side in zip(scores, ("top", "bottom"), strict=False):
        ax.annotate(
            text,
            (1.0, height),
            (4, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            fontsize=9,
            va=side if are_close else "center",
        )
