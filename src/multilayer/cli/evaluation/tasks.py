"""What differs between classification and regression: models, metrics, and the way their predictions are written.

The values of the metrics are scikit-learn's.  The *predictions* of a model are probabilities (m, K) of the classes, or
amounts (m,) in the units of the target.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge

from multilayer import MLPClassifier, MLPRegressor, TableClassifier, TableRegressor
from multilayer.cli.text import count, number, rounded, shortened, text_table
from multilayer.exceptions import InputError
from multilayer.results import Table
from multilayer.tables import TargetInfo

Predictions = NDArray[Any]

LONGEST_NAME = 24
TREES_NAME = "gradient-boosted trees"
_LONGEST_LABEL = 30  # in the table of classes
_MOST_CLASSES_IN_TABLE = 25
_MOST_PROBABILITIES = 20  # in a line of predictions.csv
_LARGEST = 1e300  # amount: sums of amounts, and the margins of a picture of them, must be finite too
_LEAST_PROBABILITY = 1e-15  # whose logarithm is finite
_ITERATIONS = 1000  # of logistic regression: enough for standardised columns


@dataclass(frozen=True)
class Metric:
    """A score of a task; ``in_units`` for errors in the units of the target, which may be of any size."""

    name: str
    heading: str
    greater_is_better: bool
    in_units: bool = False

    def is_better(self, one: float, other: float) -> bool:
        return one > other if self.greater_is_better else one < other

    def write(self, score: float, error: float | None = None) -> str:
        """A score, or a mean or a difference of scores with its standard error."""
        return rounded(score, error) if self.in_units else number(score, error)


ACCURACY = Metric("accuracy", "accuracy", True)
BALANCED_ACCURACY = Metric("balanced_accuracy", "balanced accuracy", True)
LOG_LOSS = Metric("log_loss", "log-loss", False)
ROC_AUC = Metric("roc_auc", "ROC AUC", True)
R2 = Metric("r2", "R2", True)
RMSE = Metric("rmse", "RMSE", False, in_units=True)
MAE = Metric("mae", "MAE", False, in_units=True)


@dataclass(frozen=True)
class Classification:
    """Classification into sorted classes (K,)."""

    classes: NDArray[Any]

    linear_name: ClassVar[str] = "logistic regression"
    baseline_name: ClassVar[str] = "majority class"
    estimator: ClassVar[type[MLPClassifier]] = MLPClassifier
    table_model: ClassVar[type[TableClassifier]] = TableClassifier
    default_epochs: ClassVar[int] = 30
    decisive: ClassVar[Metric] = LOG_LOSS  # by which models are compared
    scoring: ClassVar[str] = "neg_log_loss"  # scikit-learn's name of that
    fold_arguments: ClassVar[dict[str, Any]] = {}  # of the estimator, where each fold takes targets as they are
    told: ClassVar[Metric] = ACCURACY  # in the sentence
    sentence: ClassVar[str] = (
        "The {model} is right on {0} of {rows}, {others}, and always predicting the most frequent class on {1}."
    )
    sentence_of_other: ClassVar[str] = "{0} on {1}"

    @classmethod
    def learn(cls, y: NDArray[Any]) -> Classification:
        return cls(np.unique(y))

    @staticmethod
    def check(info: TargetInfo) -> None:
        """Any classes can be used."""

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return (ACCURACY, BALANCED_ACCURACY, LOG_LOSS, *[ROC_AUC] * (len(self.classes) == 2))

    @property
    def n_outputs(self) -> int:
        return 1 if len(self.classes) == 2 else len(self.classes)

    def linear_model(self) -> LogisticRegression:
        return LogisticRegression(max_iter=_ITERATIONS)

    def trees(self, seed: int) -> HistGradientBoostingClassifier:
        return HistGradientBoostingClassifier(random_state=seed)

    def targets(self, y: NDArray[Any]) -> NDArray[Any]:
        """The targets of ``fit``."""
        return y

    def actual(self, targets: NDArray[Any]) -> NDArray[Any]:
        """The labels of which these are the :meth:`targets`."""
        return targets

    def predict(self, model: Any, X: Any) -> Predictions:
        """Probabilities of all classes; 0 for one that the model was not trained on."""
        probabilities = model.predict_proba(X)
        spread = np.zeros((len(probabilities), len(self.classes)), dtype=probabilities.dtype)
        spread[:, np.searchsorted(self.classes, model.classes_)] = probabilities
        return spread

    def baseline(self, y_train: NDArray[Any], n_rows: int) -> Predictions:
        """The shares of the classes among the training rows."""
        sizes = np.bincount(np.searchsorted(self.classes, y_train), minlength=len(self.classes))
        return np.tile(sizes / len(y_train), (n_rows, 1))

    def score(self, actual: NDArray[Any], probabilities: Predictions) -> dict[str, float]:
        """The value of each metric; NaN where it is not defined.  ROC AUC is of the second of two classes."""
        predicted, present = self.labels(probabilities), np.unique(actual)
        # float32 probabilities sum to 1 within 1e-7 only, at which scikit-learn warns.
        exact = probabilities.astype(np.float64)
        exact /= exact.sum(axis=1, keepdims=True)
        scores = {
            ACCURACY.name: metrics.accuracy_score(actual, predicted),
            # The balanced accuracy, without scikit-learn's warning of a predicted class that is not present.
            BALANCED_ACCURACY.name: metrics.recall_score(actual, predicted, labels=present, average="macro"),
            LOG_LOSS.name: metrics.log_loss(actual, exact, labels=self.classes),
        }
        if len(self.classes) == 2:
            second = actual == self.classes[1]
            scores[ROC_AUC.name] = metrics.roc_auc_score(second, exact[:, 1]) if len(present) == 2 else math.nan
        return {name: float(score) for name, score in scores.items()}

    def losses(self, actual: NDArray[Any], probabilities: Predictions) -> NDArray[np.float64]:
        """The log-loss of each row."""
        at = np.searchsorted(self.classes, actual)
        return -np.log(np.maximum(probabilities[np.arange(len(actual)), at].astype(np.float64), _LEAST_PROBABILITY))

    def in_words(self, score: float) -> str:
        return f"{score:.1%}"

    def labels(self, probabilities: Predictions) -> NDArray[Any]:
        """The most probable class of each row."""
        return np.asarray(self.classes[probabilities.argmax(axis=1)])

    def tables(self, actual: NDArray[Any], probabilities: Predictions) -> list[Table]:
        """Precision, recall and F1 of each class; of many classes, the largest."""
        # NaN, shown as a dash: a class that was never predicted has no precision.
        *scores, support = metrics.precision_recall_fscore_support(
            actual, self.labels(probabilities), labels=self.classes, zero_division=np.nan
        )
        largest = np.sort(np.argsort(-support, kind="stable")[:_MOST_CLASSES_IN_TABLE])
        rows = []
        for i in largest:
            label = shortened(str(self.classes[i]), _LONGEST_LABEL)
            rows.append((label, *(number(score[i]) for score in scores), f"{support[i]:,}"))
        if len(largest) < len(self.classes):
            rest = count(len(self.classes) - len(largest), "smaller class", "smaller classes")
            rows.append((f"... {rest}", "", "", "", f"{support.sum() - support[largest].sum():,}"))
        return [text_table("Each class", ("class", "precision", "recall", "F1", "rows"), rows, "lrrrr")]

    def output_names(self, target: str) -> list[str]:  # noqa: ARG002
        return [shortened(str(label), LONGEST_NAME) for label in self.classes]

    def columns(self, actual: NDArray[Any], probabilities: Predictions) -> dict[str, list[str]]:
        """The columns of ``predictions.csv``; of many classes the largest probability."""
        names = [f"p({label})" for label in self.classes]
        columns = {"actual": [*map(str, actual)], "predicted": [*map(str, self.labels(probabilities))]}
        if len(names) > _MOST_PROBABILITIES:
            names, probabilities = ["p"], probabilities.max(axis=1, keepdims=True)
        return columns | {
            name: [f"{p:.6g}" for p in column] for name, column in zip(names, probabilities.T.tolist(), strict=True)
        }

    def doubts(self, y: NDArray[Any], probabilities: Predictions) -> list[str]:  # noqa: ARG002
        """Notes on predictions that cannot be right."""
        return []


@dataclass(frozen=True)
class Regression:
    """Regression; the mean and the deviation of the known targets are in multiples of ``unit``.

    Networks and step sizes are made for targets near 1 in size, so that models are trained on
    ``(y / unit - mean) / deviation``.  The unit, the largest amount, keeps squares of huge amounts finite.
    """

    unit: float
    mean: float
    deviation: float

    linear_name: ClassVar[str] = "linear regression"
    baseline_name: ClassVar[str] = "mean"
    estimator: ClassVar[type[MLPRegressor]] = MLPRegressor
    table_model: ClassVar[type[TableRegressor]] = TableRegressor
    default_epochs: ClassVar[int] = 100
    decisive: ClassVar[Metric] = RMSE
    scoring: ClassVar[str] = "neg_root_mean_squared_error"
    fold_arguments: ClassVar[dict[str, Any]] = {"standardize_targets": True}
    told: ClassVar[Metric] = MAE
    sentence: ClassVar[str] = (
        "The {model} is off by {0} on average over {rows}, {others}, and always predicting the mean by {1}."
    )
    sentence_of_other: ClassVar[str] = "{0} by {1}"
    metrics: ClassVar[tuple[Metric, ...]] = (R2, RMSE, MAE)
    n_outputs: ClassVar[int] = 1

    @classmethod
    def learn(cls, y: NDArray[Any]) -> Regression:
        if y.min() == y.max():
            raise InputError(
                f"all {count(len(y), 'row')} to train on have the target {y[0]:g}: there is nothing to learn from "
                "them. Try another --seed, or a smaller --test-fraction."
            )
        unit = float(np.abs(y).max())
        multiples = y / unit
        return cls(unit, float(multiples.mean()), float(multiples.std()))

    @staticmethod
    def check(info: TargetInfo) -> None:
        """Raise InputError for amounts that are too large."""
        most = float(np.abs(info.y).max())
        if most > _LARGEST:
            raise InputError(
                f"the target reaches {most:g}: amounts beyond {_LARGEST:g} are too large. Divide the column by a "
                "constant."
            )

    def linear_model(self) -> Ridge:
        # A little regularisation, because each category has a column of its own, which are linearly dependent.
        return Ridge()

    def trees(self, seed: int) -> HistGradientBoostingRegressor:
        return HistGradientBoostingRegressor(random_state=seed)

    def targets(self, y: NDArray[Any]) -> NDArray[Any]:
        return np.asarray((y / self.unit - self.mean) / self.deviation)

    def actual(self, targets: NDArray[Any]) -> NDArray[Any]:
        # float32 would lose the differences of large amounts, such as years in seconds.
        return np.asarray((self.mean + self.deviation * targets.astype(np.float64)) * self.unit)

    def predict(self, model: Any, X: Any) -> Predictions:
        predicted = np.asarray(model.predict(X))
        return predicted if isinstance(model, TableRegressor) else self.actual(predicted)

    def baseline(self, y_train: NDArray[Any], n_rows: int) -> Predictions:
        return np.full(n_rows, float((y_train / self.unit).mean()) * self.unit)

    def score(self, actual: NDArray[Any], predicted: Predictions) -> dict[str, float]:
        """The value of each metric; R2 is NaN for a single row, and for amounts that are all equal."""
        # In multiples of the largest amount, since squares of amounts may overflow or vanish.
        unit = float(max(np.abs(actual).max(), np.abs(predicted).max())) or 1.0
        y, answers = actual / unit, predicted / unit
        has_r2 = actual.min() != actual.max() and y.std() > 0
        return {
            R2.name: float(metrics.r2_score(y, answers)) if has_r2 else math.nan,
            RMSE.name: float(metrics.root_mean_squared_error(y, answers)) * unit,
            MAE.name: float(metrics.mean_absolute_error(y, answers)) * unit,
        }

    def losses(self, actual: NDArray[Any], predicted: Predictions) -> NDArray[np.float64]:
        """The squared error of each row, in squares of the unit."""
        return np.asarray(((predicted - actual) / self.unit) ** 2, dtype=np.float64)

    def in_words(self, score: float) -> str:
        return rounded(score)

    def tables(self, actual: NDArray[Any], predicted: Predictions) -> list[Table]:  # noqa: ARG002
        return []

    def output_names(self, target: str) -> list[str]:
        return [shortened(target, LONGEST_NAME)]

    def columns(self, actual: NDArray[Any], predicted: Predictions) -> dict[str, list[str]]:
        """The columns of ``predictions.csv``, with all digits of the actual amounts."""
        return {
            "actual": [repr(amount).removesuffix(".0") for amount in actual.tolist()],
            "predicted": [f"{amount:.10g}" for amount in predicted.tolist()],
        }

    def doubts(self, y: NDArray[Any], predicted: Predictions) -> list[str]:
        n_below = int(np.sum(predicted < 0))
        if not n_below or y.min() < 0:
            return []
        what = "a target of counts" if (y == np.trunc(y)).all() else "the target"
        return [
            f"{n_below:,} of {count(len(predicted), 'prediction')} {'is' if n_below == 1 else 'are'} below 0, which "
            f'{what} never is. In Python, MLPRegressor(loss="poisson") predicts amounts above 0'
        ]


Task = Classification | Regression
TASKS: dict[str, type[Classification] | type[Regression]] = {"classification": Classification, "regression": Regression}
