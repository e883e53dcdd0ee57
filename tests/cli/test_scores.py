"""The scores of several models over folds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from multilayer.cli.evaluation.scores import Comparison, ModelScores, compare, out_of_fold, spread, verdict
from multilayer.cli.evaluation.splits import Splits
from multilayer.cli.evaluation.tasks import RMSE


class TestScores:
    @pytest.mark.parametrize("unit", [1.0, 1e200, 1e-200])
    def test_spread_gives_mean_and_standard_error(self, unit):
        mean, error = spread([1.0 * unit, 2.0 * unit, 6.0 * unit, math.nan])
        assert mean == pytest.approx(3 * unit, rel=1e-12, abs=0)
        assert error == pytest.approx(math.sqrt(7 / 3) * unit, rel=1e-12, abs=0)

    def test_spread_of_one_and_of_no_value_is_nan(self):
        assert math.isnan(spread([2.0])[1])
        assert math.isnan(spread([math.nan])[0])

    def test_only_folds_that_both_models_have_are_compared(self):
        rows = (np.arange(8), np.arange(2))
        folds = Splits([rows] * 4, 0, n_folds=4)

        def model(name, rmse):
            return ModelScores(name, {}, {fold: {"rmse": error} for fold, error in rmse.items()})

        found = compare(model("a", {0: 1, 1: 2, 2: 3}), model("b", {0: 3, 1: 2, 2: 4, 3: 9}), RMSE, folds)
        assert found.difference == -1.0  # the mean of -2, 0 and -1
        assert found.error == pytest.approx(math.sqrt((1 / 3 + 2 / 8) * 1.0))
        assert (found.n_better, found.n_folds) == (2, 3)
        assert not found.is_beyond_chance

    @pytest.mark.parametrize(
        ("mean", "error", "n", "text"),
        [
            (
                -3.0,
                1.0,
                5,
                "its RMSE is 3.0 ± 1.0 lower than that of it, and better in 4 of 5 folds: the network is better by",
            ),
            (3.0, 1.0, 5, "higher than that of it, and better in 4 of 5 folds: the network is worse by more than"),
            (-1.0, 1.0, 5, "neither of the two is shown to be better."),
            (-1.0, math.nan, 1, "In the only fold that was completed its RMSE is 1 lower, which proves nothing."),
        ],
    )
    def test_verdict_states_the_comparison(self, mean, error, n, text):
        assert text in verdict(Comparison(RMSE, mean, error, 4, n), "it")

    def test_predictions_of_several_repeats_are_averaged(self):
        splits = ((np.array([1, 2]), np.array([0])), (np.array([0, 1]), np.array([2, 0])))
        folds = Splits(splits, 0, n_folds=2)
        rows, answer = out_of_fold(ModelScores("m", {0: np.array([1.0]), 1: np.array([5.0, 2.0])}, {}), folds, 3)
        assert rows.tolist() == [0, 2]
        assert answer.tolist() == [1.5, 5.0]
