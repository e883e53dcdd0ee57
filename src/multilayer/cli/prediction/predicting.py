"""The rows of a file with their predictions, and notes on cells, categories and rows unlike those of training."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.cli.console import Output
from multilayer.cli.prediction.saved import SavedModel, Wanted
from multilayer.cli.prediction.writing import TableWriter
from multilayer.cli.source import Source
from multilayer.cli.text import count
from multilayer.exceptions import InputError, NoveltyWarning
from multilayer.tables import TableBatches
from multilayer.tables.models import FarRows, far_rows, with_spelled_cells

_MOST_NAMES = 5  # in a note
_SURELY_OTHER = 20  # cells of a column, none of which is of its kind, are an error


@dataclass
class Unlike:
    """What the rows of a file have that the training rows did not have."""

    far: FarRows = field(default_factory=lambda: FarRows(0, 0, Counter()))
    unread: dict[str, tuple[int, str]] = field(default_factory=dict)  # cells that spell nothing, and the first
    new: Counter[str] = field(default_factory=Counter)  # rows with a new category, by column
    examples: dict[str, str] = field(default_factory=dict)  # of new categories

    def add(self, saved: SavedModel, rows: Any) -> None:
        """Count the rows of a table, whose text of numbers and dates is converted."""
        self.far += far_rows(saved.model, rows)
        for name, categories in saved.categories.items():
            words = rows.column(name).combine_chunks().dictionary_encode()
            known = np.array([*(word in categories for word in words.dictionary.to_pylist()), True])
            new = ~known[words.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
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
        found = [
            f"column {name!r}: {count(n, 'cell')} that {'is' if n == 1 else 'are'} no number or date, such as "
            f"{example[:40]!r}, {'counts as a gap' if n == 1 else 'count as gaps'}"
            for name, (n, example) in self.unread.items()
        ]
        found += [
            f"column {name!r}: {count(n, 'row')} {'has' if n == 1 else 'have'} a category that the training rows did "
            f"not have, such as {self.examples[name][:40]!r}"
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
    unlike = Unlike()
    for _, kept, found in predicted_batches(saved, source, batches, wanted, unlike):
        writer.write(_joined(kept, found))
    for note in (*notes_on_cells(batches, saved.kinds), *unlike.notes()):
        output.note(note)
    return batches.n_rows


def predicted_batches(
    saved: SavedModel, source: Source, batches: TableBatches, wanted: Wanted, unlike: Unlike
) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    """The columns that the model needs, the kept columns, and the predictions, batch by batch.

    ``unlike`` counts what the rows have that the training rows did not have.
    """
    for given, kept in batches:
        rows, lost = with_spelled_cells(saved.model, given)
        unlike.add_unread(given, lost)
        if not batches.n_rows:
            _check_kinds(rows, batches, saved.kinds, source)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NoveltyWarning)  # Unlike counts them, for all batches together
            found = saved.predictions(rows, wanted)
        unlike.add(saved, rows)
        yield rows, kept, found


def _joined(kept: Any, found: Mapping[str, Any]) -> Any:
    """The kept columns, then the predictions; one whose name is taken gets an underscore."""
    import pyarrow as pa

    table = kept
    for name, values in found.items():
        free = name
        while free in kept.column_names:
            free += "_"
        table = table.append_column(free, pa.array(values))
    return table


def _check_kinds(rows: Any, batches: TableBatches, kinds: Mapping[str, str], source: Source) -> None:
    """Raise InputError for a column of which no cell is of its kind."""
    for name, cells in batches.unreadable.items():
        if cells.count >= _SURELY_OTHER and rows.column(name).null_count == rows.num_rows:
            raise InputError(
                f"column {name!r} of {source.name} held {kinds[name]}s in training, and now none of its first "
                f"{count(cells.count, 'cell')} is one, such as {cells.example} (data row {cells.row}). Check the file."
            )


def notes_on_cells(batches: TableBatches, kinds: Mapping[str, str]) -> list[str]:
    return [
        f"column {name!r}: {count(cells.count, 'cell')} that {'is' if cells.count == 1 else 'are'} not "
        f"{kinds[name]}s, such as {cells.example} (data row {cells.row}), "
        f"{'counts as a gap' if cells.count == 1 else 'count as gaps'}"
        for name, cells in batches.unreadable.items()
    ]
