"""Limits of time and memory of the commands."""

from __future__ import annotations

import click
import pytest

from multilayer.cli import limits
from multilayer.cli.limits import Deadline, limited_model

from .conftest import SMALL


class TestMemory:
    def test_memory_estimate_matches_a_calculation_by_hand(self):
        assert limits.n_weights([3, 4, 2]) == 4 * 4 + 5 * 2
        # 26 weights with their gradient and two moments, and 6 units with four numbers for 32 rows, of 4 bytes each.
        assert limits.bytes_to_train([3, 4, 2]) == 4 * (4 * 26 + 6 * 4 * 32)

    def test_memory_of_the_network_is_checked_before_training(self, run, people, monkeypatch):
        monkeypatch.setattr(limits, "memory", lambda: 40_000)
        assert limits.check_hidden_layers([64]) is None
        for command, text in (("train", "a network with 513 weights would need"), ("cv", "networks at a time, each")):
            result = run(command, people, "--target", "buys", "--hidden", "64", *["--jobs", "2"] * (command == "cv"))
            assert (result.exit_code, "Trained" in result.stdout) == (2, False)
            assert text in result.stderr

    def test_many_layers_are_shortened_in_the_output(self, run, people):
        result = run("train", people, "--target", "buys", "--hidden", ",".join(["2"] * 10), "--epochs", "1")
        assert "Trained a network of 6 - 2 - ... - 1 units in 12 layers" in result.stdout


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class TestDeadline:
    def test_parts_share_the_remaining_time(self):
        clock = Clock()
        deadline = Deadline(2.0, clock)
        assert deadline.seconds_for(0.5, "") == 60.0
        clock.now += 100.0
        assert deadline.seconds_for(0.5, "") == pytest.approx(10.0)
        clock.now += 100.0
        assert deadline.is_over
        with pytest.raises(click.ClickException, match="was over before the network was trained, with --minutes 2"):
            deadline.seconds_for(0.5, "the network was trained")
        assert Deadline(None, clock).seconds_for(0.5, "") is None

    def test_linear_model_gets_the_iterations_of_its_share(self):
        from sklearn.linear_model import LogisticRegression, Ridge

        clock = Clock()

        def fit(model):
            clock.now += 0.5 * model.max_iter

        # A trial of 3 iterations takes 1.5 s; a quarter of 60 s is 15 s for four fits with 0.5 s per iteration.
        assert limited_model(LogisticRegression(max_iter=1000), "it", fit, Deadline(1.0, clock), 4.0).max_iter == 7
        assert limited_model(LogisticRegression(max_iter=5), "it", fit, Deadline(10.0, clock)).max_iter == 5
        assert limited_model(LogisticRegression(max_iter=1000), "it", fit, Deadline(None, clock)).max_iter == 1000
        assert limited_model(Ridge(), "it", fit, Deadline(1.0, clock)).max_iter is None

    @pytest.mark.parametrize("command", ["train", "cv", "search"])
    def test_commands_end_in_time_with_partial_results(self, run, people, command):
        out = people.parent / "out"
        endless = ["--epochs", "2000000"]
        endless += (
            ["--trials", "2", "--folds", "2"] if command == "search" else ["--hidden", "8", "--step-size", "1e-9"]
        )
        result = run(command, people, "--target", "buys", "--minutes", "0.02", "--out", out, *endless)
        if result.exit_code == 1:  # a machine so slow that no result was possible
            assert "Increase --minutes." in result.stderr
        else:
            assert result.exit_code == 0
            # Without a note about the time, the stop rule has ended the training before.
            assert "the time" in result.stderr or "for 2,000,000 epochs" not in result.stdout
            assert (out / "report.html").exists()

    def test_plots_are_left_out_when_the_time_is_over(self, run, people, monkeypatch):
        monkeypatch.setattr(Deadline, "is_over", True)
        out = people.parent / "out"
        result = run("train", people, *SMALL, "--out", out)
        assert result.exit_code == 0
        assert "note: the report is without 4 pictures: the time was over\n" in result.stderr
        assert {path.name for path in out.iterdir()} == {
            "model.safetensors",
            "settings.toml",
            "predictions.csv",
            "calibration.png",
            "report.html",
        }
