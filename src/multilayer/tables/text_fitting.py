"""Fitting of a column of text: the choice of its encoding, and its categories."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from multilayer.tables._amounts import AmountForm, amount_form
from multilayer.tables._column_data import ColumnData
from multilayer.tables._names import shortened
from multilayer.tables._notes import ColumnNote
from multilayer.tables._response import Response
from multilayer.tables._spelled import spelled_cells, spelled_column, stray_words
from multilayer.tables._spellings import FEW_VALUES, hint
from multilayer.tables.calendars import DateEncoding
from multilayer.tables.column_summaries import NumbersInMemory, TextSummary
from multilayer.tables.encodings import Encoding, NumberEncoding, SignEncoding, TextEncoding
from multilayer.tables.number_fitting import IDENTIFIER_SHARE, fit_numbers, gaps_only
from multilayer.tables.reports import ColumnReport
from multilayer.tables.rules import Rules
from multilayer.tables.target_means import fit_target_means

_MOST_GAP_WORDS = 100


def fit_text(
    name: str, summary: TextSummary, rules: Rules, note: ColumnNote, response: Response | None
) -> tuple[Encoding | None, ColumnReport]:
    """Fit the encoding of one column of at least one row.

    Whether the text spells numbers or dates, and which ones, is taken from the cells in memory, which are a sample of a
    table larger than memory.
    """
    n_gaps, n_values, cells = summary.n_gaps, summary.n_values, summary.cells
    if not n_values:
        return None, ColumnReport(name, "text", "dropped: every cell is a gap", n_gaps, 0)
    # A categorical column is meant as text, and so are codes.
    deliberate = note.is_code or summary.is_category
    can_spell = not deliberate and cells.n_gaps < len(cells)
    spelled, few = spelled_column(cells, typed=rules.text == "typed") if can_spell else (None, ColumnNote())
    if spelled is not None:
        return _fit_spelled(name, summary, spelled, few, rules)
    times = summary.counts
    categories = list(times)
    typed = rules.text == "typed" and can_spell and summary.n_different > FEW_VALUES
    form = amount_form(summary.cell_counts) if typed else None
    if form is not None:
        amounts = spelled_cells(cells, "number", form)
        if amounts.n_different() > FEW_VALUES:
            found = ColumnNote(f"text that spells numbers{form.words}")
            return _fit_spelled(name, summary, amounts, found, rules, form)
    if summary.n_different == 1:
        return gaps_only(_no_categories(name, n_gaps), f"every value is {shortened(categories[0])}", n_gaps)
    advice = "" if deliberate or note.text or not summary.cell_counts else hint(list(summary.cell_counts))
    if can_spell and summary.n_different > FEW_VALUES and (stray := stray_words(cells)):
        advice = f"; {stray}{summary.cells_words}"
    elif few.text and not note.text:  # not reported by read_table already
        advice = f"; {few.text}{summary.cells_words}"
    differs = n_values > FEW_VALUES and summary.least_different() >= IDENTIFIER_SHARE * n_values
    if rules.is_identifier(name, by_values=differs):
        n_different = f"{summary.about}{summary.n_different}"
        done = f"dropped: {n_different} of {n_values} values differ (an identifier or free text){advice}"
        return None, ColumnReport(name, "text", done, n_gaps, 0, is_identifier=True)

    if summary.n_different > rules.max_categories and rules.many_categories == "target" and response is not None:
        encoding, report = fit_target_means(name, summary, response)
        return encoding, replace(report, encoding=report.encoding + advice)
    if summary.n_different == 2 and rules.two_values == "signs":
        first, second = sorted(categories)
        done = f"-1 for {shortened(first)}, 1 for {shortened(second)}" + ("; gaps become 0" if n_gaps else "")
        return SignEncoding(name, "text", (first, second)), ColumnReport(name, "text", done + advice, n_gaps, 1)
    return _fit_frequent(name, summary, rules, advice)


def _fit_frequent(name: str, summary: TextSummary, rules: Rules, advice: str) -> tuple[Encoding | None, ColumnReport]:
    """Fit one column for each category, or for each of the most frequent ones."""
    times, n_different, n_gaps = summary.counts, summary.n_different, summary.n_gaps
    categories = [category for category, count in times.items() if count >= rules.min_frequency]
    if not categories:
        fewer = max(rules.min_frequency, summary.count_error + 1)
        reason = f"each of the {summary.about}{n_different} categories has fewer than {fewer} rows{advice}"
        return gaps_only(_no_categories(name, n_gaps), reason, n_gaps)
    if len(categories) + (len(categories) < n_different) > rules.max_categories:
        most = rules.max_categories - 1
        categories = sorted(categories, key=lambda category: (-times[category], category))[:most]
    n_rare = n_different - len(categories)
    encoding = TextEncoding(name, "text", tuple(sorted(categories)), has_other=n_rare > 0, has_gaps=n_gaps > 0)
    done = f"a column for each of {len(categories)} categories"
    if n_rare:
        done = f"a column for each of the {len(categories)} most frequent categories, one for the "
        done += f"{summary.about}{n_rare} others"
        done += f" (counts of rows within {summary.count_error:,})" if summary.count_error else ""
    done += ", one for gaps" if n_gaps else ""
    return encoding, ColumnReport(name, "text", done + advice, n_gaps, len(encoding.feature_names(name)))


def _no_categories(name: str, n_gaps: int) -> TextEncoding:
    return TextEncoding(name, "text", (), has_other=False, has_gaps=n_gaps > 0)


def _fit_spelled(
    name: str,
    summary: TextSummary,
    spelled: ColumnData,
    note: ColumnNote,
    rules: Rules,
    form: AmountForm | None = None,
) -> tuple[Encoding | None, ColumnReport]:
    """Fit text of which all or nearly all cells spell the numbers or dates of ``spelled``."""
    given = summary.cells
    numbers = NumbersInMemory(name, spelled, n_further_gaps=summary.n_gaps - given.n_gaps)
    encoding, report = fit_numbers(name, numbers, rules)
    stray = given.take(np.flatnonzero(spelled.gaps & ~given.gaps)).counts()
    words = tuple(itertools.islice(stray, _MOST_GAP_WORDS))
    if isinstance(encoding, NumberEncoding):
        encoding = replace(encoding, from_text=True, gap_words=words)
        if form is not None:
            encoding = replace(encoding, group_mark=form.group_mark, unit=form.unit)
    elif isinstance(encoding, DateEncoding):
        encoding = replace(encoding, elapsed=replace(encoding.elapsed, from_text=True, gap_words=words))
    return encoding, replace(report, encoding=f"{report.encoding}; {note.text}{summary.cells_words}")
