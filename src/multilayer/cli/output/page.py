"""A report as one HTML file: text, tables and pictures, without anything to fetch; and the parts all reports share."""

from __future__ import annotations

import base64
import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from string import Template
from types import MappingProxyType
from typing import Any

from multilayer.cli.console import Output
from multilayer.cli.evaluation.run import Run, columns_table
from multilayer.cli.folder import OutputFolder
from multilayer.cli.output.pictures import Picture
from multilayer.cli.text import count, one_line
from multilayer.results import Table
from multilayer.tables import ColumnReport

_MOST_COLUMNS = 200  # of a table, in a report

Drawn = Mapping[str, bytes]  # the PNG of each picture, by its name


@dataclass(frozen=True)
class Section:
    """A part of a report: its paragraphs, then its tables, pictures and code; ``folded`` if it opens at a click."""

    heading: str
    paragraphs: list[str] = field(default_factory=list)
    tables: Sequence[Table] = ()
    pictures: list[Picture] = field(default_factory=list)
    code: str = ""
    folded: bool = False


def write_run_report(
    run: Run, folder: OutputFolder, lead: Sequence[str], sections: Sequence[Section], drawn: Drawn
) -> None:
    """Write the report on the rows of a command, and list all files."""
    title = f"multilayer: {run.problem.target} in {run.problem.source.name}"
    write_report(folder, html_report(title, lead, sections, drawn), run.output)


def write_report(folder: OutputFolder, page: str, output: Output) -> None:
    """Write the report, and list all files."""
    folder.write_report(page)
    output.say("Written:")
    output.lines([str(path) for path in folder.written])
    if folder.removed:
        output.say("Removed, because an earlier run had written them:")
        output.lines([str(path) for path in folder.removed])


def html_report(
    title: str, lead: Sequence[str], sections: Sequence[Section], drawn: Drawn = MappingProxyType({})
) -> str:
    """The report as the text of one HTML file, with the pictures that were drawn and without empty sections.

    ``title`` is the heading of the page, ``lead`` the paragraphs of the result.
    """
    body = "\n".join(filter(None, (_section(section, drawn) for section in sections)))
    opening = "\n".join(f'<p class="lead">{escape(one_line(paragraph))}</p>' for paragraph in lead)
    return _PAGE.substitute(title=escape(one_line(title)), lead=opening, style=_STYLE, body=body)


def data_sections(run: Run, columns: Sequence[ColumnReport], encoding: str = "") -> list[Section]:
    """The rows and their division and all notes; and the columns, folded away."""
    problem, n_gaps = run.problem, len(run.problem.gaps)
    dropped = f", {count(n_gaps, 'row')} without a target dropped" if n_gaps else ""
    rows = (
        f"{problem.source.name}: {count(problem.features.num_rows, 'row')}{dropped}, {run.splits.in_words()}. "
        f"{problem.info.reason}"
    )
    notes = [f"Note: {note.removesuffix('.')}." for note in run.output.notes]
    n_used = sum(report.width > 0 for report in columns)
    heading = f"Columns: {n_used:,} of {len(columns):,} are used"
    tables = [columns_table(columns, _MOST_COLUMNS)]
    return [Section("Data", [rows, *notes]), Section(heading, [encoding] * bool(encoding), tables, folded=True)]


def as_csv(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """The text of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def digits(score: float) -> str:
    """All digits of a score; empty for NaN."""
    return "" if math.isnan(score) else repr(float(score))


def _section(section: Section, drawn: Drawn) -> str:
    parts = [f"<p>{escape(one_line(text))}</p>" for text in section.paragraphs]
    # A wide table scrolls by itself on a narrow screen; the page does not.
    parts += [f'<div class="wide">{table._repr_html_()}</div>' for table in section.tables]
    for picture in section.pictures:
        if picture.name in drawn:
            data, caption = base64.b64encode(drawn[picture.name]).decode("ascii"), escape(one_line(picture.caption))
            image = f'<img alt="{caption}" src="data:image/png;base64,{data}">'
            parts.append(f"<figure>{image}\n<figcaption>{caption}</figcaption></figure>")
    if section.code:
        parts.append(f"<pre><code>{escape(section.code.strip())}</code></pre>")
    heading = f"<h2>{escape(one_line(section.heading))}</h2>"
    if section.folded and parts:
        return "\n".join(["<details>", f"<summary>{heading}</summary>", *parts, "</details>"])
    return "\n".join(["<section>", heading, *parts, "</section>"]) if parts else ""


_STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --paper: #fbfbfa; --muted: #5b6068; --rule: #d9dbdf; --code: #f0f1f3; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e7e9; --paper: #16181b; --muted: #a2a8b0; --rule: #383c42; --code: #22252a; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 46rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.6 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .4rem; }
summary { cursor: pointer; margin-top: 2.4rem; }
summary h2 { display: inline; }
.lead { font-size: 1.1rem; }
figure { margin: 1.2rem 0; }
/* Pictures are drawn on white; in the dark their lightness is reversed, and colours stay what they are. */
@media (prefers-color-scheme: dark) { img { filter: invert(.9) hue-rotate(180deg); } }
img { display: block; max-width: 100%; height: auto; margin: 0 auto; background: #fff; border-radius: .4rem;
  padding: .4rem; border: 1px solid var(--rule); }
figcaption, caption, footer { color: var(--muted); font-size: .9rem; }
figcaption { margin-top: .4rem; text-align: center; }
.wide { overflow-x: auto; margin: 1rem 0; overflow-wrap: normal; }
td:last-child[style*="left"] { min-width: 13rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .95rem; }
caption { text-align: left; padding-bottom: .3rem; }
th, td { vertical-align: top; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--rule); }
td[style*="right"] { white-space: nowrap; }
pre { overflow-x: auto; background: var(--code); padding: .9rem; border-radius: .4rem; font-size: .88rem; line-height: 1.45; }
footer { margin-top: 3rem; }
""".strip()  # noqa: E501

# The policy makes the browser refuse to fetch or run anything.
_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>$title</title>
<style>
$style
</style>
</head>
<body>
<h1>$title</h1>
$lead
$body
<footer>Written by multilayer. The page is complete in this one file.</footer>
</body>
</html>
""")
