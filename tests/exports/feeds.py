"""The inputs of an exported model from a table, as a user of another library would write them, and its outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from multilayer.exports import to_onnx

FLOAT32, TEXT, FLOAT64 = 1, 8, 11  # the types of ONNX
DTYPES = {FLOAT32: np.float32, FLOAT64: np.float64}


def onnx_outputs(model: Any, X: Any, **options: Any) -> list[Any]:
    """Return the outputs of the graph of a model, by ONNX Runtime."""
    import onnx
    import onnxruntime

    made = to_onnx(model, **options)
    onnx.checker.check_model(made, full_check=True)
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    found: list[Any] = session.run(None, onnx_inputs(made.graph, X))
    return found


def onnx_inputs(graph: Any, X: Any) -> dict[str, Any]:
    """Return each input of a graph as an array."""
    found = {}
    for each in graph.input:
        kind = each.type.tensor_type.elem_type
        if not hasattr(X, "columns") and each.name == "X":
            found["X"] = np.asarray(X, dtype=DTYPES[kind])
            continue
        column = column_of(X, each.name)
        if kind == TEXT:
            texts = ["" if pd.isna(cell) else str(cell) for cell in column]
            found[each.name] = np.array(texts, dtype=object).reshape(-1, 1)
        else:
            found[each.name] = numbers_of(column).astype(DTYPES[kind]).reshape(-1, 1)
    return found


def column_of(X: Any, name: str) -> pd.Series:
    if hasattr(X, "columns"):
        if name.endswith(" (local)"):
            return X[name.removesuffix(" (local)")].dt.tz_localize(None)
        return X[name]
    return pd.Series(np.asarray(X, dtype=object)[:, int(name.removeprefix("x"))])


def numbers_of(column: pd.Series) -> Any:
    """Return numbers, or dates in seconds since 1970 UTC, NaN at gaps."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    if column.dtype.kind == "M":
        microseconds = column.astype("datetime64[us]").astype("int64").to_numpy()
        return np.where(column.isna(), np.nan, microseconds / 1e6)
    if column.dtype.kind == "m":
        return column.dt.total_seconds().to_numpy()
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)


def assert_classifies(found: list[Any], model: Any, X: Any, tolerance: float = 1e-5) -> None:
    label, probabilities = found
    np.testing.assert_allclose(probabilities, model.predict_proba(X), rtol=0, atol=tolerance)
    expected = model.predict(X)
    assert label.shape == expected.shape
    assert label.tolist() == expected.tolist()


def assert_predicts(found: list[Any], model: Any, X: Any, tolerance: float = 1e-5, unit: Any = 1.0) -> None:
    """Compare amounts; ``unit`` is their spread, to which the rounding of standardised targets in float32 refers."""
    (predicted,) = found
    expected = model.predict(X)
    assert predicted.shape == expected.shape
    assert predicted.dtype == expected.dtype
    np.testing.assert_allclose(predicted / unit, expected / unit, rtol=tolerance, atol=tolerance)
