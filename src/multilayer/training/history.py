"""What a run has seen so far, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class History:
    """Curves of one run; entry i belongs to epoch i + 1.

    ``costs`` holds the mean over the epoch's batches of the cost before each update, so that with one batch of all
    rows ``costs[i]`` is the cost before update i + 1.  Of an L-BFGS run it holds the cost after each iteration, and
    ``step_sizes`` holds NaN: its line search takes the place of a step size.  Where the step size changes within an
    epoch, that of the epoch's first update is kept.
    """

    costs: list[float] = field(default_factory=list)
    step_sizes: list[float] = field(default_factory=list)
    validation_costs: list[float] | None = None  # after each epoch that was validated, without regularisation
    validation_scores: list[float] | None = None  # beside them; higher is better
    seconds: float = 0.0  # spent in training, over all calls

    @property
    def n_epochs(self) -> int:
        return len(self.costs)
