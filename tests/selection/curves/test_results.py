"""Every result has a conclusion, a table and a frame, whatever was measured or is missing."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from rich.console import Console

from multilayer.selection import CapacityCurve, LearningCurve, RegularizationPath

from .results import learning, path, scores, spread

NUMBERS = st.floats(-1e9, 1e9) | st.sampled_from([math.nan, math.inf, -math.inf, 0.5, 0.5000001])


def tables(draw: Callable[..., Any], n: int, folds: int, many: int) -> list[np.ndarray]:
    return [draw(arrays(np.float64, (n, folds), elements=NUMBERS)) for _ in range(many)]


@st.composite
def learning_curves(draw: Any) -> LearningCurve:
    n, folds = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    sizes = np.cumsum(draw(st.lists(st.integers(1, 1000), min_size=n, max_size=n)))
    return LearningCurve(sizes, *tables(draw, n, folds, 3), "accuracy")


@st.composite
def capacity_curves(draw: Any) -> CapacityCurve:
    n, folds = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    capacities = tuple(draw(st.lists(st.lists(st.integers(1, 99), max_size=3).map(tuple), min_size=n, max_size=n)))
    weights = draw(arrays(np.float64, n, elements=st.floats(1, 1e6) | st.just(math.nan)))
    costs = st.integers(0, 5).flatmap(lambda epochs: arrays(np.float64, (folds, epochs), elements=NUMBERS))
    curves = [tuple(draw(costs) for _ in range(n)) for _ in range(2)]
    return CapacityCurve(capacities, weights, *tables(draw, n, folds, 5), *curves, "accuracy", draw(st.booleans()))


@st.composite
def paths(draw: Any) -> RegularizationPath:
    n, folds = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    alphas = np.cumsum(draw(st.lists(st.floats(1e-3, 10), min_size=n, max_size=n)))
    norms = draw(arrays(np.float64, (n, folds, draw(st.integers(1, 3))), elements=NUMBERS))
    return RegularizationPath(alphas, *tables(draw, n, folds, 5), norms, "accuracy")


SPREADS = arrays(np.float64, array_shapes(min_dims=3, max_dims=3, max_side=4), elements=NUMBERS).map(spread)


@given(st.one_of(learning_curves(), capacity_curves(), paths(), SPREADS))
def test_every_result_has_a_conclusion_a_table_and_a_frame(result: Any) -> None:
    assert result.conclusion.endswith(".")
    assert "nan" not in result.conclusion
    assert result.conclusion[:20] in str(result)
    assert result.conclusion in repr(result)
    console = Console(width=200, file=io.StringIO())
    console.print(result)
    assert result.conclusion[:20] in console.file.getvalue()  # type: ignore[attr-defined]
    n_trainings = (result.scores if hasattr(result, "scores") else result.test_scores).size
    assert len(result.to_frame()) == n_trainings


@given(st.permutations(range(4)), st.integers(0, 2**16))
def test_order_of_the_folds_does_not_change_the_conclusion(order: list[int], seed: int) -> None:
    measured = np.random.RandomState(seed).randint(32, 64, (3, 4)) / 64  # their sums are exact
    for make in (learning, path):
        assert make(measured).conclusion == make(measured[:, order]).conclusion


def test_markup_in_metric_names_is_printed_literally() -> None:
    result = LearningCurve(np.array([1]), scores([1.0]), scores([1.0]), scores([1.0]), "my [bold]metric[/bold]")
    console = Console(width=200, file=io.StringIO())
    console.print(result)
    assert "[bold]" in console.file.getvalue()  # type: ignore[attr-defined]
