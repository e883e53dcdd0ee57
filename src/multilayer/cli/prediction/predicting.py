"""The rows of a file with their predictions, and notes on cells, categories and rows unlike those of training."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.cli.console import Output
from multilayer.cli.prediction.saved import SavedModel, Wanted
from multilayer.cli.prediction.writing import TableWriter
from multilayer.cli.source import Source
from multilayer.cli.text import count, quoted
from multilayer.exceptions import InputError, NoveltyWarning
from multilayer.tables import TableBatches
from multilayer.tables.models import FarRows, with_spelled_cells

_MOST_NAMES = 5  # in a note
_SURELY_OTHER = 20  # cells of a column, none of which is of its kind, are an error


@dataclass
class Oddities:
    """What the rows of a file have that the training rows did not have."""

    far: FarRows = field(default_factory=lambda: FarRows(0, 0, Counter()))
    n_rows: int = 0
    n_values: Counter[str] = field(default_factory=Counter)  # cells that are no gaps, by column
    n_midnights: Counter[str] = field(default_factory=Counter)  # of columns of moments with hours
    unread: dict[str, tuple[int, str]] = field(default_factory=dict)  # cells that spell nothing, and the first
    new: Counter[str] = field(default_factory=Counter)  # rows with a new category, by column
    examples: dict[str, str] = field(default_factory=dict)  # of new categories

    def add(self, saved: SavedModel, rows: Any, far: FarRows) -> None:
        """Count the rows of a table, whose text of numbers and dates is converted, and those that are far."""
        self.far += far
        self.n_rows += rows.num_rows
        for name in saved.kinds:
            self.n_values[name] += rows.num_rows - rows.column(name).null_count
        for name in saved.columns_with_hours:
            self.n_midnights[name] += _n_midnights(rows.column(name))
        for name, categories in saved.categories.items():
            words = rows.column(name).combine_chunks()
            words = words if hasattr(words, "indices") else words.dictionary_encode()
            # A gap may be a null index, or a category that is null.
            known = np.array([*(word is None or word in categories for word in words.dictionary.to_pylist()), True])
            codes = words.indices.cast("int64").fill_null(-1).to_numpy(zero_copy_only=False)
            new = ~known[codes]
            if new.any():
                self.new[name] += int(new.sum())
                self.examples.setdefault(name, str(rows.column(name)[int(new.argmax())].as_py()))

    def add_unread(self, given: Any, lost: Mapping[str, NDArray[np.bool_]]) -> None:
        """Count text in columns of numbers and dates that spells none; ``given`` is the table with the text."""
        for name, where in lost.items():
            n, example = self.unread.get(name, (0, str(given.column(name)[int(where.argmax())].as_py())))
            self.unread[name] = n + int(where.sum()), example

    def notes(self) -> list[str]:
        """Sentences without a full stop."""
        found = [f"column {quoted(name)} holds gaps only" for name, n in self.n_values.items() if self.n_rows and not n]
        found += [
            f"column {quoted(name)}: all {count(n, 'moment')} are at midnight, and those of the training rows were not"
            for name, n in self.n_midnights.items()
            if n >= _SURELY_OTHER and n == self.n_values[name]
        ]
        found += [
            f"column {quoted(name)}: {count(n, 'cell')} that {'is' if n == 1 else 'are'} no number or date, such as "
            f"{quoted(example)}, {'counts as a gap' if n == 1 else 'count as gaps'}"
            for name, (n, example) in self.unread.items()
        ]
        found += [
            f"column {quoted(name)}: {count(n, 'row')} {'has' if n == 1 else 'have'} a category that the training rows "
            f"did not have, such as {quoted(self.examples[name])}"
            for name, n in self.new.most_common(_MOST_NAMES)
        ]
        if len(self.new) > _MOST_NAMES:
            found.append(f"{count(len(self.new) - _MOST_NAMES, 'further column')} with such categories")
        if self.far.n_far:
            words = self.far.in_words().replace("the rows of the fit", "the training rows")
            found.append(f"{words}; predictions for such rows are guesses")
        return found


def predict_file(
    saved: SavedModel, source: Source, wanted: Wanted, keep: Sequence[str] | None, writer: TableWriter, output: Output
) -> int:
    """Write the kept columns and the predictions of all rows; return the number of rows.

    ``keep`` are the columns of the file that are written before the predictions, None for all.
    """
    saved.check(wanted)
    batches = source.read_batches(saved.kinds, keep)
    for note in batches.notes:
        output.note(f"{source.name}: {note}")
    oddities = Oddities()
    taken: set[str] = set()
    for _, kept, found in predicted_batches(saved, source, batches, wanted, oddities):
        taken |= {name for name in found if name in kept.column_names}
        writer.write(_joined(kept, found))
    for name in taken:
        output.note(
            f"column {quoted(name)} of {source.name} is kept, so that the new one is called {quoted(name + '_')}"
        )
    for note in (*notes_on_cells(batches, saved.kinds), *oddities.notes()):
        output.note(note)
    return batches.n_rows


def predicted_batches(
    saved: SavedModel, source: Source, batches: TableBatches, wanted: Wanted, oddities: Oddities
) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    """The columns that were read, the kept columns, and the predictions, batch by batch.

    ``oddities`` counts what the rows have that the training rows did not have.
    """
    n_spelled: Counter[str] = Counter()  # cells of text that spell a number or date, by column
    for given, kept in batches:
        rows, lost = with_spelled_cells(saved.model, given.select(list(saved.kinds)))
        oddities.add_unread(given, lost)
        for name in oddities.unread:
            n_spelled[name] += rows.num_rows - rows.column(name).null_count
        _check_kinds(batches, saved, source, oddities, n_spelled)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NoveltyWarning)  # of explanations; oddities counts the rows
            found, far = saved.predictions(rows, wanted)
        oddities.add(saved, rows, far)
        yield given, kept, found


def _n_midnights(column: Any) -> int:
    """The number of moments at midnight, in their zone."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_timestamp(column.type):
        return int(len(column) - column.null_count) if pa.types.is_date(column.type) else 0
    local = column if column.type.tz is None else pc.local_timestamp(column)
    return int(pc.sum(pc.equal(pc.floor_temporal(local, unit="day"), local)).as_py() or 0)


def _joined(kept: Any, found: Mapping[str, Any]) -> Any:
    """The kept columns, then the predictions; one whose name is taken gets an underscore."""
    import pyarrow as pa

    table = kept
    for name, values in found.items():
        free = name
        while free in table.column_names:
            free += "_"
        table = table.append_column(free, pa.array(values))
    return table


def _check_kinds(
    batches: TableBatches, saved: SavedModel, source: Source, oddities: Oddities, n_spelled: Counter[str]
) -> None:
    """Raise InputError for a column of which many cells are not of its kind, and none so far is."""
    wrong = [
        (name, batches.kinds[name], cells.count, f"{cells.example} (data row {cells.row})")
        for name, cells in batches.unreadable.items()
        if name in saved.kinds and not batches.n_readable[name]
    ]
    wrong += [
        (name, "number", n, quoted(example)) for name, (n, example) in oddities.unread.items() if not n_spelled[name]
    ]
    for name, kind, n, example in wrong:
        if n >= _SURELY_OTHER:
            raise InputError(
                f"column {quoted(name)} of {source.name} held {kind}s in training, and now none of its first "
                f"{count(n, 'cell')} is one, such as {example}. Check the file."
            )


def notes_on_cells(batches: TableBatches, names: Iterable[str]) -> list[str]:
    """Sentences about the unreadable cells of these columns, without a full stop."""
    found = []
    for name in names:
        if (cells := batches.unreadable.get(name)) is not None:
            kind = batches.kinds[name]
            what = f"1 cell that is no {kind}" if cells.count == 1 else f"{cells.count:,} cells that are no {kind}s"
            ends = "counts as a gap" if cells.count == 1 else "count as gaps"
            found.append(f"column {quoted(name)}: {what}, such as {cells.example} (data row {cells.row}), {ends}")
    return found
