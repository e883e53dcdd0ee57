"""Values as plain JSON, with their arrays beside them, and back: the only types a model file knows.

What JSON has no form for is an object with one key that says what it is, such as {"tuple": [1, 2]}; FORMAT.md lists
them.  Records are the dataclasses of a few modules of this library, told by their names: a file names no module, and
nothing is imported for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, is_dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

import multilayer.network as network
from multilayer.engines import protocol
from multilayer.ensembles import base as ensembles
from multilayer.equations.extensions import chosen_costs
from multilayer.estimators import labels
from multilayer.exceptions import ModelFileError, MultilayerError
from multilayer.files.kinds import check_fields
from multilayer.selection import out_of_fold
from multilayer.training import history, schedules, state, stopping

_HOMES: tuple[ModuleType, ...] = (
    network,
    protocol,
    chosen_costs,
    labels,
    history,
    schedules,
    state,
    stopping,
    out_of_fold,
    ensembles,
)
RECORDS: dict[str, type] = {
    name: value
    for module in _HOMES
    for name, value in vars(module).items()
    if is_dataclass(value) and isinstance(value, type) and value.__module__ == module.__name__
}
NUMERIC = "biuf"  # the kinds of arrays that are stored as tensors
MAX_LABEL_CELLS = 1 << 24  # characters that an array of text may take
GENERATOR = "MT19937"  # the only one: what seeds and scikit-learn make


class UnstorableError(TypeError):
    """A value that a file has no form for; turned into an error that names its owner."""


@dataclass
class Encoder:
    """Turns values into JSON; their arrays are gathered in ``tensors``, each under the path of where it was found."""

    tensors: dict[str, NDArray[Any]] = field(default_factory=dict)

    def encode(self, value: Any, path: str) -> Any:
        if isinstance(value, np.generic) and value.dtype.kind in NUMERIC + "U":
            value = value.item()
        if value is None or isinstance(value, bool | str):
            return str(value) if isinstance(value, str) else value
        if isinstance(value, int):
            return int(value)
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else {"float": str(float(value))}
        if isinstance(value, bytes):
            return {"bytes": value.hex()}
        if isinstance(value, list | tuple):
            return self._sequence(value, path)
        if isinstance(value, dict):
            pairs = [[self.encode(key, f"{path}.key"), self.encode(value[key], f"{path}.{key}")] for key in value]
            return {"dict": pairs}
        if isinstance(value, np.ndarray):
            return self._array(value, path)
        if isinstance(value, np.random.RandomState):
            return self._generator(value, path)
        record: Any = RECORDS.get(type(value).__name__)
        if record is type(value):
            parts = {
                each.name: self.encode(getattr(value, each.name), f"{path}.{each.name}") for each in fields(record)
            }
            return {"record": type(value).__name__, "fields": parts}
        raise UnstorableError(path)

    def _tensor(self, array: NDArray[Any], path: str) -> str:
        name = path if path not in self.tensors else f"{path}#{len(self.tensors)}"
        # A copy of what is not native or not in order; numbers of rows are of the machine's own width.
        self.tensors[name] = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")).reshape(array.shape)
        return name

    def _sequence(self, value: list[Any] | tuple[Any, ...], path: str) -> Any:
        if isinstance(value, list) and value and all(isinstance(each, float) for each in value):
            return {"floats": self._tensor(np.array(value, dtype=np.float64), path)}
        items = [self.encode(each, f"{path}.{index}") for index, each in enumerate(value)]
        return items if isinstance(value, list) else {"tuple": items}

    def _array(self, value: NDArray[Any], path: str) -> Any:
        if value.dtype.kind in NUMERIC and value.dtype.itemsize <= 8:
            return {"tensor": self._tensor(value, path)}
        if value.ndim != 1 or value.dtype.kind not in "UO":
            raise UnstorableError(path)
        if value.dtype.kind == "U":
            if value.size * _width(value.dtype) > MAX_LABEL_CELLS:
                raise UnstorableError(path)
            return {"texts": value.tolist(), "width": _width(value.dtype)}
        if not all(each is None or isinstance(each, str | int | float | np.generic) for each in value):
            raise UnstorableError(path)
        return {"objects": [self.encode(each, f"{path}.{index}") for index, each in enumerate(value)]}

    def _generator(self, value: np.random.RandomState, path: str) -> Any:
        now: Any = value.get_state(legacy=False)
        if now["bit_generator"] != GENERATOR:
            raise UnstorableError(path)
        key = self._tensor(np.asarray(now["state"]["key"], dtype=np.uint32), path)
        gauss = float(now["gauss"])
        return {"generator": key, "pos": int(now["state"]["pos"]), "has_gauss": int(now["has_gauss"]), "gauss": gauss}


@dataclass
class Decoder:
    """Turns JSON back into values; every tensor is to be asked for once."""

    tensors: dict[str, NDArray[Any]]
    used: set[str] = field(default_factory=set)

    def decode(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, list):
            return [self.decode(each) for each in value]
        for keys, read in _FORMS.items():
            if isinstance(value, dict) and set(value) == set(keys):
                try:
                    return read(self, *(value[key] for key in keys))
                except MultilayerError:
                    raise
                except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
                    raise ModelFileError(f"the {keys[0]} {str(value)[:80]!r} cannot be read: {error!s:.200}") from None
        raise ModelFileError(f"it holds {str(value)[:80]!r}, which is no value that this version knows")

    def tensor(self, name: str) -> NDArray[Any]:
        if name not in self.tensors or name in self.used:
            raise ModelFileError(f"the array {name!r} is missing, or stands for two")
        self.used.add(name)
        return self.tensors[name]

    def _floats(self, name: str) -> list[float]:
        array = self.tensor(name)
        if array.dtype != np.float64 or array.ndim != 1:
            raise ModelFileError(f"the curve {name!r} must be float64 of one dimension, got {array.dtype}")
        curve: list[float] = array.tolist()
        return curve

    def _dict(self, pairs: Iterable[Any]) -> dict[Any, Any]:
        return {self.decode(key): self.decode(each) for key, each in pairs}

    def _texts(self, texts: list[str], width: int) -> NDArray[Any]:
        longest = max((len(text) for text in texts), default=0)
        if not (isinstance(width, int) and max(longest, 1) <= width and width * len(texts) <= MAX_LABEL_CELLS):
            raise ModelFileError(f"{len(texts)} texts of up to {longest} characters do not fit a width of {width}")
        return np.array(texts, dtype=f"U{width}")

    def _objects(self, items: list[Any]) -> NDArray[Any]:
        array = np.empty(len(items), dtype=object)
        for index, each in enumerate(items):
            array[index] = self.decode(each)
        return array

    def _generator(self, name: str, pos: int, has_gauss: int, gauss: float) -> np.random.RandomState:
        key = self.tensor(name)
        if key.shape != (624,) or key.dtype != np.uint32 or not key.any() or not 0 <= pos <= 624:
            raise ModelFileError("the random state is none of MT19937")
        random_state = np.random.RandomState(0)
        random_state.set_state((GENERATOR, key, pos, int(has_gauss), float(gauss)))
        return random_state

    def _record(self, name: str, parts: dict[str, Any]) -> Any:
        if name not in RECORDS:
            raise ModelFileError(f"it holds a {name!r}, which this version does not know. Update multilayer")
        return check_fields(RECORDS[name], {key: self.decode(each) for key, each in parts.items()})


# What an object of JSON with these keys is.
_FORMS: dict[tuple[str, ...], Callable[..., Any]] = {
    ("float",): lambda _, text: {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}[text],
    ("bytes",): lambda _, text: bytes.fromhex(text),
    ("tuple",): lambda decoder, items: tuple(decoder.decode(each) for each in items),
    ("dict",): Decoder._dict,
    ("floats",): Decoder._floats,
    ("tensor",): Decoder.tensor,
    ("texts", "width"): Decoder._texts,
    ("objects",): Decoder._objects,
    ("generator", "pos", "has_gauss", "gauss"): Decoder._generator,
    ("record", "fields"): Decoder._record,
}


def _width(dtype: np.dtype[Any]) -> int:
    return max(dtype.itemsize // 4, 1)
