"""A story that is told on the terminal and written down for the report at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from multilayer.cli._output import Output
from multilayer.cli._pictures import Picture, draw_pictures
from multilayer.cli._report import Section
from multilayer.cli._tables import TextTable, number

NAN = float("nan")


@dataclass(frozen=True)
class Score:
    """One line of the closing table: accuracy on the rows trained on, and on rows never seen."""

    data: str
    model: str
    n_rows: int
    trained: float = NAN
    unseen: float = NAN


@dataclass
class _Chapter:
    heading: str
    paragraphs: list[str] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)


class Story:
    """Chapters of sentences, figures and pictures.

    Attributes
    ----------
    scores : list of Score
        Everything measured so far.
    lead : str
        The result in a sentence, for the top of the report.
    """

    def __init__(self, output: Output) -> None:
        self.output = output
        self.scores: list[Score] = []
        self.lead = ""
        self._chapters: list[_Chapter] = []

    def chapter(self, heading: str) -> None:
        self._chapters.append(_Chapter(heading))
        self.output.heading(heading)

    def say(self, text: str) -> None:
        self._chapters[-1].paragraphs.append(text)
        self.output.say(text)

    def lines(self, lines: list[str]) -> None:
        self._chapters[-1].paragraphs.append("; ".join(lines) + ".")
        self.output.lines(lines)

    def picture(self, picture: Picture) -> None:
        self._chapters[-1].pictures.append(picture)

    def sections(self, with_pictures: bool) -> list[Section]:
        """The story so far, for a report; the pictures are drawn now."""
        return [
            Section(
                chapter.heading,
                chapter.paragraphs,
                pictures=list(draw_pictures(chapter.pictures)) if with_pictures else (),
            )
            for chapter in self._chapters
        ]

    def closing_table(self) -> TextTable:
        rows = [
            (score.data, score.model, f"{score.n_rows:,}", number(score.trained), number(score.unseen))
            for score in self.scores
        ]
        return TextTable(
            "Accuracy",
            ("data", "model", "rows", "on them", "unseen"),
            tuple(rows),
            "llrrr",
        )
