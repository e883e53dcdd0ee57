"""Planes through the space of the inputs, on which predictions are drawn."""
