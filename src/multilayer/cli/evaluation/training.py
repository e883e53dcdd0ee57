"""The training of single networks and of other models on the splits of a run, with notes and a recommendation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import click
from sklearn.exceptions import UndefinedMetricWarning

from multilayer import ConvergenceWarning
from multilayer.cli.console import Output
from multilayer.cli.evaluation.problem import in_shell_words
from multilayer.cli.evaluation.run import Fits, Run
from multilayer.cli.evaluation.settings import NetworkSettings
from multilayer.cli.limits import SHARE_OF_TRAINING, UnfinishedError, check_network, limited_model
from multilayer.cli.progress import Watch, training_progress
from multilayer.cli.text import count
from multilayer.exceptions import InputError, InterruptedTrainingWarning, MultilayerError, ParameterError

_MOST_LAYERS = 8  # whose sizes are printed
_OVERFITTED = 0.8  # a training loss below this share of the loss on other rows is a sign of overfitting
SMALLER_STEPS = "try a smaller --step-size"


@dataclass(frozen=True)
class Course:
    """The course of a training."""

    n_epochs: int  # that were allowed
    has_risen: bool  # whether the cost of the last epoch is no lower than that of the first
    ran_out: bool  # whether the cost was still falling in the last epoch


def check_size(run: Run, settings: NetworkSettings) -> None:
    """Refuse batches that are larger than the training part, and networks that do not fit into the memory."""
    fewest, batch = run.splits.fewest_to_train, settings.batch_size
    if batch != "auto" and batch > fewest:
        raise ParameterError(
            f"--batch-size {batch} is larger than the {fewest} rows to train on. Pass at most {fewest}, or omit it."
        )
    sizes = (len(run.input_names), *settings.hidden, run.task.n_outputs)
    check_network(sizes, n_networks=run.n_at_a_time)


def fit_other_model(run: Run, name: str, other: Any) -> Fits:
    """Train a model that is no network on each split; folds in which it fails are missing, with a note."""
    n = len(run.splits)

    def fit_once(model: Any) -> None:
        run.pipeline(model).fit(run.rows(0, 0), run.targets[run.splits.rows[0][0]])

    def wording(warning: Warning) -> str:
        return unless_expected(warning, f"{name}, the baseline, did not converge")

    with run.output.noting_warnings(wording), training_progress(run.output, name, n) as watch:
        try:
            fits = run.fit(limited_model(other, name, fit_once, run.deadline, run.n_waves), watch)
        except MultilayerError:
            raise
        except ValueError as error:
            raise InputError(f"{name}, the baseline, cannot be trained: {error}") from error
    if len(fits.models) + len(fits.failures) < n:
        raise click.Abort  # nothing is known of the network yet
    note_failures(run, fits, f"{name}, the baseline,")
    return fits


def fit_network(run: Run, settings: NetworkSettings) -> tuple[Fits, Course]:
    """Train the network on each split, with notes on what went wrong."""
    n = len(run.splits)
    seconds = run.deadline.seconds_for(SHARE_OF_TRAINING / run.n_waves, "the network was trained")
    what = "training" if n == 1 else count(n, "network")
    encoding = settings.encoding
    fits, course = _train(
        run, settings, n, what, lambda watch: run.fit(run.network(settings, watch, seconds), watch, encoding)
    )
    if len(fits.models) + len(fits.failures) < n:
        run.output.note(f"interrupted: the scores are those of {len(fits.models)} of {n} folds")
    if course.has_risen:
        rose = f" in {sum(map(has_risen, fits.networks))} of {count(len(fits.models), 'fold')}"
        run.output.note(f"the cost has not fallen{'' if n == 1 else rose}: {SMALLER_STEPS}")
    note_failures(run, fits, "the network")
    return fits, course


def fit_on_all_rows(run: Run, settings: NetworkSettings, which: str) -> Any:
    """A pipeline with the network, trained on all rows; None where Ctrl-C or the end of the time came first.

    ``which`` names the network in notes.
    """
    left_out = f"{which} was not trained on all rows"
    if run.output.was_interrupted or run.deadline.is_over:
        run.output.note(left_out)
        return None
    seconds = run.deadline.seconds_for(SHARE_OF_TRAINING, f"{which} was trained")

    def fit(watch: Watch) -> Fits:
        return Fits(
            {0: run.pipeline(run.network(settings, watch, seconds), settings.encoding).fit(run.features, run.targets)},
            {},
        )

    try:
        fits, course = _train(run, settings, 1, "training", fit)
    except UnfinishedError:
        run.output.note(f"{left_out}: the time was over")
        return None
    if course.has_risen:
        run.output.note(f"the cost has not fallen when {which} was trained on all rows")
    return fits.models[0]


def _train(run: Run, settings: NetworkSettings, n: int, what: str, fit: Callable[[Watch], Fits]) -> tuple[Fits, Course]:
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


def _course(output: Output, fits: Fits, settings: NetworkSettings, n: int, reasons: Counter[str]) -> Course:
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


def note_failures(run: Run, fits: Fits, who: str) -> None:
    for fold, error in fits.failures.items():
        run.output.note(f"{who} failed in fold {run.splits.name(fold)}, which is in no score: {in_shell_words(error)}")


def unless_expected(warning: Warning, text: str) -> str:
    """The text, or "" for an interruption, which has a note, and for scores that a single row does not have."""
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


def _range(numbers: Iterable[int]) -> str:
    found = sorted(numbers)
    return f"{found[0]:,}" if found[0] == found[-1] else f"{found[0]:,} to {found[-1]:,}"


def _cost(value: float) -> str:
    return f"{value:.4f}" if value < 1e6 else f"{value:.3g}"


def has_risen(network: Any) -> bool:
    """Whether the cost of a network has not fallen over several epochs."""
    return len(network.loss_curve_) > 1 and network.loss_ >= network.loss_curve_[0]


def advice(course: Course, is_worse: bool, loss: float, trained_loss: float) -> str:
    """What to try, as a sentence; "" where nothing is known to help, or where a note on the cost has said it.

    A cost that was still falling does not speak for more epochs by itself: the network may be overfitting.  ``loss`` is
    that of the network on rows that it was not trained on, where another model may have a lower one (``is_worse``), and
    ``trained_loss`` that on its training rows.
    """
    has_overfitted = trained_loss < _OVERFITTED * loss
    if course.has_risen:
        return ""
    if is_worse and has_overfitted:
        return " Fewer --epochs, a larger --alpha or fewer --hidden units may help."
    if is_worse and course.ran_out:
        return " More --epochs or another --step-size may help."
    if is_worse:
        return " Another --step-size, a smaller --alpha or more --hidden units may help."
    if not course.ran_out or has_overfitted:
        return ""
    return (
        f" The cost was still falling after {count(course.n_epochs, 'epoch')}, and the predictions for rows that it "
        "has not seen are about as good as for the training rows: more --epochs may help."
    )
