"""plot_search: the trials, the best, the simplest and the linear model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot as plt

from multilayer import MLPClassifier
from multilayer.exceptions import InputError, ParameterError
from multilayer.plots import plot_search
from multilayer.plots.search import _in_order
from multilayer.results import plus_minus
from multilayer.selection import Search, search

rng = np.random.RandomState(0)
X = rng.normal(size=(60, 3))
Y = (X[:, 0] + 0.5 * rng.normal(size=60) > 0).astype(int)
SPACE = {"hidden_layer_sizes": [(2,), (8,)], "learning_rate_init": [1e-3, 1e-2, 1e-1], "alpha": [0.0, 1.0]}


def found(**options: Any) -> Search:
    model = MLPClassifier(max_iter=9, n_iter_no_change=float("inf"), random_state=0)
    return search(model, SPACE, X, Y, cv=3, refit=False, **options)


def labels(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.fixture(autouse=True)
def _closed() -> Any:
    yield
    plt.close("all")


def test_each_trial_of_a_search_with_halving_is_a_line_over_its_rungs() -> None:
    result = found()
    ax = plot_search(result)
    courses = {tuple(line.get_ydata()) for line in ax.lines}
    for trial in result.trials:
        means = tuple(float(np.mean([scored.score for scored in folds])) for folds in trial.scores)
        assert means in courses
    assert ax.get_xlabel() == "epochs"
    assert ax.get_xscale() == "log"
    assert labels(ax)[0].startswith(f"best, {plus_minus(result.best.mean, result.best.standard_error)}")
    assert result.baseline is not None
    assert labels(ax)[2] == f"linear model, {result.baseline.mean:.4g}"
    assert ax.get_title(loc="left") == f"Search: {len(result.trials)} trials"
    assert ax.figure.get_supxlabel().replace("\n", " ") == result.conclusion
    assert ax.get_ylabel() == "accuracy, mean over 3 folds\n(higher is better)"


def test_each_trial_of_a_search_without_halving_is_a_point() -> None:
    result = found(halving=False, baseline=False)
    ax = plot_search(result)
    points = ax.lines[0]
    assert list(points.get_xdata()) == list(range(12))
    assert list(points.get_ydata()) == [trial.mean for trial in result.trials]
    assert not any(label.startswith("linear") for label in labels(ax))


def test_scores_are_drawn_against_a_parameter() -> None:
    result = found()
    ax = plot_search(result, parameter="learning_rate_init")
    assert ax.get_xscale() == "log"
    assert "ended on an earlier rung" in labels(ax)
    ax = plot_search(result, parameter="hidden_layer_sizes")
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["(2,)", "(8,)"]
    assert plot_search(result, parameter="alpha").get_xscale() == "linear"


@pytest.mark.parametrize(
    ("values", "order"),
    [
        ([(64, 64), (128,), (16,), (16, 32), (128,)], [(16,), (128,), (16, 32), (64, 64)]),
        (["sgd", "adam", "sgd"], ["sgd", "adam"]),
        ([(8,), "auto", (4,)], [(8,), "auto", (4,)]),
        ([8, (4,), [2], [2]], [8, (4,), [2]]),
    ],
)
def test_parameter_values_that_are_not_numbers_are_ordered(values, order) -> None:
    assert _in_order(values) == order


def test_unknown_parameters_and_objects_of_another_type_raise_errors() -> None:
    with pytest.raises(ParameterError, match="Did you mean 'alpha'"):
        plot_search(found(), parameter="alfa")
    with pytest.raises(InputError, match="expected a Search, got dict"):
        plot_search({})  # type: ignore[arg-type]


def with_means(*means: float, metric: str = "accuracy") -> Search:
    """A search without halving whose trials have these mean scores."""
    result = found(halving=False)
    trials = [
        replace(trial, scores=[[replace(scored, score=mean) for scored in trial.scores[-1]]])
        for trial, mean in zip(result.trials, means, strict=False)
    ]
    best = max(trials, key=lambda trial: trial.mean)
    return replace(result, trials=trials, best=best, simplest=best, metric=metric, baseline=None)


def test_scores_much_worse_than_the_others_are_arrows_at_the_end_of_the_axis() -> None:
    means = (0.9, 0.93, 0.95, 0.94, 0.92, 0.1, 0.3)
    ax = plot_search(with_means(*means))
    low, high = ax.get_ylim()
    assert 0.8 < low <= 0.9 < 0.95 < high
    assert labels(ax)[-1] == "2 below, lowest 0.1"
    assert list(ax.lines[-1].get_xdata()) == [5, 6]
    assert "below" not in " ".join(labels(plot_search(with_means(0.9, 0.93, 0.95))))


def test_errors_are_drawn_as_errors_and_lower_is_better() -> None:
    ax = plot_search(with_means(-0.5, -0.4, -0.45, -9.0, metric="neg_log_loss"))
    assert ax.get_ylabel() == "log_loss, mean over 3 folds\n(lower is better)"
    low, high = ax.get_ylim()
    assert low < 0.4 < 0.5 < high < 9.0
    assert labels(ax)[-1] == "1 above, highest 9"
    assert labels(ax)[-2].startswith("best, 0.4")
