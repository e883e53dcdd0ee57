"""Only regular files are opened, and JSON is parsed strictly."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from multilayer.storage import open_regular, parse_json, read_exactly


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    with open_regular(tmp_path / "file") as file:
        buffer = bytearray(4)
        assert read_exactly(file, memoryview(buffer))
        assert buffer == b"1234"
        assert not read_exactly(file, memoryview(buffer))
    paths = [tmp_path, Path(os.devnull)]
    if os.name == "posix":
        os.mkfifo(tmp_path / "pipe")
        paths += [tmp_path / "pipe", Path("/dev/zero"), Path("/dev/full")]
    for path in paths:
        for flags in (os.O_RDONLY, os.O_RDWR | os.O_CREAT):
            with pytest.raises(OSError, match=r"is not a regular file|ermission"):
                open_regular(path, flags)
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "missing")
    open_regular(tmp_path / "missing", os.O_RDWR | os.O_CREAT).close()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1e999", "the number 1e999 is outside the range of float64"),
        ('{"a": [-1e400]}', "outside the range"),
        ("NaN", "NaN is not JSON"),
        ("[-Infinity]", "-Infinity is not JSON"),
        ("1" * 5000, "has more than 64 bits"),
        (str(2**64), "has more than 64 bits"),
        (str(-(2**64)), "has more than 64 bits"),
        ('{"a": 1, "b": 2, "a": 1}', "the key 'a' occurs twice"),
        ("[" * 200_000, "nested too deeply|delimiter|value"),
        ("{", "property name"),
        ("1 2", "Extra data"),
        (b"\xff", "decode|codec"),
    ],
)
def test_invalid_json_raises_an_error(text: str | bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_json(text)


def test_a_repeated_key_is_found_among_many_in_linear_time() -> None:
    """The check takes one pass; a search for each key would take hours."""
    keys = [f'"{number}": 0' for number in range(200_000)]
    with pytest.raises(ValueError, match="the key '199999' occurs twice"):
        parse_json("{" + ", ".join([*keys, keys[-1]]) + "}")


def test_valid_json_is_parsed() -> None:
    text = '{"a": [1, -2.5e-300, true, null, "\\ud83d\\ude00"], "b": {"a": 18446744073709551615}}'
    assert parse_json(text) == {"a": [1, -2.5e-300, True, None, "\U0001f600"], "b": {"a": 2**64 - 1}}
