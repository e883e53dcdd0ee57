"""Forged files of pipelines: the error names the invalid value, and little memory is used."""

from __future__ import annotations

import functools
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from multilayer import load_model
from multilayer.exceptions import ModelFileError

from .mutants import file_content, parts

Change = Callable[[Any, Any], object]


def put(path: str, value: Any) -> Change:
    """Return the change that sets the value at a path; numbers are places in lists."""

    def change(model: Any, _: Any) -> None:
        *way, last = path.split("/")
        place = functools.reduce(lambda inner, key: inner[_key(key)], way, model)
        if value is DROP:
            del place[_key(last)]
        else:
            place[_key(last)] = value

    return change


def _key(text: str) -> int | str:
    return int(text) if text.isdigit() else text


DROP = object()
ENCODER = "steps/0/tuple/1/fields"
FIRST = f"{ENCODER}/encodings_/tuple/0/fields"  # "size": a NumberEncoding, in "rich encoder" a PiecewiseEncoding
EDGES = "steps.0.encodings_.0.edges"  # an array
STEP = {"record": "StandardScaler", "fields": {}}


def deep(n: int) -> Any:
    return functools.reduce(
        lambda inner, _: {"record": "Pipeline", "fields": {"steps": [{"tuple": ["a", inner]}]}}, range(n), STEP
    )


def array(name: str, make: Callable[[Any], Any]) -> Change:
    def change(_: Any, tensors: Any) -> None:
        tensors[name] = np.array(make(tensors[name]))

    return change


CASES: dict[str, tuple[str, Change, str]] = {
    "a step of another library": ("encoder", put("steps/0/tuple/1/record", "os.system"), "holds a 'os.system', which"),
    "no steps": ("encoder", put("steps", 3), "steps must be a list, got '3'"),
    "a step that is text": (
        "encoder",
        put("steps/0/tuple/1", "eval"),
        "steps.0.1 must be one of TableEncoder",
    ),
    "no name": ("encoder", put("steps/0/tuple/0", None), "steps.0.0 must be text, got 'None'"),
    "two steps of one name": (
        "array",
        put("steps/1/tuple/0", "gaps"),
        "the steps of a pipeline have names that are not distinct",
    ),
    "a step named as the last": (
        "array",
        put("last/0", "gaps"),
        "the steps of the pipeline have names that are not distinct",
    ),
    "another last step": ("array", put("last/1/class", "LogisticRegression"), "holds a 'LogisticRegression', and mod"),
    "no last step": ("array", put("last", []), "its header is not that of a pipeline"),
    "a cache": ("array", put("parameters/memory", "/tmp"), "memory must be null, because the format does not hold"),
    "a parameter of the future": ("array", put("parameters/depth", 1), "its header is not that of a pipeline"),
    "a field of the future": ("encoder", put(f"{ENCODER}/depth", 1), "TableEncoder has a 'depth', which is unknown"),
    "a missing attribute": ("encoder", put(f"{ENCODER}/encodings_", DROP), "TableEncoder has no 'encodings_'"),
    "pipelines in each other": ("array", put("steps/0/tuple/1", deep(20)), "its pipelines are nested more than 8 deep"),
    # TableEncoder
    "a type that is none": (
        "encoder",
        put(f"{ENCODER}/dtype", "float8"),
        "steps.0.1.dtype must be one of 'float32', 'float64', got 'float8'",
    ),
    "a scale of 0": ("encoder", put(f"{FIRST}/scale", 0.0), "encodings_.0.scale must be a positive number, got '0.0'"),
    "a huge exponent": ("encoder", put(f"{FIRST}/exponent", 10**6), "exponent must be an integer from -1100 to 1100"),
    "a centre that is no number": (
        "encoder",
        put(f"{FIRST}/centre", {"float": "nan"}),
        "encodings_.0.centre must be a number, got 'nan'",
    ),
    "a number of kind text": ("encoder", put(f"{FIRST}/kind", "text"), "kind must be one of 'number', 'Boolean'"),
    "a column of another name": (
        "encoder",
        put(f"{FIRST}/name", "other"),
        "the encodings of the encoder do not match the reports",
    ),
    "another width": (
        "encoder",
        put(f"{ENCODER}/columns_/0/fields/width", 7),
        "the encodings of the encoder do not match the reports",
    ),
    "no output": ("encoder", put(f"{FIRST}/has_values", False), "not match the reports"),
    "another number of columns": (
        "encoder",
        put(f"{ENCODER}/n_features_in_", 5),
        r"feature_names_in_ must be an array of objects of shape \(5,\), got an array of object of shape \(9,\)",
    ),
    "edges that do not increase": (
        "rich encoder",
        array(EDGES, lambda edges: np.where(np.arange(len(edges)) == 1, 1e9, edges)),
        "the encoding of the column 'size' has edges that do not increase",
    ),
    "edges that are no number": (
        "rich encoder",
        array(EDGES, lambda edges: edges * np.nan),
        "the encoding of the column 'size' has edges that do not increase",
    ),
    "edges of an earlier form that are text": (
        "rich encoder",
        put(f"{FIRST}/edges", {"tuple": [0.0, "1"]}),
        "edges must be an array of floats",
    ),
    "too few means": (
        "rich encoder",
        array("steps.0.encodings_.6.means", lambda a: a[:, :-1]),
        r"means must be an array of floats of shape \(1, \d+\), got",
    ),
    "means that are no numbers": (
        "rich encoder",
        array("steps.0.encodings_.6.means", lambda a: a * np.nan),
        "the encoding of the column 'many' has means that are not finite",
    ),
    "no rows of a category": (
        "rich encoder",
        array("steps.0.encodings_.6.counts", lambda a: a * 0),
        "the encoding of the column 'many' has a category without rows",
    ),
    # scikit-learn
    "too few means of a scaler": (
        "array",
        array("steps.2.mean_", lambda a: a[:1]),
        r"steps.2.1.mean_ must be an array of floats of shape \(2,\)",
    ),
    "no mean": ("array", put("steps/2/tuple/1/fields/with_std", True), "StandardScaler has no mean_ or no scale_"),
    "another number of inputs": (
        "array",
        put("steps/0/tuple/1/fields/n_features_in_", 1),
        r"statistics_ must be .*\(1,",
    ),
    "a strategy that is none": ("array", put("steps/0/tuple/1/fields/strategy", "eval"), "strategy must be one of 'm"),
    "statistics that are empty": (
        "array",
        put("steps/0/tuple/1/fields/statistics_", {"objects": []}),
        "statistics_ must be an array",
    ),
}
PART = f"{ENCODER}/parts"
COLUMNS: dict[str, tuple[Change, str]] = {
    "numbers of other columns": (put(f"{PART}/0/fields/indices", [0, 2]), "the columns of the step 'numbers' are not"),
    "a name of no column": (put(f"{PART}/0/fields/columns/0", "x"), "the columns of the step 'numbers' are not those"),
    "a part twice": (put(f"{PART}/1/fields/name", "numbers"), "the steps of ColumnTransformer have names that are not"),
    "a part named as the remainder": (put(f"{PART}/1/fields/name", "remainder"), "names that are not distinct"),
    "another remainder": (put(f"{ENCODER}/rest/fields/indices", [1]), "the columns of the step 'remainder' are not"),
    "huge numbers": (put(f"{ENCODER}/n_features_in_", 2**50), "n_features_in_ must be an integer from 1 to 1048576"),
    "many processes": (put(f"{ENCODER}/n_jobs", 10**6), "n_jobs must be an integer from -64 to 64"),
    "code for names": (put(f"{ENCODER}/verbose_feature_names_out", {"bytes": "00"}), "must be text, got"),
    "a part that is dropped": (
        put(f"{PART}/0/fields/step", "drop"),
        r"trained on \d+ columns and receives",
    ),
    "infrequent categories that are none": (
        array("steps.0.parts.1.step.infrequent.1", lambda a: a + 10**6),
        "infrequent categories that it does not have",
    ),
    "an infrequent category twice": (
        array("steps.0.parts.1.step.infrequent.1", lambda a: a * 0),
        "it has an infrequent category twice",
    ),
    "a category to drop that is none": (
        put(f"{PART}/1/fields/step/fields/drop", ["x", "nothing"]),
        "OneHotEncoder is inconsistent: The following categories were supposed",
    ),
    "no options for infrequent categories": (
        put(f"{PART}/1/fields/step/fields/min_frequency", None),
        "infrequent categories without an option for them",
    ),
    "categories of fewer columns": (
        put(f"{PART}/1/fields/step/fields/categories_", []),
        "its categories are not those of its columns",
    ),
    "gaps in columns that it does not have": (
        array("steps.0.parts.0.step.steps.0.1.indicator_.features_", lambda a: a + 9),
        "MissingIndicator has numbers of columns that it does not have",
    ),
}
EVERY = CASES | {f"columns: {name}": ("columns", *case) for name, case in COLUMNS.items()}


@pytest.mark.parametrize("case", EVERY)
def test_error_names_the_invalid_value(case: str, tmp_path: Path) -> None:
    subject, change, message = EVERY[case]
    model, tensors = parts(subject)
    change(model, tensors)
    (tmp_path / "model").write_bytes(file_content(model, tensors))
    with pytest.raises(ModelFileError, match=message):
        load_model(tmp_path / "model")


BYTES = np.frombuffer(b"abc", dtype=np.uint8)


@pytest.mark.parametrize(
    ("content", "ends"),
    [
        (BYTES, np.array([1, 2])),
        (BYTES, np.array([2, 1, 3])),
        (BYTES, np.array([-1, 3])),
        (BYTES, np.array([4])),
        (BYTES, np.array([1.0, 3.0])),
        (BYTES, np.array([[1, 3]])),
        (BYTES.astype(np.int64), np.array([1, 3])),
        (BYTES.reshape(1, 3), np.array([1, 3])),
        (np.array([0xFF, 0xFE], dtype=np.uint8), np.array([1, 2])),
    ],
)
def test_texts_that_are_not_bytes_and_ends_raise_errors(content: Any, ends: Any, tmp_path: Path) -> None:
    model, tensors = parts("encoder")
    place = model["steps"][0]["tuple"][1]["fields"]["encodings_"]["tuple"][2]["fields"]
    place["categories"] = {"utf8": "content", "ends": "ends"}
    (tmp_path / "model").write_bytes(file_content(model, tensors | {"content": content, "ends": ends}))
    with pytest.raises(
        ModelFileError, match=r"the texts 'content' are not bytes|cannot be read: 'utf-8'|uint8|\['content'"
    ):
        load_model(tmp_path / "model")


@pytest.mark.parametrize(
    "value",
    [
        deep(150),
        {"record": "FunctionTransformer", "fields": {"n_features_in_": 2**53}},
        [{"tuple": ["a", {"record": "StandardScaler", "fields": {"n_features_in_": 2**40}}]}] * 300,
    ],
    ids=["deep", "columns", "many"],
)
def test_small_files_take_little_memory(value: Any, tmp_path: Path) -> None:
    model, tensors = parts("array")
    model["steps"][0]["tuple"][1] = value
    (tmp_path / "model").write_bytes(file_content(model, tensors))
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError):
            load_model(tmp_path / "model")
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()
