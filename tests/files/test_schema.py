"""Forged files, one for each kind of value: the error names the invalid value, and little memory is used."""

from __future__ import annotations

import copy
import functools
import json
import math
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from multilayer import MLPClassifier, MLPRegressor, load_model, save_model
from multilayer.exceptions import ModelFileError, ParameterError
from multilayer.files import container
from multilayer.files.kinds import LABELS
from multilayer.files.schema import ENSEMBLES, NETWORKS, RECORDS

from .mutants import X, file_content, parts

Change = Callable[[Any, Any], object]
RUN = "attributes/training/fields"


def put(path: str, value: Any) -> Change:
    def change(model: Any, _: Any) -> None:
        *way, last = path.split("/")
        functools.reduce(lambda place, key: place[key], way, model)[last] = value

    return change


def drop(path: str) -> Change:
    def change(model: Any, _: Any) -> None:
        *way, last = path.split("/")
        del functools.reduce(lambda place, key: place[key], way, model)[last]

    return change


def array(name: str, make: Callable[[Any], Any]) -> Change:
    def change(_: Any, tensors: Any) -> None:
        tensors[name] = np.array(make(tensors[name]))

    return change


def load(path: Path, content: bytes) -> Any:
    path.write_bytes(content)
    return load_model(path)


REGRESSOR: dict[str, tuple[Change, str]] = {
    "a scale for two of three outputs": (
        array("target_scale_", lambda a: a[:1]),
        r"target_scale_ must be an array of floats of shape \(2,\), got an array of float64 of shape \(1,\)",
    ),
    "a scale without dimension": (array("target_scale_", lambda a: a[0]), r"target_scale_ must be .*shape \(\)"),
    "a scale of integers": (array("target_scale_", lambda a: a.astype(int)), "target_scale_ must be an array of fl"),
    "a negative scale": (array("target_scale_", lambda a: -a), "or the scale is negative"),
    "a mean that is no number": (array("target_mean_", lambda a: a * np.nan), "not finite, or the scale is negative"),
    "a mean without a scale": (
        lambda model, tensors: (put("attributes/target_scale_", None)(model, tensors), tensors.pop("target_scale_")),
        "a mean of the targets without a scale",
    ),
    "too many updates": (put(f"{RUN}/descent/fields/t", 2**60), "training.descent.t must be an integer from 0 to"),
    "updates below 0": (put(f"{RUN}/descent/fields/t", -1), "training.descent.t must be an integer from 0 to"),
    "a flag for updates": (put(f"{RUN}/descent/fields/t", True), "training.descent.t must be an integer"),
    "cuts that take for ever": (put(f"{RUN}/n_cuts", 10**15), "its counts are too large for 4 epochs"),
    "more epochs than were trained": (put("attributes/n_iter_", 9), "too large for 4 epochs"),
    "a list for max_iter": (put("parameters/max_iter", [4]), r"max_iter must be a positive integer, got \[4\]"),
    "a flag for max_iter": (put("parameters/max_iter", True), "max_iter must be a positive integer"),
    "a negative step size": (
        put("parameters/learning_rate_init", -0.1),
        "learning_rate_init must be a positive number",
    ),
    "a record for alpha": (
        put("parameters/alpha", {"record": "Huber", "fields": {}}),
        "alpha must be a plain value, got 'Huber",
    ),
    "an activation that is none": (put("parameters/activation", "eval"), "unknown activation 'eval'"),
    "an engine that is none": (put("parameters/engine", "os.system"), "engine must be one of 'auto', 'cpu', 'refe"),
    "a cost of the wrong task": (put("parameters/loss", "log_loss"), "loss must be one of 'squared_error'"),
    "an array for a seed": (
        lambda model, tensors: (put("parameters/random_state", {"tensor": "x"})(model, tensors), tensors.update(x=X)),
        "random_state must be None, an integer from 0 to",
    ),
    "callbacks": (put("parameters/callbacks", ["print"]), "callbacks must be empty"),
    "a schedule of your own": (
        put("parameters/learning_rate", {"record": "CustomSchedule", "fields": {"factor": 1}}),
        "learning_rate must be a plain value, got 'CustomSchedule",
    ),
    "a schedule out of range": (
        put("parameters/learning_rate", {"record": "Cosine", "fields": {"n_epochs": -5}}),
        "learning_rate must be a plain value, got 'Cosine|n_epochs must be",
    ),
    "no curve": (drop("attributes/loss_curve_"), "loss_curve_ is missing"),
    "no state": (drop(f"{RUN}/descent"), "Training has no 'descent'"),
    "no network": (drop("attributes/network_"), "network_ is missing"),
    "a unit of the other task": (
        lambda model, tensors: (
            put("attributes/network_/fields/output", "softmax")(model, tensors),
            put("attributes/network_/fields/cost", None)(model, tensors),
        ),
        "MLPRegressor has no 'softmax' outputs",
    ),
    "a reason that is none": (put(f"{RUN}/reason", "x"), "training.reason must be one of"),
    "squares below 0": (
        array("training.descent.slots", lambda a: np.vstack([a[:1], a[:1] - 1])),
        "memory must be at most two arrays of numbers, the second of squares",
    ),
    "memory that is no number": (
        array("training.descent.slots", lambda a: a * np.nan),
        "memory must be at most two arrays",
    ),
    "two precisions": (
        array("training.descent.slots", lambda a: a.astype("f4")),
        "its arrays are partly float32",
    ),
    "a dict with a key twice": (put("attributes/loss_", {"dict": [[1, 2], [1.0, 3]]}), "a dict has a key twice"),
    "a tuple for a key": (
        put("attributes/loss_", {"dict": [[{"tuple": [1]}, 2]]}),
        "the key of a dict must be text or a number",
    ),
    "the text of a number": (put("attributes/loss_", "0.5"), "loss_ must be a number, got '0.5'"),
}


@pytest.mark.parametrize("case", REGRESSOR)
def test_error_names_the_invalid_value(case: str, tmp_path: Path) -> None:
    change, message = REGRESSOR[case]
    model, tensors = parts("regressor")
    change(model, tensors)
    with pytest.raises(ModelFileError, match=message):
        load(tmp_path / "model", file_content(model, tensors))


LABELS_OF: dict[str, tuple[Any, str]] = {
    "out of order": ({"texts": ["yes", "no"], "width": 3}, "are not sorted and distinct"),
    "twice": ({"texts": ["no", "no"], "width": 3}, "are not sorted and distinct"),
    "of several kinds": ({"objects": ["no", 3]}, "are not sorted and distinct"),
    "none": ({"texts": [], "width": 1}, "are not sorted and distinct"),
    "one too many": ({"texts": ["a", "b", "c"], "width": 1}, "cannot have 3 classes"),
    "lists": ({"objects": [["no"], ["yes"]]}, "an array of objects holds text, numbers"),
    "numbers as text": ({"texts": [1, 2], "width": 3}, "an array of text is a list of texts"),
    "a width that is no integer": ({"texts": ["no", "yes"], "width": 3.0}, "an array of text is a list of texts"),
}


@pytest.mark.parametrize("case", LABELS_OF)
def test_invalid_labels_raise_errors(case: str, tmp_path: Path) -> None:
    value, message = LABELS_OF[case]
    model, tensors = parts("classifier")
    model["attributes"]["classes_"] = model["attributes"]["labels"]["fields"]["classes"] = value
    with pytest.raises(ModelFileError, match=message):
        load(tmp_path / "model", file_content(model, tensors))


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("1e999", "the number 1e999 is outside the range of float64"),
        ("NaN", "NaN is not JSON"),
        ("Infinity", "Infinity is not JSON"),
        (str(2**70), "has more than 64 bits"),
        ("9" * 5000, "has more than 64 bits"),
        ('4, "n_iter_": 4', "the key 'n_iter_' occurs twice"),
    ],
)
def test_numbers_outside_json_raise_errors(number: str, message: str, tmp_path: Path) -> None:
    model, tensors = parts("regressor")
    head = json.dumps({"version": container.VERSION, "digest": container._digest(model, tensors), "model": model})
    assert '"n_iter_": 4' in head
    content = save(tensors, metadata={container.KEY: head.replace('"n_iter_": 4', f'"n_iter_": {number}')})
    with pytest.raises(ModelFileError, match=f"its header is not JSON .*{message}"):
        load(tmp_path / "model", content)


def with_changed_header(change: Callable[[dict[str, Any]], object]) -> bytes:
    content = file_content(*parts("regressor"))
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda header: header["target_mean_"].update(header["target_scale_"]), "does not begin where the one before"),
        (lambda header: header["target_mean_"].update(shape=[-2]), "are not counts"),
        (lambda header: header["target_mean_"].update(shape=[2**62]), "are not counts"),
        (lambda header: header["target_mean_"].update(shape=[2**40, 2**40]), "does not have 16 bytes"),
        (lambda header: header["target_mean_"].update(shape=[True, 2]), "are not counts"),
        (lambda header: header["target_mean_"].update(shape=[1] * 40 + [2]), "are not counts"),
        (lambda header: header["target_mean_"].update(dtype="BF16"), "is of 'BF16', which models do not use"),
        (lambda header: header["target_mean_"].update(x=1), "not described by dtype, shape and data_offsets"),
        (lambda header: header.pop("target_mean_"), "does not begin where|its arrays have"),
        (lambda header: header.update(__metadata__=3), "not that of a safetensors file"),
    ],
)
def test_arrays_that_are_not_contiguous_in_the_file_raise_errors(
    change: Callable[[dict[str, Any]], object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelFileError, match=message):
        load(tmp_path / "model", with_changed_header(change))


@pytest.mark.parametrize(
    "value",
    [
        [{"texts": ["a"] * 250, "width": 60_000} for _ in range(22)],  # 1.3 GB
        {"texts": ["a"], "width": 2**30},
        {"dict": [[k * (2**61 - 1), 1.0] for k in range(5000)]},  # all with the hash 0
        [[[[]] * 500] * 3] * 3,
    ],
)
def test_small_files_take_little_memory(value: Any, tmp_path: Path) -> None:
    model, tensors = parts("classifier")
    model["parameters"]["class_weight"] = value
    content = file_content(model, tensors)
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError):
            load(tmp_path / "model", content)
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()


def test_a_header_that_is_too_long_raises_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"has a header of 33,554,440 bytes; that of a model has up to 16,777,216"):
        load(tmp_path / "model", (2**25 + 8).to_bytes(8, "little") + bytes(2**25 + 8))
    labels = np.array([f"{number:0700}" for number in range(26_000)], dtype=object)
    model = copy.deepcopy(load(tmp_path / "model", file_content(*parts("classifier"))))
    model.classes_ = model._labels.classes[:] = labels[:2]
    model.feature_names_in_ = labels
    with pytest.raises(
        ModelFileError, match=r"cannot be saved: feature_names_in_ must be an array|take [\d,]+ bytes, and"
    ):
        save_model(model, tmp_path / "other")


def test_a_model_that_could_not_be_loaded_is_not_saved(tmp_path: Path) -> None:
    path = tmp_path / "model"
    model = MLPClassifier((2,), max_iter=2, n_iter_no_change=math.inf, engine="reference").fit(X, X[:, 0] > 0)
    with pytest.raises(ParameterError, match="alpha must be a non-negative number, got -1"):
        save_model(copy.deepcopy(model).set_params(alpha=-1), path)
    with pytest.raises(
        ParameterError, match=r"the parameter max_iter cannot be stored in a file: .* numbers of up to 64"
    ):
        save_model(copy.deepcopy(model).set_params(max_iter=2**70), path)
    model.note = "mine"
    with pytest.raises(ParameterError, match=r"the attribute 'note' cannot be stored .* Remove it \(del model.note\)"):
        save_model(model, path)
    del model.note
    model.n_outputs_ = 3
    with pytest.raises(ModelFileError, match="cannot be saved: n_outputs_ must be 1, as in the network, got '3'"):
        save_model(model, path)
    assert not path.exists()


def test_every_parameter_of_the_estimators_is_in_the_schema() -> None:
    for name, kind in (NETWORKS | ENSEMBLES).items():
        assert kind.make.__name__ == name
        assert set(kind.make._get_param_names()) - {"estimator"} <= set(kind.parameters)
    for record in RECORDS:
        made: Any = record.make
        known = {each.name for each in fields(made)}
        assert set(record.fields) == known
        assert set(record.required) <= known
    assert "M" not in LABELS


SHRINK = """
import os, sys, threading
from multilayer import load_model
import numpy as np
path, X = sys.argv[1], np.zeros((3, 3))
content, is_over = open(path, "rb").read(), threading.Event()
def shrink():
    while not is_over.is_set():
        with open(path, "r+b") as file:
            file.truncate(100)
        with open(path, "r+b") as file:
            file.write(content)
thread = threading.Thread(target=shrink)
thread.start()
verdicts = set()
for _ in range(100):
    try:
        load_model(path).predict(X)
        verdicts.add("read")
    except ValueError as error:
        verdicts.add(type(error).__name__)
is_over.set()
thread.join()
print(sorted(verdicts))
"""


def test_a_file_that_is_truncated_while_it_is_read_raises_an_error(tmp_path: Path) -> None:
    """Memory mapping of such a file would kill the process."""
    save_model(
        MLPRegressor((64, 64), max_iter=1, n_iter_no_change=math.inf, engine="reference").fit(X, X[:, 0]),
        tmp_path / "m",
    )
    done = subprocess.run([sys.executable, "-c", SHRINK, str(tmp_path / "m")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "ModelFileError" in done.stdout
    assert set(json.loads(done.stdout.replace("'", '"'))) <= {"read", "ModelFileError"}


@pytest.mark.skipif(os.name != "posix", reason="devices of POSIX")
def test_devices_raise_errors(tmp_path: Path) -> None:
    model = load(tmp_path / "model", file_content(*parts("regressor")))
    for device in ("/dev/zero", "/dev/null", "/dev/full"):
        with pytest.raises(ModelFileError, match=rf"{device}: cannot be read: is not a regular file\."):
            load_model(device)
        with pytest.raises(ModelFileError, match=rf"{device}: cannot be written: it is not a regular file\. Choose"):
            save_model(model, device)
