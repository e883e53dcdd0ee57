"""table_data and describe_table: a table gives finite inputs and code that repeats them, or an error of ours."""

from __future__ import annotations

import datetime as dt
import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from multilayer import MLPClassifier, MLPRegressor
from multilayer.exceptions import DataFileError, InputError, MultilayerError, ParameterError
from multilayer.playground.data.play_data import PlayData
from multilayer.playground.data.table_data import table_data
from multilayer.playground.data.table_description import describe_table
from multilayer.playground.planes.construction import columns_plane, default_plane
from multilayer.tables import TableEncoder


def csv_of(header: str, rows: list[tuple[Any, ...]]) -> io.BytesIO:
    lines = [header, *(",".join("" if cell is None else str(cell) for cell in row) for row in rows)]
    return io.BytesIO(("\n".join(lines) + "\n").encode())


def flats(n: int = 60) -> io.BytesIO:
    """Flats with text, gaps, dates, an identifier, a constant column and gaps in the target."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(n):
        size = int(rng.integers(20, 200))
        town = ["Ulm", "Bonn", "Köln"][i % 3]
        day = dt.date(2024, 1, 1) + dt.timedelta(days=int(rng.integers(0, 700)))
        price = None if i in (4, 9) else round(3000 * size + 1000 * rng.normal(), 2)
        rows.append((1000 + i, None if i % 7 == 0 else size, town, day, "DE", price))
    return csv_of("flat_id,size,town,day,country,price", rows)


def assert_made_by_code(data: PlayData) -> None:
    names: dict[str, Any] = {}
    exec("\n".join(data.python_lines), names)
    for name in ("X", "y", "X_val", "y_val"):
        ours = getattr(data, name)
        if ours is None:
            assert names[name] is None
        else:
            assert names[name].dtype == ours.dtype
            np.testing.assert_array_equal(names[name], ours)


def test_table_with_text_gaps_and_dates(tmp_path: Path) -> None:
    path = tmp_path / "flats.csv"
    path.write_bytes(flats().getvalue())
    data = table_data(path, "price")
    assert (data.task, data.title, data.target_name) == ("regression", "flats.csv", "price")
    assert data.X.shape[0] == 40
    assert data.X_val is not None
    assert data.X_val.shape[0] == 18
    assert data.class_names == ()
    assert data.X.dtype == np.float64
    columns = {column.name: column for column in data.columns}
    assert [columns[name].kind for name in ("size", "town", "day")] == ["number", "text", "date"]
    assert columns["size"].missing > 0
    assert columns["flat_id"].inputs == columns["country"].inputs == ()
    assert [data.inputs[i] for i in columns["town"].inputs] == ["town=Bonn", "town=Köln", "town=Ulm"]
    assert sorted(i for column in data.columns for i in column.inputs) == list(range(data.X.shape[1]))
    assert "2 rows without a target are not used; the first is data row 5." in data.notes
    assert any(note.startswith("Column 'flat_id' is not used") for note in data.notes)
    assert "Column 'country' is not used: every value is 'DE'." in data.notes
    assert_made_by_code(data)


@pytest.mark.parametrize("fraction", [0, 0.3])
def test_labels_are_those_of_the_file(tmp_path: Path, fraction: float) -> None:
    path = tmp_path / "churn.csv"
    rows = [(i % 5, "yes" if i % 3 else "no") for i in range(30)] + [(3, "maybe")]
    path.write_bytes(csv_of("calls,churned", rows).getvalue())
    data = table_data(path, "churned", validation_fraction=fraction)
    assert data.class_names == (("no", "yes") if fraction else ("maybe", "no", "yes"))
    single = "The class 'maybe' is not used: it has a single row, and training and validation need one each."
    assert (single in data.notes) == bool(fraction)
    np.testing.assert_array_equal(np.array(data.class_names)[data.targets], data.y)
    assert_made_by_code(data)


def test_encoder_is_fitted_on_the_training_rows_alone() -> None:
    data = table_data(csv_of("size,price", [(i * i, i + 0.5) for i in range(40)]), "price")
    np.testing.assert_allclose(data.X.mean(axis=0), 0, atol=1e-12)
    assert data.X_val is not None
    assert abs(data.X_val.mean()) > 1e-3
    np.testing.assert_array_equal(data.encoder.transform(data.table_val), data.X_val)


def test_bytes_of_an_upload_equal_the_file(tmp_path: Path) -> None:
    path = tmp_path / "flats.csv.gz"
    path.write_bytes(gzip.compress(flats().getvalue()))
    one = table_data(path, "price")
    other = table_data(io.BytesIO(path.read_bytes()), "price", file_name="upload.csv.gz")
    np.testing.assert_array_equal(one.X, other.X)
    assert one.fingerprint == other.fingerprint
    assert other.title == "upload.csv.gz"
    assert "read_table('upload.csv.gz')" in "\n".join(other.python_lines)
    assert table_data(path, "price", seed=1).fingerprint != one.fingerprint
    assert table_data(path, "size").fingerprint != one.fingerprint


def test_of_a_long_table_a_sample_is_used(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_bytes(csv_of("a,b", [(i % 17, i % 2) for i in range(500)]).getvalue())
    data = table_data(path, "b", max_rows=100)
    assert data.X_val is not None
    assert len(data.X) + len(data.X_val) == 100
    assert "Of 500 rows a random sample of 100 is used." in data.notes
    assert_made_by_code(data)


def test_too_many_inputs_are_an_error() -> None:
    rows = [(*(f"w{(i * (j + 1)) % 47}" for j in range(60)), i % 2) for i in range(120)]
    header = ",".join([*(f"c{j}" for j in range(60)), "y"])
    with pytest.raises(InputError, match=r"become 2,\d+ inputs in 120 rows, but the playground takes at most 2,000"):
        table_data(csv_of(header, rows), "y")


def test_task_may_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "wine.csv"
    path.write_bytes(csv_of("a,grade", [(i % 17, i % 5) for i in range(100)]).getvalue())
    assert table_data(path, "grade").task == "classification"
    data = table_data(path, "grade", task="regression")
    assert data.task == "regression"
    assert_made_by_code(data)


def test_row_numbers_stay_if_they_are_all_that_there_is() -> None:
    data = table_data(csv_of("x,y", [(i, (i - 15.5) ** 2) for i in range(40)]), "y")
    assert data.inputs == ("x",)
    assert data.columns[0].inputs == (0,)


@pytest.mark.parametrize(
    ("content", "target", "error", "message"),
    [
        ("a,price\n1,2.5\n", "Price", InputError, r"no target column 'Price'\. Did you mean 'price'\?"),
        ("a,b\n" + "1,x\n2,x\n" * 10, "b", InputError, "holds one value only, 'x'"),
        ("a,b\n" + "1,x\n2,y\n" * 4, "b", InputError, "leaves 8 rows, but the playground needs at least 10"),
        ("a,b\n" + "".join(f"{i},w{i % 60}\n" for i in range(400)), "b", InputError, "has 60 classes.* at most 50"),
        ("b\n" + "1\n2\n" * 10, "b", InputError, "no column but the target"),
        ("a,b\n" + "1,x\n1,y\n" * 10, "b", InputError, "no column that can be used"),
        ("a,b\n" + "1,\n2,\n" * 10, "b", InputError, "has no value at all"),
        ("a,b\n" + "".join(f"{i},2024-01-{i % 28 + 1:02}\n" for i in range(40)), "b", InputError, "holds dates"),
        ("", "b", DataFileError, "is empty"),
        ("a,b\n1\n", "b", DataFileError, "data row 1"),
        (b"\x00\x01\x02" * 50, "b", DataFileError, "the file"),
    ],
)
def test_tables_that_cannot_be_used_are_errors(
    content: str | bytes, target: str, error: type[Exception], message: str
) -> None:
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    with pytest.raises(error, match=message):
        table_data(file, target)


def test_shares_that_leave_too_few_rows_are_errors() -> None:
    rows = [(i, f"w{i % 8}") for i in range(32)]
    with pytest.raises(ParameterError, match=r"leaves 4 of 32 rows for validation.*8 classes.*from 0\.25 to 0\.75"):
        table_data(csv_of("a,b", rows), "b", validation_fraction=0.1)
    with pytest.raises(ParameterError, match="validation_fraction must be a number"):
        table_data(csv_of("a,b", rows), "b", validation_fraction=1)
    with pytest.raises(ParameterError, match="max_rows must be"):
        table_data(csv_of("a,b", rows), "b", max_rows=3)
    rare = [(i, "rare" if i < 2 else "often" if i % 2 else "also") for i in range(60)]
    with pytest.raises(ParameterError, match="leaves no training row of the class 'rare'"):
        table_data(csv_of("a,b", rare), "b", validation_fraction=0.9)


CELLS = {
    "number": st.one_of(st.none(), st.integers(-5, 5), st.floats(-1e6, 1e6).map(lambda x: round(x, 3))),
    "text": st.sampled_from(["", "red", "green", "blue", "?", "$1,200", "7"]),
    "date": st.one_of(st.none(), st.dates(dt.date(1990, 1, 1), dt.date(2030, 1, 1))),
    "Boolean": st.sampled_from(["true", "false", ""]),
}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.lists(st.sampled_from(list(CELLS)), min_size=1, max_size=4), st.integers(8, 40))
def test_any_small_table_gives_finite_inputs_or_an_error_of_ours(draw: Any, kinds: list[str], n: int) -> None:
    target = st.sampled_from(["a", "b"]) if draw.draw(st.booleans()) else CELLS["number"]
    cells = [CELLS[kind] for kind in kinds] + [target]
    rows = [tuple(f'"{cell}"' if isinstance(cell, str) else cell for cell in row)
            for row in draw.draw(st.lists(st.tuples(*cells), min_size=n, max_size=n))]  # fmt: skip
    header = ",".join([*(f"c{i}" for i in range(len(kinds))), "target"])
    try:
        data = table_data(csv_of(header, rows), "target", validation_fraction=draw.draw(st.sampled_from([0, 0.3])))
    except MultilayerError:
        return
    assert np.isfinite(data.X).all()
    assert data.X.shape == (len(data.y), len(data.inputs))
    if data.X_val is not None:
        assert np.isfinite(data.X_val).all()
        assert data.X_val.shape[1] == data.X.shape[1]
        assert data.y_val is not None
        if data.task == "classification":
            assert set(data.y_val.tolist()) <= set(data.y.tolist())
    plane = default_plane(data)
    assert plane.rows(6).shape == (36, len(data.inputs))
    assert np.isfinite(plane.rows(6)).all()
    assert np.isfinite(plane.points).all()
    used = [column.name for column in data.columns if column.inputs]
    for name in used[1:]:
        assert np.isfinite(columns_plane(data, used[0], name).rows(5)).all()


def test_encoded_rows_equal_those_of_a_public_encoder() -> None:
    data = table_data(flats(), "price")
    encoder = TableEncoder(identifiers=["flat_id"], row_numbers="drop", text="typed").fit(data.table)
    np.testing.assert_array_equal(encoder.transform(data.table), data.X)


@pytest.mark.parametrize("labels", [("true", "false"), ("3", "7"), ("red", "blue"), ("1.5", "2.25")])
def test_networks_train_on_the_data(labels: tuple[str, str]) -> None:
    data = table_data(csv_of("a,b,y", [(i % 7, i % 5, labels[int(i % 7 > 3)]) for i in range(140)]), "y")
    options: dict[str, Any] = {"max_iter": 100, "n_iter_no_change": None, "random_state": 0, "learning_rate_init": 0.05}
    if data.task == "classification":
        model: Any = MLPClassifier((4,), **options)
    else:
        model = MLPRegressor((4,), standardize_targets=True, **options)
    model.fit(data.X, data.y, X_val=data.X_val, y_val=data.y_val)
    assert model.score(data.X_val, data.y_val) > (0.9 if data.task == "classification" else 0.75)
    if data.task == "classification":
        assert tuple(map(str, model.classes_)) == data.class_names
        np.testing.assert_array_equal(model.classes_, data.classes)


def test_description_names_kinds_examples_and_a_target() -> None:
    found = describe_table(flats())
    assert found.n_rows == 60
    assert [column.kind for column in found.columns] == ["number", "number", "text", "date", "text", "number"]
    assert found.columns[2].example == "Ulm"
    assert found.columns[1].example.isdigit()
    assert found.suggested == "price"


@pytest.mark.parametrize(
    ("header", "row", "suggested"),
    [
        ("Class,a,b", lambda i: ("xy"[i % 2], i % 7, i % 2), "Class"),
        ("a,b,when", lambda i: (i % 5, i % 2, dt.date(2024, 1, 1 + i % 28)), "b"),
        ("a,b,name", lambda i: (i % 5, i % 2, f"name {i}"), "b"),
        ("a,b,row", lambda i: (i % 5, i % 2, i + 1), "b"),
        ("target,b,one", lambda i: (1, i % 2, 1), "b"),
        ("a,b", lambda i: (1, dt.date(2024, 1, 1 + i % 28)), None),
    ],
)
def test_suggested_target_can_be_predicted(header: str, row: Any, suggested: str | None) -> None:
    assert describe_table(csv_of(header, [row(i) for i in range(40)])).suggested == suggested
