"""A network that classifies the rows of a table, next to two baselines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from multilayer import ConvergenceWarning, MLPClassifier
from multilayer.cli._columns import columns_table
from multilayer.cli._notes import notes_for_warnings
from multilayer.cli._output import Output
from multilayer.cli._progress import training_progress, waiting
from multilayer.cli._scores import Scores, class_table, measure, score_table
from multilayer.cli._split import Split, split_rows
from multilayer.cli._tables import TextTable, count
from multilayer.exceptions import InputError, ParameterError
from multilayer.tables import TableEncoder, TargetInfo

# Of logistic regression: enough for standardised columns, and an end for those that never settle.
_ITERATIONS = 1000


@dataclass(frozen=True)
class Problem:
    """What is to be learned: a table parted into features and target, and how it was asked for."""

    file: Path
    target: str
    ignored: tuple[str, ...]
    task: str
    features: Any  # a pyarrow table
    info: TargetInfo


@dataclass(frozen=True)
class Settings:
    """The options that shape the network and its training."""

    hidden: tuple[int, ...]
    activation: str | tuple[str, ...]
    epochs: int
    alpha: float
    step_size: float
    batch_size: int | Literal["auto"]
    test_fraction: float
    seed: int


@dataclass(frozen=True)
class Encoded:
    """Both parts of the rows as numbers, X (m, s_1) and y (m,), and the encoder fitted on the first part."""

    split: Split
    encoder: TableEncoder
    X_train: NDArray[Any]
    X_test: NDArray[Any]
    y_train: NDArray[Any]
    y_test: NDArray[Any]


@dataclass(frozen=True)
class Classification:
    """A trained network and what it says of the test rows.

    Attributes
    ----------
    network : the trained estimator
    probabilities, baseline : arrays of shape (m_test, K), the network's and logistic regression's
    scores : of the network on the test rows, then of the baselines, then of the network on its training rows
    score, each_class : the tables that were printed
    """

    encoded: Encoded
    network: MLPClassifier
    probabilities: NDArray[Any]
    baseline: NDArray[Any]
    scores: list[Scores]
    score: TextTable
    each_class: TextTable

    @property
    def classes(self) -> NDArray[Any]:
        return self.network.classes_

    @property
    def predicted(self) -> NDArray[Any]:
        return self.classes[self.probabilities.argmax(axis=1)]


def encode(problem: Problem, settings: Settings, output: Output) -> Encoded:
    """Split the rows and fit the encoder on the training part, so that nothing is learned from the test rows."""
    y = problem.info.y
    split = split_rows(y, settings.test_fraction, settings.seed)
    proportions = " with the classes in the same proportions" if split.stratified else ""
    output.say(f"Split: {count(len(split.train), 'row')} to train on, {len(split.test):,} to test on{proportions}.")
    for note in split.notes:
        output.note(note)
    train = problem.features.take(split.train)
    # Half the memory and time of float64, and far finer than any table is measured.
    encoder = TableEncoder(dtype=np.float32)
    with waiting(output, "encoding"):
        try:
            X_train = encoder.fit_transform(train)
            X_test = encoder.transform(problem.features.take(split.test))
        except InputError:
            # The same error from all rows, which are counted as in the file.
            TableEncoder().fit(problem.features)
            raise
    return Encoded(split, encoder, X_train, X_test, y[split.train], y[split.test])


def classify(encoded: Encoded, settings: Settings, output: Output) -> Classification:
    """Train the network and the baselines, and print how they do on the test rows."""
    n_train = len(encoded.X_train)
    if settings.batch_size != "auto" and settings.batch_size > n_train:
        raise ParameterError(f"--batch-size {settings.batch_size} is larger than the {n_train} rows to train on.")
    output.table(columns_table(encoded.encoder.columns_))
    output.blank()
    network = _train(encoded, settings, output)
    with waiting(output, "logistic regression"):
        baseline = _logistic_regression(encoded, output)
    classes = network.classes_
    probabilities = network.predict_proba(encoded.X_test)
    shares = np.array([(encoded.y_train == label).mean() for label in classes])
    test, n_test = encoded.y_test, len(encoded.y_test)
    scores = [
        measure("network", test, probabilities, classes),
        measure("logistic regression", test, baseline, classes),
        measure("majority class", test, np.tile(shares, (n_test, 1)), classes),
        measure("network, training rows", encoded.y_train, network.predict_proba(encoded.X_train), classes),
    ]
    score = score_table(f"Scores on {count(n_test, 'test row')}", scores, len(classes))
    each_class = class_table(test, classes[probabilities.argmax(axis=1)], classes)
    output.table(score, result=True)
    output.table(each_class, result=True)
    output.blank()
    output.say(verdict(scores))
    return Classification(encoded, network, probabilities, baseline, scores, score, each_class)


def verdict(scores: list[Scores]) -> str:
    """The result in words: is the network worth its effort?"""
    network, logistic, majority = scores[:3]
    text = (
        f"The network is right on {network.accuracy:.1%} of the test rows, logistic regression on "
        f"{logistic.accuracy:.1%}, and always saying the most frequent class on {majority.accuracy:.1%}."
    )
    if network.log_loss > min(logistic.log_loss, majority.log_loss):
        better = logistic if logistic.log_loss <= majority.log_loss else majority
        text += (
            f" Its probabilities are worse than those of the {better.model} (log-loss {network.log_loss:.3f} against "
            f"{better.log_loss:.3f}): fewer --epochs, a larger --alpha or fewer --hidden units may help."
        )
    return text


def _train(encoded: Encoded, settings: Settings, output: Output) -> MLPClassifier:
    with (
        notes_for_warnings(output, _wording(settings)),
        training_progress(output, "training") as watch,
    ):
        network = MLPClassifier(
            settings.hidden,
            settings.activation,
            alpha=settings.alpha,
            learning_rate_init=settings.step_size,
            batch_size=settings.batch_size,
            max_iter=settings.epochs,
            random_state=settings.seed,
            callbacks=[watch],
        ).fit(encoded.X_train, encoded.y_train)
    sizes = " - ".join(f"{size:,}" for size in network.network_.layer_sizes)
    output.say(
        f"Trained a network of {sizes} units, {network.parameters_.size:,} weights, for "
        f"{count(network.n_iter_, 'epoch')}: the cost went from {network.loss_curve_[0]:.4f} to {network.loss_:.4f}."
    )
    if network.loss_ >= network.loss_curve_[0]:
        output.note("the cost has not fallen: try a smaller --step-size")
    return network


def _wording(settings: Settings) -> Any:
    def words(warning: Warning) -> str:
        if isinstance(warning, ConvergenceWarning):
            return (
                f"the cost was still falling after {count(settings.epochs, 'epoch')}: more --epochs may help, or learn "
                "the training rows by heart"
            )
        return str(warning)

    return words


def _logistic_regression(encoded: Encoded, output: Output) -> NDArray[Any]:
    """The probabilities (m_test, K) of the baseline."""
    with notes_for_warnings(output, lambda _: "logistic regression, the baseline, did not settle"):
        model = LogisticRegression(max_iter=_ITERATIONS).fit(encoded.X_train, encoded.y_train)
    probabilities: NDArray[Any] = model.predict_proba(encoded.X_test)
    return probabilities
