"""Signals while a server runs."""

from __future__ import annotations

import signal

import pytest

from multilayer.web import ended_by_signals


def test_signals_have_no_effect_within_the_block_only():
    before = signal.getsignal(signal.SIGINT)
    with ended_by_signals():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
