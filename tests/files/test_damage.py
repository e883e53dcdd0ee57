"""A damaged file raises an error of this library or gives the model that was written; never a crash or other
numbers.
"""

from __future__ import annotations

import copy
import functools
import json
import math
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save

from multilayer import MLPClassifier, load_model, save_model
from multilayer.exceptions import ModelFileError
from multilayer.files import container

from .comparison import assert_same

X = np.random.RandomState(0).standard_normal((40, 3))
Y = np.where(X[:, 0] > 0, "yes", "no")
Model = dict[str, Any]
Tensors = dict[str, Any]


@functools.cache
def original() -> tuple[MLPClassifier, bytes]:
    options: dict[str, Any] = {"early_stopping": True, "n_iter_no_change": math.inf, "max_iter": 4, "random_state": 0}
    options["batch_size"] = 16  # a batch of all rows has no order
    model = MLPClassifier((4, 3), weight_averaging=0.5, dropout=0.1, class_weight={"no": 2}, **options).fit(X, Y)
    with tempfile.TemporaryDirectory() as folder:
        save_model(model, Path(folder) / "model")
        return model, (Path(folder) / "model").read_bytes()


def load(content: bytes) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        path.write_bytes(content)
        return load_model(path)


def assert_error_or_same(content: bytes) -> None:
    model, _ = original()
    try:
        loaded = load(content)
    except ModelFileError as error:
        assert str(error).endswith((".", "multilayer"))  # noqa: PT017 whatever the error is, this holds
        return
    assert_same(loaded, copy.deepcopy(model))


@given(st.data())
def test_a_truncated_file_raises_an_error(data: st.DataObject) -> None:
    _, content = original()
    with pytest.raises(ModelFileError, match="is damaged"):
        load(content[: data.draw(st.integers(0, len(content) - 1))])


@given(st.data())
def test_flipped_bytes_raise_an_error_or_change_nothing(data: st.DataObject) -> None:
    _, content = original()
    damaged = bytearray(content)
    flips = st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255))
    for place, byte in data.draw(st.lists(flips, min_size=1, max_size=4)):
        damaged[place] = byte
    assert_error_or_same(bytes(damaged))


@given(st.data())
def test_a_flipped_bit_of_the_header_raises_an_error_or_changes_nothing(data: st.DataObject) -> None:
    _, content = original()
    damaged = bytearray(content)
    length = int.from_bytes(content[:8], "little") + 8
    damaged[data.draw(st.integers(0, length - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert_error_or_same(bytes(damaged))


@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_an_error(content: bytes) -> None:
    with pytest.raises(ModelFileError, match=r"is not a model file, or is damaged \(.+\)\. Use a file written by"):
        load(content)


def parts() -> tuple[Model, Tensors]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        path.write_bytes(original()[1])
        return container.read(path)


def file_content(model: Model, tensors: Tensors, version: Any = container.VERSION) -> bytes:
    """Return a file of the format with a valid digest: whoever forges a file can compute the digest too."""
    head = {"version": version, "digest": container._digest(model, tensors), "model": model}
    return save(tensors, metadata={container.KEY: json.dumps(head)})


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to all parts of a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(leaf for key, each in inside for leaf in leaves(each, (*path, key)))]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["tuple", "tensor", "floats", "record", "fields", "dict", "x"]), inner, max_size=2
        )
    ),
    max_leaves=5,
)


@given(st.data())
def test_other_json_with_a_valid_digest_gives_a_model_or_an_error(data: st.DataObject) -> None:
    model, tensors = parts()
    path = data.draw(st.sampled_from(leaves(model)[1:]))
    place = functools.reduce(lambda value, key: value[key], path[:-1], model)
    if data.draw(st.booleans()) and isinstance(place, dict):
        del place[path[-1]]
    else:
        place[path[-1]] = data.draw(JUNK)
    try:
        loaded = load(file_content(model, tensors))
    except ModelFileError as error:
        assert str(error).endswith(".")  # noqa: PT017 whatever the error is, this holds
        return
    probabilities = loaded.predict_proba(X) if loaded.engine in ("auto", "cpu", "reference") else np.zeros((40, 2))
    assert probabilities.shape == (40, 2)


@given(st.data())
def test_other_arrays_with_a_valid_digest_raise_an_error_or_keep_the_weights(data: st.DataObject) -> None:
    model, tensors = parts()
    name = data.draw(st.sampled_from(sorted(tensors)))
    array = tensors[name]
    others: list[Callable[[], Any]] = [
        lambda: array.astype(np.float16),
        lambda: array.astype(np.uint8),
        lambda: array[..., :-1],
        lambda: np.concatenate([array, array], axis=-1),
        lambda: array.reshape(1, *array.shape),
    ]
    with np.errstate(over="ignore"):
        tensors[name] = np.ascontiguousarray(data.draw(st.sampled_from(others))())
    try:
        loaded = load(file_content(model, tensors))
    except ModelFileError:
        return
    # Curves that are not used for predictions may be shorter, and a class may have lost its name.
    assert loaded.parameters_.shape == original()[0].parameters_.shape


def changed(path: str, value: Any) -> Callable[[Model, Tensors], None]:
    def change(model: Model, _: Tensors) -> None:
        *way, last = path.split("/")
        functools.reduce(lambda place, key: place[key], way, model)[last] = value

    return change


def retyped(name: str, make: Callable[[Any], Any]) -> Callable[[Model, Tensors], None]:
    def change(_: Model, tensors: Tensors) -> None:
        tensors[name] = np.ascontiguousarray(make(tensors[name]))

    return change


RUN = "attributes/training/fields"
CASES: dict[str, tuple[Callable[[Model, Tensors], None], str]] = {
    "another class": (changed("class", "os.system"), "holds a 'os.system', and models are MLPClassifier, MLPRegressor"),
    "a method": (changed("attributes/predict", 1), "'predict' is not an attribute of a model"),
    "a constant of the class": (changed("attributes/_y_is_labels", False), "'_y_is_labels' is not an attribute"),
    "a parameter of the future": (changed("parameters/depth", 1), r"unknown to this version: \['depth'\]"),
    "a field of the future": (changed(f"{RUN}/depth", 1), "Training has a 'depth', which is unknown to this version"),
    "a record of the future": (
        changed(f"{RUN}/stop/record", "Rule"),
        "holds a 'Rule', which is unknown to this",
    ),
    "a form of the future": (changed(f"{RUN}/t", {"complex": 1}), "is not a value of this format"),
    "a huge network": (
        changed("attributes/network_/fields/layer_sizes", {"tuple": [3, 10**12, 3, 1]}),
        r"parameters must be an array of floats of shape \(7000000000007,\), got",
    ),
    "a size that is no integer": (
        changed("attributes/network_/fields/layer_sizes", {"tuple": [3, 4.5, 3, 1]}),
        r"network_\.layer_sizes\.1 must be an integer from 1 to \d+, got '4.5'",
    ),
    "an activation that is none": (changed("attributes/network_/fields/hidden", {"tuple": ["eval", "relu"]}), "eval"),
    "a wide text": (
        changed("attributes/classes_", {"texts": ["no"], "width": 10**10}),
        "do not fit a width of 1000000",
    ),
    "weights that are not finite": (
        retyped("training.descent.parameters", lambda a: a * np.nan),
        "the weights are not all finite",
    ),
    "too few weights": (
        retyped("training.descent.parameters", lambda a: a[1:]),
        r"parameters must be an array of floats of shape \(35,\), got",
    ),
    "half weights": (
        retyped("training.descent.parameters", lambda a: a.astype(np.float16)),
        "weights of float16 cannot have a memory of the update rule",
    ),
    "too little memory": (
        retyped("training.descent.slots", lambda a: a[:, 1:]),
        r"slots must be an array of floats of shape \(any, 35\), got",
    ),
    "a row twice": (retyped("training.order", lambda a: a * 0), "not distinct or not below 36"),
    "a row beyond the table": (retyped("training.rows", lambda a: a + 40), "not distinct or not below 40"),
    "a generator that is none": (
        retyped("training.random_state", lambda a: a[:-1]),
        "the random state is not one of MT19937",
    ),
    "a curve that is shorter": (retyped("loss_curve_", lambda a: a[1:]), "its curves differ in length"),
    "an array too many": (lambda _, tensors: tensors.update(x=np.zeros(1)), r"unused arrays: \['x'\]"),
    "an array too few": (lambda _, tensors: tensors.pop("loss_curve_"), "'loss_curve_' is missing, or used twice"),
    "no labels": (lambda model, _: model["attributes"].pop("labels"), "labels is missing"),
    "other labels": (
        changed("attributes/classes_", {"texts": ["a", "b"], "width": 3}),
        "the two copies of the labels of the network differ",
    ),
    "a count that is a flag": (
        changed("attributes/n_iter_", True),
        "n_iter_ must be an integer from 0 to 9007199254740992, got 'True'",
    ),
    "no parts": (lambda model, _: model.pop("parameters"), "its header is not that of a model"),
}


@pytest.mark.parametrize("case", CASES)
def test_error_names_the_invalid_value(case: str) -> None:
    change, message = CASES[case]
    model, tensors = parts()
    change(model, tensors)
    with pytest.raises(ModelFileError, match=message):
        load(file_content(model, tensors))


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (
            3,
            r"written by a newer multilayer, in version 3 of the format; this one reads up to 2\. Update: python -m",
        ),
        (0, "its header is not that of a model"),
        (True, "its header is not that of a model"),
        ("1", "its header is not that of a model"),
    ],
)
def test_unknown_versions_raise_errors(version: Any, message: str) -> None:
    with pytest.raises(ModelFileError, match=message):
        load(file_content(*parts(), version=version))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"version": NaN}', "[" * 100_000, "1" * 5000])
def test_invalid_headers_raise_errors(text: str) -> None:
    with pytest.raises(ModelFileError, match=r"is damaged: its header is (not JSON|not that of a model)"):
        load(save({}, metadata={container.KEY: text}))


def test_a_deeply_nested_value_raises_an_error() -> None:
    model, tensors = parts()
    deep: Any = 1
    for _ in range(600):
        deep = {"tuple": [deep]}
    model["attributes"]["loss_"] = deep
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        content = file_content(model, tensors)
    finally:
        sys.setrecursionlimit(limit)
    with pytest.raises(ModelFileError, match=r"recursion|not JSON|is damaged: its content"):
        load(content)


def test_a_safetensors_file_of_another_library_raises_an_error() -> None:
    with pytest.raises(ModelFileError, match="of safetensors, but not of multilayer: 'multilayer' is missing"):
        load(save({"a": np.zeros(3)}))


def test_missing_parameters_of_an_older_file_get_their_defaults() -> None:
    model, tensors = parts()
    del model["parameters"]["max_time"], model["attributes"]["training"]["fields"]["gradient"]
    loaded = load(file_content(model, tensors))
    assert loaded.max_time is None
    np.testing.assert_array_equal(loaded.predict_proba(X), original()[0].predict_proba(X))


def test_paths_that_are_not_regular_files_raise_errors(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"nowhere: no such file\. Check the path"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(ModelFileError, match="is not a regular file"):
        load_model(tmp_path)
    with pytest.raises(ModelFileError, match="cannot be read"):
        load_model("a\0b")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ModelFileError, match="is not a regular file"):
            load_model(tmp_path / "pipe")


def test_digest_is_computed_as_format_md_describes(tmp_path: Path) -> None:
    import hashlib

    (tmp_path / "model").write_bytes(original()[1])
    with safe_open(tmp_path / "model", framework="numpy") as file:
        head = json.loads(file.metadata()["multilayer"])
        digest = hashlib.blake2b(digest_size=32)
        digest.update(json.dumps(head["model"], sort_keys=True, separators=(",", ":")).encode())
        for name in sorted(file.keys()):
            array = file.get_tensor(name)
            digest.update(json.dumps([name, array.dtype.str, list(array.shape)], separators=(",", ":")).encode())
            digest.update(array.tobytes())
    assert head["digest"] == digest.hexdigest()
