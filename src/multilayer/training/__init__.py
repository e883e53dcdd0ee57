"""Training: batches, stop rules, history, events, and the loop that joins them.  Arithmetic is the engines'."""

from multilayer.training.events import CompilationStarted, EpochEnded, Event, Listener, RunEnded, RunStarted
from multilayer.training.history import History
from multilayer.training.lbfgs import LbfgsRecipe, train_lbfgs
from multilayer.training.run import train
from multilayer.training.schedules import Cosine, OneCycle, OwnSchedule, Plateau, Schedule, WarmUp
from multilayer.training.starting import starting_parameters
from multilayer.training.state import Recipe, Run, n_rows_of, new_run, standing
from multilayer.training.stopping import StopRule, StopState
from multilayer.training.validation import Validation, restore_best

__all__ = [
    "CompilationStarted",
    "Cosine",
    "EpochEnded",
    "Event",
    "History",
    "LbfgsRecipe",
    "Listener",
    "OneCycle",
    "OwnSchedule",
    "Plateau",
    "Recipe",
    "Run",
    "RunEnded",
    "RunStarted",
    "Schedule",
    "StopRule",
    "StopState",
    "Validation",
    "WarmUp",
    "n_rows_of",
    "new_run",
    "restore_best",
    "standing",
    "starting_parameters",
    "train",
    "train_lbfgs",
]
