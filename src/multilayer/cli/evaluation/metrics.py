"""The scores of both tasks: how each is written, and which direction is better.  Their values are scikit-learn's."""

from __future__ import annotations

from dataclasses import dataclass

from multilayer.cli.text import number, rounded


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
        """A score, or a mean or a difference of scores with its standard error and one digit more."""
        return rounded(score, error) if self.in_units else number(score, error)


ACCURACY = Metric("accuracy", "accuracy", True)
BALANCED_ACCURACY = Metric("balanced_accuracy", "balanced accuracy", True)
LOG_LOSS = Metric("log_loss", "log-loss", False)
ROC_AUC = Metric("roc_auc", "ROC AUC", True)
R2 = Metric("r2", "R2", True)
RMSE = Metric("rmse", "RMSE", False, in_units=True)
MAE = Metric("mae", "MAE", False, in_units=True)
