"""Sentences on what a plane shows and what it does not."""

from __future__ import annotations

from collections.abc import Sequence

from multilayer.playground.data.raw_columns import RawColumn

_MOST_HELD = 4  # columns that a note names


def held_note(held: Sequence[RawColumn]) -> str:
    """Return at which values other columns are held."""
    if not held:
        return ""
    said = [f"{column.name} is held at its {column.held_text}" for column in held[:_MOST_HELD]]
    rest = len(held) - len(said)
    more = f"; {'1 more column is' if rest == 1 else f'{rest} more columns are'} held in the same way" if rest else ""
    return f"{'; '.join(said)}{more}."


def units_note(columns: Sequence[RawColumn]) -> str:
    """Return what the numbers of dates and times count."""
    return " ".join(f"{column.name} is shown in {column.unit}." for column in columns if column.unit)


def gaps_note(columns: Sequence[RawColumn]) -> str:
    """Return how many rows have no place because of a gap."""
    said = [f"{column.n_gaps:,} in {column.name}" for column in columns if column.n_gaps]
    return f"Training rows with a gap are not shown: {' and '.join(said)}." if said else ""


def sample_note(n_rows: int, n_shown: int) -> str:
    """Return how many of the rows that have a place are shown."""
    return "" if n_shown == n_rows else f"Of {n_rows:,} training rows a sample of {n_shown:,} is shown."
