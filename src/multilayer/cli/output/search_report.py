"""The files of ``multilayer search``: all trials, pictures and the report; and the commands to type next."""

from __future__ import annotations

import math
import statistics
from functools import partial
from typing import TYPE_CHECKING

from multilayer.cli.evaluation.scores import ROUGH, WIDENED
from multilayer.cli.evaluation.search import Found
from multilayer.cli.evaluation.space import ALPHA, HIDDEN, STEP_SIZE, sizes
from multilayer.cli.evaluation.trials import fold_scores, mark
from multilayer.cli.folder import OutputFolder
from multilayer.cli.output.code import more_arguments, search_code
from multilayer.cli.output.page import Section, as_csv, data_section, digits, write_run_report
from multilayer.cli.output.pictures import Picture, draw_into
from multilayer.cli.text import count, shell_line
from multilayer.plots import plot_cost, plot_search

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NEXT_STEPS = "These parameters with other folds, on a single split, and in Python"
_PARAMETERS = {"step_size": (STEP_SIZE, "step size"), "alpha": (ALPHA, "alpha"), "hidden": (HIDDEN, "hidden layers")}


def write_search(found: Found, folder: OutputFolder) -> None:
    """Write the trials, pictures and the report."""
    run = found.run
    folder.write("trials.csv", trials_csv(found))
    trials, network = _trial_pictures(found), []
    if found.network is not None:
        caption = "The cost of the chosen network, trained on all rows."
        network.append(Picture("cost", caption, lambda: plot_cost(found.network)))
    drawn = draw_into(folder, [*trials, *network], run.deadline, run.output)
    encoding = "In each fold the columns were encoded with what its training rows hold. The table is that of all rows."
    sections = [
        Section("Trials", [found.options.in_words(), f"{ROUGH} {WIDENED}"], found.tables, trials),
        Section("The chosen network", [found.training] if found.training else [], pictures=network),
        data_section(run, encoding),
        Section(NEXT_STEPS, code="\n".join(next_steps(found))),
        Section("The same in Python", code=search_code(run, found.options)),
    ]
    write_run_report(run, folder, found.conclusion, sections, drawn)


def next_steps(found: Found) -> list[str]:
    """Commands and code with the chosen parameters: other folds, a single split, and Python."""
    settings, splits, source, task = found.settings, found.run.splits, found.run.problem.source, found.run.task
    network = ["--hidden", sizes(settings), "--step-size", f"{settings.step_size:.4g}"]
    network += ["--alpha", f"{settings.alpha:.4g}", "--epochs", str(settings.epochs)]
    divided = [] if source.group is None else ["--group", source.group]
    divided += [] if splits.n_folds == 5 else ["--folds", str(splits.n_folds)]
    # Other folds than those in which the choice was made.
    seed = ["--seed", str(settings.seed + 1 if settings.seed < 2**32 - 1 else 0)]
    unused = [] if source.group is None or source.group in source.ignore else ["--ignore", source.group]
    return [
        shell_line(["multilayer", "cv", *source.words, *divided, *network, *seed]),
        shell_line(["multilayer", "train", *source.words, *unused, *network, *seed]),
        f"{task.estimator.__name__}({settings.hidden}, learning_rate_init={settings.step_size:.4g}, "
        f"alpha={settings.alpha:.4g}, max_iter={settings.epochs}{more_arguments(task)})",
    ]


def trials_csv(found: Found) -> str:
    """A line for each trial, the best first, with all digits."""
    metric, rows = found.run.task.decisive, []
    for trial in found.result.ranked:
        settings, scores = found.options.settings(trial.params), fold_scores(trial, metric)
        params = [sizes(settings), repr(settings.step_size), repr(settings.alpha)]
        written = [digits(score) for score in (statistics.fmean(scores), trial.standard_error, *scores)]
        end = [trial.epochs, trial.rung + 1, trial.n_weights, f"{trial.seconds:.3f}", trial.error]
        rows.append([trial.number + 1, mark(trial, found.result), *params, *written, *end])
    folds = [f"fold_{fold}" for fold in range(1, len(found.run.splits) + 1)]
    names = ["trial", "choice", "hidden", "step_size", "alpha", metric.name, "standard_error", *folds]
    return as_csv([*names, "epochs", "rung", "weights", "seconds", "error"], rows)


def _trial_pictures(found: Found) -> list[Picture]:
    """The trials by epochs and by each parameter, with the linear model as a line."""
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
    plot_search(result, parameter=parameter, ax=ax)
    ax.set_title("", loc="left")  # the report has the conclusion as text
    ax.set_xlabel(label or ax.get_xlabel())
    if parameter is None and result.best.rung == 0:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.xaxis.set_major_formatter(lambda value, _: f"{value + 1:.0f}")  # trials from 1, as in the table
    linear = found.linear.spread(metric)[0]
    if not math.isnan(linear):
        height = linear if metric.greater_is_better else -linear
        ax.axhline(height, color="black", linestyle="--", linewidth=1.2)
        ax.annotate(
            f"linear model\n{metric.write(linear)}",
            (1.0, height),
            (4, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            fontsize=9,
            va="center",
        )
    ax.set_ylabel(f"{metric.heading}, mean over {count(len(result.best.fold_scores), 'fold')}")
    if not metric.greater_is_better:
        # The score itself, where the search has its sign reversed: the best stays on top.
        ax.yaxis.set_major_formatter(lambda value, _: f"{0.0 - value:,.10g}")
        legend = ax.get_legend()
        for text in legend.get_texts() if legend is not None else ():
            text.set_text(text.get_text().replace(", -", ", "))
    return ax
