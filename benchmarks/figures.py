"""Measured figures with their goals, and their tables in a terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from json_results import Cell as Written
from json_results import Results
from peers import PEERS
from timing import has_avx512
from works import GOALS, Goals

ONE, ALL, GAIN = "one thread", "all cores", "gain"


@dataclass(frozen=True)
class Figure:
    """A measured figure with its goal: at least ``floor``, at most ``ceiling``."""

    work: str
    what: str
    value: float
    unit: str = ""
    floor: float | None = None
    ceiling: float | None = None

    @property
    def goal(self) -> str:
        if self.floor is not None:
            return f"at least {self._text(self.floor)}"
        return f"at most {self._text(self.ceiling)}" if self.ceiling is not None else ""

    @property
    def text(self) -> str:
        return self._text(self.value)

    @property
    def text_with_goal(self) -> str:
        goal = self.floor if self.floor is not None else self.ceiling
        return self.text if goal is None else f"{self.text} ({self._text(goal)})"

    @property
    def is_met(self) -> bool:
        return (self.floor is None or self.value >= self.floor) and (self.ceiling is None or self.value <= self.ceiling)

    def _text(self, value: float) -> str:
        if self.unit == "%":
            return f"{value:.0%}"
        if self.unit == "µs" and value >= 1000:
            return f"{value / 1000:.3g} ms" if value < 1e6 else f"{value / 1e6:.3g} s"
        return f"{value:.3g} {self.unit}".replace(" x", "x").rstrip()


def against(peer: str, ours: str) -> str:
    """Return the heading of the ratio of a peer on all cores to multilayer."""
    return f"{peer} / {ours}"


def compared(name: str, times: dict[str, float], goals: Goals) -> list[Figure]:
    """Return the figures of one work: times on one thread and on all cores, and the ratios of both to the others."""
    floors = GOALS if goals.peers is None else goals.peers
    one_thread = goals.one_thread[has_avx512()] if goals.one_thread else None
    figures = [
        Figure(name, ONE, times[ONE], "µs"),
        Figure(name, ALL, times[ALL], "µs"),
        Figure(name, GAIN, times[ONE] / times[ALL], "x", floor=goals.gain),
    ]
    if "NumPy loop" in times:
        figures.append(Figure(name, "NumPy loop", times["NumPy loop"] / times[ALL], "x"))
    for peer in PEERS:
        if peer in times:
            floor = one_thread if peer == "scikit-learn" else None
            figures.append(Figure(name, against(peer, ONE), times[peer] / times[ONE], "x", floor=floor))
            figures.append(Figure(name, against(peer, ALL), times[peer] / times[ALL], "x", floor=floors.get(peer)))
    return figures


Cell = Figure | str | None


class Page(NamedTuple):
    """A table with one row for each work: its title, and what its columns hold."""

    title: str
    columns: tuple[str, ...]


class _Rows(NamedTuple):
    title: str
    headings: Sequence[str]
    rows: list[list[Cell]]
    shows_goals: bool


def _tables(figures: list[Figure], pages: Sequence[Page]) -> list[_Rows]:
    """Return the pages, and a list of all figures that belong to none of them."""
    tables, left = [], list(figures)
    for page in pages:
        rows: dict[str, list[Cell]] = {}
        for figure in [f for f in left if f.what in page.columns]:
            row = rows.setdefault(figure.work, [figure.work, *[None] * len(page.columns)])
            row[1 + page.columns.index(figure.what)] = figure
            left.remove(figure)
        used = [i for i in range(1 + len(page.columns)) if any(row[i] is not None for row in rows.values())]
        headings = ("work", *page.columns)
        kept = [[row[i] for i in used] for row in rows.values()]
        tables.append(_Rows(page.title, [headings[i] for i in used], kept, shows_goals=True))
    others: list[list[Cell]] = [[f.work, f.what, f, f.goal] for f in left]
    tables.append(_Rows("everything else", ("work", "what", "figure", "goal"), others, shows_goals=False))
    return [table for table in tables if table.rows]


def _text(cell: Cell, table: _Rows) -> str:
    if isinstance(cell, Figure):
        return cell.text_with_goal if table.shows_goals else cell.text
    return cell or ""


def as_results(figures: list[Figure], pages: Sequence[Page]) -> list[Results]:
    """Return the same tables for JSON: numbers with units and goals, and as text where a column has several units."""
    found = []
    for table in _tables(figures, pages):
        if not table.shows_goals:
            rows: list[list[Written]] = [[_text(cell, table) for cell in row] for row in table.rows]
            found.append(Results(table.title, table.headings, [""] * len(table.headings), rows))
            continue
        columns = list(zip(*table.rows, strict=True))
        units = [next((cell.unit for cell in column if isinstance(cell, Figure)), "") for column in columns]
        rows = [[_number(cell, goal=False) for cell in row] for row in table.rows]
        goals = [[_number(cell, goal=True) for cell in row] for row in table.rows]
        found.append(Results(table.title, table.headings, units, rows, goals))
    return found


def _number(cell: Cell, goal: bool) -> Written:
    """Return the value of a cell or its goal; percentages are numbers up to 100."""
    if not isinstance(cell, Figure):
        return None if goal else cell
    number = cell.value if not goal else cell.floor if cell.floor is not None else cell.ceiling
    return number * 100 if number is not None and cell.unit == "%" else number


def show(figures: list[Figure], pages: Sequence[Page], console: Console) -> None:
    """Print all figures; those that miss their goals are red."""
    for table in _tables(figures, pages):
        printed = Table(title=table.title, caption="goals in parentheses" if table.shows_goals else None)
        for i, heading in enumerate(table.headings):
            printed.add_column(heading, justify="left" if i == 0 else "right")
        for row in table.rows:
            styles = ["red" if isinstance(cell, Figure) and not cell.is_met else "" for cell in row]
            texts = [_text(cell, table) for cell in row]
            printed.add_row(*(f"[{s}]{t}[/{s}]" if s else t for s, t in zip(styles, texts, strict=True)))
        console.print(printed)


def markdown(figures: list[Figure], pages: Sequence[Page]) -> str:
    """Return the same tables in Markdown; figures that miss their goals are bold."""
    lines = []
    for table in _tables(figures, pages):
        lines += [
            f"**{table.title}**",
            "",
            "| " + " | ".join(table.headings) + " |",
            "|---" * len(table.headings) + "|",
        ]
        for row in table.rows:
            missed = [isinstance(cell, Figure) and not cell.is_met for cell in row]
            texts = [f"**{_text(c, table)}**" if m else _text(c, table) for c, m in zip(row, missed, strict=True)]
            lines.append("| " + " | ".join(texts) + " |")
        lines.append("")
    return "\n".join(lines)
