"""Training: sessions, the loop that drives them, schedules, stop rules and events; engines do the arithmetic."""

from multilayer.training.events import CompilationStarted, EpochEnded, Event, Listener, RunEnded, RunStarted
from multilayer.training.loop import train
from multilayer.training.schedules import Cosine, CosineCycles, CustomSchedule, OneCycle, Plateau, Schedule, WarmUp
from multilayer.training.session import TrainingSession
from multilayer.training.state import History, Recipe, StopRule, TrainingState

__all__ = [
    "CompilationStarted",
    "Cosine",
    "CosineCycles",
    "CustomSchedule",
    "EpochEnded",
    "Event",
    "History",
    "Listener",
    "OneCycle",
    "Plateau",
    "Recipe",
    "RunEnded",
    "RunStarted",
    "Schedule",
    "StopRule",
    "TrainingSession",
    "TrainingState",
    "WarmUp",
    "train",
]
