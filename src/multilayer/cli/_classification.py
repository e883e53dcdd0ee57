"""Classification: probabilities, next to those of logistic regression and of the classes' shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from multilayer import MLPClassifier
from multilayer.cli._class_pictures import LONGEST_NAME, class_pictures
from multilayer.cli._class_scores import Scores, class_table, measure, score_table
from multilayer.cli._pictures import Picture
from multilayer.cli._split import Split, split_classes
from multilayer.cli._tables import count, shortened
from multilayer.cli._task import Answer, Answers, Code, Judgement
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
    default_epochs: ClassVar[int] = 30
    code: ClassVar[Code] = Code(
        imports="",
        estimator="MLPClassifier",
        fit="model.fit(features.take(train), y[train])",
        ending="print(model.score(features.take(test), y[test]))",
    )

    @staticmethod
    def split(info: TargetInfo, test_fraction: float, seed: int) -> Split:
        return split_classes(info.y, info.rows, test_fraction, seed)

    @classmethod
    def learn(cls, y_train: NDArray[Any]) -> Self:
        classes, sizes = np.unique(y_train, return_counts=True)
        return cls(classes, sizes / len(y_train))

    def network(self, **options: Any) -> MLPClassifier:
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

    def judge(self, answers: Answers) -> Judgement:
        classes = self.classes
        scores = [
            measure("network", answers.actual, answers.network, classes),
            measure(self.linear_name, answers.actual, answers.linear, classes),
            measure("majority class", answers.actual, answers.baseline, classes),
            measure("network, training rows", answers.actual_train, answers.network_train, classes),
        ]
        tables = (
            score_table(f"Scores on {count(len(answers.actual), 'test row')}", scores, len(classes)),
            class_table(answers.actual, self._predicted(answers.network), classes),
        )
        return Judgement(tables, _verdict(scores))

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


def _verdict(scores: list[Scores]) -> str:
    """The result in words: is the network worth its effort?"""
    network, logistic, majority, trained = scores
    text = (
        f"The network is right on {network.accuracy:.1%} of the test rows, logistic regression on "
        f"{logistic.accuracy:.1%}, and always saying the most frequent class on {majority.accuracy:.1%}."
    )
    if network.log_loss > min(logistic.log_loss, majority.log_loss):
        better = logistic if logistic.log_loss <= majority.log_loss else majority
        # Worse on the rows it has learned, too: it has not learned enough, rather than too much.
        by_heart = trained.log_loss < better.log_loss
        advice = (
            "fewer --epochs, a larger --alpha or fewer --hidden units"
            if by_heart
            else "more --epochs or another --step-size"
        )
        text += (
            f" Its probabilities are worse than those of the {better.model} (log-loss {network.log_loss:.3f} against "
            f"{better.log_loss:.3f}): {advice} may help."
        )
    return text
