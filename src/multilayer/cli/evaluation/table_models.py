"""The training of table models on the splits of a run."""

from __future__ import annotations

import time
from typing import Any

import click
import numpy as np

from multilayer.cli.console import Output
from multilayer.cli.evaluation.problem import RowNumbers
from multilayer.cli.evaluation.run import Fits, Run
from multilayer.cli.evaluation.scores import ModelScores
from multilayer.cli.evaluation.settings import N_FOLDS, TableSettings
from multilayer.cli.evaluation.training import note_failures, unless_expected
from multilayer.cli.limits import SHARE_OF_TRAINING
from multilayer.cli.progress import training_progress
from multilayer.cli.text import count, quoted
from multilayer.exceptions import InputError, MultilayerError
from multilayer.results import listing

_SHARE_OF_DEFAULTS = 0.4  # of the time of a search
_FEWEST_ROWS = 2 * N_FOLDS
_LARGEST = 1e100  # amount: table models compute squares of amounts
_SMALLEST = 1e-100
_NETWORK = "train a single network: --hidden 64,64"


def check_table_model(run: Run, rows: RowNumbers) -> None:
    """Refuse rows that a table model cannot be trained on."""
    if len(rows) < _FEWEST_ROWS:
        raise InputError(
            f"{count(len(rows), 'row')} to train on: a table model needs {_FEWEST_ROWS}, because it validates its "
            f"networks on a part of them. Add rows, or {_NETWORK}."
        )
    codes = run.problem.group_codes
    if codes is not None and len(np.unique(codes[rows])) < N_FOLDS:
        raise InputError(
            f"{count(len(np.unique(codes[rows])), 'group')} of {quoted(run.problem.source.group)} to train on: a table "
            f"model needs {N_FOLDS} for its folds. Omit --group, or {_NETWORK}."
        )
    most = 1.0 if run.problem.info.task == "classification" else float(np.abs(run.y).max())
    if not _SMALLEST < most < _LARGEST:
        raise InputError(
            f"the target reaches {most:g}: a table model needs amounts between {_SMALLEST:g} and {_LARGEST:g}. Write "
            f"them in another unit, or {_NETWORK}."
        )


def fit_table_models(run: Run, settings: TableSettings) -> Fits:
    """Train a table model on each split, one after another, each on all cores."""
    output, n = run.output, len(run.splits)
    models: dict[int, Any] = {}
    seconds: dict[int, float] = {}
    failures: dict[int, Exception] = {}
    what = "training" if n == 1 else count(n, "table model")

    def wording(warning: Warning) -> str:
        return unless_expected(warning, str(warning))

    with output.noting_warnings(wording), training_progress(output, what, n) as watch:
        for fold, (train, _) in enumerate(run.splits.rows):
            limit = run.deadline.seconds_for(SHARE_OF_TRAINING / (n - fold), "the table model was trained")
            began = time.perf_counter()
            model = run.table_model(settings, watch, limit)
            try:
                fit_table_model(run, model, train)
            except KeyboardInterrupt:
                if output.was_interrupted:
                    raise  # the second time
                output.interrupt()
                break
            except MultilayerError as error:
                if n == 1:
                    raise
                failures[fold] = error
                continue
            if output.was_interrupted and models:
                break  # of fewer networks than those before
            models[fold], seconds[fold] = model, time.perf_counter() - began
            if output.was_interrupted:
                break
    if not models:
        raise next(iter(failures.values())) if failures and not output.was_interrupted else click.Abort()
    if output.was_interrupted:
        short = f"its {count(len(next(iter(models.values())).members_), 'network')} that are done"
        output.note(f"interrupted: the scores are those of {short if n == 1 else f'{len(models)} of {n} folds'}")
    fits = Fits(models, seconds, failures)
    note_failures(run, fits, "the table model")
    return fits


def fit_in_folds(run: Run, settings: TableSettings) -> tuple[Any, ModelScores, float]:
    """A table model of all rows whose folds are those of the run, its scores in them, and the seconds.

    Each fold is scored by the networks that were not trained on it.
    """
    output = run.output

    def wording(warning: Warning) -> str:
        return unless_expected(warning, str(warning))

    limit = run.deadline.seconds_for(_SHARE_OF_DEFAULTS, "the defaults were trained")
    began = time.perf_counter()
    with output.noting_warnings(wording), training_progress(output, "trial 1, the defaults") as watch:
        model = run.table_model(settings, watch, limit).set_params(cv=list(run.splits.rows))
        model.fit(run.features, run.y)
    seconds = time.perf_counter() - began
    if output.was_interrupted:
        raise click.Abort  # nothing is known of other trials yet
    predicted = model.oof_proba_ if run.problem.info.task == "classification" else model.oof_prediction_
    predictions = {fold: predicted[test] for fold, (_, test) in enumerate(run.splits.rows)}
    return model, ModelScores.of("defaults", run, predictions), seconds


def fit_table_model_on_all_rows(run: Run, settings: TableSettings) -> Any:
    """A table model of all rows; None where Ctrl-C or the end of the time came first."""
    output, left_out = run.output, "the table model was not trained on all rows"
    if output.was_interrupted or run.deadline.is_over:
        output.note(left_out)
        return None
    limit = run.deadline.seconds_for(SHARE_OF_TRAINING, "the table model was trained")
    with (
        output.noting_warnings(lambda warning: unless_expected(warning, str(warning))),
        training_progress(output, "training on all rows") as watch,
    ):
        model = run.table_model(settings, watch, limit)
        try:
            fit_table_model(run, model, np.arange(len(run.y)))
        except KeyboardInterrupt:
            output.interrupt()
    return _unless_interrupted(model, output, left_out)


def _unless_interrupted(model: Any, output: Output, left_out: str) -> Any:
    if output.was_interrupted:
        output.note(left_out)
        return None
    return model


def fit_table_model(run: Run, model: Any, rows: RowNumbers) -> None:
    """Train a table model on some of the rows."""
    codes = run.problem.group_codes
    model.fit(run.features.take(rows), run.y[rows], groups=None if codes is None else codes[rows])


def table_models_in_words(models: dict[int, Any], seconds: dict[int, float]) -> str:
    """The networks, their kinds and the time, without a full stop."""
    first = next(iter(models.values()))
    kinds = listing([f"{weight:.0%} {name}" for name, weight in first.weights_.items()])
    which = f"{'a table model' if len(models) == 1 else count(len(models), 'table model')} of "
    networks = count(len(first.members_), "network")
    n_folds = len({member.fold for member in first.members_})
    folds = f" in {n_folds} folds" if n_folds > 1 else ""
    weights = f", with the weights {kinds}" if len(first.weights_) > 1 and len(models) == 1 else ""
    each = " each" if len(models) > 1 else ""
    return f"{which}{networks}{each}{folds}{weights}, in {sum(seconds.values()):,.1f} seconds"
