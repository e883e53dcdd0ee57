"""The events of the phases of a fit on a dataset."""

from __future__ import annotations

from multilayer.tables.models.streamed.progress import PhaseProgress, PhaseReporter


def test_rows_add_up_to_a_share() -> None:
    events: list[PhaseProgress] = []
    reporter = PhaseReporter([events.append], "encoding", 40)
    for n_rows in (10, 20, 20):
        reporter.add(n_rows)
    assert [event.n_rows for event in events] == [10, 30, 50]
    assert [event.share for event in events] == [0.25, 0.75, 1.0]
    assert 0 <= events[0].seconds <= events[-1].seconds


def test_the_share_of_a_pass_of_unknown_length_is_unknown() -> None:
    events: list[PhaseProgress] = []
    PhaseReporter([events.append], "reading").add(10)
    assert events[0].share is None
