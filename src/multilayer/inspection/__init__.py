"""Inspection of fitted networks: activations, input gradients, traces, diagnosis."""

from multilayer.inspection.activations import activations, input_gradient, layer_number
from multilayer.inspection.backpropagation import check_gradient, trace
from multilayer.inspection.diagnosis import Diagnosis, Finding, LayerVitals
from multilayer.inspection.findings import diagnose

__all__ = [
    "Diagnosis",
    "Finding",
    "LayerVitals",
    "activations",
    "check_gradient",
    "diagnose",
    "input_gradient",
    "layer_number",
    "trace",
]
