"""Text of numbers with marks between thousands or with units."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from multilayer.files import load_model, save_model
from multilayer.tables import TableEncoder, read_table, reading_notes
from multilayer.tables._amounts import AmountForm, amount_form

TYPED: dict[str, Any] = {"text": "typed", "numbers": "robust", "piecewise": "quantile"}
UNITS = ("", "$", "€", "EUR ", " EUR", "%", " %")


def written(amount: float, decimals: int, mark: str, unit: str) -> str:
    """Return an amount such as "-$1,234.50"; units that begin with a blank, and the percent sign, come last."""
    text = f"{abs(amount):,.{decimals}f}"
    text = text if mark == "," else text.translate(str.maketrans(",.", ".,"))
    sign = "-" if amount < 0 else ""
    return f"{sign}{text}{unit}" if unit.startswith(" ") or unit == "%" else f"{sign}{unit}{text}"


@st.composite
def columns(draw: st.DrawFn) -> tuple[list[float | None], list[str | None], str, str]:
    """Return amounts with gaps, their texts, the mark between thousands and the unit."""
    mark, unit, decimals = draw(st.sampled_from(",.")), draw(st.sampled_from(UNITS)), draw(st.integers(0, 4))
    whole = st.integers(-(10**9), 10**9) | st.integers(-2000, 2000)
    amounts = draw(st.lists(st.none() | whole.map(lambda n: n / 10**decimals), min_size=1, max_size=60))
    texts = [None if amount is None else written(amount, decimals, mark, unit) for amount in amounts]
    return amounts, texts, mark, unit.strip()


@settings(max_examples=100)
@given(columns())
def test_amounts_are_read_as_they_are_written_or_not_at_all(case: tuple[Any, Any, str, str]) -> None:
    amounts, texts, mark, unit = case
    counts = {text: texts.count(text) for text in texts if text is not None}
    form = amount_form(counts)
    assume(form is not None)
    assert form is not None
    assert form.unit == unit
    has_marks = any(sum(letter in ",." for letter in text) for text in counts)
    # Commas in three-digit groups alone are marks of thousands; any other reading is proved by a cell.
    only_groups = all("." not in text for text in counts) and form.group_mark == ","
    assert not has_marks or form.group_mark == mark or only_groups
    if form.group_mark == mark:
        for amount, text in zip(amounts, texts, strict=True):
            assert amount is None or form.value(text) == pytest.approx(amount, abs=1e-12, rel=1e-14)


@settings(max_examples=30)
@given(st.sampled_from(",."), st.sampled_from(UNITS), st.integers(0, 1000))
def test_encoders_read_amounts_as_numbers(mark: str, unit: str, seed: int) -> None:
    random = np.random.RandomState(seed)
    amounts = np.round(random.lognormal(9, 2, 80), 2) * random.choice([-1, 1], 80)
    amounts[:40] = np.sign(amounts[:40]) * (abs(amounts[:40]) + 1_000_000)
    amounts = np.round(amounts, 2)
    texts = [written(amount, 2, mark, unit) for amount in amounts]
    texts[7], amounts[7] = None, math.nan  # type: ignore[call-overload]
    encoder = TableEncoder(**TYPED).fit(pd.DataFrame({"x": texts}))
    plain = TableEncoder(**TYPED).fit(pd.DataFrame({"x": amounts}))
    (report,) = encoder.columns_
    in_unit = f" in {unit.strip()}" if unit else ""
    marks = "commas" if mark == "," else "points"
    assert f"text that spells numbers{in_unit}, with {marks} between thousands" in report.encoding
    assert report.kind == "number"
    rows = {"x": [*texts[::-1], "17", "n/a!", None]}
    expected = plain.transform(pd.DataFrame({"x": [*amounts[::-1], 17.0, math.nan, math.nan]}))
    np.testing.assert_array_equal(encoder.transform(pd.DataFrame(rows)), expected)
    # Numbers are numbers in rows to predict, too.
    np.testing.assert_array_equal(
        encoder.transform(pd.DataFrame({"x": amounts})), plain.transform(pd.DataFrame({"x": amounts}))
    )


AMBIGUOUS = {
    "points between three digits": [f"€{i}.{i + 100}" for i in range(1, 60)],
    "decimal commas": [f"{i},5" for i in range(60)],
    "few marks": [f"{i * 20}" for i in range(45)] + [f"1,{i:03}" for i in range(15)],
    "digits without marks beside marks": [f"{i},234" for i in range(1, 60)] + ["1234"],
    "another unit": [f"${i}" for i in range(60)] + ["€7"],
    "no unit in a cell": [f"{i}%" for i in range(60)] + ["7"],
    "a code": [f"{i:05},000" for i in range(60)],
    "a word": [f"${i}" for i in range(60)] + ["free"],
    "a flight": [f"LHX {i}" for i in range(100, 160)],
    "both marks": [f"{i},{i + 100}" for i in range(1, 60)] + ["2.345"],
    "no order": [f"1.{i}0,000.5" for i in range(10, 60)],
}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_ambiguous_amounts_stay_text(name: str) -> None:
    texts = AMBIGUOUS[name] * 2
    assert amount_form({text: texts.count(text) for text in texts}) is None
    assert TableEncoder(text="typed").fit(pd.DataFrame({"x": texts, "y": range(len(texts))})).columns_[0].kind == "text"


def test_amounts_stay_text_by_default_and_with_few_values() -> None:
    texts = [f"1,{i:03}" for i in range(60)] * 2
    (report,) = TableEncoder().fit(pd.DataFrame({"x": texts})).columns_
    assert report.kind == "text"
    assert "if these are numbers, write them with a decimal point" in report.encoding
    few = TableEncoder(text="typed").fit(pd.DataFrame({"x": [f"1,{i % 20:03}" for i in range(60)]}))
    assert few.columns_[0].kind == "text"


def test_notes_of_reading_say_how_commas_are_taken() -> None:
    lines = "\n".join(f"{i + 1};{i + 1},{i + 100};{i},5" for i in range(60))
    table = read_table(io.BytesIO(f"row;price;share\n{lines}\n".encode()))
    price, share = reading_notes(table)
    assert "hold commas, which table models take for thousands separators; if these are decimal commas" in price
    assert "hold commas; if these are decimal commas" in share
    encoder = TableEncoder(text="typed").fit(table)
    found = {report.name: report for report in encoder.columns_}
    assert found["price"].encoding.endswith("; text that spells numbers, with commas between thousands")
    assert found["share"].kind == "text"


def test_files_keep_the_form_of_amounts(tmp_path: Any) -> None:
    frame = pd.DataFrame({"x": [f"{i} %" for i in range(60)], "y": [f"$1,{i:03}.5" for i in range(60)]})
    encoder = TableEncoder(**TYPED).fit(frame)
    save_model(encoder, tmp_path / "encoder.safetensors")
    loaded = load_model(tmp_path / "encoder.safetensors")
    np.testing.assert_array_equal(loaded.transform(frame), encoder.transform(frame))
    raw = loaded.encodings_[1].raw
    assert (raw.group_mark, raw.unit, raw.form) == (",", "$", AmountForm(",", "$"))
