"""What classification and regression do differently; the rest of a command does not ask which it is.

An *answer* is what a model says of some rows: probabilities (m, K) of classes, or amounts (m,) in the target's own
units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from numpy.typing import NDArray

from multilayer.cli._advice import Course
from multilayer.cli._metrics import Metric, Scores
from multilayer.cli._pictures import Picture
from multilayer.cli._split import Split
from multilayer.cli._tables import TextTable
from multilayer.selection import Fold
from multilayer.tables import TargetInfo

Answer = NDArray[Any]


@dataclass(frozen=True)
class Answers:
    """What is known of some test rows and what each model says of them.

    Attributes
    ----------
    actual : labels or amounts
    network, linear, baseline : answers of three models
    """

    actual: NDArray[Any]
    network: Answer
    linear: Answer
    baseline: Answer


@dataclass(frozen=True)
class Learned:
    """What is known of the rows that were trained on, and what the network says of them."""

    actual: NDArray[Any]
    network: Answer


@dataclass(frozen=True)
class Judgement:
    """How good the answers are: the tables that are printed, and the result in words."""

    tables: tuple[TextTable, ...]
    verdict: str


@dataclass(frozen=True)
class Code:
    """The lines of "the same in Python" that depend on the task.

    Attributes
    ----------
    imports : between those of NumPy and of this library; each ends in a line break
    estimator : name of the class
    fit : the line that trains ``model``, and what it needs
    ending : how the trained ``model`` is scored
    for_folds : the estimator's further arguments where each fold trains it on targets as they are
    scoring : scikit-learn's name of the decisive score, its sign such that higher is better
    """

    imports: str
    estimator: str
    fit: str
    ending: str
    scoring: str
    for_folds: str = ""


class Task(Protocol):
    """A task on some training rows."""

    linear_name: ClassVar[str]
    baseline_name: ClassVar[str]
    code: ClassVar[Code]
    default_epochs: ClassVar[int]

    @staticmethod
    def check(info: TargetInfo) -> None:
        """Raise InputError for a target that cannot be reckoned with."""
        ...

    @staticmethod
    def split(info: TargetInfo, test_fraction: float, seed: int) -> Split:
        """Rows to train on and rows to test on."""
        ...

    @classmethod
    def learn(cls, y_train: NDArray[Any]) -> Self:
        """The task, with what has to be known of the target."""
        ...

    def network(self, **options: Any) -> Any:
        """An estimator that is not trained yet, with the given parameters of ``MLPClassifier`` or ``MLPRegressor``."""
        ...

    def network_for_folds(self, **options: Any) -> Any:
        """The same, for some of the rows: what it has to know of the target it takes from these."""
        ...

    def linear_model(self) -> Any:
        """The same, of the linear model that the network is compared with."""
        ...

    def goal(self, y: NDArray[Any]) -> NDArray[Any]:
        """What ``fit`` of these two gets for a target."""
        ...

    def answer(self, model: Any, X: NDArray[Any]) -> Answer:
        """Of one of these two, trained."""
        ...

    def baseline(self, n_rows: int) -> Answer:
        """The best answer that looks at no column."""
        ...

    def baseline_from(self, y_train: NDArray[Any], n_rows: int) -> Answer:
        """The same, from some of the rows that the task was learned from."""
        ...

    def answer_of_fold(self, fold: Fold) -> Answer:
        """Of a model trained on ``goal(y)`` of some of these rows, for the test rows of its fold."""
        ...

    def answer_for(self, model: Any, X: Any) -> Answer:
        """The same, for any rows."""
        ...

    def actual(self, goal: NDArray[Any]) -> NDArray[Any]:
        """The labels or amounts of which this is the :meth:`goal`."""
        ...

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The scores that :meth:`measure` finds."""
        ...

    @property
    def decisive(self) -> Metric:
        """The one of them by which models are compared."""
        ...

    def measure(self, model: str, actual: NDArray[Any], answer: Answer) -> Scores:
        """How good the answers of a model are."""
        ...

    def further_tables(self, answers: Answers) -> tuple[TextTable, ...]:
        """What else there is to say in figures of the network's answers."""
        ...

    def in_words(self, scores: Sequence[Scores], rows: str) -> str:
        """How good network, linear model and baseline are on "the test rows" or whichever, in a sentence."""
        ...

    def judge(self, answers: Answers, learned: Learned, course: Course) -> Judgement:
        """Scores of the three models, and of the network on its training rows; with a recommendation, if any."""
        ...

    def doubts(self, y_train: NDArray[Any], answer: Answer) -> tuple[str, ...]:
        """Notes on answers that cannot be right."""
        ...

    @property
    def n_outputs(self) -> int:
        """Units of the network's output layer."""
        ...

    def pictures(self, answers: Answers, target: str) -> list[Picture]:
        """What there is to see of the answers."""
        ...

    def output_names(self, target: str) -> list[str]:
        """Names of what the network's output stands for."""
        ...

    def columns(self, actual: NDArray[Any], answer: Answer) -> dict[str, list[str]]:
        """The columns of ``predictions.csv``, by name."""
        ...
