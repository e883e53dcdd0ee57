"""Training: batches, stop rules, history, events, and the loop that joins them.  Arithmetic is the engines'."""

from multilayer.training.events import CompilationStarted, EpochEnded, Event, Listener, RunEnded, RunStarted
from multilayer.training.history import History
from multilayer.training.lbfgs import LbfgsRecipe, train_lbfgs
from multilayer.training.run import train
from multilayer.training.schedules import Schedule
from multilayer.training.starting import starting_parameters
from multilayer.training.state import Recipe, Run, new_run
from multilayer.training.stopping import StopRule, StopState
from multilayer.training.validation import Validation, restore_best

__all__ = [
    "CompilationStarted",
    "EpochEnded",
    "Event",
    "History",
    "LbfgsRecipe",
    "Listener",
    "Recipe",
    "Run",
    "RunEnded",
    "RunStarted",
    "Schedule",
    "StopRule",
    "StopState",
    "Validation",
    "new_run",
    "restore_best",
    "starting_parameters",
    "train",
    "train_lbfgs",
]
