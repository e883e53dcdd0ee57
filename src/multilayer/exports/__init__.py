"""Trained models in other forms: a graph of ONNX.

Each form is written from one list of operations, :mod:`multilayer.exports.operations`.
"""

from multilayer.exports.onnx_model import save_onnx, to_onnx

__all__ = ["save_onnx", "to_onnx"]
