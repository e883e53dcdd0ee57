"""The reasons in the reports of table models, and the pictures of folds and of the worst rows."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import pyplot as plt

from multilayer.cli.evaluation.reasons import importance_of
from multilayer.cli.evaluation.tasks import Classification, Regression
from multilayer.cli.output.pictures import fold_pictures, worst_rows
from multilayer.cli.text import rounded
from multilayer.plots import plot_predictions
from multilayer.tables.models import Importance


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


class Model:
    """A table model whose importances depend on the number of the rows."""

    def __init__(self, values, n_predicted):
        self.values, self.calls = np.array(values), []
        self.oof_prediction_ = np.where(np.arange(20) < n_predicted, 1.0, np.nan)

    def importance(self, X, y, **options):
        self.calls.append((len(X), len(y), options))
        errors = np.array([0.3, 0.4])
        dropped = ("b",) if self.values[1] == 0 else ()
        return Importance(("a", "b"), self.values, errors, "RMSE", 2.0, len(y), 5, options["out_of_fold"], dropped)


def run_of(splits):
    rows = SimpleNamespace(take=lambda numbers: numbers)
    return SimpleNamespace(
        deadline=SimpleNamespace(is_over=False),
        output=SimpleNamespace(was_interrupted=False, is_live=False, noting_warnings=lambda *_: plt.ioff()),
        splits=SimpleNamespace(rows=splits, is_single=len(splits) == 1),
        problem=SimpleNamespace(info=SimpleNamespace(task="regression")),
        features=rows,
        y=np.arange(20.0),
    )


def test_importance_of_several_folds_is_the_mean_with_the_error_over_all_rows():
    splits = [(np.arange(10), np.arange(10, 20)), (np.arange(10, 20), np.arange(4))]
    models = [Model([1.0, 0.0], 10), Model([3.0, 0.5], 10)]
    found = importance_of(run_of(splits), SimpleNamespace(models=dict(enumerate(models))), 0)
    np.testing.assert_allclose(found.values, [2.0, 0.25])
    np.testing.assert_allclose(found.errors, np.array([0.3, 0.4]) / np.sqrt(2))
    assert (found.n_rows, found.dropped) == (14, ())
    assert [call[2]["max_rows"] for model in models for call in model.calls] == [1000, 1000]


@pytest.mark.parametrize(("n_predicted", "is_out_of_fold"), [(15, True), (3, False)])
def test_importance_of_a_split_is_that_of_more_rows(n_predicted, is_out_of_fold):
    model = Model([1.0, 0.0], n_predicted)
    found = importance_of(run_of([(np.arange(15), np.arange(15, 20))]), SimpleNamespace(models={0: model}), 0)
    assert found.out_of_fold == is_out_of_fold
    assert found.n_rows == (15 if is_out_of_fold else 5)


def test_no_importance_is_computed_after_the_end_of_the_time():
    run = run_of([(np.arange(15), np.arange(15, 20))])
    run.deadline.is_over = True
    assert importance_of(run, SimpleNamespace(models={}), 0) is None


def test_losses_are_those_of_each_row():
    task = Classification(np.array(["a", "b"]))
    losses = task.losses(np.array(["b", "a"]), np.array([[0.25, 0.75], [0.0, 1.0]]))
    np.testing.assert_allclose(losses, [-np.log(0.75), -np.log(1e-15)])
    np.testing.assert_allclose(Regression(10.0, 0.0, 1.0).losses(np.array([1.0]), np.array([21.0])), [4.0])


def test_the_worst_rows_are_numbered_and_named():
    actual = np.arange(20.0)
    predicted = actual + np.where(np.arange(20) == 3, 9.0, np.where(np.arange(20) == 7, -5.0, 0.01))
    ax = worst_rows(plot_predictions(actual, predicted), actual, predicted, [f"n{i}" for i in range(20)], rounded)
    numbers = {text.get_text(): text.xy for text in ax.texts if hasattr(text, "xy")}
    assert numbers["1"] == (3.0, 12.0)
    assert numbers["2"] == (7.0, 2.0)
    (listed,) = [text.get_text() for text in ax.texts if not hasattr(text, "xy")]
    assert listed.splitlines()[:3] == ["largest errors", "1  n3: +9", "2  n7: -5"]


def test_the_scores_of_folds_are_drawn_beside_each_other_with_their_means():
    models = {"network": {0: 1.0, 1: 3.0}, "trees": {0: 2.0, 1: float("nan")}}
    (picture,) = fold_pictures(models, "RMSE", ["1", "2", "3"])
    ax = picture.draw()
    assert [line.get_ydata()[0] for line in ax.lines if line.get_linestyle() != "None"] == [2.0, 2.0]
    points = [line.get_ydata().tolist() for line in ax.lines if line.get_linestyle() == "None"]
    assert points == [[1.0, 3.0], [2.0]]
    band = ax.patches[0]
    assert (band.get_y(), band.get_height()) == pytest.approx((1.0, 2.0))  # a standard error of 1
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2", "3"]
