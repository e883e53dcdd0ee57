"""Trained models in other forms: a graph of ONNX, a Python file, a header of C, a query of SQL.

Each form is written from one list of operations, :mod:`multilayer.exports.operations`.
"""

import sys

from multilayer.exports.c_header import save_c, to_c
from multilayer.exports.numpy_file import save_numpy, to_numpy
from multilayer.exports.onnx_model import save_onnx, to_onnx
from multilayer.exports.skl2onnx_converters import register_skl2onnx
from multilayer.exports.sklearn_networks import from_sklearn, to_sklearn
from multilayer.exports.sql_query import save_sql, to_sql
from multilayer.exports.torch_networks import from_torch

__all__ = [
    "from_sklearn",
    "from_torch",
    "register_skl2onnx",
    "save_c",
    "save_numpy",
    "save_onnx",
    "save_sql",
    "to_c",
    "to_numpy",
    "to_onnx",
    "to_sklearn",
    "to_sql",
]

if "skl2onnx" in sys.modules:
    register_skl2onnx()
