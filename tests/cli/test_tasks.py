"""Classification and regression: scores, targets and predictions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from multilayer.cli.evaluation.tasks import Classification, Regression
from multilayer.exceptions import InputError

from .conftest import write


def score_amounts(y, predicted):
    return Regression(1.0, 0.0, 1.0).score(y, predicted)


class TestClassScores:
    def test_regression_scores_match_a_calculation_by_hand(self):
        y = np.array(["a", "a", "a", "b"])
        p = np.array([[0.8, 0.2], [0.6, 0.4], [0.3, 0.7], [0.4, 0.6]], dtype=np.float32)
        score = Classification(np.array(["a", "b"])).score(y, p)
        assert score["accuracy"] == 3 / 4
        assert score["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
        assert score["log_loss"] == pytest.approx(-np.log([0.8, 0.6, 0.3, 0.6]).mean(), rel=1e-6)
        assert score["roc_auc"] == pytest.approx(2 / 3)

    def test_a_class_that_is_neither_present_nor_predicted_is_ignored(self):
        classes = np.array(["a", "b", "c"])
        score = Classification(classes).score(np.array(["a", "b"]), np.eye(3)[:2] * 0.8 + 0.2 / 3)
        assert score["balanced_accuracy"] == 1.0
        assert "roc_auc" not in score
        (table,) = Classification(classes).tables(np.array(["a", "b"]), np.eye(3)[:2])
        assert table.rows[2] == ("c", "-", "-", "-", "0")

    def test_many_classes_are_shortened(self):
        y = np.repeat(np.arange(40), np.arange(1, 41))
        (table,) = Classification(np.arange(40)).tables(y, np.eye(40)[y])
        assert len(table.rows) == 26
        assert table.rows[-1] == ("... 15 smaller classes", "", "", "", "120")

    def test_roc_auc_is_nan_where_the_second_class_is_missing(self):
        score = Classification(np.array(["a", "b"])).score(np.array(["a", "a"]), np.array([[0.8, 0.2], [0.4, 0.6]]))
        assert np.isnan(score["roc_auc"])
        assert score["balanced_accuracy"] == 0.5


class TestAmountScores:
    def test_regression_scores_match_a_calculation_by_hand(self):
        score = score_amounts(np.array([1.0, 2.0, 6.0]), np.array([2.0, 2.0, 4.0]))
        assert score["rmse"] == pytest.approx((5 / 3) ** 0.5)
        assert score["mae"] == pytest.approx(1.0)
        assert score["r2"] == pytest.approx(1 - 5 / 14)

    def test_regression_scores_equal_those_of_scikit_learn(self):
        y, predicted = np.random.RandomState(0).normal(size=(2, 50)) * 300 + 7
        score = score_amounts(y, predicted)
        assert score["r2"] == pytest.approx(r2_score(y, predicted))
        assert score["rmse"] == pytest.approx(mean_squared_error(y, predicted) ** 0.5)
        assert score["mae"] == pytest.approx(mean_absolute_error(y, predicted))

    @pytest.mark.parametrize("unit", [1e-200, 1.0, 1e200])
    def test_squares_neither_overflow_nor_underflow(self, unit):
        score = score_amounts(np.array([1.0, 2.0, 6.0]) * unit, np.array([2.0, 2.0, 4.0]) * unit)
        assert score["rmse"] == pytest.approx((5 / 3) ** 0.5 * unit, rel=1e-12, abs=0)
        assert score["r2"] == pytest.approx(1 - 5 / 14)

    @pytest.mark.parametrize("y", [[3.0], [3.0, 3.0]])
    def test_equal_targets_have_no_r2(self, y):
        score = score_amounts(np.array(y), np.array(y) + 1)
        assert np.isnan(score["r2"])
        assert score["rmse"] == score["mae"] == 1.0
        assert [metric.write(score[metric.name]) for metric in Regression.metrics] == ["-", "1", "1"]

    def test_perfect_predictions_have_the_best_scores(self):
        y = np.array([1.0, 2.0])
        assert score_amounts(y, y) == {"r2": 1.0, "rmse": 0.0, "mae": 0.0}


class TestRegression:
    @pytest.mark.parametrize("amounts", [[1e299, 3e299, -1e299], [1e-300, 3e-300, 0.0], [1e9 + 1, 1e9 + 2, 1e9]])
    def test_targets_of_any_size_are_standardised_and_restored(self, amounts):
        y = np.array(amounts)
        task = Regression.learn(y)
        targets = task.targets(y)
        assert targets.mean() == pytest.approx(0.0, abs=1e-6)
        assert targets.std() == pytest.approx(1.0, rel=1e-6)

        class Model:
            def predict(self, _):
                return targets.astype(np.float32)

        np.testing.assert_allclose(task.predict(Model(), np.zeros((3, 1))), y, rtol=1e-6, atol=1e-6 * np.ptp(y))
        np.testing.assert_allclose(task.baseline(y, 2), [np.mean(y / y.max()) * y.max()] * 2)

    def test_equal_training_targets_are_an_error(self):
        with pytest.raises(InputError, match=r"all 4 rows to train on have the target 2\.5: .* Try another --seed"):
            Regression.learn(np.full(4, 2.5))

    def test_columns_keep_every_digit_of_the_file(self):
        columns = Regression.learn(np.array([0.0, 1.0])).columns(
            np.array([0.1, 15.0, 1e-9, 1234567890.123]), np.zeros(4)
        )
        assert columns["actual"] == ["0.1", "15", "1e-09", "1234567890.123"]

    def test_baseline_of_a_fold_with_equal_training_targets_is_that_value(self):
        assert Regression.learn(np.array([1.0, 4.0])).baseline(np.array([4.0]), 2).tolist() == [4.0, 4.0]


class TestDoubts:
    def test_predictions_below_zero_are_noted_for_counts(self):
        task = Regression.learn(np.array([0.0, 1.0, 5.0]))
        predicted = np.array([-0.5, 1.0, 2.0, -0.1])
        (note,) = task.doubts(np.array([0.0, 1.0, 5.0]), predicted)
        assert note.startswith("2 of 4 predictions are below 0, which a target of counts never is.")
        assert 'MLPRegressor(loss="poisson")' in note
        assert "which the target never is" in task.doubts(np.array([0.5, 1.0]), predicted)[0]
        assert (
            task.doubts(np.array([-1.0, 1.0]), predicted) == task.doubts(np.array([0.0, 1.0]), -predicted[[0, 3]]) == []
        )

    def test_negative_counts_are_reported_by_the_command(self, run, tmp_path):
        lines = ["x,y", *(f"{i},{max(0, i - 60)}" for i in range(100))]
        path = write(tmp_path / "t.csv", lines)
        result = run("train", path, "--target", "y", "--hidden", "none", "--step-size", "0.05")
        assert "below 0, which a target of counts never is" in result.stderr
