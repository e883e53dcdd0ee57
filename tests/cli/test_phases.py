"""The bar of a training that reads its table block by block."""

from __future__ import annotations

import copy

import pytest
from rich.progress import Progress

from multilayer.cli.phases import PhaseWatch
from multilayer.tables.models import PhaseProgress


def test_a_bar_moves_through_the_phases() -> None:
    progress = Progress()
    watch = PhaseWatch(progress)
    (task,) = progress.tasks
    watch(PhaseProgress("reading", "", 500, None, 1.0))
    assert (task.description, task.total, task.fields["text"]) == ("reading", None, "500 rows")
    watch(PhaseProgress("encoding", "", 1_000, 0.5, 1.0))
    assert (task.description, task.total, task.completed) == ("encoding", 1.0, 0.5)
    watch(PhaseProgress("training", "waves", 3_000, 0.25, 2.0))
    assert (task.description, task.completed, task.fields["text"]) == ("training waves", 0.25, "3,000 rows")


def test_rows_and_seconds_of_networks_add_up() -> None:
    watch = PhaseWatch(None)
    for event in (
        PhaseProgress("reading", "", 500, None, 9.0),
        PhaseProgress("training", "waves", 1_000, 0.5, 1.0),
        PhaseProgress("training", "waves", 2_000, 1.0, 2.0),
        PhaseProgress("training", "pieces", 4_000, 1.0, 1.0),
        object(),
    ):
        watch(event)
    assert watch.trained == {"waves": 2_000, "pieces": 4_000}
    assert watch.rows_per_second == pytest.approx(2_000)


def test_copies_share_the_bar() -> None:
    watch = PhaseWatch(None)
    assert copy.deepcopy(watch) is watch
