"""The textbook's story of the two moons, chapter by chapter.  All figures in it are computed as it is told."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits, make_moons
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from multilayer import MLPClassifier
from multilayer.cli.console import Output
from multilayer.cli.folder import OutputFolder
from multilayer.cli.limits import Deadline
from multilayer.cli.output.page import Section, html_report, write_report
from multilayer.cli.output.pictures import Picture, draw_into
from multilayer.cli.progress import Watch, training_progress
from multilayer.cli.text import number, text_table
from multilayer.plots import plot_cost, plot_data, plot_decision_boundary, plot_network, plot_weights
from multilayer.results import Table

HIDDEN = (5, 5)
N_SEEN = 500
SHORT, LONG = 1_000, 5_000
DEGREE = 3
N_FOLDS = 5
WORTH_SAYING = 3.0  # seconds
MOONS, DIGITS = "two moons", "digits"


@dataclass(frozen=True)
class Rows:
    """Features X (m, s_1) and the class y (m,) of each row."""

    X: NDArray[np.float64]
    y: NDArray[np.int64]


class Story:
    """Chapters that are printed as they are told, and kept for the report."""

    def __init__(self, output: Output) -> None:
        self.output = output
        self.chapters: list[Section] = []
        self.scores: list[tuple[str, ...]] = []  # the lines of the closing table
        self.lead = ""  # the result in a sentence

    def chapter(self, heading: str) -> None:
        self.chapters.append(Section(heading))
        self.output.heading(heading)

    def say(self, text: str) -> None:
        self.chapters[-1].paragraphs.append(text)
        self.output.say(text)

    def lines(self, lines: list[str]) -> None:
        self.chapters[-1].paragraphs.append("; ".join(lines) + ".")
        self.output.lines(lines)

    def picture(self, name: str, caption: str, draw: Any) -> None:
        self.chapters[-1].pictures.append(Picture(name, caption, draw))

    def score(self, data: str, model: str, n_rows: int, trained: float = math.nan, unseen: float = math.nan) -> None:
        """Add a line: accuracy on the n rows trained on, and on rows that were not."""
        self.scores.append((data, model, f"{n_rows:,}", number(trained), number(unseen)))

    def compare(self, data: str, name: str, model: Any, seen: Rows, unseen: Rows) -> float:
        """Add the scores of a trained model on both parts; its accuracy on unseen rows."""
        accuracy = float(model.score(unseen.X, unseen.y))
        self.score(data, name, len(seen.X), float(model.score(seen.X, seen.y)), accuracy)
        return accuracy

    def boundary(self, model: MLPClassifier, moons: Rows, n_seen: int, when: str) -> None:
        def draw() -> Any:
            return plot_decision_boundary(model, moons.X, moons.y, class_names=["moon 0", "moon 1"])

        self.picture(f"boundary-{n_seen}", f"The boundary {when}; mistakes have a cross.", draw)

    def closing_table(self) -> Table:
        return text_table("Accuracy", ("data", "model", "rows", "on them", "unseen"), tuple(self.scores), "llrrr")

    def write(self, folder: OutputFolder, code: str) -> None:
        """Write the pictures and the report, which ends with this code."""
        pictures = [picture for chapter in self.chapters for picture in chapter.pictures]
        drawn = draw_into(folder, pictures, Deadline(), self.output)
        scores = Section("All scores", tables=[self.closing_table()])
        sections = [*self.chapters, scores, Section("The same in Python", code=code)]
        write_report(folder, html_report("multilayer: the two moons", [self.lead], sections, drawn), self.output)


def tell(story: Story) -> None:
    """Tell all chapters."""
    moons = Rows(*make_moons(n_samples=1000, noise=0.1, random_state=0))
    introduce(story, moons)
    short = train_on_all(story, moons)
    long = train_on_half(story, moons)
    runs = {f"{len(moons.X):,} rows": short, f"{N_SEEN} rows": long}
    story.picture(
        "cost",
        "The cost of both runs by epoch, which is one update with all rows: a plateau, then the bend.",
        lambda: plot_cost(runs),
    )
    cross_validate(story, moons)
    read_digits(story)


def textbook_network(n_rows: int, n_epochs: int, watch: Watch) -> MLPClassifier:
    """The network and the training of the textbook: plain gradient descent on all rows at once."""
    descent: dict[str, Any] = {"solver": "sgd", "momentum": 0, "learning_rate_init": 0.5, "batch_size": n_rows}
    plain: dict[str, Any] = {"shuffle": False, "alpha": 0, "tol": 0, "n_iter_no_change": None}
    start: dict[str, Any] = {"output": "sigmoid", "initialization": "notebook", "random_state": 0}
    return MLPClassifier(HIDDEN, "sigmoid", max_iter=n_epochs, callbacks=[watch], **descent, **plain, **start)


def introduce(story: Story, moons: Rows) -> None:
    """The data and the network."""
    n_rows, n_inputs = moons.X.shape
    sizes = (n_inputs, *HIDDEN, len(np.unique(moons.y)))
    shapes = [(n_out, n_in + 1) for n_in, n_out in itertools.pairwise(sizes)]
    story.chapter("The two moons")
    story.say(f"{n_rows:,} points in the plane, in two classes: two moons that reach into each other.")
    names = ["moon 0", "moon 1"]
    story.picture("data", "The two moons.", lambda: plot_data(moons.X, moons.y, class_names=names))
    story.say(
        f"The network has {sizes[0]} inputs, hidden layers of {sizes[1]} and {sizes[2]} units and an output unit for "
        f"each class, all with the sigmoid function. That makes {sum(rows * columns for rows, columns in shapes)} "
        "weights in three matrices, with the biases in column 0:"
    )
    story.lines([f"Theta{i} {rows} x {columns}" for i, (rows, columns) in enumerate(shapes, 1)])


def train_on_all(story: Story, moons: Rows) -> MLPClassifier:
    """Too few epochs: the boundary is still a straight line."""
    X, y = moons.X, moons.y
    story.chapter(f"{SHORT:,} epochs on all {len(X):,} rows")
    _prepare_engine(story, moons)
    model = _trained(story, X, y, SHORT)
    accuracy = model.score(X, y)
    line = LogisticRegression().fit(X, y)
    agree = int(np.sum(model.predict(X) == line.predict(X)))
    story.say(
        f"Accuracy: {accuracy:.3f}. Logistic regression, which can only draw a straight line, has "
        f"{line.score(X, y):.3f}, and the two agree on {agree} of {len(X):,} points: so far the network has found "
        "little more than that line."
    )
    story.score(MOONS, f"network, {SHORT:,} epochs", len(X), accuracy)
    story.score(MOONS, "logistic regression", len(X), line.score(X, y))
    story.boundary(model, moons, len(X), f"after {SHORT:,} epochs on {len(X):,} rows")
    return model


def train_on_half(story: Story, moons: Rows) -> MLPClassifier:
    """Enough epochs, and rows kept aside to test on."""
    seen, unseen = Rows(moons.X[:N_SEEN], moons.y[:N_SEEN]), Rows(moons.X[N_SEEN:], moons.y[N_SEEN:])
    story.chapter(f"{LONG:,} epochs on the first {N_SEEN} rows")
    model = _trained(story, seen.X, seen.y, LONG)
    found = story.compare(MOONS, f"network, {LONG:,} epochs", model, seen, unseen)
    story.say(
        f"Accuracy: {model.score(seen.X, seen.y):.3f} on these {N_SEEN} rows, and {found:.3f} on the other "
        f"{len(unseen.X)}, which the network has never seen: it has learned the shape of the moons, not the points."
    )
    straight = LogisticRegression().fit(seen.X, seen.y)
    bent = make_pipeline(PolynomialFeatures(DEGREE), StandardScaler(), LogisticRegression()).fit(seen.X, seen.y)
    line = story.compare(MOONS, "logistic regression", straight, seen, unseen)
    curve = story.compare(MOONS, f"logistic regression, degree {DEGREE}", bent, seen, unseen)
    story.say(
        f"Logistic regression has {line:.3f} on the unseen rows, and {curve:.3f} if we also give it the "
        f"products of its inputs up to degree {DEGREE}. There we chose the features; the network found them by itself."
    )
    story.lead = (
        f"A network of {model.parameters_.size} weights, trained by gradient descent on {N_SEEN} points, tells the two "
        f"moons apart: it is right on {found:.1%} of {len(unseen.X)} others, where a straight line is right on "
        f"{line:.1%}."
    )
    story.boundary(model, moons, N_SEEN, f"after {LONG:,} epochs on {N_SEEN} rows, with all rows")
    story.picture("network", "The trained network: its units and weights.", lambda: plot_network(model))
    return model


def cross_validate(story: Story, moons: Rows) -> None:
    """Whether it was the choice of rows, and what is done in practice."""
    story.chapter("Was it a lucky choice of rows?")
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0)
    n_rows = len(moons.X) * (N_FOLDS - 1) // N_FOLDS
    with training_progress(story.output, f"{N_FOLDS}-fold cross-validation", N_FOLDS, LONG) as watch:
        slow = cross_val_score(textbook_network(n_rows, LONG, watch), moons.X, moons.y, cv=folds)
    story.say(
        f"{N_FOLDS}-fold cross-validation of the same network, each time trained on {n_rows} rows and scored on the "
        f"{len(moons.X) - n_rows} others: {_list(slow)}, on average {slow.mean():.3f}. Gradient descent on all rows at "
        "once can stay on the straight line for thousands of epochs; when it leaves depends on the rows."
    )
    with training_progress(story.output, f"{N_FOLDS}-fold cross-validation", N_FOLDS, 100) as watch:
        steps: dict[str, Any] = {"batch_size": 50, "learning_rate_init": 0.02, "max_iter": 100}
        model = MLPClassifier(HIDDEN, "tanh", n_iter_no_change=None, random_state=0, callbacks=[watch], **steps)
        fast = cross_val_score(model, moons.X, moons.y, cv=folds)
    story.say(
        "The remedy in practice: many small steps in place of few large ones. With batches of "
        f"{model.batch_size} rows, tanh units and Adam, {model.max_iter} epochs give {_list(fast)}, on "
        f"average {fast.mean():.3f}."
    )
    story.score(MOONS, f"network, {LONG:,} epochs, {N_FOLDS} folds", n_rows, unseen=slow.mean())
    story.score(MOONS, f"network, batches and Adam, {N_FOLDS} folds", n_rows, unseen=fast.mean())


def read_digits(story: Story) -> None:
    """The same class of estimator on real data."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
    seen, unseen = Rows(X_train, y_train), Rows(X_test, y_test)
    story.chapter("Real data: handwritten digits")
    with training_progress(story.output, "digits", 1, 100) as watch:
        network = MLPClassifier((64,), max_iter=100, n_iter_no_change=None, random_state=0, callbacks=[watch])
        model = make_pipeline(StandardScaler(), network).fit(X_train, y_train)
    logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(X_train, y_train)
    found = story.compare(DIGITS, "network, 64 hidden units", model, seen, unseen)
    line = story.compare(DIGITS, "logistic regression", logistic, seen, unseen)
    story.say(
        f"{len(X):,} pictures of {X.shape[1]} pixels, {len(np.unique(y))} classes. The same estimator with one hidden "
        f"layer of 64 units, trained on {len(X_train):,} of them, reads {found:.1%} of the other {len(X_test)} "
        f"correctly; logistic regression {line:.1%}."
    )
    caption = "The pattern to which each hidden unit of the digits network responds."
    story.picture("digits-weights", caption, lambda: plot_weights(model, image_shape=(8, 8)))


def _prepare_engine(story: Story, moons: Rows) -> None:
    """Let the engine compile, or load, its code before anything is timed."""
    began = time.perf_counter()
    textbook_network(len(moons.X), 1, Watch(None, "")).fit(moons.X, moons.y)
    seconds = time.perf_counter() - began
    if seconds > WORTH_SAYING:
        story.say(f"(The engine has been compiled for this machine, once: {seconds:.0f} seconds.)")


def _trained(story: Story, X: NDArray[np.float64], y: NDArray[np.int64], n_epochs: int) -> MLPClassifier:
    began = time.perf_counter()
    with training_progress(story.output, "gradient descent", 1, n_epochs) as watch:
        model = textbook_network(len(X), n_epochs, watch).fit(X, y)
    seconds = time.perf_counter() - began
    story.say(
        f"Gradient descent with step size {model.learning_rate_init} takes the cost from {model.loss_curve_[0]:.4f} to "
        f"{model.loss_curve_[-1]:.4f} in {seconds:.2f} seconds."
    )
    return model


def _list(scores: NDArray[np.float64]) -> str:
    return ", ".join(f"{score:.3f}" for score in scores)
