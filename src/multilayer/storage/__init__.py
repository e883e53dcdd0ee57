"""Files on disk: atomic replacement, bounded reading, locks; and strict JSON."""

from multilayer.storage.json_text import MAX_INTEGER, parse_json, repeated_name
from multilayer.storage.locking import lock
from multilayer.storage.reading import open_regular, read_exactly
from multilayer.storage.replacing import reason_of, replace_file, replacement, sync_folder

__all__ = [
    "MAX_INTEGER",
    "lock",
    "open_regular",
    "parse_json",
    "read_exactly",
    "reason_of",
    "repeated_name",
    "replace_file",
    "replacement",
    "sync_folder",
]
