"""The rows of a fit: columns that only identify rows, and notes of reading."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest

from multilayer.exceptions import InputError, InputTypeError, ParameterError, ShapeError
from multilayer.tables import TableEncoder, read_table, split_target
from multilayer.tables.models import TableClassifier, TableRegressor
from multilayer.tables.models.rows import identifiers_of, rows_of, with_further_rows

M = 60
Y = np.arange(M) * 7 % 23
FRAME = pd.DataFrame(
    {
        "row": np.arange(1, M + 1),
        "name": [f"flat {i}" for i in range(M)],
        "branch": ["north", "south", "west"] * (M // 3),
        "paid": [True, False] * (M // 2),
        "size": Y / 2 + 0.25,
    }
)
DECIDED = f"; decided on all {M} rows, for all folds"


def test_identifiers_have_reasons_that_do_not_depend_on_the_fold() -> None:
    reasons = identifiers_of(rows_of(FRAME), ["branch", "paid"])
    assert reasons == {
        "row": f"it numbers the rows{DECIDED}",
        "name": f"{M} of {M} values differ (an identifier or free text){DECIDED}",
        "branch": "named in identifiers",
        "paid": "named in identifiers",
    }
    for part in (FRAME, FRAME[::7]):
        encoder = TableEncoder(identifiers=reasons, text="typed").fit(part)
        found = {report.name: report for report in encoder.columns_}
        for name, reason in reasons.items():
            assert found[name].encoding == f"dropped: {reason}"
            assert (found[name].width, found[name].is_identifier) == (0, True)
        assert found["size"].width == 1


def test_rows_of_x_val_may_be_numbered_again_or_complete_the_numbers() -> None:
    rows = rows_of(FRAME[["row", "size"]])
    for numbers in (range(1, 21), range(M + 1, M + 21)):
        further = pd.DataFrame({"row": numbers, "size": np.arange(20) / 2})
        assert list(identifiers_of(with_further_rows(rows, further), (), M)) == ["row"]
    part, rest = FRAME[["row", "size"]].iloc[::3], FRAME[["row", "size"]].drop(index=FRAME.index[::3])
    assert not identifiers_of(rows_of(part), (), len(part))
    assert list(identifiers_of(with_further_rows(rows_of(part), rest), (), len(part))) == ["row"]


@pytest.mark.parametrize("kind", [TableRegressor, TableClassifier])
def test_models_drop_named_identifiers(kind: Any) -> None:
    y = Y if kind is TableRegressor else Y > 9
    model = kind("quick", random_state=0, identifiers=["branch"]).fit(FRAME, y)
    dropped = {report.name: report.encoding for report in model.columns_ if not report.width}
    assert dropped["branch"] == "dropped: named in identifiers"
    assert dropped["row"] == f"dropped: it numbers the rows{DECIDED}"
    np.testing.assert_array_equal(model.predict(FRAME.drop(columns="branch")), model.predict(FRAME))
    of_array = kind("quick", random_state=0, identifiers=["x2"]).fit(FRAME.to_numpy(), y)
    assert of_array.columns_[2].encoding == "dropped: named in identifiers"


@pytest.mark.parametrize(
    ("identifiers", "error", "message"),
    [
        (["Branch"], InputError, r"no identifier column 'Branch'\. Did you mean 'branch'\?"),
        ("branch", ParameterError, r"identifiers must be a list of column names, got 'branch'\. Use \(\) if no column"),
        ([2], ParameterError, r"identifiers must be column names, got 2 \(int\)\. The columns of an array are called"),
        (
            ["size", "paid", "branch"],
            InputError,
            r"no column that can be used.*'branch': dropped: named in identifiers",
        ),
    ],
)
def test_identifiers_that_cannot_be_used_raise_errors(identifiers: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        TableRegressor("quick", identifiers=identifiers).fit(FRAME[["name", "branch", "paid", "size"]], Y)


def test_the_reasons_of_an_encoder_are_text() -> None:
    with pytest.raises(ParameterError, match=r"or a dict of column names and reasons, got \{'size': ''\}"):
        TableEncoder(identifiers={"size": ""}).fit(FRAME)


def test_notes_of_reading_are_kept() -> None:
    lines = ["code,amount,town", *(f"0{i % 30:03},{'n/a!' if i == 4 else i / 4},{'ab'[i % 2]}" for i in range(M))]
    table = read_table(io.BytesIO("\n".join(lines).encode()))
    model = TableRegressor("quick", random_state=0).fit(table, Y)
    found = {report.name: report.encoding for report in model.columns_}
    assert "; kept as text, because 60 of 60 cells begin with zeros, such as '0000' (data row 1)" in found["code"]
    assert found["amount"].endswith("1 of 60 cells is not a number and counts as a gap: 'n/a!' (data row 5)")
    as_text = read_table(io.BytesIO(b"n\n" + b"\n".join(b"%d" % (i % 30) for i in range(M))), text_columns=["n"])
    rows = rows_of(as_text)
    for part in (rows.table, rows.take(np.arange(40)), with_further_rows(rows, as_text).table):
        assert TableEncoder(text="typed").fit(part).columns_[0].kind == "text"


@pytest.mark.parametrize("kind", [TableRegressor, TableClassifier])
def test_notes_on_the_file_are_in_columns_and_in_the_summary(kind: Any, short: Any) -> None:
    lines = "\n".join(f"{i % 17},{i * 7 % 23},{'ab'[i % 2]}" for i in range(40))
    table = read_table(io.BytesIO(f"# exported in May\nsize,rent,kind\n{lines}\n".encode()))
    features, y = split_target(table, "rent" if kind is TableRegressor else "kind")
    note = "From the file: 1 line above the column names skipped: '# exported in May'."
    rows = np.arange(40)
    with short(2):
        models = [
            kind("quick", random_state=0).fit(features, y),
            kind("quick", random_state=0).fit(features, y, X_val=features.take(rows[:20]), y_val=y.take(rows[:20])),
        ]
    for model in models:
        assert str(model.columns_).endswith(f"\n\n{note}")
        assert model.summary().notes[-1] == note
    of_frame = TableEncoder().fit(features.to_pandas())
    assert of_frame.columns_ == TableEncoder().fit(features).columns_
    assert not of_frame.columns_.notes


def test_one_row_that_is_no_table_is_an_error_that_tells_how_to_pass_it() -> None:
    with pytest.raises(InputTypeError, match=r"got a dictionary. If it is one row, pass \[row\]"):
        rows_of({"a": 1.0})
    with pytest.raises(ShapeError, match=r"frame.iloc\[\[i\]\] is one row"):
        rows_of(pd.DataFrame({"a": [1.0]}).iloc[0])
