"""``multilayer search``: good parameters of a network for a data file."""

from __future__ import annotations

from typing import Any

import click

from multilayer.cli.folder import OutputFolder
from multilayer.cli.limits import Deadline
from multilayer.cli.options import (
    Count,
    check_sampler,
    fold_options,
    minutes_option,
    option,
    read_journal,
    result_options,
    seed_option,
    table_options,
)
from multilayer.cli.source import Source


@click.command(short_help="Search for good parameters of a network for a CSV or Parquet file.")
@table_options
@fold_options(repeats=False)
@option("--trials", "N", "Number of candidates.", destination="n_trials", default=30, type=Count())
@minutes_option("the search ends in time for the chosen network and the report.")
@option(
    "--epochs",
    "N",
    "Passes over the rows of a whole training; by default 30 for classes, 100 for amounts.",
    type=Count(),
)
@click.option("--no-halving", is_flag=True, help="Train all candidates to the end, not only the more promising ones.")
@option(
    "--sampler",
    None,
    "Candidates drawn at random, or proposed by Optuna from the scores of earlier ones.",
    default="random",
    type=click.Choice(["random", "optuna"]),
    callback=check_sampler,
)
@option(
    "--journal",
    "FILE",
    "Save each result to FILE as soon as it is known; the same command resumes from there.",
    callback=read_journal,
)
@click.option(
    "--simplest", is_flag=True, help="Choose the smallest network within one standard error of the best, not the best."
)
@seed_option("Of the folds, the candidates, the starting weights and the order of the rows.")
@result_options("trials.csv, pictures and report.html")
def search(
    source: Source,
    folds: int,
    jobs: int | None,
    deadline: Deadline,
    out: OutputFolder | None,
    quiet: bool,
    **options: Any,
) -> int:
    """Search for good parameters of a network for FILE, a table in CSV or Parquet, by cross-validation.

    Candidates have one or two hidden layers of 16, 32, 64 or 128 units, a step size from 0.0003 to 0.03 and an alpha
    (regularisation) from 0.001 to 100, the last two drawn on a logarithmic scale. All are trained on the same folds, in
    parallel on all cores: each for a ninth of a whole training first, but at least 300 updates, the best third of them
    three times as long, and so on to the end. On a small table all are trained to the end.

    They are ranked by their log-loss (classes) or RMSE (amounts), beside a linear model and a constant prediction in
    the same folds. The best is trained on all rows. FILE, the target and the task are as for multilayer train. Ctrl-C
    ends the search; the best so far is reported, but not trained on all rows, and the exit code is 130. A second Ctrl-C
    ends the command at once.

    \b
    Examples:
      multilayer search churn.csv --target churned
      multilayer search churn.csv --target churned --trials 100 --minutes 10
      multilayer search houses.csv --target price --simplest --out search
      multilayer search visits.csv --target cost --journal visits.journal
    """
    from multilayer.cli.console import Output
    from multilayer.cli.evaluation.problem import naming
    from multilayer.cli.evaluation.run import begin_run
    from multilayer.cli.evaluation.search import options_of, run_search
    from multilayer.cli.evaluation.splits import divide
    from multilayer.cli.folder import prepared
    from multilayer.cli.output.reports import NEXT_STEPS, next_steps, write_search

    output = Output(quiet)
    with prepared(out):
        with naming(source):
            run = begin_run(source, lambda problem: divide(problem, folds, 1, options["seed"]), jobs, deadline, output)
            found = run_search(run, options_of(run, **options))
        output.blank()
        output.say(f"{NEXT_STEPS}:")
        output.lines(next_steps(found))
        output.blank()
        if out is None:
            output.say("Nothing was written. With --out DIR there are all trials, pictures and a report.")
        else:
            write_search(found, out)
    return output.exit_code
