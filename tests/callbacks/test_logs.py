"""Log files contain the events of training in complete lines, also after errors and crashes."""

from __future__ import annotations

import copy
import csv
import errno
import io
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import cross_val_score

from multilayer import MLPClassifier
from multilayer.callbacks import CSVLog, JSONLinesLog, LambdaCallback, logs
from multilayer.exceptions import DataFileError

from ..problems import POINTS as X
from ..problems import SIDES as y

# Fits of a fixed number of epochs under warm_start may be some of many, and are warned of.
pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")


def model(log: Any, **options: Any) -> MLPClassifier:
    defaults = {"max_iter": 4, "n_iter_no_change": np.inf, "random_state": 0}
    return MLPClassifier((4,), callbacks=[log], **(defaults | options))


def test_a_csv_log_contains_the_training_curves(tmp_path: Path) -> None:
    fitted = model(CSVLog(tmp_path / "new" / "log.csv"), early_stopping=True).fit(X, y)
    frame = pd.read_csv(tmp_path / "new" / "log.csv")
    assert frame["epoch"].tolist() == [1, 2, 3, 4]
    assert frame["cost"].tolist() == fitted.loss_curve_
    assert frame["step_size"].tolist() == [0.001] * 4
    assert frame["validation_score"].tolist() == fitted.validation_scores_
    assert frame["seconds"].is_monotonic_increasing
    assert frame["run"].nunique() == 1


def test_missing_values_are_empty_in_a_csv_log(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="max_iter"):
        model(CSVLog(tmp_path / "log.csv"), solver="lbfgs").fit(X, y)
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {(row["step_size"], row["validation_score"]) for row in rows} == {("", "")}


def test_runs_share_a_file_and_continued_runs_keep_their_name(tmp_path: Path) -> None:
    continued = model(CSVLog(tmp_path / "log.csv"), warm_start=True)
    continued.fit(X, y).fit(X, y)
    model(CSVLog(tmp_path / "log.csv")).fit(X, y)
    frame = pd.read_csv(tmp_path / "log.csv", dtype={"run": str})
    assert frame["epoch"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4]
    assert frame["run"].tolist() == [frame["run"][0]] * 8 + [frame["run"][8]] * 4
    assert frame["run"].nunique() == 2


def test_cross_validation_folds_write_separate_runs_to_one_log(tmp_path: Path) -> None:
    cross_val_score(model(CSVLog(tmp_path / "log.csv"), max_iter=50), X, y, cv=4)
    frame = pd.read_csv(tmp_path / "log.csv", dtype={"run": str})
    assert frame.groupby("run")["epoch"].apply(list).tolist() == [list(range(1, 51))] * 4


def test_a_file_that_is_not_a_log_raises_an_error_and_is_not_modified(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("age,city\n3,Ulm\n")
    with pytest.raises(DataFileError, match=r"table\.csv is not a log of training: its first line is 'age,city', not"):
        model(CSVLog(path)).fit(X, y)
    assert path.read_text() == "age,city\n3,Ulm\n"


@pytest.mark.parametrize("kind", [CSVLog, JSONLinesLog])
def test_a_new_run_starts_on_a_new_line_after_an_unfinished_one(kind: Any, tmp_path: Path) -> None:
    path = tmp_path / "log"
    model(kind(path)).fit(X, y)
    with path.open("a") as file:
        file.write("half of a li")
    model(kind(path)).fit(X, y)
    lines = path.read_text().splitlines()
    assert lines.count("half of a li") == 1


def test_a_crash_leaves_whole_lines(tmp_path: Path) -> None:
    code = """
import os, numpy as np
from multilayer import MLPClassifier
from multilayer.callbacks import CSVLog, JSONLinesLog, LambdaCallback
die = LambdaCallback(on_epoch_end=lambda event: event.epoch == 3 and os._exit(9))
X = np.random.RandomState(0).normal(size=(40, 2))
callbacks = [CSVLog("log.csv"), JSONLinesLog("log.jsonl"), die]
MLPClassifier((4,), engine="reference", callbacks=callbacks).fit(X, (X[:, 0] > 0).astype(int))
"""
    died = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False, env=dict(os.environ))
    assert died.returncode == 9
    assert pd.read_csv(tmp_path / "log.csv")["epoch"].tolist() == [1, 2, 3]
    text = (tmp_path / "log.jsonl").read_text()
    assert [json.loads(line).get("epoch") for line in text.splitlines()][-3:] == [1, 2, 3]
    assert text.endswith("\n")
    assert (tmp_path / "log.csv").read_text().endswith("\n")


def test_a_line_is_written_at_the_end_of_each_epoch(tmp_path: Path) -> None:
    path, seen = tmp_path / "log.csv", []
    look = LambdaCallback(on_epoch_end=lambda _: seen.append(len(path.read_text().splitlines())))
    MLPClassifier((4,), max_iter=3, n_iter_no_change=np.inf, callbacks=[CSVLog(path), look]).fit(X, y)
    assert seen == [2, 3, 4]


def test_a_json_lines_log_contains_every_event(tmp_path: Path) -> None:
    fitted = model(JSONLinesLog(tmp_path / "log.jsonl")).fit(X, y)
    records = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    records = [record for record in records if record["event"] != "compilation_started"]
    assert [record["event"] for record in records] == ["run_started", *["epoch_ended"] * 4, "run_ended"]
    network = {"layer_sizes": [2, 4, 1], "hidden": ["relu"], "output": "sigmoid", "cost": None, "normalization": None}
    network["embedding"] = None
    assert records[0]["network"] == network
    assert [record["cost"] for record in records[1:-1]] == fitted.loss_curve_
    assert records[-1]["reason"] == "max_epochs"
    assert len({record["run"] for record in records}) == 1


def test_a_json_lines_log_names_the_cost(tmp_path: Path) -> None:
    model(JSONLinesLog(tmp_path / "log.jsonl"), loss="focal").fit(X, y)
    started = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])
    assert started["network"]["cost"] == "SigmoidFocal(gamma=2.0)"


def test_a_json_lines_log_contains_null_instead_of_nan(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="max_iter"):
        model(JSONLinesLog(tmp_path / "log.jsonl"), solver="lbfgs").fit(X, y)
    text = (tmp_path / "log.jsonl").read_text()
    assert "NaN" not in text
    assert '"step_size": null' in text


@pytest.mark.parametrize("kind", [CSVLog, JSONLinesLog])
def test_a_log_can_be_copied_and_pickled_and_leaves_no_file_open(kind: Any, tmp_path: Path) -> None:
    log = kind(tmp_path / "log")
    fitted = model(log).fit(X, y)
    assert log._lines._file is None
    assert copy.deepcopy(log).path == pickle.loads(pickle.dumps(fitted)).callbacks[0].path == log.path


@pytest.mark.skipif(os.name != "posix", reason="devices and pipes of POSIX")
@pytest.mark.parametrize("kind", [CSVLog, JSONLinesLog])
def test_unwritable_paths_raise_data_file_errors(kind: Any, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path, tmp_path / "pipe", "/dev/full", tmp_path / "file" / "below", tmp_path / "a\0b"):
        with pytest.raises(DataFileError, match=r"cannot be written: .+\. Use a regular file in a writable folder"):
            MLPClassifier((2,), max_iter=1, engine="reference", callbacks=[kind(path)]).fit([[0.0], [1.0]], [0, 1])


@pytest.mark.parametrize("unfinished", [True, False])
@pytest.mark.parametrize("kind", [CSVLog, JSONLinesLog])
def test_a_full_disk_is_reported_once_and_the_file_closed(
    kind: Any, unfinished: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.FileIO):
        def write(self, _: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "log"
    path.write_text("unfinished" if unfinished else "")
    opened: list[Full] = []

    def open_full(path: Path, *_: Any) -> Full:
        opened.append(Full(path, "r+"))
        return opened[-1]

    monkeypatch.setattr(logs, "open_regular", open_full)
    with pytest.raises(DataFileError) as caught:
        model(kind(path)).fit(X, y)
    assert str(caught.value).count("cannot be written") == 1
    assert str(caught.value).startswith(f"{path} cannot be written: No space left on device. Use")
    assert [file.closed for file in opened] == [True]
