"""Choosing: what a network is to be trained with."""

from multilayer.selection.step_size import StepSizeTest, find_step_size

__all__ = ["StepSizeTest", "find_step_size"]
