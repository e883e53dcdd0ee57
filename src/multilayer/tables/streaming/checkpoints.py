"""Checkpoints of a training by windows: the state of the session after some window, in one file.

The file is an archive of arrays as ``numpy.savez`` writes it, without pickled objects; each array has a CRC-32.  The
array ``about`` holds JSON: format, version, fingerprint, the number of windows of the training, and the numbers of the
state.  The number of windows done is the length of the curves.  The other arrays are those of the state: weights,
memory of the update rule, average, best weights, generator, order of the rows and curves.

Weights alone are written by :func:`multilayer.save_model`, whose files hold a fitted estimator with its parameters.  A
checkpoint of windows belongs to files of rows and to a network that the program makes again.
"""

from __future__ import annotations

import io
import json
import math
import os
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines import DescentState
from multilayer.exceptions import DataFileError, ParameterError
from multilayer.storage import open_regular, parse_json, reason_of, replace_file
from multilayer.training import TrainingState
from multilayer.training.state import REASONS, History, StopState

FORMAT, VERSION = "multilayer checkpoint of windows", 1
ABOUT = "about"
GENERATOR = "MT19937"
OPTIONAL = ("average", "best", "order", "validation_costs", "validation_scores")


@dataclass(frozen=True)
class Checkpoint:
    """Where and how often the state of a training by windows is written.

    Attributes
    ----------
    path : str or path
        The file.  If it exists, the training is resumed from it.
    every : int
        Windows between two checkpoints.
    seconds : float
        The least time between two checkpoints.
    """

    path: str | os.PathLike[str]
    every: int = 1
    seconds: float = 30.0

    def __post_init__(self) -> None:
        if isinstance(self.every, bool) or not isinstance(self.every, int) or self.every < 1 or not self.seconds >= 0:
            raise ParameterError(
                "a checkpoint needs a positive number of windows and a number of seconds of at least 0, got "
                f"every={self.every!r} and seconds={self.seconds!r}."
            )

    def remove(self) -> None:
        """Remove the file, after its training has ended and its result is stored."""
        Path(self.path).unlink(missing_ok=True)


@dataclass(frozen=True, eq=False)
class StoredTraining:
    """The content of a checkpoint."""

    state: TrainingState
    n_windows: int  # of the whole training


@dataclass(eq=False)
class CheckpointWriter:
    """Writes the state of one training when it is due."""

    checkpoint: Checkpoint
    fingerprint: str
    n_windows: int
    _written: float = field(default_factory=time.monotonic)

    def write_if_due(self, state: TrainingState) -> None:
        """Write the state after a window, if enough windows and time have passed."""
        is_due = state.history.n_epochs % self.checkpoint.every == 0
        if is_due and time.monotonic() - self._written >= self.checkpoint.seconds:
            self.write(state)

    def write(self, state: TrainingState) -> None:
        """Write the state.

        Parameters
        ----------
        state : TrainingState
            The state at the end of a window.

        Raises
        ------
        DataFileError
            If the file cannot be written.
        """
        if not np.isfinite(state.descent.parameters).all():  # the file keeps the last finite weights
            return
        path = Path(self.checkpoint.path)
        about, arrays = _described(state)
        head = {"format": FORMAT, "version": VERSION, "fingerprint": self.fingerprint, "n_windows": self.n_windows}
        content = io.BytesIO()
        arrays[ABOUT] = np.frombuffer(json.dumps({**head, **about}, allow_nan=False).encode(), dtype=np.uint8)
        np.savez(content, **arrays)
        try:
            replace_file(path, content.getvalue())
        except (OSError, ValueError) as error:
            raise DataFileError(f"the checkpoint {path} cannot be written: {reason_of(error)}.") from None
        self._written = time.monotonic()


def read_checkpoint(checkpoint: Checkpoint, fingerprint: str) -> StoredTraining | None:
    """Return the content of a checkpoint.

    Parameters
    ----------
    checkpoint : Checkpoint
        The file.
    fingerprint : str
        The fingerprint that the training must have.

    Returns
    -------
    StoredTraining or None
        The content; None if there is no file.

    Raises
    ------
    DataFileError
        If the file is damaged, or of a training on other rows or with other settings.
    """
    path = Path(checkpoint.path)
    try:
        with open_regular(path) as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, zipfile.BadZipFile, EOFError, KeyError) as error:
        raise _unusable(path, f"it is damaged, or another file ({reason_of(error)})") from None
    try:
        about = parse_json(arrays.pop(ABOUT).tobytes())
        is_known = about["format"] == FORMAT and about["version"] == VERSION
        found = about["fingerprint"] if is_known else ""
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unusable(path, f"it is damaged, or another file ({error})") from None
    if not is_known:
        raise _unusable(path, f"it has another format or version, {about['format']!r}, {about['version']}")
    if found != fingerprint:
        raise _unusable(path, "it is of a training on other rows or with other settings")
    try:
        return StoredTraining(_state(about, arrays), int(about["n_windows"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unusable(path, f"it is damaged ({error!r})") from None


def _unusable(path: Path, why: str) -> DataFileError:
    return DataFileError(
        f"training cannot be resumed from {path}: {why}. Restore rows and settings, or remove the file to start again."
    )


def _described(state: TrainingState) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the numbers and the arrays of a state."""
    descent, history = state.descent, state.history
    generator: Any = state.random_state.get_state(legacy=False)
    if generator["bit_generator"] != GENERATOR:
        raise ParameterError(
            f"random_state must have an {GENERATOR} generator to be stored in a checkpoint, got "
            f"{generator['bit_generator']}. Pass an integer."
        )
    about = {
        "updates": descent.t,
        "seed": state.seed,
        "rows_seen": state.rows_seen,
        "n_cuts": state.n_cuts,
        "stop": _stop_as_json(state.stop),
        "plateau": _stop_as_json(state.plateau),
        "watches_score": state.watches_score,
        "best_score": _as_json(state.best_score),
        "seconds": history.seconds,
        "reason": state.reason,
        "generator": {
            "pos": int(generator["state"]["pos"]),
            "has_gauss": int(generator["has_gauss"]),
            "gauss": float(generator["gauss"]),
        },
    }
    arrays = {
        "parameters": descent.parameters,
        "slots": descent.slots,
        "average": descent.average,
        "best": state.best,
        "order": state.order,
        "key": generator["state"]["key"],
        "costs": np.array(history.costs),
        "step_sizes": np.array(history.step_sizes),
        "validation_costs": None if history.validation_costs is None else np.array(history.validation_costs),
        "validation_scores": None if history.validation_scores is None else np.array(history.validation_scores),
    }
    return about, {name: array for name, array in arrays.items() if array is not None}


def _state(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> TrainingState:
    """Return the state of these numbers and arrays."""
    expected = {"parameters", "slots", "key", "costs", "step_sizes"}
    if not expected <= arrays.keys() <= expected | set(OPTIONAL) or about["reason"] not in ("", *REASONS):
        raise ValueError(f"its arrays are {sorted(arrays)}, and its reason {about['reason']!r}")
    of_weights = [arrays[name].shape for name in ("parameters", "average", "best") if name in arrays]
    if len(set(of_weights)) > 1 or arrays["slots"].shape[1:] != of_weights[0]:
        raise ValueError("its arrays of weights differ in length")
    curves = [_curve(arrays, name) for name in ("costs", "step_sizes", "validation_costs", "validation_scores")]
    if len({len(each) for each in curves if each is not None}) > 1:
        raise ValueError("its curves differ in length")
    costs, step_sizes, validation_costs, validation_scores = curves
    descent = DescentState(arrays["parameters"], arrays["slots"], int(about["updates"]), arrays.get("average"))
    generator = _generator(arrays["key"], **about["generator"])
    return TrainingState(
        descent,
        generator,
        order=arrays.get("order"),
        seed=about["seed"],
        rows_seen=int(about["rows_seen"]),
        n_cuts=int(about["n_cuts"]),
        stop=_stop(about["stop"]),
        plateau=_stop(about["plateau"]),
        watches_score=bool(about["watches_score"]),
        best=arrays.get("best"),
        best_score=_number(about["best_score"]),
        history=History(costs or [], step_sizes or [], validation_costs, validation_scores, float(about["seconds"])),
        reason=about["reason"],
    )


def _generator(key: NDArray[Any], pos: int, has_gauss: int, gauss: float) -> np.random.RandomState:
    if key.shape != (624,) or key.dtype != np.uint32 or not 0 <= pos <= 624 or has_gauss not in (0, 1):
        raise ValueError(f"its generator is not one of {GENERATOR}")
    generator = np.random.RandomState(0)
    generator.set_state((GENERATOR, key, pos, has_gauss, float(gauss)))
    return generator


def _curve(arrays: dict[str, NDArray[Any]], name: str) -> list[float] | None:
    return [float(each) for each in arrays[name]] if name in arrays else None


def _stop_as_json(stop: StopState) -> list[Any]:
    return [_as_json(stop.best_cost), stop.stalled]


def _stop(described: list[Any]) -> StopState:
    return StopState(_number(described[0]), int(described[1]))


def _as_json(number: float) -> float | str:
    """Return a number that may be infinite, which JSON cannot represent."""
    return float(number) if math.isfinite(number) else str(float(number))


def _number(described: float | str) -> float:
    return float(described)
