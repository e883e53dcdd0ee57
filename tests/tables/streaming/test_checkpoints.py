"""Checkpoints of windows: the state that is read is the state that was written."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from multilayer.engines import DescentState
from multilayer.exceptions import DataFileError, ParameterError
from multilayer.tables.streaming.checkpoints import ABOUT, Checkpoint, CheckpointWriter, read_checkpoint
from multilayer.training import TrainingState
from multilayer.training.state import History, StopState

ARRAY = np.linspace(-1.0, 1.0, 5, dtype=np.float32)


def state(**changes: Any) -> TrainingState:
    descent = DescentState(ARRAY.copy(), np.stack([ARRAY, ARRAY]), 17, ARRAY * 3)
    generator = np.random.RandomState(3)
    generator.standard_normal(7)  # an odd number: one is kept for the next draw
    values: dict[str, Any] = {
        "order": np.array([2, 0, 1]),
        "seed": 2**63 + 1,
        "rows_seen": 34,
        "n_cuts": 2,
        "stop": StopState(-0.1, 3),
        "plateau": StopState(math.inf, 0),
        "watches_score": True,
        "best": ARRAY * 2,
        "best_score": 0.1 + 0.2,
        "history": History([1 / 3, 0.5], [0.1, 0.2], [1e-320, math.nan], [0.0, -0.0], 1.5),
    }
    return TrainingState(descent, generator, **{**values, **changes})


def flat(value: Any) -> Any:
    if isinstance(value, np.random.RandomState):
        value = value.get_state(legacy=False)
    if hasattr(value, "__dataclass_fields__"):
        value = vars(value)
    if isinstance(value, dict):
        return {name: flat(each) for name, each in value.items()}
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    return repr(value)


def write(path: Path, written: TrainingState) -> Checkpoint:
    checkpoint = Checkpoint(path)
    CheckpointWriter(checkpoint, "f", 9).write(written)
    return checkpoint


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"order": None, "seed": None, "best": None, "best_score": -math.inf, "history": History([0.5], [0.1])},
        {"reason": "converged"},
    ],
)
def test_state_is_read_as_written(tmp_path: Path, changes: dict[str, Any]) -> None:
    written = state(**changes)
    found = read_checkpoint(write(tmp_path / "state", written), "f")
    assert found is not None
    assert found.n_windows == 9
    assert flat(found.state) == flat(written)
    assert found.state.random_state.standard_normal() == written.random_state.standard_normal()


def test_missing_file_is_no_error(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "state")
    assert read_checkpoint(checkpoint, "f") is None
    checkpoint.remove()
    write(tmp_path / "state", state()).remove()
    assert not list(tmp_path.iterdir())


def test_other_fingerprint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"on other rows or with other settings\. Restore"):
        read_checkpoint(write(tmp_path / "state", state()), "g")


@pytest.mark.parametrize("what", [ARRAY.tobytes(), b'"updates"', b"NUMPY", b"PK\x01\x02"])
def test_damaged_file_is_refused(tmp_path: Path, what: bytes) -> None:
    checkpoint = write(tmp_path / "state", state())
    content = bytearray((tmp_path / "state").read_bytes())
    content[content.index(what) + 2] ^= 0xFF
    (tmp_path / "state").write_bytes(content)
    with pytest.raises(DataFileError, match="cannot be resumed from"):
        read_checkpoint(checkpoint, "f")


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04"])
def test_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state").write_bytes(content)
    with pytest.raises(DataFileError, match="damaged, or another file"):
        read_checkpoint(Checkpoint(tmp_path / "state"), "f")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parameters": None}, "its arrays are"),
        ({"foreign": ARRAY}, "its arrays are"),
        ({"slots": ARRAY}, "differ in length"),
        ({"best": ARRAY[:3]}, "differ in length"),
        ({"costs": ARRAY}, "its curves differ in length"),
        ({"key": ARRAY}, "is damaged"),
        ({ABOUT: np.frombuffer(b"[1]", dtype=np.uint8)}, "another file"),
        ({ABOUT: np.frombuffer(b'{"format": "x", "version": 1}', dtype=np.uint8)}, "another format"),
        ({ABOUT: np.array([{}], dtype=object)}, "another file"),
    ],
)
def test_inconsistent_content_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    checkpoint = write(tmp_path / "state", state())
    with np.load(tmp_path / "state") as archive:
        arrays = {**archive, **changes}
    with (tmp_path / "state").open("wb") as file:
        np.savez(file, **{name: each for name, each in arrays.items() if each is not None})
    with pytest.raises(DataFileError, match=message):
        read_checkpoint(checkpoint, "f")


def test_weights_that_are_not_finite_are_not_written(tmp_path: Path) -> None:
    checkpoint = write(tmp_path / "state", state())
    broken = state(rows_seen=99)
    broken.descent.parameters[1] = np.inf
    CheckpointWriter(checkpoint, "f", 9).write(broken)
    found = read_checkpoint(checkpoint, "f")
    assert found is not None
    assert found.state.rows_seen == 34


def test_checkpoints_are_written_when_they_are_due(tmp_path: Path) -> None:
    path = tmp_path / "state"
    CheckpointWriter(Checkpoint(path, seconds=3600.0), "f", 9).write_if_due(state())
    CheckpointWriter(Checkpoint(path, every=3, seconds=0.0), "f", 9).write_if_due(state())
    assert not path.exists()
    CheckpointWriter(Checkpoint(path, every=2, seconds=0.0), "f", 9).write_if_due(state())
    assert path.exists()


def test_other_generators_and_bad_options_are_refused(tmp_path: Path) -> None:
    written = state()
    written.random_state = np.random.RandomState(np.random.PCG64(0))
    with pytest.raises(ParameterError, match=r"MT19937 generator.*got PCG64"):
        write(tmp_path / "state", written)
    for options in ({"every": 0}, {"every": 1.5}, {"seconds": -1.0}):
        with pytest.raises(ParameterError, match="positive number of windows"):
            Checkpoint(tmp_path, **options)
    with pytest.raises(DataFileError, match="cannot be written"):
        write(tmp_path, state())
