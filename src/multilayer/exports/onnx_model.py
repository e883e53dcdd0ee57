"""to_onnx and save_onnx: a fitted model as one graph of ONNX, from the columns of a table to labels or amounts."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from importlib.metadata import version
from typing import Any

from multilayer.exceptions import MissingExtraError, ModelFileError
from multilayer.exports.files import write_file
from multilayer.exports.models import program_of
from multilayer.exports.onnx_graph import ML, ML_OPSET, OPSET, ROWS, Graph

IR_VERSION = 7  # of ONNX 1.8, 2020
MAX_BYTES = 2**31 - 1  # of a message of protobuf


def to_onnx(model: Any, *, zoned: Collection[str] = ()) -> Any:
    """Return a fitted model as one graph of ONNX, with its encoders.

    The graph takes any number of rows.  A model of a table has an input of shape (rows, 1) for each column that it
    uses, with the name of the column: strings for text, in which "" is a gap, and float64 for everything else, in which
    NaN is a gap.  Booleans are 0 and 1; dates and moments are seconds since 1970-01-01 00:00 UTC, times of day seconds
    since midnight, durations seconds.  The descriptions of the inputs state this.  A model of an array has one input
    "X" of shape (rows, n_features), float32 if the network computes in float32, else float64.

    A classifier has the outputs "label", of shape (rows,), and "probabilities", of shape (rows, n_classes).  For a
    multilabel y the labels are zeros and ones of shape (rows, n_classes).  A regressor has the output "prediction", of
    the shape that ``predict`` returns.

    Parameters
    ----------
    model : estimator or Pipeline
        A fitted MLPClassifier, MLPRegressor, EnsembleClassifier, EnsembleRegressor, TableClassifier or TableRegressor,
        or a pipeline that ends in one.  The other steps of a pipeline are of TableEncoder and of scikit-learn's
        StandardScaler, MinMaxScaler, SimpleImputer, OneHotEncoder, OrdinalEncoder, and ColumnTransformer or Pipeline of
        these, or "passthrough".
    zoned : collection of str, default=()
        Columns of moments that have a time zone other than UTC, and of which the model uses the month, weekday or hour.
        Each has a second input, its name with " (local)": the seconds since 1970-01-01 00:00 by the clocks of the zone.

    Returns
    -------
    onnx.ModelProto
        The graph, of opset 13 and IR version 7.  It is tested with ONNX Runtime 1.16, of 2023, and the present release.

    Raises
    ------
    MissingExtraError
        If onnx is not installed.
    NotFittedError
        If the model is not fitted.
    InputTypeError
        For a step or a member of another class, and for a column of several types.
    ParameterError
        For an activation or another option that is code.

    Notes
    -----
    Where ``predict`` raises an error, the graph cannot: a category that an encoder with ``handle_unknown="error"`` does
    not know gives NaN.  In a column of text in which "" is a category, a gap is "(gap)".

    Examples
    --------
    >>> from multilayer import MLPClassifier
    >>> model = MLPClassifier((4,), solver="lbfgs", random_state=0).fit([[0.0], [1.0]], ["no", "yes"])
    >>> graph = to_onnx(model).graph
    >>> [each.name for each in graph.input], [each.name for each in graph.output]
    (['X'], ['label', 'probabilities'])

    References
    ----------
    The operators are those of https://onnx.ai/onnx/operators/.
    """
    onnx = _imported("to_onnx")
    program = program_of(model, zoned)
    graph = Graph(onnx, program)
    outputs = graph.outputs()
    inputs = [
        graph.value(each.name, each.type, [ROWS, each.width], program.meaning(each.name)) for each in program.inputs
    ]
    made = onnx.helper.make_graph(graph.nodes, "multilayer", inputs, outputs, graph.constants)
    opsets = [onnx.helper.make_opsetid("", OPSET), onnx.helper.make_opsetid(ML, ML_OPSET)]
    found = onnx.helper.make_model(made, opset_imports=opsets, ir_version=IR_VERSION)
    found.producer_name, found.producer_version = "multilayer", version("multilayer")
    found.doc_string = program.model
    about = {"model": program.model, "kind": program.kind}
    if program.classes is not None:
        about["classes"] = json.dumps(program.classes.tolist())
    onnx.helper.set_model_props(found, about)
    return found


def save_onnx(model: Any, path: str | os.PathLike[str], *, zoned: Collection[str] = ()) -> None:
    """Write a fitted model to a file of ONNX.

    Parameters
    ----------
    model : estimator or Pipeline
        A fitted model, as in :func:`to_onnx`.
    path : str or path
        The file.  It is replaced atomically.
    zoned : collection of str, default=()
        Columns of moments with a time zone, as in :func:`to_onnx`.

    Raises
    ------
    ModelFileError
        If the file cannot be written, or the model is larger than 2 GiB.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from multilayer import MLPRegressor
    >>> model = MLPRegressor((4,), solver="lbfgs", random_state=0).fit([[0.0], [1.0]], [1.0, 2.0])
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.onnx"
    >>> save_onnx(model, path)
    >>> path.exists()
    True
    """
    _imported("save_onnx")
    made = to_onnx(model, zoned=zoned)
    if made.ByteSize() > MAX_BYTES:
        raise ModelFileError(
            f"{path}: a file of ONNX holds at most 2 GiB, and this model has {made.ByteSize():,} bytes."
        )
    write_file(path, made.SerializeToString(deterministic=True))


def _imported(feature: str) -> Any:
    try:
        import onnx
        import onnx.helper
        import onnx.numpy_helper
    except ImportError:
        raise MissingExtraError(feature, "onnx", "onnx") from None
    return onnx
