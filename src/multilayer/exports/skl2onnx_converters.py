"""register_skl2onnx: models of this library as steps of pipelines that skl2onnx converts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from multilayer.ensembles import EnsembleClassifier, EnsembleRegressor
from multilayer.estimators import MLPClassifier, MLPRegressor
from multilayer.exceptions import InputTypeError, MissingExtraError, ParameterError
from multilayer.exports.models import names_of, program_of
from multilayer.exports.onnx_functions import TYPES
from multilayer.exports.onnx_graph import ML, ML_OPSET, OPSET, Graph
from multilayer.exports.operations import Type
from multilayer.exports.program import Program
from multilayer.tables import TableEncoder
from multilayer.tables.models import TableClassifier, TableRegressor

MODELS = (
    *(MLPClassifier, MLPRegressor, EnsembleClassifier, EnsembleRegressor),
    *(TableClassifier, TableRegressor, TableEncoder),
)
CLASSIFIER_OPTIONS = {"zipmap": [True, False, "columns"], "output_class_labels": [False, True], "nocl": [True, False]}


def register_skl2onnx() -> None:
    """Register the models of this library with skl2onnx.

    Then ``skl2onnx.to_onnx`` and ``skl2onnx.convert_sklearn`` convert pipelines that end in an MLPClassifier,
    MLPRegressor, EnsembleClassifier or EnsembleRegressor, with any steps that skl2onnx knows and with TableEncoder, and
    single models, also a TableClassifier or TableRegressor.  The import of :mod:`multilayer.exports` calls this
    function if skl2onnx has been imported before.

    Classifiers have the options ``zipmap``, ``output_class_labels`` and ``nocl``, as scikit-learn's.  Probabilities and
    amounts are float64 for inputs of float64, else float32; those in a dictionary of ``zipmap``, which is the default
    of skl2onnx, are float32.  Inputs of a TableEncoder or a table model are described in :func:`to_onnx`.  The opset is
    13 or newer.

    Raises
    ------
    MissingExtraError
        If skl2onnx is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import skl2onnx  # doctest: +SKIP
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import PolynomialFeatures
    >>> register_skl2onnx()  # doctest: +SKIP
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> model = make_pipeline(PolynomialFeatures(), MLPRegressor((4,), solver="lbfgs")).fit(X, [1.0, 3.0, 9.0])
    >>> graph = skl2onnx.to_onnx(model, X)  # doctest: +SKIP
    """
    try:
        import skl2onnx
    except ImportError:
        raise MissingExtraError("register_skl2onnx", "skl2onnx", "skl2onnx") from None
    for each in MODELS:
        has_classes = each in (MLPClassifier, EnsembleClassifier, TableClassifier)
        options = {"options": CLASSIFIER_OPTIONS} if has_classes else {}
        skl2onnx.update_registered_converter(each, f"Multilayer{each.__name__}", _set_types, _convert, **options)


def _set_types(operator: Any) -> None:
    """Set the types and shapes of the outputs, as skl2onnx asks for them before the conversion."""
    from skl2onnx.common import data_types

    model = operator.raw_operator
    n_rows = operator.inputs[0].get_first_dimension()
    is_double = isinstance(operator.inputs[0].type, data_types.DoubleTensorType) or isinstance(model, TableEncoder)
    is_double = is_double and _option(operator, "zipmap", True) is not True  # a map of ONNX Runtime holds float32
    floats = data_types.DoubleTensorType if is_double else data_types.FloatTensorType
    program = _program_of(model)
    if not is_classifier(model):
        operator.outputs[0].set_type(floats([n_rows, program.values.width]))
        return
    classes: Any = program.classes
    are_texts = classes.dtype.kind not in "biuf" and not _option(operator, "nocl", False)
    labels = data_types.StringTensorType if are_texts else data_types.Int64TensorType
    operator.outputs[0].set_type(labels([n_rows, len(classes)] if program.kind == "labels" else [n_rows]))
    operator.outputs[1].set_type(floats([n_rows, len(classes)]))


def _option(operator: Any, name: str, default: Any) -> Any:
    """Return an option of a classifier; None for other models."""
    model = operator.raw_operator
    return operator.scope_inst.get_options(model, {name: default})[name] if is_classifier(model) else None


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the graph of a model to that of skl2onnx."""
    import onnx

    opset = int(container.target_opset_any_domain(""))
    if opset < OPSET:
        raise ParameterError(f"target_opset must be {OPSET} or newer for models of multilayer, got {opset}.")
    program = _program_of(operator.raw_operator)
    if _option(operator, "nocl", False):
        program = replace(program, classes=np.arange(program.values.width))
    names = _inputs(scope, operator, container, program)
    graph = Graph(onnx, program, opset)
    outputs = [each.name for each in graph.outputs()]
    for constant in graph.constants:
        names[constant.name] = scope.get_unique_variable_name("multilayer")
        container.add_initializer(names[constant.name], constant.data_type, constant.dims, _content(onnx, constant))
    for node in graph.nodes:
        names |= {name: scope.get_unique_variable_name("multilayer") for name in node.output}
        container.add_node(
            node.op_type,
            [names[name] for name in node.input],
            [names[name] for name in node.output],
            op_domain=node.domain,
            op_version=ML_OPSET if node.domain == ML else None,
            name=scope.get_unique_operator_name(node.op_type),
            **{each.name: onnx.helper.get_attribute_value(each) for each in node.attribute},
        )
    for name, output in zip(outputs, operator.outputs, strict=True):
        _connect(scope, container, names[name], output)


def _content(onnx: Any, constant: Any) -> Any:
    """Return a constant in a form that skl2onnx takes."""
    return list(constant.string_data) if constant.data_type == onnx.TensorProto.STRING else constant


def _connect(scope: Any, container: Any, name: str, output: Any) -> None:
    """Assign a value to an output of the operator, in its type and shape."""
    from skl2onnx.common.data_types import StringTensorType, guess_proto_type

    if not isinstance(output.type, StringTensorType):
        cast = scope.get_unique_variable_name("multilayer")
        container.add_node("Cast", [name], [cast], to=guess_proto_type(output.type))
        name = cast
    shape = output.type.shape
    target = scope.get_unique_variable_name("shape")
    container.add_initializer(target, TYPES["integer"], [len(shape)], [-1, *shape[1:]])
    container.add_node("Reshape", [name, target], [output.full_name])


def _program_of(model: Any) -> Program:
    return program_of(model, may_encode=True)


def _inputs(scope: Any, operator: Any, container: Any, program: Program) -> dict[str, str]:
    """Add conversions of the inputs of the operator, and return their names by the names of the program's inputs."""

    def add(kind: str, *of: str, **attributes: Any) -> str:
        name = scope.get_unique_variable_name("multilayer")
        container.add_node(kind, list(of), [name], **attributes)
        return name

    def converted(variable: Any, to: Type) -> str:
        _check_type(variable, to)
        return variable.full_name if to == "text" else add("Cast", variable.full_name, to=TYPES[to])

    variables = {each.raw_name: each for each in operator.inputs}
    if program.names and all(each.name in variables for each in program.inputs):
        return {each.name: converted(variables[each.name], each.type) for each in program.inputs}
    found = {}
    model = operator.raw_operator
    names = names_of(model) or [f"x{i}" for i in range(model.n_features_in_)]
    for each in program.inputs:
        parts = [converted(variable, each.type) for variable in operator.inputs]
        whole = add("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
        if program.names:
            place = scope.get_unique_variable_name("place")
            container.add_initializer(place, TYPES["integer"], [1], [names.index(each.name)])
            whole = add("Gather", whole, place, axis=1)
        found[each.name] = whole
    return found


def _check_type(variable: Any, to: Type) -> None:
    """Raise InputTypeError for text in place of numbers, and for numbers in place of text."""
    from skl2onnx.common.data_types import StringTensorType

    if isinstance(variable.type, StringTensorType) != (to == "text"):
        wanted = "StringTensorType" if to == "text" else "FloatTensorType or another type of numbers"
        raise InputTypeError(
            f"the input {variable.raw_name!r} of skl2onnx is a {type(variable.type).__name__}, and the model needs a "
            f"{wanted}. Pass initial_types with one input of shape [None, 1] for each column."
        )
