"""The results of the two passes in one file, so that a killed fit need not repeat them.

The file is an archive of arrays as ``numpy.savez`` writes it, without pickled objects.  The array ``about`` holds JSON;
values that JSON has not are objects with one key for their type.  Records have names of a fixed list: nothing is
imported by name.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import DataFileError
from multilayer.storage import open_regular, parse_json, reason_of, replace_file
from multilayer.tables._amounts import AmountForm
from multilayer.tables._column_data import ColumnData
from multilayer.tables._frames import Columns
from multilayer.tables._notes import ColumnNote
from multilayer.tables._words import Words
from multilayer.tables.calendars import DateEncoding
from multilayer.tables.encoder import TableEncoder
from multilayer.tables.encodings import NumberEncoding, SignEncoding, TextEncoding
from multilayer.tables.models.streamed.scratch_folder import ADVICE
from multilayer.tables.piecewise import PiecewiseEncoding
from multilayer.tables.reports import ColumnReport, ColumnReports
from multilayer.tables.target_means import TargetMeanEncoding

ABOUT = "about"
RECORDS: Mapping[str, Any] = {
    each.__name__: each
    for each in (
        AmountForm,
        ColumnData,
        ColumnNote,
        ColumnReport,
        DateEncoding,
        NumberEncoding,
        PiecewiseEncoding,
        SignEncoding,
        TargetMeanEncoding,
        TextEncoding,
    )
}


@dataclass(eq=False)
class _Writer:
    """Converts values to JSON, and collects their arrays."""

    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)

    def encode(self, value: Any) -> Any:
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {"float": str(value)}
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, Words):
            return {"words": list(value)}
        if isinstance(value, Columns):
            return {"columns": self.encode(_parts_of_columns(value))}
        if isinstance(value, TableEncoder):
            return {"encoder": self.encode(_parts_of_encoder(value))}
        if isinstance(value, tuple):
            return {"tuple": [self.encode(each) for each in value]}
        if isinstance(value, list):
            return [self.encode(each) for each in value]
        if isinstance(value, Mapping):
            return {"dict": [[self.encode(key), self.encode(each)] for key, each in value.items()]}
        if is_dataclass(value) and type(value).__name__ in RECORDS:
            parts = {each.name: self.encode(getattr(value, each.name)) for each in fields(value) if each.init}
            return {"record": type(value).__name__, "fields": parts}
        raise TypeError(f"a {type(value).__name__} has no form in this file")

    def _array(self, value: NDArray[Any]) -> Any:
        if value.dtype.kind == "O":
            return {"objects": [self.encode(each) for each in value.tolist()]}
        name = f"a{len(self.arrays)}"
        self.arrays[name] = value
        return {"array": name}


@dataclass(frozen=True, eq=False)
class _Reader:
    """Converts JSON back to values."""

    arrays: Mapping[str, NDArray[Any]]

    def decode(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.decode(each) for each in value]
        if not isinstance(value, dict):
            return value
        if "record" in value:
            parts = {name: self.decode(each) for name, each in value["fields"].items()}
            return RECORDS[value["record"]](**parts)
        ((form, content),) = value.items()
        match form:
            case "float":
                return float(content)
            case "array":
                return self.arrays[content]
            case "objects":
                return np.array([self.decode(each) for each in content], dtype=object)
            case "words":
                return Words(content)
            case "tuple":
                return tuple(self.decode(each) for each in content)
            case "dict":
                return {self.decode(key): self.decode(each) for key, each in content}
            case "columns":
                return _columns_of_parts(self.decode(content))
            case "encoder":
                return _encoder_of_parts(self.decode(content))
        raise ValueError(f"it has an unknown form {form!r}")


def write_values(path: Path, values: Mapping[str, Any]) -> None:
    """Write named values to a file, atomically.

    Raises
    ------
    DataFileError
        If the file cannot be written.
    """
    writer, content = _Writer(), io.BytesIO()
    about = json.dumps(writer.encode(dict(values)), allow_nan=False)
    arrays: dict[str, Any] = {ABOUT: np.frombuffer(about.encode(), dtype=np.uint8), **writer.arrays}
    np.savez(content, **arrays)
    try:
        replace_file(path, content.getvalue())
    except (OSError, ValueError) as error:
        raise DataFileError(f"{path} cannot be written: {reason_of(error)}. Pass another folder as scratch=.") from None


def read_values(path: Path) -> dict[str, Any] | None:
    """Return the values of a file; None if there is no file.

    Raises
    ------
    DataFileError
        If the file is damaged.
    """
    try:
        with open_regular(path) as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        found: dict[str, Any] = _Reader(arrays).decode(parse_json(arrays.pop(ABOUT).tobytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, zipfile.BadZipFile, EOFError) as error:
        raise DataFileError(f"{path} is damaged ({error}). {ADVICE}") from None
    return found


def _parts_of_columns(columns: Columns) -> dict[str, Any]:
    return {
        "names": columns.column_names,
        "n_rows": columns.num_rows,
        "has_names": columns.has_names,
        "notes": dict(columns.notes),
        "file_notes": columns.file_notes,
        "data": [columns.column(name) for name in columns.column_names],
    }


def _columns_of_parts(parts: Mapping[str, Any]) -> Columns:
    data = dict(zip(parts["names"], parts["data"], strict=True))
    return Columns(
        parts["names"],
        parts["n_rows"],
        data.__getitem__,
        has_names=parts["has_names"],
        notes=parts["notes"],
        file_notes=parts["file_notes"],
    )


def _parts_of_encoder(encoder: TableEncoder) -> dict[str, Any]:
    parameters = encoder.get_params(deep=False) | {"dtype": np.dtype(encoder.dtype).name}
    return {
        "parameters": parameters,
        "encodings": encoder.encodings_,
        "reports": list(encoder.columns_),
        "notes": tuple(encoder.columns_.notes),
        "number_columns": encoder.number_columns_,
        "has_names": hasattr(encoder, "feature_names_in_"),
    }


def _encoder_of_parts(parts: Mapping[str, Any]) -> TableEncoder:
    parameters = parts["parameters"]
    encoder = TableEncoder(**{**parameters, "dtype": np.dtype(parameters["dtype"]).type})
    encoder.encodings_ = parts["encodings"]
    encoder.columns_ = ColumnReports(parts["reports"], parts["notes"])
    encoder.number_columns_ = parts["number_columns"]
    encoder.n_features_in_ = len(parts["reports"])
    if parts["has_names"]:
        encoder.feature_names_in_ = np.asarray([each.name for each in parts["reports"]], dtype=object)
    return encoder
