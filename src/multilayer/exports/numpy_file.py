"""to_numpy and save_numpy: a fitted model as one Python file that needs NumPy only."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from multilayer._checks import check_choice
from multilayer.exceptions import ParameterError
from multilayer.exports.columns import MEANINGS
from multilayer.exports.files import write_file
from multilayer.exports.models import program_of
from multilayer.exports.numpy_functions import sources
from multilayer.exports.numpy_lines import NumpyWriter
from multilayer.exports.program import Program

CONVERTERS = {
    "a number": "numbers",
    MEANINGS["Boolean"]: "numbers",
    MEANINGS["spelled"]: "spelled",
    MEANINGS["time"]: "times",
}


def to_numpy(model: Any, *, zoned: Collection[str] = ()) -> str:
    """Return a fitted model as the text of a Python file that imports NumPy only.

    The file has the functions ``predict(rows)``, ``predict_one(row)`` and, for classes, ``predict_proba(rows)``.  Rows
    of a table are a list of dictionaries, a dictionary of columns, or a frame of pandas; those of an array are an
    array.  Gaps are None or NaN; dates are objects of datetime or NumPy, or seconds since 1970-01-01 00:00 UTC.

    Parameters
    ----------
    model : estimator or Pipeline
        A fitted model, as in :func:`to_onnx`.
    zoned : collection of str, default=()
        Columns of moments that have a time zone, as in :func:`to_onnx`; their dates are passed as seconds.

    Returns
    -------
    str
        The text, with the weights.

    Raises
    ------
    NotFittedError, InputTypeError, ParameterError
        As :func:`to_onnx`.

    Examples
    --------
    >>> from multilayer import MLPRegressor
    >>> model = MLPRegressor((2,), solver="lbfgs", random_state=0).fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> names = {}
    >>> exec(to_numpy(model), names)
    >>> bool(abs(names["predict_one"]([1.5]) - model.predict([[1.5]])[0]) < 1e-12)
    True
    """
    return _text(NumpyWriter(program_of(model, zoned)), None)


def save_numpy(
    model: Any,
    path: str | os.PathLike[str],
    *,
    weights: Literal["inside", "beside"] = "inside",
    zoned: Collection[str] = (),
) -> None:
    """Write a fitted model to one Python file that imports NumPy only.

    Parameters
    ----------
    model : estimator or Pipeline
        A fitted model, as in :func:`to_onnx`.
    path : str or path
        The file, whose name ends in ".py".  It is replaced atomically.
    weights : {"inside", "beside"}, default="inside"
        Where arrays are: in the Python file, or beside it in a file whose name ends in ".npz".
    zoned : collection of str, default=()
        Columns of moments that have a time zone, as in :func:`to_onnx`.

    Raises
    ------
    ParameterError
        For a name that does not end in ".py", or an option that is code.
    ModelFileError
        If a file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from multilayer import MLPRegressor
    >>> model = MLPRegressor((2,), solver="lbfgs", random_state=0).fit([[0.0], [1.0]], [1.0, 2.0])
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.py"
    >>> save_numpy(model, path, weights="beside")
    >>> sorted(each.name for each in path.parent.iterdir())
    ['model.npz', 'model.py']
    """
    check_choice("weights", weights, ("inside", "beside"))
    file = Path(path)
    if file.suffix != ".py":
        raise ParameterError(f"path must end in .py, got {str(path)!r}. Write {str(file.with_suffix('.py'))!r}.")
    writer = NumpyWriter(program_of(model, zoned))
    arrays = file.with_suffix(".npz")
    if weights == "inside":
        write_file(path, _text(writer, None).encode())
        return
    content = io.BytesIO()
    np.savez(content, **writer.arrays)  # type: ignore[arg-type]
    write_file(path, _text(writer, arrays.name).encode(), {arrays: content.getvalue()})


def _text(writer: NumpyWriter, file: str | None) -> str:
    program = writer.program
    writer.functions |= {converter for _, converter in _columns(program)}
    body, of_one = ("\n".join(f"    {line}" for line in lines) for lines in (writer.lines, writer.of_one))
    values, scores = writer.name(program.values), writer.name(program.scores)
    parts = [
        f'"""{program.model}, exported by multilayer {version("multilayer")}; it needs NumPy only.\n\n'
        f'{_described(program)}\n"""\n\nimport numpy as np\n\n',
        _weights(writer.arrays, file),
        "\n".join(writer.tables),
        sources(writer.functions),
        _reading(program),
        f'def values(columns):\n    """Compute the outputs of rows."""\n{body}\n    return {values}, {scores}\n',
        f'def values_of_one(row):\n    """The same for one row, with numbers of Python up to the first layer."""\n'
        f"{of_one}\n    return {writer.result_of_one}\n",
        _answers(program),
    ]
    text = "\n".join(part.strip("\n") + "\n" for part in parts if part)
    return re.sub(r"\n{2,}(?=(def|CLASSES|COLUMNS|W|CODES_0) )", "\n\n\n", text)


def _columns(program: Program) -> list[tuple[str, str]]:
    """Return each column with the function that converts it."""
    kinds = [(each.name, each.type == "text", program.meanings.get(each.name, "a number")) for each in program.inputs]
    return [(name, "texts" if text else CONVERTERS.get(meaning, "seconds")) for name, text, meaning in kinds]


def _described(program: Program) -> str:
    if not program.names:
        (rows,) = program.inputs
        lines = [f"Rows are an array of shape (rows, {rows.width})."]
    else:
        lines = ["Rows are a list of dictionaries, or a dictionary or frame of columns; gaps are None or NaN:", ""]
        for name, kind in _columns(program):
            meaning = "text" if kind == "texts" else program.meanings.get(name, "a number")
            lines.append(f"  {name}: {meaning}{' or dates' if kind == 'seconds' else ''}")
    return "\n".join(lines).replace("\\", "\\\\").replace('"""', '\\"""')


def _weights(arrays: dict[str, NDArray[Any]], file: str | None) -> str:
    if not arrays:
        return ""
    if file is not None:
        return f'W = dict(np.load(__file__.rpartition(".")[0] + {file[file.rindex(".") :]!r}, allow_pickle=False))\n'
    lines = [
        f"    {name!r}: np.frombuffer(bytes.fromhex({np.ascontiguousarray(array).tobytes().hex()!r}), "
        f"{array.dtype.newbyteorder('<').str!r}).reshape({array.shape}),"
        for name, array in arrays.items()
    ]
    return "\n".join(["W = {  # the arrays, as the digits of their bytes", *lines, "}\n"])


def _reading(program: Program) -> str:
    if not program.names:
        (rows,) = program.inputs
        kind = "np.float32" if rows.type == "float32" else "float"
        return f'''
def columns_of(rows):
    """Read rows."""
    return {{"{rows.name}": np.asarray(rows, {kind})}}


read_one = columns_of
'''
    lines = "".join(f"    {name!r}: {converter},\n" for name, converter in _columns(program))
    return f'''

COLUMNS = {{  # with the functions that read them
{lines}}}


def columns_of(rows):
    """Read rows: a list of dictionaries, or a dictionary or frame of columns."""
    if isinstance(rows, (list, tuple)):
        rows = {{name: [row.get(name) for row in rows] for name in COLUMNS}}
    return {{name: read(rows[name]) for name, read in COLUMNS.items()}}


def read_one(row):
    """Read one row, a dictionary."""
    found = {{}}
    for name, read in COLUMNS.items():
        value, is_text = row.get(name), read.__name__ == "texts"
        if type(value) in (float, int) and not is_text:
            found[name] = float(value)
        elif value is None or (type(value) is str and is_text):
            found[name] = np.nan if value is None and not is_text else value
        else:
            (value,) = read([value])
            found[name] = value.item() if hasattr(value, "item") else value
    return found
'''


def _answers(program: Program) -> str:
    if program.kind == "amounts":
        taken = "[:, 0]" if program.is_column else ""
        return f'''

def predict(rows):
    """Return the amounts of rows."""
    return values(columns_of(rows))[0]{taken}


def predict_one(row):
    """Return the amount of one row."""
    return values_of_one(read_one(row))[0]{"[0]" if program.is_column else ""}
'''
    classes: Any = program.classes
    decided = "(values(columns_of(rows))[0] > 0.5).astype(int)" if program.kind == "labels" else (
        "CLASSES[values(columns_of(rows))[1].argmax(axis=1)]"
    )  # fmt: skip
    decided_of_one = "(values_of_one(read_one(row))[0] > 0.5).astype(int)" if program.kind == "labels" else (
        "CLASSES[values_of_one(read_one(row))[1].argmax()]"
    )  # fmt: skip
    kind = ", dtype=object" if classes.dtype.kind == "O" else ""
    return f'''

CLASSES = np.array({classes.tolist()!r}{kind})


def predict_proba(rows):
    """Return the probability of each of the CLASSES, (rows, classes)."""
    return values(columns_of(rows))[0]


def predict(rows):
    """(P5) Return the most probable class of rows."""
    return {decided}


def predict_one(row):
    """Return the most probable class of one row."""
    return {decided_of_one}
'''
