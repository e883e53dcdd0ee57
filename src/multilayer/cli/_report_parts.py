"""What the commands that read a table have in common when they write files."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from multilayer.cli._deadline import Deadline
from multilayer.cli._files import OutputFolder
from multilayer.cli._notes import notes_for_warnings
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


def drawn_into(
    folder: OutputFolder, pictures: Sequence[Picture], deadline: Deadline, output: Output
) -> list[DrawnPicture]:
    """The pictures, each written to the folder; those are missing, with a note, that something comes in the way of."""
    drawn: list[DrawnPicture] = []
    why = ""
    with waiting(output, "drawing"), notes_for_warnings(output):
        try:
            for picture in draw_pictures(pictures):
                folder.write(f"{picture.name}.png", picture.png)
                drawn.append(picture)
                if deadline.is_over:
                    why = "the time was over"
                    break
        except MissingExtraError as error:
            why = str(error)
        except KeyboardInterrupt:
            if output.was_interrupted:
                raise  # the second time
            output.interrupt()
            why = "interrupted"
    if len(drawn) < len(pictures):
        which = count(len(pictures) - len(drawn), "picture") if drawn else "pictures"
        output.note(f"the report is without {which}: {why}")
    return drawn


def say_written(folder: OutputFolder, output: Output) -> None:
    """Where everything is."""
    output.say("Written:")
    output.lines([str(path) for path in folder.written])
    if folder.removed:
        output.say("Removed, since they were those of an earlier run:")
        output.lines([str(path) for path in folder.removed])


def notes_in_words(output: Output) -> list[str]:
    """The notes of a command, for its report."""
    return [f"Note: {note}." for note in output.notes]


def title_of(problem: Problem) -> str:
    """The heading of a report."""
    return f"multilayer: {problem.target} in {problem.source.name}"


def rows_in_words(problem: Problem) -> str:
    """The file and how many rows of it are of use; goes on without a full stop."""
    n_gaps = len(problem.gaps)
    left_out = f", {count(n_gaps, 'row')} without a target left out" if n_gaps else ""
    return f"{problem.source.name}: {count(problem.features.num_rows, 'row')}{left_out}"
