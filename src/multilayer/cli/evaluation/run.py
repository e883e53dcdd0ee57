"""Models trained on the same splits: the linear model and the network, on one split or on several."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click
from joblib import cpu_count
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.pipeline import Pipeline, make_pipeline

from multilayer import ConvergenceWarning
from multilayer.cli.console import Output
from multilayer.cli.deadline import SHARE_OF_TRAINING, Deadline, UnfinishedError, limited_linear_model
from multilayer.cli.evaluation.advice import SMALLER_STEPS, Course, has_risen
from multilayer.cli.evaluation.duplicates import find_duplicates, note_on_duplicates
from multilayer.cli.evaluation.problem import Problem, Settings, in_shell_words, rows_as_in_the_file
from multilayer.cli.evaluation.splits import Splits
from multilayer.cli.evaluation.tasks import TASKS, Task
from multilayer.cli.memory import check_network
from multilayer.cli.progress import Watch, training_progress, waiting
from multilayer.cli.text import TextTable, count, shortened
from multilayer.exceptions import InputError, InterruptedTrainingWarning, MultilayerError
from multilayer.selection import CrossValidation, cross_validate
from multilayer.tables import ColumnReport

_LONGEST_NAME = 24
_MOST_LAYERS = 8  # whose sizes are printed


@dataclass(frozen=True)
class Fits:
    """The trained models of one kind, by the number of the fold; folds that were not begun are missing."""

    models: dict[int, Any]  # estimators, or pipelines with an encoder
    seconds: dict[int, float]  # the duration of each training
    failures: Mapping[int, Exception] = field(default_factory=dict)
    result: CrossValidation | None = None  # None for a single fit

    def network(self, fold: int) -> Any:
        return network_of(self.models[fold])

    @property
    def networks(self) -> list[Any]:
        return [network_of(model) for model in self.models.values()]


@dataclass(frozen=True)
class Run:
    """The rows of a problem and their splits, on which all models are trained.

    The targets of ``fit`` are amounts in multiples of their deviation, in which they keep their digits in float32.
    Several folds share these constants, which reveals nothing: each network standardises the targets of its own
    training rows.
    """

    problem: Problem
    task: Task
    splits: Splits
    features: Any  # a pyarrow table of the rows that have a target
    y: NDArray[Any]  # their target
    targets: NDArray[Any]  # the same as fit takes it
    columns: Sequence[ColumnReport]  # of all rows; of a single split, of its training rows
    parts: tuple[Any, Any] | None  # the encoded rows of a single split, to train on and to test on
    input_names: list[str]  # of the encoded columns
    n_jobs: int | None
    deadline: Deadline
    output: Output

    @property
    def n_at_a_time(self) -> int:
        return min(len(self.splits), self.n_jobs or cpu_count())

    @property
    def n_waves(self) -> float:
        """How many networks are trained one after another."""
        return len(self.splits) / self.n_at_a_time

    def pipeline(self, estimator: Any) -> Any:
        """The estimator, behind an encoder of its own where the rows are not encoded yet."""
        return estimator if self.parts is not None else make_pipeline(self.problem.encoder(), estimator)

    def rows(self, fold: int, side: int) -> Any:
        """The rows to train on (side 0) or to test on (side 1)."""
        return self.features.take(self.splits.rows[fold][side]) if self.parts is None else self.parts[side]

    def fit(self, estimator: Any, watch: Watch) -> Fits:
        """Train a model on each split."""
        model = self.pipeline(estimator)
        if self.splits.is_single:
            began = time.perf_counter()
            model.fit(self.rows(0, 0), self.targets[self.splits.rows[0][0]])
            return Fits({0: model}, {0: time.perf_counter() - began})
        result = cross_validate(
            model,
            self.features,
            self.targets,
            cv=self.splits.rows,
            n_jobs=self.n_jobs,
            listener=watch.member_ended,
        )
        models = {fold.number: fold.estimator for fold in result.folds}
        return Fits(models, {fold.number: fold.fit_time for fold in result.folds}, result.failures, result)

    def predict(self, fits: Fits, folds: Sequence[int], side: int = 1) -> dict[int, NDArray[Any]]:
        """The predictions in these folds, for the test rows or, with side 0, for the training rows."""
        return {fold: self.task.predict(fits.models[fold], self.rows(fold, side)) for fold in folds}

    def network(self, settings: Settings, watch: Watch, seconds: float | None) -> Any:
        """A network that is not trained yet."""
        more = {} if self.splits.is_single else self.task.fold_arguments
        return self.task.estimator(**settings.parameters(), **more, callbacks=[watch], max_time=seconds)


def network_of(model: Any) -> Any:
    """The network of a pipeline, or the model itself."""
    return model[-1] if isinstance(model, Pipeline) else model


def begin_run(problem: Problem, splits: Splits, n_jobs: int | None, deadline: Deadline, output: Output) -> Run:
    """Look at the columns and print what is done with them; errors in the table are raised here, not in a fold."""
    info, group = problem.info, problem.source.group
    features, encoder = problem.features.take(info.rows), problem.encoder()
    train, test = splits.rows[0]
    parts = None
    with waiting(output, "encoding"), rows_as_in_the_file(problem):
        if splits.is_single:
            parts = (encoder.fit_transform(features.take(train)), encoder.transform(features.take(test)))
        else:
            encoder.fit(features)
    remedy = f"They are in different groups of {group!r}: remove them"
    if group is None:
        command = "multilayer cv " if splits.is_single else ""
        remedy = f"Remove them, or keep rows that belong together in one fold: {command}--group COLUMN"
    note = note_on_duplicates(*find_duplicates(features, encoder.columns_, info.y, splits.rows), remedy)
    if note:
        output.note(note)
    # What is known of the target of a single split is known of its training rows.
    task = TASKS[info.task].learn(info.y[train] if splits.is_single else info.y)
    output.table(columns_table(encoder.columns_))
    output.blank()
    return Run(
        problem,
        task,
        splits,
        features,
        info.y,
        task.targets(info.y),
        encoder.columns_,
        parts,
        [str(name) for name in encoder.get_feature_names_out()],
        n_jobs,
        deadline,
        output,
    )


def columns_table(reports: Sequence[ColumnReport], most: int = 30) -> TextTable:
    """One line for each column; of more than ``most``, the first ones and those that were dropped."""
    shown = list(reports)
    if len(reports) > most:
        head, tail = reports[: most - most // 3], reports[most - most // 3 :]
        shown = [*head, *[report for report in tail if not report.width][: most // 3]]
    rows: list[tuple[str, ...]] = [
        (
            shortened(report.name, _LONGEST_NAME),
            report.kind,
            f"{report.n_gaps:,}" if report.n_gaps else "",
            f"{report.width}" if report.width else "-",
            report.done,
        )
        for report in shown
    ]
    if len(shown) < len(reports):
        rows.append((f"... {count(len(reports) - len(shown), 'more column')}", "", "", "", ""))
    return TextTable("Columns", ("column", "holds", "gaps", "inputs", "encoding"), tuple(rows), "llrrl")


def check_size(run: Run, settings: Settings) -> None:
    """Refuse batches that are larger than the training part, and networks that do not fit into the memory."""
    settings.check_batch_size(run.splits.fewest_to_train)
    sizes = (len(run.input_names), *settings.hidden, run.task.n_outputs)
    check_network(sizes, n_networks=run.n_at_a_time)


def fit_linear_model(run: Run) -> Fits:
    """Train the linear model on each split; folds in which it fails are missing, with a note."""
    name, n = run.task.linear_name, len(run.splits)

    def fit_once(model: Any) -> None:
        run.pipeline(model).fit(run.rows(0, 0), run.targets[run.splits.rows[0][0]])

    def wording(warning: Warning) -> str:
        return unless_expected(warning, f"{name}, the baseline, did not converge")

    with run.output.noting_warnings(wording), training_progress(run.output, name, n) as watch:
        try:
            model = limited_linear_model(run.task.linear_model(), fit_once, run.deadline, run.n_waves)
            fits = run.fit(model, watch)
        except MultilayerError:
            raise
        except ValueError as error:
            raise InputError(f"{name}, the baseline, cannot be trained: {error}") from error
    if len(fits.models) + len(fits.failures) < n:
        raise click.Abort  # nothing is known of the network yet
    _note_failures(run, fits, f"{name}, the baseline,")
    return fits


def fit_network(run: Run, settings: Settings) -> tuple[Fits, Course]:
    """Train the network on each split, with notes on what went wrong."""
    n = len(run.splits)
    seconds = run.deadline.seconds_for(SHARE_OF_TRAINING / run.n_waves, "the network was trained")
    what = "training" if n == 1 else count(n, "network")
    fits, course = _train(run, settings, n, what, lambda watch: run.fit(run.network(settings, watch, seconds), watch))
    if len(fits.models) + len(fits.failures) < n:
        run.output.note(f"interrupted: the scores are those of {len(fits.models)} of {n} folds")
    if course.has_risen:
        rose = f" in {sum(map(has_risen, fits.networks))} of {count(len(fits.models), 'fold')}"
        run.output.note(f"the cost has not fallen{'' if n == 1 else rose}: {SMALLER_STEPS}")
    _note_failures(run, fits, "the network")
    return fits, course


def fit_on_all_rows(run: Run, settings: Settings) -> Any:
    """A pipeline with the network, trained on all rows; None where Ctrl-C or the end of the time came first."""
    left_out = "the chosen network was not trained on all rows"
    if run.output.was_interrupted or run.deadline.is_over:
        run.output.note(left_out)
        return None
    seconds = run.deadline.seconds_for(SHARE_OF_TRAINING, "the chosen network was trained")

    def fit(watch: Watch) -> Fits:
        return Fits({0: run.pipeline(run.network(settings, watch, seconds)).fit(run.features, run.targets)}, {})

    try:
        fits, course = _train(run, settings, 1, "training", fit)
    except UnfinishedError:
        run.output.note(f"{left_out}: the time was over")
        return None
    if course.has_risen:
        run.output.note("the cost has not fallen when the chosen network was trained on all rows")
    return fits.models[0]


def _train(run: Run, settings: Settings, n: int, what: str, fit: Callable[[Watch], Fits]) -> tuple[Fits, Course]:
    """Train n networks behind a bar; those without an epoch are dropped."""

    def wording(warning: Warning) -> str:
        return "" if isinstance(warning, ConvergenceWarning) else unless_expected(warning, str(warning))

    output = run.output
    with output.noting_warnings(wording), training_progress(output, what, n, settings.epochs) as watch:
        fits = fit(watch)
    for fold in [fold for fold in fits.models if not fits.network(fold).loss_curve_]:
        del fits.models[fold]
    if not fits.models:
        if output.was_interrupted:
            raise click.Abort
        raise UnfinishedError("the time was over before the first epoch ended. Increase --minutes.")
    return fits, _course(output, fits, settings, n, watch.reasons)


def _course(output: Output, fits: Fits, settings: Settings, n: int, reasons: Counter[str]) -> Course:
    """How the training of n networks went, with notes on what went wrong."""
    networks, epochs = fits.networks, count(settings.epochs, "epoch")
    if n == 1 and output.was_interrupted:
        output.note(f"interrupted after {networks[0].n_iter_:,} of {epochs}")
    if reasons["max_time"]:
        so_far = f"after {networks[0].n_iter_:,} of {epochs}"
        many = f"before {reasons['max_time']} of {n} networks had trained {epochs}"
        output.note(f"the time was over {so_far if n == 1 else many}")
    ran_out = reasons["max_epochs"] > len(networks) / 2 and not reasons["max_time"]
    return Course(settings.epochs, any(map(has_risen, networks)), ran_out)


def _note_failures(run: Run, fits: Fits, who: str) -> None:
    for fold, error in fits.failures.items():
        run.output.note(f"{who} failed in fold {run.splits.name(fold)}, which is in no score: {in_shell_words(error)}")


def unless_expected(warning: Warning, text: str) -> str:
    """ "" for an interruption, which has a note, and for scores that are not defined for single rows."""
    return "" if isinstance(warning, InterruptedTrainingWarning | UndefinedMetricWarning) else text


def networks_in_words(networks: Sequence[Any]) -> str:
    """Sizes, weights and epochs, without a full stop; from the smallest to the largest where folds differ."""
    layers = [_range(sizes) for sizes in zip(*(network.network_.layer_sizes for network in networks), strict=True)]
    if len(layers) > _MOST_LAYERS:
        shown = f"{layers[0]} - {layers[1]} - ... - {layers[-1]} units in {len(layers):,} layers"
    else:
        shown = " - ".join(layers) + " units"
    weights = _range(network.parameters_.size for network in networks)
    epochs = _range(network.n_iter_ for network in networks)
    text = (
        f"{'a network' if len(networks) == 1 else count(len(networks), 'network')} of {shown}, {weights} "
        f"weight{'' if weights == '1' else 's'}, for {epochs} epoch{'' if epochs == '1' else 's'}"
    )
    if len(networks) > 1:
        return f"{text} each"
    return f"{text}: the cost went from {_cost(networks[0].loss_curve_[0])} to {_cost(networks[0].loss_)}"


def _range(numbers: Any) -> str:
    found = sorted(numbers)
    return f"{found[0]:,}" if found[0] == found[-1] else f"{found[0]:,} to {found[-1]:,}"


def _cost(value: float) -> str:
    return f"{value:.4f}" if value < 1e6 else f"{value:.3g}"
