"""The results of the two passes, kept in the scratch folder for a fit that resumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import DataFileError
from multilayer.tables.encoder import TableEncoder
from multilayer.tables.models.streamed.encoding import EncodedTable
from multilayer.tables.models.streamed.preparing import Prepared
from multilayer.tables.models.streamed.scratch_folder import ADVICE, ScratchFolder
from multilayer.tables.models.streamed.stored_table import read_values, write_values
from multilayer.tables.models.streamed.survey import HeldRows, Survey, TargetCounts
from multilayer.tables.streaming.rows_file import EncodedRows


@dataclass(frozen=True, eq=False)
class StoredPasses:
    """The results of the two passes of a killed fit.

    Attributes
    ----------
    folder : ScratchFolder
        The folder.
    survey : Survey
        The result of the first pass, without the summary.
    encoders : mapping of str to TableEncoder
        The encoders by encoding.
    identifiers : mapping of str to str
        The columns that only identify rows, and why.
    mean_rows : mapping of str to array of shape (width,)
        The means of the encoded rows, by encoding.
    ranges : sequence of tuple
        Low, high, categories and whether there are never gaps, of each column of the surroundings.
    """

    folder: ScratchFolder
    survey: Survey
    encoders: Mapping[str, TableEncoder]
    identifiers: Mapping[str, str]
    mean_rows: Mapping[str, NDArray[np.float64]]
    ranges: Any

    def table(self, found: Prepared) -> EncodedTable:
        """Return the encoded rows, and the surroundings of all training rows."""
        folder = self.folder
        try:
            rows = {name: EncodedRows.open(folder.rows_folder(name), folder.fingerprint) for name in self.encoders}
        except DataFileError as error:
            raise DataFileError(f"{folder.path} cannot resume its fit: {error} {ADVICE}") from None
        columns = [
            replace(column, low=low, high=high, categories=categories, never_gaps=never_gaps)
            for column, (low, high, categories, never_gaps) in zip(found.surroundings.columns, self.ranges, strict=True)
        ]
        return EncodedTable(rows, self.mean_rows, replace(found.surroundings, columns=columns))


def store_passes(folder: ScratchFolder, survey: Survey, found: Prepared, table: EncodedTable) -> None:
    """Write the results of the two passes."""
    targets = survey.targets
    values = {
        "sample": _parts_of_rows(survey.sample),
        "validation": _parts_of_rows(survey.validation),
        "share": survey.share,
        "targets": [targets.name, targets.classifies, targets.counts, targets.low, targets.high],
        "n_rows": survey.n_rows,
        "notes": survey.notes,
        "encoders": dict(found.encoders),
        "identifiers": dict(found.problem.identifiers),
        "mean_rows": dict(table.mean_rows),
        "ranges": [(each.low, each.high, each.categories, each.never_gaps) for each in table.surroundings.columns],
    }
    write_values(folder.table_file, values)


def stored_passes(folder: ScratchFolder) -> StoredPasses | None:
    """Return the results of the passes of a killed fit; None if they are not complete.

    Raises
    ------
    DataFileError
        If the files are damaged.
    """
    found = read_values(folder.table_file) if folder.is_kept else None
    if found is None:
        return None
    try:
        name, classifies, counts, low, high = found["targets"]
        targets = TargetCounts(name, classifies=classifies)
        targets.counts, targets.low, targets.high = counts, low, high
        survey = Survey(
            HeldRows(*found["sample"]),
            HeldRows(*found["validation"]),
            found["share"],
            None,
            targets,
            found["n_rows"],
            found["notes"],
        )
        parts = [found[name] for name in ("encoders", "identifiers", "mean_rows", "ranges")]
    except (KeyError, TypeError, ValueError) as error:
        raise DataFileError(f"{folder.table_file} is damaged ({error!r}). {ADVICE}") from None
    return StoredPasses(folder, survey, *parts)


def _parts_of_rows(rows: HeldRows) -> tuple[Any, ...]:
    return rows.columns, rows.target, rows.hashes
