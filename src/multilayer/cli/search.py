"""``multilayer search``: good parameters of a network for a data file."""

from __future__ import annotations

from typing import Any

import click

from multilayer.cli._deadline import Deadline
from multilayer.cli._files import OutputFolder
from multilayer.cli._options import (
    Count,
    minutes_option,
    read_journal,
    result_options,
    seed_option,
    single_fold_options,
    table_options,
)
from multilayer.cli._output import Output
from multilayer.cli._source import Source


@click.command(short_help="Search for good parameters of a network for a CSV or Parquet file.")
@table_options
@single_fold_options
@click.option(
    "--trials",
    "n_trials",
    type=Count(),
    metavar="N",
    default=30,
    show_default=True,
    help="Candidates that are tried.",
)
@minutes_option("no candidate is trained when it is running out, and the best so far is chosen.")
@click.option(
    "--epochs",
    type=Count(),
    metavar="N",
    help="Passes over the rows of a whole training; by default 30 for classes, 100 for amounts.",
)
@click.option("--no-halving", is_flag=True, help="Train every candidate to its end, not the more promising ones alone.")
@click.option(
    "--sampler",
    type=click.Choice(["random", "optuna"]),
    default="random",
    show_default=True,
    help="Candidates by chance, or those that Optuna proposes from the first scores of the ones before.",
)
@click.option(
    "--journal",
    metavar="FILE",
    callback=read_journal,
    help="Write each result down as soon as it is known; the same command with the same FILE goes on from there.",
)
@click.option(
    "--simplest",
    is_flag=True,
    help="Choose the smallest network within one standard error of the best, not the best itself.",
)
@seed_option("Of the folds, the candidates, the starting weights and the order of the rows.")
@result_options("trials.csv, pictures and report.html")
def search(
    source: Source,
    target: str | None,
    ignore: tuple[str, ...],
    task: str,
    folds: int,
    group: str | None,
    jobs: int | None,
    deadline: Deadline,
    out: OutputFolder | None,
    quiet: bool,
    **options: Any,
) -> int:
    """Search for good parameters of a network for FILE, a table in CSV or Parquet, by cross-validation.

    Candidates have one or two hidden layers of 16, 32, 64 or 128 units, a step size from 0.0003 to 0.03 and an alpha
    (regularisation) from 0.001 to 100, the last two even on a logarithmic scale. All are trained on the same folds,
    side by side on all cores: each for a ninth of a whole training first, but 300 updates at least, the best third of
    them three times as long, and so on to the end. On a small table all are trained to the end.

    They are ranked by their log-loss (classes) or RMSE (amounts), next to that of a linear model and of always giving
    the same answer in the same folds. The best is trained on all rows. FILE, the target and the task are as for
    multilayer train. Ctrl-C ends the search with the best so far, which is not trained on all rows then, and exit code
    130. A second Ctrl-C ends the command at once.

    \b
    Examples:
      multilayer search churn.csv --target churned
      multilayer search churn.csv --target churned --trials 100 --minutes 10
      multilayer search houses.csv --target price --simplest --out search
      multilayer search visits.csv --target cost --journal visits.journal
    """
    from multilayer.cli._folds import divide
    from multilayer.cli._reading import naming, read_problem
    from multilayer.cli._search_report import write_all
    from multilayer.cli._searching import next_steps, search_for, wanted_of
    from multilayer.cli._tasks import TASKS

    output = Output(quiet)
    problem = read_problem(source, target, ignore, task, output, group=group)
    with naming(source):
        TASKS[problem.info.task].check(problem.info)
        divided = divide(problem, folds, 1, options["seed"])
        wanted = wanted_of(problem, divided, minutes=deadline.minutes, **options)
        output.say(f"Rows: {divided.in_words()}.")
        for note in divided.notes:
            output.note(note)
        if out is not None:
            out.prepare()
        found = search_for(problem, wanted, divided, jobs, deadline, output)
    output.blank()
    output.say("These parameters in other folds, on rows kept aside, and in Python:")
    output.lines(next_steps(problem, found.settings, divided, task))
    output.blank()
    if out is None:
        output.say("Nothing was written. With --out DIR there are all trials, pictures and a report.")
    else:
        write_all(problem, wanted, found, task, out, deadline, output)
    return output.exit_code
