"""What the commands that read a table have in common when they write files."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from multilayer.cli._files import OutputFolder
from multilayer.cli._output import Output
from multilayer.cli._pictures import DrawnPicture, Picture, draw_pictures
from multilayer.cli._problem import Problem
from multilayer.cli._progress import waiting
from multilayer.cli._tables import count
from multilayer.exceptions import MissingExtraError

MOST_COLUMNS = 200  # of a table, in a report


def as_csv(columns: Mapping[str, Sequence[Any]]) -> str:
    """Columns of equal length, by name, as the text of a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def drawn_into(folder: OutputFolder, pictures: list[Picture], output: Output) -> list[DrawnPicture]:
    """The pictures, each written to the folder; none, and a note, without matplotlib."""
    with waiting(output, "drawing"):
        try:
            drawn = draw_pictures(pictures)
        except MissingExtraError as error:
            output.note(f"the report is without pictures: {error}")
            drawn = []
    for picture in drawn:
        folder.write(f"{picture.name}.png", picture.png)
    return drawn


def say_written(folder: OutputFolder, output: Output) -> None:
    """Where everything is."""
    output.say("Written:")
    output.lines([str(path) for path in folder.written])


def title_of(problem: Problem) -> str:
    """The heading of a report."""
    return f"multilayer: {problem.target} in {problem.file.name}"


def rows_in_words(problem: Problem) -> str:
    """The file and how many rows of it are of use; goes on without a full stop."""
    n_gaps = len(problem.gaps)
    left_out = f", {count(n_gaps, 'row')} without a target left out" if n_gaps else ""
    return f"{problem.file.name}: {count(problem.features.num_rows, 'row')}{left_out}"
