"""Regression: amounts, next to those of a linear model and to the mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge

from multilayer import MLPRegressor
from multilayer.cli._advice import Course, Evidence, advice
from multilayer.cli._amount_scores import METRICS, RMSE, Scores, measure, rounded, score_table
from multilayer.cli._metrics import Metric
from multilayer.cli._pictures import Picture
from multilayer.cli._split import Split, split_amounts
from multilayer.cli._tables import TextTable, count, shortened
from multilayer.cli._task import Answer, Answers, Code, Judgement, Learned
from multilayer.exceptions import InputError
from multilayer.plots import plot_predictions
from multilayer.selection import Fold
from multilayer.tables import TargetInfo

_LONGEST_NAME = 24

# Sums of amounts, and the margins of a picture of them, have to be floats too.
_LARGEST = 1e300

_FIT = """
mean, deviation = y[train].mean(), y[train].std()
model.fit(features.take(train), (y[train] - mean) / deviation)
""".strip()
_ENDING = """
predicted = mean + deviation * model.predict(features.take(test)).astype(np.float64)
print(r2_score(y[test], predicted))
""".strip()


@dataclass(frozen=True)
class Regression:
    """The target's mean and deviation among the training rows, both in multiples of ``unit``.

    Networks and step sizes are made for targets of a size near 1, so that both models are trained on
    ``(y / unit - mean) / deviation``.  The unit, the largest amount, keeps squares of huge amounts finite.
    """

    unit: float
    mean: float
    deviation: float

    linear_name: ClassVar[str] = "linear regression"
    baseline_name: ClassVar[str] = "mean"
    metrics: ClassVar[tuple[Metric, ...]] = METRICS
    decisive: ClassVar[Metric] = RMSE
    default_epochs: ClassVar[int] = 100
    code: ClassVar[Code] = Code(
        imports="from sklearn.metrics import r2_score\n",
        estimator="MLPRegressor",
        fit=_FIT,
        ending=_ENDING,
        scoring="neg_root_mean_squared_error",
        for_folds="standardize_targets=True",
    )

    @staticmethod
    def check(info: TargetInfo) -> None:
        most = float(np.abs(info.y).max())
        if most > _LARGEST:
            raise InputError(
                f"the target reaches {most:g}: amounts beyond {_LARGEST:g} leave no room to reckon with them. Divide "
                "the column by a constant."
            )

    @classmethod
    def split(cls, info: TargetInfo, test_fraction: float, seed: int) -> Split:
        cls.check(info)
        return split_amounts(len(info.y), test_fraction, seed)

    @classmethod
    def learn(cls, y_train: NDArray[Any]) -> Self:
        if y_train.min() == y_train.max():
            raise InputError(
                f"all {count(len(y_train), 'row')} to train on have the target {y_train[0]:g}: there is nothing to "
                "learn from them. Try another --seed, or a smaller --test-fraction."
            )
        unit = float(np.abs(y_train).max())
        multiples = y_train / unit
        return cls(unit, float(multiples.mean()), float(multiples.std()))

    def network(self, **options: Any) -> MLPRegressor:
        return MLPRegressor(**options)

    def network_for_folds(self, **options: Any) -> MLPRegressor:
        return MLPRegressor(standardize_targets=True, **options)

    def linear_model(self) -> Ridge:
        # With a little regularisation, for a column for each category beside others that follow from them.
        return Ridge()

    def goal(self, y: NDArray[Any]) -> NDArray[Any]:
        standardised: NDArray[Any] = (y / self.unit - self.mean) / self.deviation
        return standardised

    def answer(self, model: Any, X: NDArray[Any]) -> Answer:
        return self._restored(model.predict(X))

    def _restored(self, standardised: NDArray[Any]) -> Answer:
        # float32 would lose what sets large amounts apart, such as years in seconds.
        amounts: Answer = (self.mean + self.deviation * standardised.astype(np.float64)) * self.unit
        return amounts

    def baseline(self, n_rows: int) -> Answer:
        return np.full(n_rows, self.mean * self.unit)

    def baseline_from(self, y_train: NDArray[Any], n_rows: int) -> Answer:
        return np.full(n_rows, float((y_train / self.unit).mean()) * self.unit)

    def answer_of_fold(self, fold: Fold) -> Answer:
        return self._restored(fold.predicted["predict"])

    def answer_for(self, model: Any, X: Any) -> Answer:
        return self._restored(model.predict(X))

    def actual(self, goal: NDArray[Any]) -> NDArray[Any]:
        return self._restored(goal)

    def measure(self, model: str, actual: NDArray[Any], answer: Answer) -> Scores:
        return measure(model, actual, answer)

    def further_tables(self, answers: Answers) -> tuple[TextTable, ...]:  # noqa: ARG002
        return ()

    def in_words(self, scores: Sequence[Any], rows: str) -> str:
        network, linear, mean = (rounded(score.mae) for score in scores)
        return (
            f"The network is off by {network} on average over {rows}, linear regression by {linear}, and always saying "
            f"the mean by {mean}."
        )

    def judge(self, answers: Answers, learned: Learned, course: Course) -> Judgement:
        scores = [
            measure("network", answers.actual, answers.network),
            measure(self.linear_name, answers.actual, answers.linear),
            measure(self.baseline_name, answers.actual, answers.baseline),
            measure("network, training rows", learned.actual, learned.network),
        ]
        table = score_table(f"Scores on {count(len(answers.actual), 'test row')}", scores)
        return Judgement((table,), self.in_words(scores[:3], "the test rows") + _advice(scores, course))

    def doubts(self, y_train: NDArray[Any], answer: Answer) -> tuple[str, ...]:
        n_below = int(np.sum(answer < 0))
        if not n_below or y_train.min() < 0:
            return ()
        counts = bool((y_train == np.trunc(y_train)).all())
        what = "a target of counts" if counts else "the target"
        return (
            f"{n_below:,} of {count(len(answer), 'prediction')} {'is' if n_below == 1 else 'are'} below 0, which "
            f"{what} never is. "
            'In Python, MLPRegressor(loss="poisson") predicts amounts above 0',
        )

    n_outputs: ClassVar[int] = 1

    def pictures(self, answers: Answers, target: str) -> list[Picture]:
        caption = "What the network predicts against what is so, on the test rows; on the line they are the same."
        name = shortened(target, 2 * _LONGEST_NAME)
        return [
            Picture("predictions", caption, lambda: plot_predictions(answers.actual, answers.network, target_name=name))
        ]

    def output_names(self, target: str) -> list[str]:
        return [shortened(target, _LONGEST_NAME)]

    def columns(self, actual: NDArray[Any], answer: Answer) -> dict[str, list[str]]:
        """The amount, every digit of it, and the predicted amount."""
        return {
            "actual": [repr(amount).removesuffix(".0") for amount in actual.tolist()],
            "predicted": [f"{amount:.10g}" for amount in answer.tolist()],
        }


def _advice(scores: list[Scores], course: Course) -> str:
    """What to do where the network is not worth its effort, or could be better."""
    network, linear, mean, trained = scores
    best = min(linear, mean, key=lambda score: score.rmse)
    evidence = Evidence(course, network.rmse > best.rmse, network.rmse, trained.rmse)
    worse = (
        f"Its squared errors are larger than those of the {best.model} (RMSE {rounded(network.rmse)} against "
        f"{rounded(best.rmse)})"
    )
    return advice(evidence, worse if evidence.is_worse else "")
