"""Fits on files, folders and datasets: equal results, the methods of the model, arguments and broken data."""

from __future__ import annotations

import os
import shutil
import signal
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import log_loss, root_mean_squared_error

from multilayer import load_model, save_model
from multilayer.exceptions import (
    DataFileError,
    InputError,
    InterruptedTrainingWarning,
    MultilayerError,
    ParameterError,
    ParameterWarning,
)
from multilayer.packs import MemberEnded
from multilayer.tables import open_stream
from multilayer.tables.models import PhaseProgress, TableClassifier, TableRegressor, memory
from multilayer.tables.models.streamed import networks

from .conftest import MEMORY, in_files, table


@pytest.fixture(autouse=True)
def _few_windows(short: Callable[[int], Any]) -> Any:
    with short(2):
        yield


def regressor(preset: Any = "quick", **parameters: Any) -> TableRegressor:
    return TableRegressor(preset, memory=MEMORY, random_state=0, **parameters)


def classifier(preset: Any = "quick", **parameters: Any) -> TableClassifier:
    return TableClassifier(preset, memory=MEMORY, random_state=0, **parameters)


def weights_of(model: Any) -> np.ndarray:
    return np.concatenate([member.network.parameters_ for member in model.members_])


# Sources


def test_csv_parquet_arrow_and_datasets_give_equal_models(tmp_path: Path, flats_file: Path) -> None:
    whole = table().drop_columns("kind")
    pq.write_table(whole, tmp_path / "flats.parquet")
    with pa.OSFile(str(tmp_path / "flats.arrow"), "wb") as sink, pa.ipc.new_file(sink, whole.schema) as writer:
        writer.write_table(whole)
    folder = in_files(tmp_path / "flats", whole)
    sources: list[Any] = [
        *(str(flats_file), tmp_path / "flats.parquet", tmp_path / "flats.arrow", folder),
        ds.dataset(whole),
        ds.dataset(folder),
        open_stream(flats_file, "rent"),
    ]
    models = [regressor().fit(source, "rent") for source in sources]
    for source, model in zip(sources, models, strict=True):
        np.testing.assert_array_equal(weights_of(model), weights_of(models[0]), err_msg=str(source))
        np.testing.assert_array_equal(model.oof_prediction_, models[0].oof_prediction_)
        assert model.feature_names_in_.tolist() == ["row_id", "size", "town", "street", "lift"]
        assert str(model.summary()) == str(models[0].summary())


def test_classes_are_those_of_a_fit_in_memory(kinds_folder: Path) -> None:
    model = classifier("standard").fit(kinds_folder, "kind")
    whole = table().drop_columns("rent")
    in_memory = TableClassifier("quick", random_state=0).fit(whole.drop_columns("kind"), whole["kind"].to_numpy())
    np.testing.assert_array_equal(model.classes_, in_memory.classes_)
    assert model.predict(whole).dtype == in_memory.predict(whole).dtype
    assert {member.recipe for member in model.members_} == {"waves", "pieces"}
    assert all(member.network.classes_.tolist() == [0, 1, 2] for member in model.members_)
    dropped = {report.name: report.encoding for report in model.columns_ if not report.width}
    assert dropped.keys() == {"row_id"}


def test_numbers_of_classes_and_weights_of_classes(tmp_path: Path) -> None:
    whole = table().drop_columns(["rent", "kind"])
    whole = whole.append_column("y", pa.array((whole["size"].fill_null(0).to_numpy() > 80).astype(np.int8)))
    pq.write_table(whole, tmp_path / "y.parquet")
    plain, dict_weight, balanced = (
        classifier(class_weight=weight).fit(tmp_path / "y.parquet", "y")
        for weight in (None, {0: 1.0, 1: 9.0}, "balanced")
    )
    assert plain.classes_.tolist() == [0, 1]
    assert dict_weight.predict_proba(whole)[:, 1].mean() > plain.predict_proba(whole)[:, 1].mean()
    of_network = balanced.members_[0].network.class_weight
    shares = np.bincount(whole["y"].to_numpy())
    assert of_network == pytest.approx({i: len(whole) / (2 * n) for i, n in enumerate(shares)})


# The model


def test_a_fitted_regressor_has_all_methods(flats_file: Path, tmp_path: Path) -> None:
    model = regressor("standard", with_trees=True).fit(flats_file, "rent")
    X, y = table(500, seed=5).drop_columns(["rent", "kind"]), table(500, seed=5)["rent"].to_numpy()
    assert model.oof_prediction_.shape == (len(model._oof),)
    assert 200 < len(model._oof) < 400
    assert model._n_training_rows == [3000 - len(model._oof)]
    lower, upper = model.predict_interval(X, coverage=0.9)
    assert 0.8 < ((lower <= y) & (y <= upper)).mean() < 0.98
    assert model.importance(X, y, random_state=0).names[model.importance(X, y, random_state=0).order[0]] == "size"
    assert model.explain(X.slice(0, 3)).contributions.shape[0] == 3
    assert (model.novelty(X) < 1).mean() > 0.95
    assert [row[0] for row in model.summary().rows] == [
        "model",
        "gradient-boosted trees",
        "linear regression",
        "constant",
    ]
    assert "sample" not in str(model.summary())
    save_model(model, tmp_path / "model.safetensors")
    loaded = load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert str(loaded.summary()) == str(model.summary())
    assert (loaded.memory, loaded.scratch) == (MEMORY, None)
    model.partial_fit(table(500, seed=6).drop_columns("kind"), "rent")
    assert not np.array_equal(weights_of(loaded), weights_of(model))


def test_scores_are_those_of_the_validation_rows(kinds_folder: Path) -> None:
    from multilayer.tables.streaming.sampling import is_validation

    model = classifier(calibration=None).fit(kinds_folder, "kind")
    blocks = list(open_stream(kinds_folder, "kind").blocks())
    rows = [np.flatnonzero(is_validation(block.hashes, 0.1)) for block in blocks]
    X = [block.columns.take(held) for block, held in zip(blocks, rows, strict=True)]
    y = np.concatenate([block.target.take(held).to_pylist() for block, held in zip(blocks, rows, strict=True)])
    predicted = np.concatenate([model.predict_proba(part) for part in X])
    assert len(predicted) == len(model.oof_proba_)
    np.testing.assert_allclose(predicted, model.oof_proba_, rtol=1e-5, atol=1e-7)
    assert model.oof_score_ == pytest.approx(log_loss(y, predicted), rel=1e-5)


def test_other_models_are_fitted_on_a_sample(flats_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("multilayer.tables.models.memory.MOST_SAMPLE_ROWS", 1_000)
    model = regressor("quick").fit(flats_file, "rent")
    said = f"The other models are fitted on a sample of 1,000 of the {model._n_training_rows[0]:,} training rows."
    assert said in model.summary().notes
    save_model(model, tmp_path / "model.safetensors")
    assert said in load_model(tmp_path / "model.safetensors").summary().notes
    in_memory = model.set_params(memory=None).fit(table(200).drop_columns(["rent", "kind"]), np.arange(200.0))
    assert said not in in_memory.summary().notes


def test_a_fit_on_a_dataset_is_about_as_good_as_one_in_memory(flats_file: Path, short: Any) -> None:
    whole, new = table(), table(2000, seed=9)
    X = whole.drop_columns(["rent", "kind"])
    with short(25):
        streamed = regressor("quick").fit(flats_file, "rent")
        in_memory = TableRegressor("quick", random_state=0).fit(X, whole["rent"].to_numpy())
    errors = [root_mean_squared_error(new["rent"].to_numpy(), model.predict(new)) for model in (streamed, in_memory)]
    assert errors[0] < 1.5 * errors[1]


def test_windows_smaller_than_the_table_train_on_all_rows(flats_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = []
    before = networks.network_plan

    def small(recipe: Any, encoder: Any, n_rows: int, most_rows: int, seed: int) -> Any:
        plans.append(before(recipe, encoder, n_rows, min(most_rows, 600), seed))
        return plans[-1]

    monkeypatch.setattr(networks, "network_plan", small)
    model = regressor("quick").fit(flats_file, "rent")
    assert plans[0].windows.windows_per_pass == 5
    assert plans[0].parameters["max_iter"] == 10  # two epochs
    assert plans[0].n_passes == 2
    assert len(model.members_[0].network.loss_curve_) == 10
    new = table(2000, seed=9)
    assert model.score(new, new["rent"].to_numpy()) > 0.5


def test_the_number_of_updates_is_limited_but_one_pass_is_made(
    monkeypatch: pytest.MonkeyPatch, flats_file: Path
) -> None:
    monkeypatch.setattr(networks, "MOST_UPDATES", 1)
    model = regressor("quick").fit(flats_file, "rent")
    assert len(model.members_[0].network.loss_curve_) == 1


# Events, time and interruption


def test_callbacks_receive_phases_and_members(kinds_folder: Path) -> None:
    events: list[Any] = []
    model = classifier("standard", callbacks=[events.append]).fit(kinds_folder, "kind")
    phases = [event for event in events if isinstance(event, PhaseProgress)]
    assert list(dict.fromkeys((each.phase, each.name) for each in phases)) == [
        ("reading", ""),
        ("encoding", ""),
        ("training", "waves"),
        ("training", "pieces"),
    ]
    assert {each.share for each in phases if each.phase == "reading"} == {None}
    last = {(each.phase, each.name): each for each in phases}
    assert last["reading", ""].n_rows == last["encoding", ""].n_rows == 3000
    assert {last[key].share for key in last if key[0] != "reading"} == {1.0}
    assert last["training", "waves"].n_rows == 2 * model._n_training_rows[0]
    ended = [event for event in events if isinstance(event, MemberEnded)]
    assert [event.n_done for event in ended] == [1, 2, 3, 4, 5]
    assert {event.n_members for event in ended} == {5}


def test_time_limits_the_training(flats_file: Path, short: Any) -> None:
    with short(100_000), warnings.catch_warnings():
        warnings.simplefilter("ignore", ParameterWarning)
        model = regressor("quick", max_time=6).fit(flats_file, "rent")
    assert model.fit_time_ < 60
    assert len(model.members_[0].network.loss_curve_) < 100_000


def test_no_time_gives_a_model_and_a_warning(flats_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = networks.network_plan
    monkeypatch.setattr(networks, "network_plan", lambda *of, **more: before(of[0], of[1], of[2], 600, of[4], **more))
    with pytest.warns(ParameterWarning, match=r"the time was enough for 20% of one pass over the rows"):
        model = regressor("quick", max_time=0.01).fit(flats_file, "rent")
    assert model.predict(table(5)).shape == (5,)


def test_ctrl_c_gives_the_networks_so_far(kinds_folder: Path, short: Any) -> None:
    def press(event: Any) -> None:
        if isinstance(event, PhaseProgress) and event.name == "waves" and event.n_rows > 6000:
            os.kill(os.getpid(), signal.SIGINT)

    with short(500), pytest.warns(InterruptedTrainingWarning, match="in network 1 of 2; the model holds those so far"):
        model = classifier("standard", callbacks=[press]).fit(kinds_folder, "kind")
    assert [member.recipe for member in model.members_] == ["waves"]
    assert model.weights_ == {"waves": 1.0}
    assert model.predict(table(5)).shape == (5,)


# Arguments


def test_options_of_datasets_have_no_effect_in_memory(tmp_path: Path) -> None:
    X, y = table(50).drop_columns(["rent", "kind"]), np.arange(50.0)
    with pytest.warns(ParameterWarning, match="memory has no effect for a table that is in memory already"):
        TableRegressor("quick", memory="1GB").fit(X, y)
    with pytest.warns(ParameterWarning, match="scratch has no effect"):
        TableRegressor("quick", scratch=tmp_path / "rows").fit(X, y)
    assert not (tmp_path / "rows").exists()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"sample_weight": np.ones(3)}, "sample_weight cannot be used with a dataset"),
        ({"groups": np.ones(3)}, "groups cannot be used with a dataset"),
        ({"X_val": table(3), "y_val": np.ones(3)}, "X_val cannot be used with a dataset"),
    ],
)
def test_arguments_that_need_all_rows_are_errors(flats_file: Path, given: dict[str, Any], text: str) -> None:
    with pytest.raises(ParameterError, match=text):
        regressor().fit(flats_file, "rent", **given)


def test_wrong_parameters_are_errors(flats_file: Path) -> None:
    with pytest.raises(ParameterError, match="cv cannot be used with a dataset"):
        regressor(cv=3).fit(flats_file, "rent")
    with pytest.raises(InputError, match="y must be the name of the target column of the dataset, got ndarray"):
        regressor().fit(flats_file, np.ones(3000))
    with pytest.raises(InputError, match="the table was opened with the target 'rent'"):
        regressor().fit(open_stream(flats_file, "rent"), "size")
    with pytest.raises(ParameterError, match=r"memory must be at least .* for a table of 6 columns, got 5MB"):
        TableRegressor(memory="5MB").fit(flats_file, "rent")
    with pytest.raises(InputError, match="identifier column 'house'"):
        regressor(identifiers=["house"]).fit(flats_file, "rent")


# Broken data


def csv(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["size,town,rent", *lines]) + "\n")
    return path


def rows(m: int, seed: int = 0) -> list[str]:
    rng = np.random.RandomState(seed)
    return [f"{size:.3f},{'Ulm' if size > 80 else 'Bonn'},{10 * size:.2f}" for size in rng.normal(80, 20, m)]


@pytest.mark.parametrize(
    ("lines", "target", "error", "text"),
    [
        (rows(300), "price", InputError, "no target column 'price'"),
        ([row.rpartition(",")[0] + "," for row in rows(300)], "rent", InputError, "rent"),
        (rows(30), "rent", InputError, "validation row"),
        ([*rows(12_000), "80,Ulm,many", *rows(5)], "rent", InputError, "holds numbers in the first rows, but 'many'"),
        ([*rows(300), "80,Ulm"], "rent", DataFileError, "data row 301"),
        (["80,Ulm,800"] * 400, "rent", InputError, "every value is 80"),
        ([], "rent", DataFileError, "no rows"),
    ],
)
def test_broken_files_are_errors(
    tmp_path: Path, lines: list[str], target: str, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        regressor().fit(csv(tmp_path / "flats.csv", *lines), target)


def test_text_late_in_a_column_of_numbers_is_a_gap(tmp_path: Path) -> None:
    lines = [*rows(12_000), *("unknown,Ulm,800" for _ in range(20)), *rows(300, 1)]
    model = regressor().fit(csv(tmp_path / "flats.csv", *lines), "rent")
    report = next(report for report in model.columns_ if report.name == "size")
    assert (report.kind, report.n_gaps > 10) == ("number", True)
    note = "column 'size': 20 of 12,320 cells are not numbers and count as gaps: 'unknown'"
    assert any(each.startswith(note) for each in model.columns_.notes)
    assert f"From the file: {note}" in " ".join(str(model.summary()).split())


def test_rows_without_a_target_are_dropped_and_noted(tmp_path: Path) -> None:
    lines = [*rows(600), "80,Ulm,", "70,Bonn,"]
    model = regressor().fit(csv(tmp_path / "flats.csv", *lines), "rent")
    assert model.columns_.notes == ("2 rows without a target dropped",)
    assert model._n_training_rows[0] + len(model.oof_prediction_) == 600


def test_a_column_of_text_with_numbers_first_is_an_error(tmp_path: Path) -> None:
    lines = [*rows(10_500), *("many,Ulm,800" for _ in range(20_000))]
    with pytest.raises(InputError, match="column 'size' holds numbers in the first rows, but 20,000 of 30,500 cells"):
        regressor().fit(csv(tmp_path / "flats.csv", *lines), "rent")


def test_a_column_without_values_is_dropped(tmp_path: Path) -> None:
    whole = table().drop_columns("kind")
    whole = whole.append_column("nothing", pa.nulls(len(whole)))
    pq.write_table(whole, tmp_path / "flats.parquet")
    model = regressor().fit(tmp_path / "flats.parquet", "rent")
    assert next(report for report in model.columns_ if report.name == "nothing").width == 0
    assert model.predict(table(5).append_column("nothing", pa.nulls(5))).shape == (5,)


def test_a_class_of_the_last_file_only_is_a_class(tmp_path: Path) -> None:
    whole = table().drop_columns("rent")
    folder = in_files(tmp_path / "kinds", whole)
    last = table(100, seed=3).drop_columns(["rent", "kind"]).append_column("kind", pa.array(["free"] * 100))
    pq.write_table(last, folder / "part-9.parquet")
    model = classifier().fit(folder, "kind")
    assert model.classes_.tolist() == ["cheap", "dear", "fair", "free"]
    assert model.oof_proba_.shape[1] == 4


def test_labels_of_a_regressor_and_fractions_of_a_classifier_are_errors(flats_file: Path, kinds_folder: Path) -> None:
    with pytest.raises(InputError, match=r"target 'kind' holds text, such as 'dear', .*Use TableClassifier"):
        regressor().fit(kinds_folder, "kind")
    with pytest.raises(InputError, match="target 'rent' holds numbers with fractions, which cannot be labels"):
        classifier().fit(flats_file, "rent")


def test_a_file_that_changes_during_the_fit_is_an_error(tmp_path: Path, flats_file: Path) -> None:
    path = tmp_path / "flats.csv"
    shutil.copy(flats_file, path)

    def append(event: Any) -> None:
        if isinstance(event, PhaseProgress) and event.phase == "reading":
            with path.open("a") as file:
                file.write("9999,80,Ulm,street 1,true,800\n")

    model = regressor(callbacks=[append])
    with pytest.raises(DataFileError, match="has changed since the table was opened"):
        model.fit(path, "rent")
    assert not hasattr(model, "members_")


def test_folders_without_tables_or_of_mixed_files_are_errors(tmp_path: Path, kinds_folder: Path) -> None:
    with pytest.raises(DataFileError):
        classifier().fit(tmp_path, "kind")
    with pytest.raises(DataFileError, match="missing"):
        classifier().fit(tmp_path / "missing", "kind")
    mixed = tmp_path / "mixed"
    shutil.copytree(kinds_folder, mixed)
    (mixed / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(MultilayerError, match=r"other\.csv"):
        classifier().fit(mixed, "kind")


def test_too_little_disk_space_is_an_error_before_rows_are_written(
    flats_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("multilayer.tables.streaming.scratch.free_bytes", lambda folder: 1000)  # noqa: ARG005
    model = regressor(scratch=tmp_path / "rows")
    with pytest.raises(DataFileError, match=r"need .* of disk space, but .* has 1.0 kB free"):
        model.fit(flats_file, "rent")
    assert not (tmp_path / "rows").exists()


def test_nothing_is_left_in_temporary_folders(
    flats_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    regressor().fit(flats_file, "rent")
    with pytest.raises(InputError):
        regressor().fit(flats_file, "price")
    assert list(tmp_path.iterdir()) == []


def test_too_little_memory_for_windows_is_found_before_the_second_pass(
    flats_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "SHARE_OF_WINDOWS", 1e-5)
    phases = set()
    with pytest.raises(ParameterError, match=r"the windows of rows have .* bytes of memory"):
        regressor(callbacks=[lambda event: phases.add(event.phase)]).fit(flats_file, "rent")
    assert phases == {"reading"}


def test_many_labels_are_no_warning(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 30, 3000)
    whole = pa.table(
        {"a": labels + rng.normal(size=3000), "b": rng.normal(size=3000), "label": [f"l{k}" for k in labels]}
    )
    pq.write_table(whole, tmp_path / "table.parquet")
    model = classifier().fit(tmp_path / "table.parquet", "label")
    assert len(model.classes_) == 30
    part = classifier().partial_fit(whole, "label", classes=model.classes_)
    assert part.classes_.tolist() == model.classes_.tolist()


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    for name in ("nowhere", "nowhere.csv", "nowhere.xyz"):
        with pytest.raises(DataFileError, match="no such file"):
            regressor().fit(tmp_path / name, "rent")
