"""to_c and save_c: a small model as one C99 header, without allocation."""

from __future__ import annotations

import os
from collections.abc import Collection
from importlib.metadata import version
from typing import Any, Literal

from multilayer._checks import check_choice
from multilayer.exceptions import ParameterError
from multilayer.exports.c_lines import CWriter, literal
from multilayer.exports.c_statements import written
from multilayer.exports.files import write_file
from multilayer.exports.models import program_of
from multilayer.exports.program import Program

MAX_CONSTANTS = 1_000_000
Weights = Literal["float32", "int8"]


def to_c(model: Any, *, name: str = "model", weights: Weights = "float32", zoned: Collection[str] = ()) -> str:
    """Return a fitted model as the text of a C99 header, which needs math.h and string.h only.

    The header has functions that take one row: the struct ``model_row`` with a field for each column, or an array of
    numbers.  ``model_values(row, values)`` computes probabilities or amounts.  ``model_predict(row)`` returns the
    place of the class in ``model_classes``, or the amount.  Nothing is allocated: arrays are on the stack.

    Parameters
    ----------
    model : estimator or Pipeline
        A fitted model, as in :func:`to_onnx`.
    name : str, default="model"
        The prefix of all names, an identifier of C.
    weights : {"float32", "int8"}, default="float32"
        The type of the weights; layers are computed in float, encodings in double.  "int8" stores each weight as a
        whole number from -127 to 127 times the scale of its unit, in a quarter of the memory; predictions differ.
    zoned : collection of str, default=()
        Columns of moments that have a time zone, as in :func:`to_onnx`.

    Returns
    -------
    str
        The text.

    Raises
    ------
    ParameterError
        For a name that is no identifier, or a model of more than a million weights.
    NotFittedError, InputTypeError
        As :func:`to_onnx`.

    Examples
    --------
    >>> from multilayer import MLPRegressor
    >>> model = MLPRegressor((2,), solver="lbfgs", random_state=0).fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> print(*[line for line in to_c(model, name="line").splitlines() if "predict" in line])
    static inline double line_predict(const double *row) {
    """
    check_choice("weights", weights, ("float32", "int8"))
    if not isinstance(name, str) or not (name.isidentifier() and name.isascii()):
        raise ParameterError(f"name must be an identifier of C, got {name!r}. Write letters, digits and underscores.")
    program = program_of(model, zoned)
    writer = written(program, name, weights)
    if writer.n_constants > MAX_CONSTANTS:
        raise ParameterError(
            f"a C header is for at most {MAX_CONSTANTS:,} weights, and this model has {writer.n_constants:,} "
            "constants. Use to_onnx, or fit a smaller network."
        )
    guard = f"{name.upper()}_H"
    return "\n".join(
        [
            f"/* {_comment(program.model)}, exported by multilayer {version('multilayer')}.\n",
            *_described(program, name),
            f"*/\n#ifndef {guard}\n#define {guard}\n\n#include <math.h>\n#include <stddef.h>\n#include <string.h>\n",
            _row(writer),
            *writer.constants,
            *writer.functions(),
            _values(writer),
            _predict(writer),
            f"#endif /* {guard} */\n",
        ]
    )


def save_c(
    model: Any,
    path: str | os.PathLike[str],
    *,
    name: str = "model",
    weights: Weights = "float32",
    zoned: Collection[str] = (),
) -> None:
    """Write a fitted model to a C99 header.

    Parameters
    ----------
    model : estimator or Pipeline
        A fitted model, as in :func:`to_onnx`.
    path : str or path
        The file.  It is replaced atomically.
    name : str, default="model"
        The prefix of all names, an identifier of C.
    weights : {"float32", "int8"}, default="float32"
        The type of the weights, as in :func:`to_c`.
    zoned : collection of str, default=()
        Columns of moments that have a time zone, as in :func:`to_onnx`.

    Raises
    ------
    ModelFileError
        If the file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from multilayer import MLPRegressor
    >>> model = MLPRegressor((2,), solver="lbfgs", random_state=0).fit([[0.0], [1.0]], [1.0, 2.0])
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.h"
    >>> save_c(model, path, weights="int8")
    >>> path.exists()
    True
    """
    text = to_c(model, name=name, weights=weights, zoned=zoned)
    write_file(path, text.encode())


def _comment(text: str) -> str:
    """Return text that does not end a comment, on one line."""
    return text.replace("*/", "* /").replace("/*", "/ *").replace("\n", " ").replace("\\", "/").replace("??", "? ?")


def _described(program: Program, name: str) -> list[str]:
    n = program.values.width
    lines = [f"{name}_values(row, values) computes {n} values:"]
    if program.classes is not None:
        lines[0] = f"{name}_values(row, values) computes the probabilities of the {n} classes, in their order:"
        lines.append(_comment("  " + ", ".join(map(str, program.classes.tolist()))))
    return [*lines, "Rows are independent; nothing is allocated. Compile with -lm."]


def _row(writer: CWriter) -> str:
    program, name = writer.program, writer.prefix
    if not program.names:
        return f"/* A row is an array of {program.inputs[0].width} numbers. */\n"
    lines = []
    for each in program.inputs:
        kind = "const char *" if each.type == "text" else "double "
        meaning = "text in UTF-8; NULL is a gap" if each.type == "text" else program.meaning(each.name)
        lines.append(f"    {kind}{writer.fields[each.name]}; /* {_comment(repr(each.name))}: {_comment(meaning)} */")
    return "typedef struct {\n" + "\n".join(lines) + f"\n}} {name}_row;\n"


def _values(writer: CWriter) -> str:
    name, program = writer.prefix, writer.program
    results = [(writer.element(program.values), "values"), (writer.element(program.scores), "scores")]
    n = program.values.width
    copies = "\n".join(f"    for (int i = 0; i < {n}; i++) {to}[i] = {each};" for each, to in results)
    lines = "\n".join(f"    {line}" for line in writer.lines)
    return f"""
/* The values, and the scores whose largest is that of the class. */
static inline void {name}_compute({writer.parameter}, double *values, double *scores) {{
{lines}
{copies}
}}

static inline void {name}_values({writer.parameter}, double *values) {{
    double scores[{n}];
    {name}_compute(row, values, scores);
}}
"""


def _predict(writer: CWriter) -> str:
    name, program = writer.prefix, writer.program
    n = program.values.width
    if program.kind == "amounts":
        if n > 1:
            return ""
        return f"""
static inline double {name}_predict({writer.parameter}) {{
    double values[1];
    {name}_values(row, values);
    return values[0];
}}
"""
    classes: Any = program.classes
    labels = classes.tolist()
    are_texts = all(isinstance(label, str) for label in labels)
    kind = "char *const" if are_texts else "double"
    listed = ", ".join(literal(label) if are_texts else repr(float(label)) for label in labels)
    head = f"static const {kind} {name}_classes[] = {{{listed}}};\n"
    if program.kind == "labels":
        return f"""
/* 1 for each label that the row has, else 0. */
static inline void {name}_predict({writer.parameter}, int *labels) {{
    double values[{n}];
    {name}_values(row, values);
    for (int i = 0; i < {n}; i++) labels[i] = values[i] > 0.5;
}}
"""
    return f"""
{head}
/* (P5) The place of the most probable class in {name}_classes. */
static inline int {name}_predict({writer.parameter}) {{
    double values[{n}], scores[{n}];
    int best = 0;
    {name}_compute(row, values, scores);
    for (int i = 1; i < {n}; i++) best = scores[i] > scores[best] ? i : best;
    return best;
}}
"""
