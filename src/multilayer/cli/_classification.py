"""Classification: probabilities, next to those of logistic regression and of the classes' shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from multilayer import MLPClassifier
from multilayer.cli._advice import Course, Evidence, advice
from multilayer.cli._class_pictures import LONGEST_NAME, class_pictures
from multilayer.cli._class_scores import LOG_LOSS, Scores, class_table, measure, metrics_of
from multilayer.cli._metrics import Metric, scores_table
from multilayer.cli._pictures import Picture
from multilayer.cli._split import Split, split_classes
from multilayer.cli._tables import TextTable, count, shortened
from multilayer.cli._task import Answer, Answers, Code, Judgement, Learned
from multilayer.selection import Fold
from multilayer.tables import TargetInfo

# Of logistic regression: enough for standardised columns, and an end for those that never settle.
_ITERATIONS = 1000
# More probabilities a row than this nobody reads.
_MOST_CLASSES = 20


@dataclass(frozen=True)
class Classification:
    """Classes (K,), sorted, and the share (K,) of each among the training rows."""

    classes: NDArray[Any]
    shares: NDArray[np.float64]

    linear_name: ClassVar[str] = "logistic regression"
    baseline_name: ClassVar[str] = "majority class"
    decisive: ClassVar[Metric] = LOG_LOSS
    default_epochs: ClassVar[int] = 30
    code: ClassVar[Code] = Code(
        imports="",
        estimator="MLPClassifier",
        fit="model.fit(features.take(train), y[train])",
        ending="print(model.score(features.take(test), y[test]))",
        scoring="neg_log_loss",
    )

    @staticmethod
    def check(info: TargetInfo) -> None:
        """Any classes will do."""

    @staticmethod
    def split(info: TargetInfo, test_fraction: float, seed: int) -> Split:
        return split_classes(info.y, info.rows, test_fraction, seed)

    @classmethod
    def learn(cls, y_train: NDArray[Any]) -> Self:
        classes, sizes = np.unique(y_train, return_counts=True)
        return cls(classes, sizes / len(y_train))

    def network(self, **options: Any) -> MLPClassifier:
        return MLPClassifier(**options)

    def network_for_folds(self, **options: Any) -> MLPClassifier:
        return MLPClassifier(**options)

    def linear_model(self) -> LogisticRegression:
        return LogisticRegression(max_iter=_ITERATIONS)

    def goal(self, y: NDArray[Any]) -> NDArray[Any]:
        return y

    def answer(self, model: Any, X: NDArray[Any]) -> Answer:
        probabilities: Answer = model.predict_proba(X)
        return probabilities

    def baseline(self, n_rows: int) -> Answer:
        return np.tile(self.shares, (n_rows, 1))

    def baseline_from(self, y_train: NDArray[Any], n_rows: int) -> Answer:
        part = self.learn(y_train)
        return np.tile(self._spread(part.classes, part.shares), (n_rows, 1))

    def answer_of_fold(self, fold: Fold) -> Answer:
        return self._spread(fold.estimator.classes_, fold.predicted["predict_proba"])

    def answer_for(self, model: Any, X: Any) -> Answer:
        return self._spread(model.classes_, model.predict_proba(X))

    def actual(self, goal: NDArray[Any]) -> NDArray[Any]:
        return goal

    def _spread(self, known: NDArray[Any], chances: Answer) -> Answer:
        """Chances of some classes as those of all: a model gives none to a class that it has not seen."""
        spread = np.zeros((*chances.shape[:-1], len(self.classes)))
        spread[..., np.searchsorted(self.classes, known)] = chances
        return spread

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return metrics_of(len(self.classes))

    def measure(self, model: str, actual: NDArray[Any], answer: Answer) -> Scores:
        return measure(model, actual, answer, self.classes)

    def further_tables(self, answers: Answers) -> tuple[TextTable, ...]:
        return (class_table(answers.actual, self._predicted(answers.network), self.classes),)

    def in_words(self, scores: Sequence[Any], rows: str) -> str:
        network, logistic, majority = (f"{score.accuracy:.1%}" for score in scores)
        return (
            f"The network is right on {network} of {rows}, logistic regression on {logistic}, and always saying the "
            f"most frequent class on {majority}."
        )

    def judge(self, answers: Answers, learned: Learned, course: Course) -> Judgement:
        scores = [
            self.measure("network", answers.actual, answers.network),
            self.measure(self.linear_name, answers.actual, answers.linear),
            self.measure(self.baseline_name, answers.actual, answers.baseline),
            self.measure("network, training rows", learned.actual, learned.network),
        ]
        title = f"Scores on {count(len(answers.actual), 'test row')}"
        tables = (scores_table(title, scores, self.metrics), *self.further_tables(answers))
        return Judgement(tables, self.in_words(scores[:3], "the test rows") + _advice(scores, course))

    def doubts(self, y_train: NDArray[Any], answer: Answer) -> tuple[str, ...]:  # noqa: ARG002
        return ()

    @property
    def n_outputs(self) -> int:
        return 1 if len(self.classes) == 2 else len(self.classes)

    def pictures(self, answers: Answers, target: str) -> list[Picture]:
        return class_pictures(answers, self.classes, self.output_names(target))

    def output_names(self, target: str) -> list[str]:  # noqa: ARG002
        return [shortened(str(label), LONGEST_NAME) for label in self.classes]

    def columns(self, actual: NDArray[Any], answer: Answer) -> dict[str, list[str]]:
        """The class, the predicted class, and the probability of each class, or of many the largest."""
        predicted = self._predicted(answer)
        names = [f"p({label})" for label in self.classes]
        if len(names) > _MOST_CLASSES:
            names, answer = ["p"], answer.max(axis=1, keepdims=True)
        chances = {
            name: [f"{chance:.6g}" for chance in column] for name, column in zip(names, answer.T.tolist(), strict=True)
        }
        return {"actual": [*map(str, actual)], "predicted": [*map(str, predicted)], **chances}

    def _predicted(self, probabilities: Answer) -> NDArray[Any]:
        return self.classes[probabilities.argmax(axis=1)]


def _advice(scores: list[Scores], course: Course) -> str:
    """What to do where the network is not worth its effort, or could be better."""
    network, logistic, majority, trained = scores
    better = logistic if logistic.log_loss <= majority.log_loss else majority
    evidence = Evidence(course, network.log_loss > better.log_loss, network.log_loss, trained.log_loss)
    worse = (
        f"Its probabilities are worse than those of the {better.model} (log-loss {network.log_loss:.3f} against "
        f"{better.log_loss:.3f})"
    )
    return advice(evidence, worse if evidence.is_worse else "")
