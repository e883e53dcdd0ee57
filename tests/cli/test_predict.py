"""``multilayer predict``, and the models that ``--out`` writes for it."""

from __future__ import annotations

import csv
import gzip
import io
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
from click.testing import CliRunner
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from multilayer import MLPClassifier, MLPRegressor, load_model, save_model
from multilayer.cli import main
from multilayer.files import model_info
from multilayer.selection import cross_validate
from multilayer.tables import TableEncoder, read_batches, read_table
from multilayer.tables.models import input_kinds

SMALL = ("--hidden", "8", "--epochs", "5")


@pytest.fixture(scope="module")
def network(run, table) -> Path:
    """A single network of people, written by train."""
    out = table.parent / "network"
    assert run("train", table, "--target", "buys", "--out", out, *SMALL).exit_code == 0
    return out / "model.safetensors"


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def column(rows, name):
    return np.array([float(row[name]) for row in rows])


@pytest.mark.parametrize("which", ["network", "people_model"])
def test_predictions_are_those_of_the_model_in_python(run, table, which, request):
    path = request.getfixturevalue(which)
    result = run("predict", path, table, "--proba")
    assert result.exit_code == 0
    rows = rows_of(result.stdout)
    expected = load_model(path).predict_proba(read_table(table))
    assert np.array_equal(column(rows, "p(yes)").astype(expected.dtype), expected[:, 1])
    assert [row["predicted"] for row in rows] == load_model(path).predict(read_table(table)).tolist()


def test_predictions_of_test_rows_are_those_that_train_wrote(run, houses_table, houses_model):
    rows = rows_of(run("predict", houses_model, houses_table).stdout)
    written = rows_of((houses_model.parent / "predictions.csv").read_text())
    for each in written:
        assert float(rows[int(each["row"]) - 1]["predicted"]) == pytest.approx(float(each["predicted"]), rel=1e-9)


@pytest.mark.parametrize("command", ["train", "cv", "search"])
def test_a_single_network_of_amounts_is_saved_in_units_of_the_target(run, houses_table, command, tmp_path):
    options = ("--trials", "2", "--folds", "2", "--epochs", "2") if command == "search" else SMALL
    out = tmp_path / "out"
    result = run(command, houses_table, "--target", "price", "--out", out, *options)
    assert result.exit_code == 0
    predicted = column(rows_of(run("predict", out / "model.safetensors", houses_table).stdout), "predicted")
    prices = column(rows_of(houses_table.read_text()), "price")
    assert 0.2 * prices.mean() < predicted.mean() < 5 * prices.mean()
    if command == "train":
        for each in rows_of((out / "predictions.csv").read_text()):
            assert predicted[int(each["row"]) - 1] == pytest.approx(float(each["predicted"]), rel=1e-5)


def test_cv_saves_a_model_of_all_rows(run, table, tmp_path):
    assert run("cv", table, "--target", "buys", "--folds", "2", "--out", tmp_path, "--preset", "quick").exit_code == 0
    model = load_model(tmp_path / "model.safetensors")
    assert len(model.oof_proba_) == 79


def test_the_card_says_how_the_table_was_read(run, tmp_path):
    lines = ["size;day;price"]
    lines += [f"{i % 13},5;{i % 28 + 1:02}.03.2024;{100 + i % 13},25" for i in range(60)]
    table = tmp_path / "prices.csv"
    table.write_text("\n".join(lines))
    reading = ("--decimal", ",", "--date-format", "%d.%m.%Y")
    out = tmp_path / "out"
    assert run("train", table, "--target", "price", *reading, "--out", out, *SMALL).exit_code == 0
    card = model_info(out / "model.safetensors").card
    assert 'target = "price"' in card
    assert "training_rows = 48" in card
    result = run("predict", out / "model.safetensors", table)
    assert result.stderr == ""
    assert result.stdout == run("predict", out / "model.safetensors", table, *reading).stdout
    # A file that stores its types does not need it, whether it has a name or is piped.
    stored = tmp_path / "prices.parquet"
    pyarrow.parquet.write_table(read_table(table, decimal=",", date_format="%d.%m.%Y"), stored)
    assert run("predict", out / "model.safetensors", stored).stdout == result.stdout
    piped = ["predict", str(out / "model.safetensors"), "-"]
    assert CliRunner().invoke(main, piped, input=stored.read_bytes()).output == result.stdout
    refused = CliRunner().invoke(main, [*piped, "--decimal", ","], input=stored.read_bytes())
    assert (refused.exit_code, "decimal is for text files" in refused.output) == (2, True)


@pytest.mark.parametrize("extension", [".csv", ".csv.gz", ".tsv", ".parquet", ".arrow", ".feather"])
def test_all_formats_are_read_and_written(run, table, people_model, tmp_path, extension):
    rows = read_table(table)
    given = tmp_path / f"new{extension}"
    if extension == ".parquet":
        pyarrow.parquet.write_table(rows, given)
    elif extension in (".arrow", ".feather"):
        pyarrow.feather.write_feather(rows, given)
    else:
        text = table.read_text().replace(",", "\t" if extension == ".tsv" else ",").encode()
        given.write_bytes(gzip.compress(text) if extension.endswith(".gz") else text)
    written = tmp_path / f"predicted{extension}"
    result = run("predict", people_model, given, "-o", written, "--keep-all", "--proba")
    assert result.exit_code == 0
    assert result.stdout == f"Predicted 80 rows. Written:\n  {written}\n"
    found = read_table(written)
    assert found.column_names == ["age", "income", "town", "buys", "predicted", "p(no)", "p(yes)"]
    assert found.column("town").to_pylist() == rows.column("town").to_pylist()
    expected = load_model(people_model).predict_proba(rows)
    assert np.array_equal(found.column("p(yes)").to_numpy(), expected[:, 1])


def test_standard_input_is_predicted_in_its_order(run, table, people_model):
    expected = run("predict", people_model, table).stdout
    result = CliRunner().invoke(main, ["predict", str(people_model), "-"], input=table.read_bytes())
    assert result.output == expected


def test_columns_may_have_another_order_and_further_ones_are_ignored(run, table, people_model, tmp_path):
    rows = read_table(table)
    reordered = rows.select(["town", "buys", "income", "age"]).append_column("more", rows.column("age"))
    path = tmp_path / "reordered.csv"
    pyarrow.csv.write_csv(reordered, path)
    assert run("predict", people_model, path).stdout == run("predict", people_model, table).stdout


def test_results_do_not_depend_on_the_batches(run, table, people_model, monkeypatch):
    expected = run("predict", people_model, table, "--proba", "--keep", "town").stdout
    monkeypatch.setattr(
        "multilayer.tables.read_batches", lambda *args, **options: read_batches(*args, **options, batch_bytes=200)
    )
    assert run("predict", people_model, table, "--proba", "--keep", "town").stdout == expected


def test_intervals_hold_the_prediction(run, houses_table, houses_model):
    rows = rows_of(run("predict", houses_model, houses_table, "--interval", "0.8", "--keep", "price").stdout)
    low, high, predicted = (column(rows, name) for name in ("lower", "upper", "predicted"))
    assert (low <= predicted).all()
    assert (predicted <= high).all()
    low, high = load_model(houses_model).predict_interval(read_table(houses_table), coverage=0.8)
    assert np.allclose(column(rows, "lower"), low)
    assert np.allclose(column(rows, "upper"), high)


def test_sets_of_classes(run, table, people_model):
    rows = rows_of(run("predict", people_model, table, "--interval", "0.95").stdout)
    inside = load_model(people_model).predict_set(read_table(table), coverage=0.95)
    words = np.array(["no", "yes"], dtype=object)
    assert [row["set"] for row in rows] == ["|".join(words[each]) for each in inside]


def test_reasons_sum_to_the_prediction(run, houses_table, houses_model):
    rows = rows_of(run("predict", houses_model, houses_table, "--explain").stdout)
    parts = [name for name in rows[0] if name.startswith("due to ")]
    assert {"due to area", "due to town"} <= set(parts)
    total = column(rows, "baseline") + sum(column(rows, name) for name in parts)
    predicted = column(rows, "predicted")
    assert np.abs(total - predicted).max() < 2e-3 * np.ptp(predicted)


def test_what_is_unlike_the_training_rows_is_noted(run, people_model, tmp_path):
    lines = ["age,income,town", *["30,0.5,Ulm"] * 30, "soon,0.5,Ulm", "30,1e9,Ulm", "30,0.5,Rome"]
    path = tmp_path / "new.csv"
    path.write_text("\n".join(lines))
    result = run("predict", people_model, path, "-o", tmp_path / "out.csv")
    assert result.exit_code == 0
    said = result.stderr
    assert "note: column 'age': 1 cell that is no number, such as 'soon' (data row 31), counts as a gap\n" in said
    assert re.search(r"note: \d of 33 rows (is|are) far outside the training rows, by values in '", said)
    assert "column 'town': 1 row has a category that the training rows did not have, such as 'Rome'\n" in said


def test_a_column_of_another_kind_is_an_error_and_no_file_is_written(run, people_model, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("\n".join(["age,income,town", *["old,0.5,Ulm"] * 30]))
    out = tmp_path / "out.csv"
    result = run("predict", people_model, path, "-o", out)
    assert result.exit_code == 2
    assert (
        "column 'age' of new.csv held numbers in training, and now none of its first 30 cells is one" in result.stderr
    )
    assert not out.exists()
    assert {each.name for each in tmp_path.iterdir()} == {"new.csv"}


def test_missing_and_renamed_columns_are_named(run, people_model, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("Age,town\n3,Ulm\n")
    result = run("predict", people_model, path)
    assert result.exit_code == 2
    assert "no column 'age'. Did you mean 'Age'?" in result.stderr
    assert "Also missing: 'income'" in result.stderr
    assert result.stdout == ""


def test_names_that_are_taken_get_an_underscore(run, table, people_model, tmp_path):
    rows = read_table(table)
    path = tmp_path / "new.csv"
    pyarrow.csv.write_csv(rows.append_column("predicted", rows.column("age")), path)
    first = rows_of(run("predict", people_model, path, "--keep", "predicted").stdout)[0]
    assert list(first) == ["predicted", "predicted_"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--keep", "age", "--keep-all"], "--keep-all writes all columns, and --keep some of them"),
        (["-o", "out.xlsx"], "-o out.xlsx: unknown file extension. Known: .csv"),
        (["-o", ""], "must be the name of a file, got an empty one"),
        (["--keep", "colour"], "no column 'colour'"),
        (["--interval", "1"], "must be a number between 0 and 1, got 1"),
    ],
)
def test_wrong_options_are_one_line(run, table, people_model, options, message):
    result = run("predict", people_model, table, *options)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_options_that_do_not_suit_the_model_are_one_line(run, table, network, houses_table, houses_model):
    result = run("predict", houses_model, houses_table, "--proba")
    assert (result.exit_code, "--proba needs a model of classes, got a TableRegressor" in result.stderr) == (2, True)
    result = run("predict", network, table, "--explain")
    assert "--explain needs a TableClassifier or TableRegressor, got a MLPClassifier" in result.stderr


def test_files_that_are_no_models_are_one_line(run, table, tmp_path):
    result = run("predict", table, table)
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    encoder = tmp_path / "encoder.safetensors"
    save_model(TableEncoder().fit(read_table(table)), encoder)
    assert "holds a TableEncoder, which does not predict" in run("predict", encoder, table).stderr
    folds = tmp_path / "folds.safetensors"
    model = MLPRegressor((2,), max_iter=1, n_iter_no_change=None)
    save_model(cross_validate(model, [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 2.0, 3.0], cv=2), folds)
    for command in ("predict", "evaluate"):
        result = run(command, folds, table)
        assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
        assert "holds a cross-validation, whose 2 models did not see all rows. Predict with" in result.stderr
    exported = run("export", folds, "--to", "numpy").stderr
    assert 'got CrossValidation. Export one of its models: result["estimator"][0].' in exported
    nameless = tmp_path / "nameless.safetensors"
    save_model(MLPRegressor((2,), max_iter=1, n_iter_no_change=None).fit([[0.0], [1.0]], [0.0, 1.0]), nameless)
    assert "was fitted on columns without names" in run("predict", nameless, table).stderr


def test_pipelines_of_scikit_learn_are_predicted(run, table, tmp_path):
    frame = read_table(table).to_pandas().dropna(subset=["buys"])
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["age", "income"]),
        (OneHotEncoder(handle_unknown="ignore"), ["town"]),
    )
    network = MLPClassifier((4,), max_iter=3, n_iter_no_change=None, random_state=0)
    model = make_pipeline(columns, network).fit(frame.drop(columns="buys"), frame["buys"])
    path = tmp_path / "pipeline.safetensors"
    save_model(model, path)
    rows = rows_of(run("predict", path, table, "--proba").stdout)
    expected = model.predict_proba(read_table(table).to_pandas())
    assert np.array_equal(column(rows, "p(yes)").astype(expected.dtype), expected[:, 1])


@pytest.mark.parametrize("extension", [".csv", ".csv.gz", ".parquet", ".arrow"])
def test_a_failed_write_leaves_the_old_file(run, table, people_model, tmp_path, extension):
    out = tmp_path / f"out{extension}"
    out.write_text("old")
    broken = tmp_path / "broken.csv"
    shutil.copy(table, broken)
    with broken.open("a") as file:
        file.write("\n1,2\n")
    result = run("predict", people_model, broken, "-o", out)
    assert "expected 4" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert out.read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"broken.csv", out.name}


@pytest.mark.parametrize("extension", [".parquet", ".csv"])
def test_reasons_of_several_batches_have_the_same_columns(
    run, houses_table, houses_model, tmp_path, monkeypatch, extension
):
    expected = rows_of(run("predict", houses_model, houses_table, "--explain").stdout)
    monkeypatch.setattr(
        "multilayer.tables.read_batches",
        lambda *args, **options: read_batches(*args, **options, batch_bytes=150),
    )
    out = tmp_path / f"out{extension}"
    assert run("predict", houses_model, houses_table, "--explain", "-o", out).exit_code == 0
    found = read_table(out)
    assert found.column_names == list(expected[0])
    assert found.num_rows == len(expected)
    assert "due to limits of the prediction" in found.column_names


def test_a_file_without_rows_is_an_error(run, people_model, tmp_path):
    empty = pa.table({name: pa.array([], kind) for name, kind in (("age", "f8"), ("income", "f8"), ("town", "string"))})
    pyarrow.parquet.write_table(empty, tmp_path / "empty.parquet")
    (tmp_path / "empty.csv").write_text("age,income,town\n\n\n")
    for name in ("empty.parquet", "empty.csv"):
        for command in ("predict", "evaluate"):
            options = ["--target", "town"] if command == "evaluate" else ["-o", tmp_path / "out.parquet"]
            result = run(command, people_model, tmp_path / name, *options)
            assert result.exit_code == 2
            assert "has column names but no rows below them" in result.stderr
    assert not (tmp_path / "out.parquet").exists()


def test_categories_of_arrow_are_read_and_kept(run, table, people_model, tmp_path):
    rows = read_table(table)
    town = rows.column("town").combine_chunks().dictionary_encode()
    small = pa.DictionaryArray.from_arrays(town.indices.cast(pa.uint8()), town.dictionary)
    path = tmp_path / "categories.arrow"
    pyarrow.feather.write_feather(rows.set_column(rows.column_names.index("town"), "town", small), path)
    out = tmp_path / "out.arrow"
    assert run("predict", people_model, path, "--keep", "town", "--keep", "town", "-o", out).exit_code == 0
    found = read_table(out)
    assert found.column_names == ["town", "predicted"]
    assert found.column("town").to_pylist() == rows.column("town").to_pylist()


def test_several_labels_of_a_row_are_refused(run, table, tmp_path):
    frame = read_table(table).to_pandas()[["age", "income"]].fillna(0)
    y = np.random.RandomState(0).randint(0, 2, (len(frame), 2))
    path = tmp_path / "labels.safetensors"
    save_model(MLPClassifier((2,), max_iter=1, n_iter_no_change=None).fit(frame, y), path)
    result = run("predict", path, table)
    assert "predicts several labels of each row" in result.stderr


def test_inner_pipelines_and_dropped_columns_of_scikit_learn(table):
    frame = read_table(table).to_pandas().dropna()
    words = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    columns = make_column_transformer((words, ["town"]), (StandardScaler(), ["income"]))
    network = MLPClassifier((4,), max_iter=3, n_iter_no_change=None, random_state=0)
    model = make_pipeline(columns, network).fit(frame.drop(columns="buys"), frame["buys"])
    assert input_kinds(model) == {"income": "number", "town": "text"}


def test_a_hostile_card_is_ignored(run, table, network, tmp_path):
    card = 'command = "multilayer train"\nday = 2024-01-01\n[reading]\ndecimal = 3\ncolour = "red"\n'
    path = tmp_path / "model.safetensors"
    save_model(load_model(network), path, card=card)
    assert run("predict", path, table).exit_code == 0
    assert run("inspect", path, "--json").exit_code == 0


def test_numbers_with_thousands_separators_are_predicted_as_in_training(run, tmp_path):
    lines = ["income,lucky"] + [f'"${1 + i % 9},{100 + i}.50",{"yes" if i % 9 > 4 else "no"}' for i in range(90)]
    table = tmp_path / "incomes.csv"
    table.write_text("\n".join(lines))
    out = tmp_path / "out"
    assert run("train", table, "--target", "lucky", "--preset", "quick", "--out", out).exit_code == 0
    model = load_model(out / "model.safetensors")
    new = tmp_path / "new.csv"
    new.write_text('income\n"$3,500.00"\n4200\nlots\n')
    result = run("predict", out / "model.safetensors", new, "--proba")
    expected = model.predict_proba([{"income": "$3,500.00"}, {"income": "4200"}, {"income": None}])
    assert np.array_equal(column(rows_of(result.stdout), "p(yes)"), expected[:, 1])
    assert "column 'income': 1 cell that is no number or date, such as 'lots', counts as a gap\n" in result.stderr


def test_empty_columns_lost_hours_and_taken_names_are_noted(run, tmp_path):
    lines = ["at,flag,size,y"]
    lines += [
        f"2024-01-{1 + i % 28:02} {i % 24:02}:00,{'true' if i % 3 else 'false'},{i % 7},{i % 24}" for i in range(90)
    ]
    table = tmp_path / "table.csv"
    table.write_text("\n".join(lines))
    out = tmp_path / "out"
    options = ("--target", "y", "--task", "regression", "--preset", "quick", "--out", out)
    assert run("train", table, *options).exit_code == 0
    new = tmp_path / "new.csv"
    new.write_text("\n".join(["at,flag,size,predicted", *["2024-01-02,1,,7"] * 30]))
    result = run("predict", out / "model.safetensors", new, "--keep-all")
    assert "column 'size' holds gaps only\n" in result.stderr
    assert "column 'at': all 30 moments are at midnight, and those of the training rows were not\n" in result.stderr
    assert "column 'predicted' of new.csv is kept, so that the new one is called 'predicted_'\n" in result.stderr
    assert "flag" not in result.stderr
