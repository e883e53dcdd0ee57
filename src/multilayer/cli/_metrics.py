"""The scores of a task: what each is called, how it is written, which way is better; tables of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from multilayer.cli._tables import TextTable


class Scores(Protocol):
    """The scores of one model on some rows: a record with a field for each metric of a task."""

    @property
    def model(self) -> str: ...


@dataclass(frozen=True)
class Metric:
    """One field of such a record.

    Attributes
    ----------
    name : of the field
    heading : in tables and sentences
    greater_is_better : bool
    write : a score as text
    write_with_error : the mean of several, or a difference, which are known more exactly, and its uncertainty
    """

    name: str
    heading: str
    greater_is_better: bool
    write: Callable[[float], str]
    write_with_error: Callable[[float, float], str]

    def of(self, scores: Any) -> float:
        """This score among several."""
        return float(getattr(scores, self.name))

    def better(self, one: float, other: float) -> bool:
        """Whether one is better than the other."""
        return one > other if self.greater_is_better else one < other


def scores_table(title: str, scores: Sequence[Scores], metrics: Sequence[Metric]) -> TextTable:
    """One line a model."""
    rows = [(score.model, *(metric.write(metric.of(score)) for metric in metrics)) for score in scores]
    headings = ("model", *(metric.heading for metric in metrics))
    return TextTable(title, headings, tuple(rows), "l" + "r" * len(metrics))
