"""The recommendation for the next run."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from multilayer.cli.evaluation.training import Course, advice, has_risen
from multilayer.cli.evaluation.trials import advice_on_trials


def advised(*, worse=False, loss=1.0, trained=1.0, risen=False, ran_out=True) -> str:
    return advice(Course(9, risen, ran_out), worse, loss, trained)


class TestAdvice:
    @pytest.mark.parametrize(
        ("known", "text"),
        [
            ({"risen": True, "worse": True}, ""),  # a note contains the advice
            (
                {"worse": True, "trained": 0.1},
                " Fewer --epochs, a larger --alpha or fewer --hidden units may help.",
            ),
            ({"worse": True}, " More --epochs or another --step-size may help."),
            (
                {"worse": True, "ran_out": False},
                " Another --step-size, a smaller --alpha or more --hidden units may help.",
            ),
            ({"trained": 0.1}, ""),  # still falling, but only for the training rows
            ({"ran_out": False}, ""),
        ],
    )
    def test_there_is_at_most_one_recommendation(self, known, text):
        assert advised(**known) == text

    def test_more_epochs_are_recommended_with_the_reason(self):
        assert advised().endswith("are about as good as for the training rows: more --epochs may help.")

    def test_a_single_epoch_does_not_show_whether_the_cost_falls(self, run, people):
        assert not has_risen(SimpleNamespace(loss_curve_=[0.7], loss_=0.7))
        assert has_risen(SimpleNamespace(loss_curve_=[0.7, 0.8], loss_=0.8))
        result = run("train", people, "--target", "buys", "--hidden", "8", "--epochs", "1")
        assert "has not fallen" not in result.stderr

    def test_recommendation_after_a_search(self):
        assert advice_on_trials([-0.5, -0.4]) == "More --trials or --epochs may find a better one."
        assert advice_on_trials([-0.4, -0.5]) == advice_on_trials([-0.4]) == "More --trials may find a better one."
