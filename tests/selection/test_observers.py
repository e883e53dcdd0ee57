"""Callbacks of functions that train many networks: the events they receive, and the callbacks that raise errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from multilayer import MLPClassifier
from multilayer.callbacks import Callback, CSVLog
from multilayer.exceptions import ParameterError
from multilayer.selection import MemberEnded, TrialScored, cross_validate, search

X, y = [[i / 10, -i / 10] for i in range(20)], [0, 1] * 10
MODEL = MLPClassifier((2,), max_iter=2, n_iter_no_change=None, random_state=0)


class Ends(Callback):
    def __init__(self) -> None:
        self.events: list[Any] = []

    def on_member_end(self, event: MemberEnded) -> None:
        self.events.append(event)

    def on_trial_end(self, event: TrialScored) -> None:
        self.events.append(event)


def test_each_callback_receives_the_end_of_each_fold() -> None:
    ends, events = Ends(), list[MemberEnded]()
    cross_validate(MODEL, X, y, cv=4, callbacks=[ends, events.append])
    assert [event.n_done for event in events] == [1, 2, 3, 4]
    assert ends.events == events


def test_each_callback_receives_the_scores_of_trials() -> None:
    ends, events = Ends(), list[TrialScored]()
    search(MODEL, {"alpha": [0.0, 1.0]}, X, y, cv=2, halving=False, callbacks=[ends, events.append])
    assert sorted(event.trial.number for event in events) == [-1, 0, 1]
    assert ends.events == events


@pytest.mark.parametrize(
    "function", [cross_validate, lambda *data, **options: search(MODEL, {"alpha": [0.0]}, *data[1:], **options)]
)
def test_a_callback_for_a_single_fit_raises_an_error(function: Any, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"has no on_(member|trial)_end\. Pass it to the network"):
        function(MODEL, X, y, callbacks=[CSVLog(tmp_path / "log.csv")])


def test_a_journal_requires_a_seed_where_random_numbers_are_drawn(tmp_path: Path) -> None:
    options: dict[str, Any] = {"cv": 2, "halving": False, "baseline": False, "journal": tmp_path / "journal"}
    unseeded = MLPClassifier((2,), max_iter=2, n_iter_no_change=None)
    with pytest.raises(ParameterError, match="with a journal the search needs a random_state"):
        search(unseeded, {"alpha": [0.0]}, X, y, **options)
    with pytest.raises(ParameterError, match="with a journal the search needs a random_state"):
        search(MODEL, {"alpha": [0.0, 1.0]}, X, y, sampler="random", n_trials=1, **options)
    assert len(search(MODEL, {"alpha": [0.0]}, X, y, **options).trials) == 1
