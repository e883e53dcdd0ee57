"""The conversion of values to plain JSON and separate arrays, and back: the only types of a model file.

Values without a form in JSON become an object with a key for their type, such as {"tuple": [1, 2]}; FORMAT.md lists
them.  Records have the names of the schema: a file does not refer to modules, and nothing is imported by name.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import ModelFileError, MultilayerError
from multilayer.files.kinds import Record, Stored
from multilayer.files.schema import RECORDS
from multilayer.storage import MAX_INTEGER

_RECORD_OF = {record.make: record for record in RECORDS}
NUMERIC = "biuf"  # the kinds of arrays that are stored as tensors
MAX_TEXT_CELLS = 1 << 24  # characters of all arrays of text together; NumPy pads each text to the longest
MANY_TEXTS = 64  # from this length on, a tuple of texts is stored as two arrays, which the limit of the header spares
MAX_KEYS = 1 << 20  # the maximum number of keys of a dict
KEYS = (str, bool, int, float)  # the types of keys of dicts; other keys could be forged to have equal hashes
GENERATOR = "MT19937"  # the only generator that seeds and scikit-learn use


class UnstorableError(TypeError):
    """A value that cannot be stored; it becomes an error that names the parameter or attribute."""


@dataclass
class Encoder:
    """Converts values to JSON, and collects their arrays in ``tensors`` by the path of the value."""

    tensors: dict[str, NDArray[Any]] = field(default_factory=dict)
    text_cells: int = 0
    records: Mapping[Any, Record] = field(default_factory=lambda: _RECORD_OF)
    is_half: bool = False  # whether weights are written as float16

    def encode(self, value: Any, path: str) -> Any:
        if isinstance(value, np.generic) and value.dtype.kind in NUMERIC + "U":
            value = value.item()
        if value is None or isinstance(value, bool | str):
            return str(value) if isinstance(value, str) else value
        if isinstance(value, int):
            if not -MAX_INTEGER < value < MAX_INTEGER:
                raise UnstorableError(path)
            return int(value)
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else {"float": str(float(value))}
        if isinstance(value, bytes):
            return {"bytes": value.hex()}
        if isinstance(value, list | tuple):
            return self._sequence(value, path)
        if isinstance(value, dict):
            if len(value) > MAX_KEYS:
                raise UnstorableError(path)
            pairs = [[self.encode(key, f"{path}.key"), self.encode(value[key], f"{path}.{key}")] for key in value]
            return {"dict": pairs}
        if isinstance(value, np.ndarray):
            return self._array(value, path)
        if isinstance(value, np.random.RandomState):
            return self._generator(value, path)
        record = self.records.get(type(value))
        if record is not None:
            parts = record.parts(value)
            fields = {name: self.encode(part, f"{path}.{name}") for name, part in parts.items()}
            return {"record": record.name, "fields": fields}
        raise UnstorableError(path)

    def _tensor(self, array: NDArray[Any], path: str) -> str:
        name = path if path not in self.tensors else f"{path}#{len(self.tensors)}"
        # This copies arrays in another byte order or memory order.
        self.tensors[name] = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")).reshape(array.shape)
        return name

    def _sequence(self, value: list[Any] | tuple[Any, ...], path: str) -> Any:
        if isinstance(value, list) and value and all(isinstance(each, float) for each in value):
            return {"floats": self._tensor(np.array(value, dtype=np.float64), path)}
        if isinstance(value, tuple) and len(value) >= MANY_TEXTS and all(isinstance(each, str) for each in value):
            return self._packed(value, path)
        items = [self.encode(each, f"{path}.{index}") for index, each in enumerate(value)]
        return items if isinstance(value, list) else {"tuple": items}

    def _packed(self, texts: Sequence[str], path: str) -> Any:
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        ends = np.cumsum([len(each) for each in encoded], dtype=np.int64)
        content = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        return {"utf8": self._tensor(content, f"{path}.utf8"), "ends": self._tensor(ends, f"{path}.ends")}

    def _array(self, value: NDArray[Any], path: str) -> Any:
        if value.dtype.kind in NUMERIC and value.dtype.itemsize <= 8:
            return {"tensor": self._tensor(value, path)}
        if value.ndim != 1 or value.dtype.kind not in "UO":
            raise UnstorableError(path)
        if value.dtype.kind == "U":
            self.text_cells += value.size * _width(value.dtype)
            if self.text_cells > MAX_TEXT_CELLS:
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
    """Converts JSON back to values; every tensor must be used once.

    The values take at most a constant times the memory of the JSON.  The schema builds records.
    """

    tensors: dict[str, NDArray[Any]]
    used: set[str] = field(default_factory=set)
    text_cells: int = 0

    def decode(self, value: Any) -> Any:
        if value is None or isinstance(value, (bool, int, float, str)):  # faster than a union of types
            return value
        if isinstance(value, list):
            return self._items(value)
        form = _FORM_OF.get(frozenset(value)) if isinstance(value, dict) else None
        if form is not None:
            keys, read = form
            try:
                return read(self, *[value[key] for key in keys])
            except MultilayerError:
                raise
            except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
                raise ModelFileError(f"the {keys[0]} {str(value)[:80]!r} cannot be read: {error!s:.200}") from None
        raise ModelFileError(f"it holds {str(value)[:80]!r}, which is not a value of this format")

    def _items(self, items: list[Any]) -> list[Any]:
        if _PLAIN.issuperset(map(type, items)):  # most lists, and much faster
            return items
        return [self.decode(each) for each in items]

    def tensor(self, name: str) -> NDArray[Any]:
        if not isinstance(name, str) or name not in self.tensors or name in self.used:
            raise ModelFileError(f"the array {str(name)[:80]!r} is missing, or used twice")
        self.used.add(name)
        return self.tensors[name]

    def _floats(self, name: str) -> list[float]:
        array = self.tensor(name)
        if array.dtype != np.float64 or array.ndim != 1:
            raise ModelFileError(f"the curve {name!r} must be float64 of one dimension, got {array.dtype}")
        curve: list[float] = array.tolist()
        return curve

    def _unpacked(self, content_name: str, ends_name: str) -> tuple[str, ...]:
        content, ends = self.tensor(content_name), self.tensor(ends_name)
        is_right = content.dtype == np.uint8 and ends.dtype == np.int64 and content.ndim == ends.ndim == 1
        starts = np.concatenate([[0], ends]) if is_right else np.zeros(1, np.int64)
        if not is_right or starts[-1] != len(content) or bool((starts[:-1] > starts[1:]).any()):
            raise ModelFileError(f"the texts {content_name!r} are not bytes and their ends")
        data = content.tobytes()
        pairs = itertools.pairwise(starts.tolist())
        return tuple(data[start:stop].decode("utf-8", "surrogatepass") for start, stop in pairs)

    def _dict(self, pairs: Any) -> dict[Any, Any]:
        if not isinstance(pairs, list) or len(pairs) > MAX_KEYS:
            raise ModelFileError(f"a dict is a list of at most {MAX_KEYS:,} pairs")
        found = {}
        for key, each in pairs:
            if not isinstance(key, KEYS):
                raise ModelFileError(f"the key of a dict must be text or a number, got {str(key)[:80]!r}")
            found[key] = self.decode(each)
        if len(found) < len(pairs):
            raise ModelFileError("a dict has a key twice")
        return found

    def _texts(self, texts: list[str], width: int) -> NDArray[Any]:
        if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts) or type(width) is not int:
            raise ModelFileError("an array of text is a list of texts and their width")
        longest = max((len(each) for each in texts), default=0)
        self.text_cells += width * len(texts) if max(longest, 1) <= width else MAX_TEXT_CELLS + 1
        if self.text_cells > MAX_TEXT_CELLS:
            raise ModelFileError(
                f"{len(texts)} texts of up to {longest} characters do not fit a width of {width}, or all texts "
                f"together take more than {MAX_TEXT_CELLS:,}"
            )
        return np.array(texts, dtype=f"U{width}")

    def _objects(self, items: list[Any]) -> NDArray[Any]:
        if not isinstance(items, list) or not all(each is None or isinstance(each, (*KEYS, dict)) for each in items):
            raise ModelFileError("an array of objects holds text, numbers, Booleans and null")
        array = np.empty(len(items), dtype=object)
        for index, each in enumerate(items):
            array[index] = self._special(each) if isinstance(each, dict) else each
        return array

    def _tuple(self, items: list[Any]) -> tuple[Any, ...]:
        if not isinstance(items, list):
            raise ModelFileError("a tuple is a list of values")
        return tuple(self._items(items))

    def _special(self, value: Any) -> float:
        """Return a float that JSON cannot represent."""
        if not isinstance(value, dict) or list(value) != ["float"] or value["float"] not in _SPECIAL:
            raise ModelFileError(f"a float must be one of {', '.join(_SPECIAL)}, got {str(value)[:80]!r}")
        return _SPECIAL[value["float"]]

    def _generator(self, name: str, pos: int, has_gauss: int, gauss: float) -> np.random.RandomState:
        key = self.tensor(name)
        is_right = key.shape == (624,) and key.dtype == np.uint32 and bool(key.any())
        is_right = is_right and type(pos) is int and 0 <= pos <= 624 and type(has_gauss) is int and has_gauss in (0, 1)
        if not is_right or type(gauss) not in (int, float):
            raise ModelFileError("the random state is not one of MT19937")
        random_state = np.random.RandomState(0)
        random_state.set_state((GENERATOR, key, pos, has_gauss, float(gauss)))
        return random_state

    def _record(self, name: str, parts: dict[str, Any]) -> Stored:
        if not isinstance(name, str) or not isinstance(parts, dict):
            raise ModelFileError("a record is a name and an object of its fields")
        return Stored(name, {key: self.decode(each) for key, each in parts.items()})


_PLAIN = frozenset({type(None), bool, int, float, str})
_SPECIAL = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}
# The types of JSON objects, by their keys.
_FORMS: dict[tuple[str, ...], Callable[..., Any]] = {
    ("float",): lambda decoder, text: decoder._special({"float": text}),
    ("bytes",): lambda _, text: bytes.fromhex(text),
    ("tuple",): Decoder._tuple,
    ("dict",): Decoder._dict,
    ("floats",): Decoder._floats,
    ("tensor",): Decoder.tensor,
    ("utf8", "ends"): Decoder._unpacked,
    ("texts", "width"): Decoder._texts,
    ("objects",): Decoder._objects,
    ("generator", "pos", "has_gauss", "gauss"): Decoder._generator,
    ("record", "fields"): Decoder._record,
}
_FORM_OF = {frozenset(keys): (keys, read) for keys, read in _FORMS.items()}


def _width(dtype: np.dtype[Any]) -> int:
    return max(dtype.itemsize // 4, 1)
