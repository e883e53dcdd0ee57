"""A segment: a part of a run with constant parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from multilayer.fits.fit import Fit
from multilayer.playground.runs.setup import Setup
from multilayer.training import TrainingSession


@dataclass(frozen=True, eq=False)
class Segment:
    """A part of a run with constant parameters.

    Attributes
    ----------
    epoch, update : int
        Where it begins.
    changes : mapping
        The parameters that changed there.
    setup : Setup
        The setup with all changes so far.
    fit : Fit
        The fit that trains it.
    viewer : estimator
        An estimator that predicts with the parameters of the moment.
    """

    epoch: int
    update: int
    changes: Mapping[str, Any]
    setup: Setup
    fit: Fit
    viewer: Any

    @property
    def updates_per_epoch(self) -> int:
        """The number of updates of an epoch; 1 for L-BFGS."""
        session = self.fit.session
        return session.updates_per_epoch if isinstance(session, TrainingSession) else 1
