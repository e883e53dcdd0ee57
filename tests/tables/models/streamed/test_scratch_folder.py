"""Fits that are killed and resume with equal bits, and the files of a fit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from multilayer.exceptions import DataFileError, InterruptedTrainingWarning
from multilayer.tables.models import PhaseProgress, TableRegressor

from .conftest import MEMORY

PROGRAM = """
import os, signal, sys, warnings
import numpy as np
from multilayer.tables.models import PhaseProgress, TableRegressor, recipes
from multilayer.tables.models.streamed import networks

source, scratch, result, phase, name = sys.argv[1:]
recipes.n_epochs = lambda recipe, n_rows, batch: 6
networks.SECONDS_BETWEEN_CHECKPOINTS = 0.0
phases = []


def watch(event):
    if isinstance(event, PhaseProgress):
        phases.append(f"{event.phase} {event.name}".strip())
        if (event.phase, event.name) == (phase, name) and (event.share is None or event.share > 0.5):
            os.kill(os.getpid(), signal.SIGKILL)


model = TableRegressor("standard", memory="600MB", scratch=scratch, random_state=0, callbacks=[watch])
model.fit(source, "rent")
weights = np.concatenate([member.network.parameters_ for member in model.members_])
np.savez(result, weights=weights, held_out=model.oof_prediction_, phases=list(dict.fromkeys(phases)))
"""


def run(source: Path, folder: Path, name: str, phase: str = "", kind: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM, str(source), str(folder / "rows"), str(folder / name), phase, kind]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_a_killed_fit_resumes_with_equal_bits(flats_file: Path, tmp_path: Path) -> None:
    undisturbed = run(flats_file, tmp_path, "undisturbed.npz")
    assert undisturbed.returncode == 0, undisturbed.stderr
    assert not (tmp_path / "rows").exists()
    for phase, kind in (("encoding", ""), ("training", "waves"), ("training", "pieces")):
        killed = run(flats_file, tmp_path, "killed.npz", phase, kind)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert (tmp_path / "rows").exists()
    resumed = run(flats_file, tmp_path, "resumed.npz")
    assert resumed.returncode == 0, resumed.stderr
    with np.load(tmp_path / "undisturbed.npz") as one, np.load(tmp_path / "resumed.npz") as other:
        np.testing.assert_array_equal(one["weights"], other["weights"])
        np.testing.assert_array_equal(one["held_out"], other["held_out"])
        assert one["phases"].tolist() == ["reading", "encoding", "training waves", "training pieces"]
        assert other["phases"].tolist() == ["training pieces"]  # passes and network are not repeated
    assert not (tmp_path / "rows").exists()


def interrupted(flats_file: Path, scratch: Path, short: Any) -> TableRegressor:
    """Begin a fit, and press Ctrl-C in its training."""

    def press(event: Any) -> None:
        if isinstance(event, PhaseProgress) and event.phase == "training" and event.n_rows > 6000:
            os.kill(os.getpid(), signal.SIGINT)

    model = TableRegressor("quick", memory=MEMORY, scratch=scratch, random_state=0, callbacks=[press])
    with short(300), pytest.warns(InterruptedTrainingWarning):
        return model.fit(flats_file, "rent")


def test_ctrl_c_keeps_the_files_of_a_named_folder(flats_file: Path, tmp_path: Path, short: Any) -> None:
    model = interrupted(flats_file, tmp_path / "rows", short)
    names = sorted(path.name for path in (tmp_path / "rows").iterdir())
    assert names == ["multilayer-fit.json", "multilayer-table.npz", "rows-scaled"]
    with short(300):
        model.set_params(callbacks=[]).fit(flats_file, "rent")
    assert not (tmp_path / "rows").exists()


def test_the_folder_of_another_fit_is_not_used(flats_file: Path, tmp_path: Path, short: Any) -> None:
    interrupted(flats_file, tmp_path / "rows", short)
    before = sorted((tmp_path / "rows").rglob("*"))
    for changed in ({"random_state": 1}, {"memory": "5GB"}, {"loss": "absolute_error"}):
        parameters = {"memory": MEMORY, "random_state": 0, "scratch": tmp_path / "rows"} | changed
        with pytest.raises(DataFileError, match="holds a fit on other files, or with other settings"):
            TableRegressor("quick", **parameters).fit(flats_file, "rent")
    assert sorted((tmp_path / "rows").rglob("*")) == before


def test_damaged_files_are_errors_whose_advice_helps(flats_file: Path, tmp_path: Path, short: Any) -> None:
    model = interrupted(flats_file, tmp_path / "rows", short).set_params(callbacks=[])
    header = tmp_path / "rows" / "multilayer-fit.json"
    (rows,) = tmp_path.glob("rows/rows-*/multilayer-rows.json")
    for file, message in (
        (tmp_path / "rows" / "multilayer-table.npz", "is damaged"),
        (rows, "cannot resume its fit"),
        (header, "cannot be read"),
    ):
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
        with pytest.raises(
            DataFileError, match=f"{message}.* Remove multilayer-fit.json from the folder to begin the fit again"
        ):
            model.fit(flats_file, "rent")
        if file != header:
            file.write_bytes(content)
    rows.unlink()
    header.unlink()
    with short(2):
        model.fit(flats_file, "rent")
    assert not (tmp_path / "rows").exists() or not list((tmp_path / "rows").iterdir())


def test_folders_above_a_new_folder_are_removed_too(flats_file: Path, tmp_path: Path, short: Any) -> None:
    with short(2):
        TableRegressor("quick", memory=MEMORY, scratch=tmp_path / "new" / "rows").fit(flats_file, "rent")
    assert not list(tmp_path.iterdir())


def test_other_files_of_the_folder_stay(flats_file: Path, tmp_path: Path, short: Any) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with short(2):
        TableRegressor("quick", memory=MEMORY, scratch=tmp_path).fit(flats_file, "rent")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_in_use_is_an_error(flats_file: Path, tmp_path: Path, short: Any) -> None:
    errors: list[str] = []

    def begin_another(event: Any) -> None:
        if isinstance(event, PhaseProgress) and event.phase == "encoding":
            with pytest.raises(DataFileError, match="is in use by another fit") as error:
                TableRegressor("quick", memory=MEMORY, scratch=tmp_path / "rows").fit(flats_file, "rent")
            errors.append(str(error.value))

    with short(2):
        model = TableRegressor("quick", memory=MEMORY, scratch=tmp_path / "rows", callbacks=[begin_another])
        model.fit(flats_file, "rent")
    assert errors
